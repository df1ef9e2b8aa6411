"""Network filters and their rules made, changed and removed at a real libvirtd."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import libvirt
import pytest

from tests.inventory.scripted import survey
from tests.lab import Lab
from tests.providers.stage import NAMESPACE, SERVER, Store
from virtcim.broker.broker import Broker
from virtcim.broker.calling import CALLER, Caller
from virtcim.hypervisors.actions import DefineFilter
from virtcim.hypervisors.libvirt import LibvirtHypervisor
from virtcim.inventory import Host
from virtcim.jobs import Engine
from virtcim.providers.model import Server
from virtcim.providers.registry import build_namespaces
from virtcim.schema.layouts import Record
from virtcim.wbem import operations as ops
from virtcim.wbem.objects import Instance, InstanceProperty, Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import InstanceNameReply
from virtcim.wbem.status import (
    AlreadyExists,
    Failed,
    InvalidParameter,
    NotFound,
    NotSupported,
    WBEMError,
)
from virtcim.wbem.types import CIMType

LIST, MAC, IP, OTHER = (
    "KVM_FilterList", "KVM_Hdr8021Filter", "KVM_IPHeadersFilter", "KVM_FilterEntry",
)  # fmt: skip
NESTED, ENTRIES, APPLIED = (
    "KVM_NestedFilterList", "KVM_EntriesInFilterList", "KVM_AppliedFilterList",
)  # fmt: skip

STRANGE = """<filter name='strange' chain='ipv4' priority='-700'>
<filterref filter='child'><parameter name='IP' value='10.0.0.1'/></filterref>
<rule action='accept' direction='out' priority='500' statematch='false'>
<tcp srcipaddr='10.0.0.1' flags='SYN/ALL' ipset='mine' ipsetflags='src' dstportstart='80'/></rule>
<rule action='drop' direction='inout' priority='-300'><mac match='no' srcmacaddr='$MAC'/></rule>
<rule action='drop' direction='inout' priority='900'/></filter>"""


class FilterStage:
    """A host of the lab, and what clients do to its filters."""

    def __init__(self, uri: str, *, compat: bool) -> None:
        self.hypervisor = LibvirtHypervisor(uri)
        self.store = Store()
        engine = Engine(self.store)
        self.host = Host("h", self.hypervisor, self.store, prefix="KVM", namespace=NAMESPACE)
        self.namespaces = build_namespaces(
            (self.host,), Server(SERVER, "1.2.3", compat=compat), engine
        )
        self.broker = Broker(self.namespaces, SERVER)

    def records(self, class_name: str) -> dict[str, Record]:
        """Return the instances of a class by their names."""
        provider = self.namespaces.get(NAMESPACE).provider(class_name)
        assert provider is not None
        return {str(record["Name"]): record for record in provider.records()}

    async def create(self, class_name: str, **values: Value) -> ObjectPath:
        """Make an instance."""
        instance = Instance(class_name, _properties(values))
        reply = await self.broker.change(
            ops.CreateInstance(namespace=NAMESPACE, new_instance=instance)
        )
        assert isinstance(reply, InstanceNameReply)
        return reply.path

    async def modify(self, path: ObjectPath, **values: Value) -> None:
        """Change an instance."""
        instance = Instance(path.class_name, _properties(values), path)
        await self.broker.change(
            ops.ModifyInstance(namespace=NAMESPACE, modified_instance=instance)
        )

    async def delete(self, path: ObjectPath) -> None:
        """Remove an instance."""
        await self.broker.change(ops.DeleteInstance(namespace=NAMESPACE, instance_name=path))

    def text(self, name: str) -> str:
        """Return the definition of a filter."""
        return next(one.xml for one in self.host.resources.filters if one.name == name)

    def attributes(self, class_name: str, name: str) -> set[str]:
        """Return all that a rule says."""
        found = self.records(class_name)[name]["Attributes"]
        assert isinstance(found, tuple)
        return {str(one) for one in found}


def _properties(values: dict[str, Value]) -> tuple[InstanceProperty, ...]:
    return tuple(
        InstanceProperty(
            name=name, type=CIMType.STRING, value=value, is_array=isinstance(value, tuple)
        )
        for name, value in values.items()
    )


Scene = Callable[[FilterStage], Awaitable[None]]


def play(lab: Lab, scene: Scene, *, compat: bool = False) -> None:
    """Play a scene; no filter of ours is left."""
    connection: Any = lab.connect()

    async def run() -> None:
        stage = FilterStage(lab.uri(), compat=compat)
        await stage.host.start()
        await survey(stage.host)
        try:
            await scene(stage)
        finally:
            await stage.host.close()

    before = {one.name() for one in connection.listAllNWFilters()}
    try:
        asyncio.run(run())
    finally:
        for one in connection.listAllNWFilters():
            if one.name() not in before:
                one.undefine()
        connection.close()


def test_a_filter_with_rules_comes_and_goes(lab: Lab) -> None:
    """Each rule is of the class that its protocol has, named by its place."""

    async def scene(stage: FilterStage) -> None:
        path = await stage.create(LIST, Name="made", Priority=-5, Chain="root")
        assert path == stage.records(LIST)["made"].path
        assert stage.records(LIST)["made"]["Priority"] == -5
        first = await stage.create(
            IP, Name="made", Action=1, Direction=1, Priority=100, HdrProtocolID=6,
            HdrSrcAddress=(0, 0, 0, 8, 10, 1, 2, 0), HdrSrcMask=(255, 255, 255, 0),
            HdrDestPortStart=80, HdrDestPortEnd=90, State="ESTABLISHED,NEW", Comment="<web>",
        )  # fmt: skip
        assert first == stage.records(IP)["made:0"].path
        assert stage.attributes(IP, "made:0") == {
            "@action=accept", "@direction=in", "@priority=100",
            "tcp/@srcipaddr=10.1.2.0", "tcp/@srcipmask=24", "tcp/@dstportstart=80",
            "tcp/@dstportend=90", "tcp/@state=NEW,ESTABLISHED", "tcp/@comment=<web>",
        }  # fmt: skip
        await stage.create(
            MAC, Name="made:1", Action=2, HdrSrcMACAddr8021=(2, 0, 0, 0, 0, 1),
            HdrProtocolID8021=0x800, IsNegated=True,
        )  # fmt: skip
        assert stage.attributes(MAC, "made:1") == {
            "@action=drop", "@direction=inout", "@priority=500", "mac/@match=no",
            "mac/@srcmacaddr=02:00:00:00:00:01", "mac/@protocolid=ipv4",
        }  # fmt: skip
        await stage.create(OTHER, Name="made", Action=5)
        await stage.create(
            IP, Name="made", Action=3, Protocol="udp-ipv6", HdrIPVersion=6,
            HdrSrcAddress=(0xFD, *[0] * 14, 1), HdrSrcAddressEndOfRange=(0xFD, *[0] * 14, 9),
            Attributes=("udp-ipv6/@dscp=5",),
        )  # fmt: skip
        assert stage.attributes(IP, "made:3") >= {
            "udp-ipv6/@srcipfrom=fd00::1", "udp-ipv6/@srcipto=fd00::9", "udp-ipv6/@dscp=5",
        }  # fmt: skip
        await stage.delete(first)
        assert stage.attributes(MAC, "made:0") >= {"mac/@match=no"}
        assert set(stage.records(IP)) & {"made:0", "made:2"} == {"made:2"}
        await stage.delete(path)
        assert "made" not in stage.records(LIST)
        assert stage.records(OTHER).keys() & {"made:1"} == set()

    play(lab, scene)


def test_what_the_model_does_not_know_stays(lab: Lab) -> None:
    """Every change leaves each attribute of other rules, and of its own, as it was."""

    async def scene(stage: FilterStage) -> None:
        await stage.create(LIST, Name="child")
        await stage.host.perform(DefineFilter(xml=STRANGE))
        before = stage.text("strange")
        rule = stage.records(IP)["strange:0"]
        await stage.modify(rule.path, HdrDestPortStart=81)
        assert stage.text("strange") == before.replace("dstportstart='80'", "dstportstart='81'")
        await stage.modify(rule.path, HdrDestPortStart=80)
        assert stage.text("strange") == before
        await stage.modify(stage.records(LIST)["strange"].path, Priority=-701)
        assert stage.text("strange") == before.replace("-700", "-701")
        await stage.modify(stage.records(LIST)["strange"].path, Priority=-700)
        await stage.create(OTHER, Name="strange", Action=1, Direction=1, Priority=1)
        await stage.delete(stage.records(OTHER)["strange:3"].path)
        assert stage.text("strange") == before
        nested = stage.namespaces.get(NAMESPACE).provider(NESTED)
        assert nested is not None
        await stage.create(LIST, Name="second")
        lists = stage.records(LIST)
        path = await stage.create(
            NESTED, Antecedent=lists["strange"].path, Dependent=lists["second"].path
        )
        assert "<filterref filter='second'/>" in stage.text("strange")
        await stage.delete(path)
        assert stage.text("strange") == before

    play(lab, scene)


def test_modifications(lab: Lab) -> None:
    """What differs is changed; NULL takes away; nothing is defined when nothing differs."""

    async def scene(stage: FilterStage) -> None:
        await stage.create(LIST, Name="made")
        path = await stage.create(
            IP, Name="made", Action=1, HdrProtocolID=17, HdrSrcPortStart=5, Comment="c"
        )
        whole = stage.records(IP)["made:0"]
        values = {p.name: whole[p.name] for p in whole.layout.properties}
        known = stage.host.resources
        await stage.modify(path, **values)  # as clients send back what they got
        assert stage.host.resources is known
        await stage.modify(path, Action=2, Direction=2, Priority=7, HdrSrcPortStart=None)
        assert stage.attributes(IP, "made:0") == {
            "@action=drop", "@direction=out", "@priority=7", "udp/@comment=c",
        }  # fmt: skip
        await stage.modify(path, Protocol="tcp", HdrProtocolID=6, HdrDestPortStart=22)
        assert stage.attributes(IP, "made:0") >= {"tcp/@dstportstart=22", "tcp/@comment=c"}
        await stage.modify(
            path, Comment=None, HdrDestPortStart=None, HdrSrcAddress=(10, 0, 0, 1), IsNegated=True
        )
        negated = {"tcp/@match=no", "tcp/@srcipaddr=10.0.0.1"}
        assert stage.attributes(IP, "made:0") >= negated
        with pytest.raises(InvalidParameter, match="protocol tcp cannot say"):
            await stage.modify(path, HdrDestPortStart=22, IsNegated=True)
        await stage.modify(path, IsNegated=False)
        assert "tcp/@match=no" not in stage.attributes(IP, "made:0")

    play(lab, scene)


CREATE: tuple[tuple[str, dict[str, Value], type[WBEMError], str], ...] = (
    (LIST, {}, InvalidParameter, "Name is needed"),
    (LIST, {"Name": "made"}, AlreadyExists, "a filter made exists"),
    (LIST, {"Name": "x", "Strange": 1}, InvalidParameter, "no property strange"),
    (LIST, {"Name": "x", "Direction": 1}, InvalidParameter, "Direction is of each rule"),
    (LIST, {"Name": "x", "HealthState": 5}, InvalidParameter, "HealthState of KVM_FilterList"),
    (LIST, {"Name": "x", "Priority": "high"}, InvalidParameter, "'high' is not an integer"),
    (LIST, {"Name": "x\x07"}, InvalidParameter, "XML cannot carry"),
    (LIST, {"Name": "x", "Chain": "no-chain"}, WBEMError, "Unable to make filter x: "),
    (IP, {"Name": "none", "Action": 1}, InvalidParameter, "none is no filter"),
    (IP, {"Name": "made:0", "Action": 1}, AlreadyExists, "an entry made:0 exists"),
    (IP, {"Name": "made:7", "Action": 1}, InvalidParameter, "the next entry of filter made is"),
    (IP, {"Name": "made"}, InvalidParameter, "Action is none of"),
    (IP, {"Name": "made", "Action": 1, "Direction": 4}, InvalidParameter, "Direction is none of"),
    (IP, {"Name": "made", "Action": 1, "Protocol": "mac"}, InvalidParameter, "not of this class"),
    (IP, {"Name": "made", "Action": 1, "HdrSrcAddress": (1, 2)}, InvalidParameter, "2 octets"),
    (IP, {"Name": "made", "Action": 1, "Attributes": ("x",)}, InvalidParameter, "no path=value"),
    (IP, {"Name": "made", "Action": 1, "Attributes": ("udp/@a=1",)}, InvalidParameter,
     "udp/@a is none of ip"),
    (IP, {"Name": "made", "Action": 1, "Protocol": "tcp", "ICMPType": 8}, InvalidParameter,
     "a rule of protocol tcp cannot say ICMPType"),
    (IP, {"Name": "made", "Action": 1, "Attributes": ("ip/@nonsense=1",)}, InvalidParameter,
     "cannot say Attributes"),
    (OTHER, {"Name": "made", "Action": 1, "State": "NEW"}, InvalidParameter, "without a Protocol"),
    (NESTED, {}, InvalidParameter, "Antecedent of KVM_NestedFilterList is needed"),
    (ENTRIES, {}, NotSupported, "CreateInstance is not served for KVM_EntriesInFilterList"),
    (APPLIED, {}, InvalidParameter, "Antecedent of KVM_AppliedFilterList is needed"),
)  # fmt: skip


def test_wrong_instances(lab: Lab) -> None:
    """Each is an error that says what is wrong, and every filter is as before."""

    async def scene(stage: FilterStage) -> None:
        await stage.create(LIST, Name="made")
        await stage.create(OTHER, Name="made", Action=1)
        before = stage.host.resources.filters
        for class_name, values, error, text in CREATE:
            with pytest.raises(error) as caught:
                await stage.create(class_name, **values)
            assert text in caught.value.reason
        await survey(stage.host)
        assert stage.host.resources.filters == before

    play(lab, scene)


def test_nested_filters(lab: Lab) -> None:
    """A filter that is included stays; one that is not there cannot be; loops are refused."""

    async def scene(stage: FilterStage) -> None:
        for name in ("parent", "child"):
            await stage.create(LIST, Name=name)
        lists = stage.records(LIST)
        ends = {"Antecedent": lists["parent"].path, "Dependent": lists["child"].path}
        path = await stage.create(NESTED, **ends)
        with pytest.raises(AlreadyExists):
            await stage.create(NESTED, **ends)
        with pytest.raises(Failed, match="Unable to delete filter child: it is in use"):
            await stage.delete(lists["child"].path)
        with pytest.raises(WBEMError, match="loop"):
            await stage.create(
                NESTED, Antecedent=lists["child"].path, Dependent=lists["parent"].path
            )
        gone = ObjectPath(LIST, tuple(
            (name, "gone" if name == "Name" else value)
            for name, value in lists["child"].path.keys or ()
        ), NAMESPACE)  # fmt: skip
        with pytest.raises(InvalidParameter, match="Dependent does not exist"):
            await stage.create(NESTED, Antecedent=lists["parent"].path, Dependent=gone)
        await stage.delete(path)
        with pytest.raises(NotFound):
            await stage.delete(path)
        await stage.delete(lists["child"].path)

    play(lab, scene)


def test_the_relation_of_a_rule_is_the_rule(lab: Lab) -> None:
    """A rule that is in no filter is no more."""

    async def scene(stage: FilterStage) -> None:
        await stage.create(LIST, Name="made")
        entry = await stage.create(OTHER, Name="made", Action=1)
        keys = (("GroupComponent", stage.records(LIST)["made"].path), ("PartComponent", entry))
        await stage.delete(ObjectPath(ENTRIES, keys, NAMESPACE))
        assert "made:0" not in stage.records(OTHER)

    play(lab, scene)


def test_a_rule_that_moved_is_not_touched(lab: Lab) -> None:
    """No event tells of filters: what the client saw may not be what is there."""

    async def scene(stage: FilterStage) -> None:
        await stage.create(LIST, Name="made")
        for priority in (1, 2):
            path = await stage.create(OTHER, Name="made", Action=1, Priority=priority)
        text = stage.text("made")
        connection: Any = lab.connect()
        connection.nwfilterDefineXML(text.replace("priority='2'", "priority='3'"))
        for change in (stage.delete(path), stage.modify(path, Priority=9)):
            with pytest.raises(Failed, match="changed meanwhile"):
                await change
        await survey(stage.host)
        assert "priority='3'" in stage.text("made")
        connection.close()

    play(lab, scene)


def test_nothing_is_rehearsed(lab: Lab) -> None:
    """In a dry run instances are neither made nor removed."""

    async def scene(stage: FilterStage) -> None:
        path = await stage.create(LIST, Name="made")
        CALLER.set(Caller(dry_run=True))
        for change in (stage.create(LIST, Name="x"), stage.delete(path),
                       stage.modify(path, Priority=1)):  # fmt: skip
            with pytest.raises(NotSupported, match="dry run"):
                await change

    play(lab, scene)


NIC = (
    "<interface type='bridge'><mac address='52:54:00:00:00:07'/><source bridge='br-none'/>"
    "<boot order='3'/></interface>"
)
PORT = "KVM_NetworkPort"


@pytest.mark.parametrize("compat", [False, True])
def test_a_filter_is_applied_to_an_interface(lab: Lab, *, compat: bool) -> None:
    """The definition says so and nothing else of it changes; another filter takes its place.

    libvirt-cim takes the ends in one order, and shows them in the other.
    """
    connection: Any = lab.connect()
    native = connection.defineXML(lab.guest_xml("filtered", devices=NIC))
    before = native.XMLDesc(0)

    async def scene(stage: FilterStage) -> None:
        for name in ("one", "two"):
            await stage.create(LIST, Name=name)
        provider = stage.namespaces.get(NAMESPACE).provider(PORT)
        assert provider is not None
        (port,) = (one for one in provider.records() if one["SystemName"] == "filtered")
        lists = stage.records(LIST)
        path = await stage.create(APPLIED, Antecedent=port.path, Dependent=lists["one"].path)
        assert dict(path.keys or ())["Antecedent"] == (lists["one"] if compat else port).path
        mark = "      <filterref filter='{}'/>\n"
        assert _without(native.XMLDesc(0), mark.format("one")) == before
        with pytest.raises(AlreadyExists):
            await stage.create(APPLIED, Antecedent=port.path, Dependent=lists["one"].path)
        other = await stage.create(APPLIED, Antecedent=port.path, Dependent=lists["two"].path)
        assert _without(native.XMLDesc(0), mark.format("two")) == before
        with pytest.raises(NotFound):
            await stage.delete(path)
        with pytest.raises(Failed, match="filter two: it is in use by domain `filtered'"):
            await stage.delete(lists["two"].path)
        await stage.delete(other)
        assert native.XMLDesc(0) == before
        await stage.delete(lists["two"].path)

    try:
        play(lab, scene, compat=compat)
    finally:
        native.undefine()
        connection.close()


@pytest.fixture(scope="module")
def networked() -> Iterator[Lab]:
    """A hypervisor with a network of its own, where guests have interfaces that can be filtered."""
    lab = Lab("virtcim-filters", bridge="br-filters")
    yield lab
    lab.stop()


def test_a_filter_is_applied_to_a_running_guest(networked: Lab) -> None:
    """It has it and so has its definition; where the host cannot filter, both stay as they were.

    A filter without rules needs nothing of the host; whether one with rules can be put into effect
    depends on the machine.
    """
    connection: Any = networked.connect()
    nic = NIC.replace("br-none", "br-filters")
    native = connection.defineXML(networked.guest_xml("live", devices=nic))
    native.create()

    def filters() -> list[str]:
        texts = (native.XMLDesc(0), native.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
        return [name for text in texts for name in re.findall("filterref filter='(.*?)'", text)]

    async def scene(stage: FilterStage) -> None:
        for name in ("bare", "ruled"):
            await stage.create(LIST, Name=name)
        await stage.create(OTHER, Name="ruled", Action="2", Direction="1")
        provider = stage.namespaces.get(NAMESPACE).provider(PORT)
        assert provider is not None
        (port,) = provider.records()
        lists = stage.records(LIST)
        await stage.create(APPLIED, Antecedent=port.path, Dependent=lists["bare"].path)
        assert filters() == ["bare", "bare"]
        refusal = await _refusal(
            stage.create(APPLIED, Antecedent=port.path, Dependent=lists["ruled"].path)
        )
        if refusal is None:
            assert filters() == ["ruled", "ruled"]
        else:
            assert "failed to add new filter rules" in refusal
            assert "nothing was changed" in refusal
            assert filters() == ["bare", "bare"]

    async def scene_and_end(stage: FilterStage) -> None:
        try:
            await scene(stage)
        finally:  # before its filters
            native.destroy()
            native.undefine()

    play(networked, scene_and_end)
    connection.close()


async def _refusal(change: Awaitable[object]) -> str | None:
    try:
        await change
    except Failed as error:
        return error.reason
    return None


def _without(text: str, line: str) -> str:
    assert line in text
    return text.replace(line, "")

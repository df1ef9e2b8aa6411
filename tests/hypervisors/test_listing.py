"""What a listing costs, what it reuses, and what it leaves out."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import libvirt
import pytest
from structlog.testing import capture_logs

from virtcim.hypervisors.libvirt import LibvirtHypervisor
from virtcim.hypervisors.libvirt.eventloop import ensure_event_loop
from virtcim.hypervisors.libvirt.reading import read_domain, read_domains
from virtcim.hypervisors.libvirt.schemes import SCHEMES
from virtcim.hypervisors.model import EVERY_DOMAIN, DomainState, DomainUUID

TEST = SCHEMES["test"]
EMPTY_NODE = "<node/>"


class Counting:
    """A native object that counts the calls made through it, and of what it gives."""

    def __init__(self, native: Any, calls: Counter[str], before: Callable[[str], None]) -> None:
        self._native = native
        self._calls = calls
        self._before = before

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> Any:
            self._before(name)
            self._calls[name] += 1
            return self._wrap(getattr(self._native, name)(*arguments))

        return call

    def _wrap(self, result: Any) -> Any:
        if isinstance(result, libvirt.virDomain):
            return Counting(result, self._calls, self._before)
        if isinstance(result, list | tuple):
            return type(result)(self._wrap(one) for one in result)
        return result


class Node:
    """A private test node of many domains, seen through counting."""

    def __init__(self, many: int, tmp_path: Any) -> None:
        ensure_event_loop()
        path = tmp_path / "node.xml"
        path.write_text(EMPTY_NODE)
        self.native = libvirt.open(f"test://{path}")
        for number in range(many):
            self.define(number)
        self.calls: Counter[str] = Counter()
        self.before: Callable[[str], None] = lambda _name: None
        self.connection: Any = Counting(self.native, self.calls, self._about_to)

    def _about_to(self, call: str) -> None:
        self.before(call)

    def define(self, number: int, title: str = "") -> Any:
        """Define domain number so, or redefine it."""
        return self.native.defineXML(
            f"<domain type='test'><name>d{number}</name>"
            f"<uuid>{number:08x}-0000-4000-8000-000000000000</uuid>"
            f"<title>{title}</title><memory>1024</memory><os><type>hvm</type></os></domain>"
        )


# Calls that go to the hypervisor; a domain's name, UUID and id are in its handle.
LOCAL = {"UUIDString", "name", "ID"}


def remote(calls: Counter[str]) -> Counter[str]:
    """The calls that cost a round trip."""
    return Counter({name: count for name, count in calls.items() if name not in LOCAL})


@pytest.mark.parametrize("many", [3, 1_000])
def test_a_listing_costs_six_calls_whatever_it_lists(many: int, tmp_path: Any) -> None:
    """And, the first time, the XML of each domain; later that of none."""
    node = Node(many, tmp_path)
    bulk = Counter({"listAllDomains": 5, "getAllDomainStats": 1})
    first = read_domains(node.connection, TEST, EVERY_DOMAIN, {})
    assert len(first) == many
    assert remote(node.calls) == bulk + Counter({"XMLDesc": many})
    node.calls.clear()
    known = {one.uuid: one for one in first}
    again = read_domains(node.connection, TEST, EVERY_DOMAIN, known)
    assert remote(node.calls) == bulk
    assert all(one is known[one.uuid] for one in again)


def test_a_definition_is_read_again_when_it_must_be(tmp_path: Any) -> None:
    """A start makes another incarnation; what is not known is read; the rest is reused."""
    node = Node(3, tmp_path)
    known = {one.uuid: one for one in read_domains(node.connection, TEST, EVERY_DOMAIN, {})}
    node.define(0, "unnoticed")
    node.define(1, "told").create()
    node.define(2, "not known any more")
    del known[DomainUUID("00000002-0000-4000-8000-000000000000")]
    again = read_domains(node.connection, TEST, EVERY_DOMAIN, known)
    titles = {one.name: one.title for one in again}
    assert titles == {"d0": None, "d1": "told", "d2": "not known any more"}


@pytest.mark.parametrize("call", ["getAllDomainStats", "XMLDesc"])
def test_a_domain_that_vanishes_is_left_out(call: str, tmp_path: Any) -> None:
    """Between the listing and the statistics, or between these and its XML."""
    node = Node(3, tmp_path)

    def vanish(name: str) -> None:
        if name == call:
            node.before = lambda _name: None
            node.native.lookupByName("d1").undefine()
            node.native.lookupByName("d0").undefine()

    node.before = vanish
    listed = read_domains(node.connection, TEST, EVERY_DOMAIN, {})
    assert {one.name for one in listed} == {"d2"}


def test_a_domain_that_vanishes_while_it_is_read_is_none(tmp_path: Any) -> None:
    """After the lookup, before its state."""
    node = Node(1, tmp_path)

    def vanish(name: str) -> None:
        if name == "state":
            node.native.lookupByName("d0").undefine()

    node.before = vanish
    uuid = DomainUUID("00000000-0000-4000-8000-000000000000")
    assert read_domain(node.connection, TEST, uuid, None) is None


def test_a_driver_without_bulk_statistics_is_asked_for_each_state(tmp_path: Any) -> None:
    """As lxc and xen; the facts are the same."""
    node = Node(3, tmp_path)
    whole = read_domains(node.connection, TEST, EVERY_DOMAIN, {})

    def refuse(name: str) -> None:
        if name == "getAllDomainStats":
            node.native.lookupByName("d0").pMWakeup()  # NO_SUPPORT

    node.before = refuse
    assert read_domains(node.connection, TEST, EVERY_DOMAIN, {}) == whole
    assert node.calls["state"] == 3
    assert {one.state for one in whole} == {DomainState.SHUTOFF}


def test_a_title_that_is_no_xml_costs_nobody_the_listing(tmp_path: Any) -> None:
    """Each client may set it, and libvirt writes it as it is."""
    node = Node(2, tmp_path)
    domain = node.native.lookupByName("d0")
    domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, "\ufffe", None, None)
    listed = read_domains(node.connection, TEST, EVERY_DOMAIN, {})
    assert {one.name: one.title for one in listed} == {"d0": "\ufffd", "d1": None}


@pytest.mark.parametrize("answer", ["<domain", UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no")])
def test_a_domain_that_nobody_understands_stays_as_it_is_known(
    answer: str | UnicodeDecodeError, tmp_path: Any
) -> None:
    """And those beside it are listed."""
    node = Node(2, tmp_path)
    listed = read_domains(node.connection, TEST, EVERY_DOMAIN, {})
    first, second = sorted(listed, key=lambda one: one.name)

    class Odd:
        def __init__(self, native: Any) -> None:
            self._native = native

        def __getattr__(self, name: str) -> Any:
            return getattr(self._native, name)

        def XMLDesc(self, flags: int) -> str:  # noqa: N802
            if self._native.name() != "d0":
                return str(self._native.XMLDesc(flags))
            if isinstance(answer, str):
                return answer
            raise answer

        def listAllDomains(self, flags: int) -> list[Any]:  # noqa: N802
            return [Odd(one) for one in self._native.listAllDomains(flags)]

    odd: Any = Odd(node.native)
    with capture_logs() as logs:
        (alone,) = read_domains(odd, TEST, EVERY_DOMAIN, {})
    assert alone.name == "d1"
    assert [entry["event"] for entry in logs] == ["domain_unreadable"]
    old = replace(first, name="old")  # so that its text is read again
    found = read_domains(odd, TEST, EVERY_DOMAIN, {old.uuid: old, second.uuid: second})
    assert {one.name for one in found} == {"old", "d1"}


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    """The library keeps its errors to itself."""

    async def scene() -> None:
        hypervisor = LibvirtHypervisor("test:///default")
        await hypervisor.open()
        assert await hypervisor.domain(DomainUUID("0" * 32)) is None
        await hypervisor.close()

    asyncio.run(scene())
    assert capfd.readouterr().err == ""


def test_an_id_that_contradicts_the_state_is_read_again(tmp_path: Any) -> None:
    """A domain that stops between the statistics' handles and their states is off, without id."""
    node = Node(0, tmp_path)
    domain = node.define(1)
    domain.create()
    stale = node.native.lookupByName("d1")
    domain.destroy()

    class Racing(Counting):
        def getAllDomainStats(self, _stats: int) -> Any:  # noqa: N802
            return [(stale, {"state.state": 5, "state.reason": 2})]

    racing: Any = Racing(node.native, node.calls, node.before)
    assert stale.ID() > 0
    (one,) = read_domains(racing, TEST, EVERY_DOMAIN, {})
    assert (one.state, one.id, one.live_xml) == (DomainState.SHUTOFF, None, None)


def test_a_definition_without_secrets_does_where_secrets_are_refused() -> None:
    """Who may not read passwords reads the same definitions without them."""
    connection = libvirt.openReadOnly("test:///default")
    (domain,) = connection.listAllDomains()
    with pytest.raises(libvirt.libvirtError):
        domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE)
    (facts,) = read_domains(connection, TEST, EVERY_DOMAIN, {})
    assert facts.live_xml == domain.XMLDesc(0)
    assert facts.persistent_xml == domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    connection.close()

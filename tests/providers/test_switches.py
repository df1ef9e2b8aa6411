"""Virtual switches, their ports, and the endpoints of domains' networks."""

from dataclasses import replace

import pytest

from tests.hypervisors.standing import facts_of
from tests.providers.handmade import (
    NO_MACHINE,
    domain_text,
    found_again,
    model_of,
    network_facts,
    provider,
    records,
    told,
)
from virtcim.hypervisors.model import DomainFacts
from virtcim.hypervisors.resources import NO_RESOURCES, NetworkFacts, PortFacts
from virtcim.providers.model import HostModel
from virtcim.providers.switch_ports import ENDPOINT, PORT, VLAN
from virtcim.providers.switches import SETTING, SWITCH
from virtcim.schema.layouts import Record

MAC = "52:54:00:12:34:56"
NAT = network_facts(
    "default",
    "<forward mode='nat' dev='eth0'/><domain name='lab.example'/><mtu size='9000'/>"
    "<ip address='192.168.122.1' netmask='255.255.255.0'/>"
    "<ip family='ipv6' address='fd00::1' prefix='64'/><ip address='10.9.9.9'/>",
    bridge="virbr0",
)
OFF = network_facts("off", active=False)
GROUPS = network_facts(
    "ovs",
    "<forward mode='bridge'/><bridge name='br-int'/>"
    "<portgroup name='blue'><vlan><tag id='42'/></vlan></portgroup>"
    "<portgroup name='red' default='yes'><vlan trunk='yes'><tag id='7'/>"
    "<tag id='8' nativeMode='untagged'/></vlan></portgroup>",
    bridge="br-int",
)


def interface(kind: str, source: str, inner: str = "", mac: str = MAC) -> str:
    """Return an interface."""
    return (
        f"<interface type='{kind}'><mac address='{mac}'/><source {source}/>"
        f"<target dev='vnet0'/>{inner}</interface>"
    )


def running(devices: str, name: str = "demo", number: int = 1) -> DomainFacts:
    """Return a domain that runs."""
    text = domain_text(name, devices, number)
    return facts_of(text, text, number=number)


def model_with(
    *domains: DomainFacts,
    networks: tuple[NetworkFacts, ...] = (NAT, OFF, GROUPS),
    ports: tuple[PortFacts, ...] = (),
    compat: bool = False,
) -> HostModel:
    """Return the model of a host with these networks."""
    machine = replace(NO_MACHINE, ports=ports)
    resources = replace(NO_RESOURCES, networks=networks, machine=machine)
    return model_of(*domains, resources=resources, compat=compat)


def settings(model: HostModel) -> dict[object, Record]:
    """Return the definitions of switches by their names."""
    return {record["ElementName"]: record for record in records(model, SETTING)}


# Switches


def test_networks_are_switches() -> None:
    """One for each network, dedicated as Ethernet switches are; an inactive one is disabled."""
    model = model_with()
    found = records(model, SWITCH)
    assert [record["Name"] for record in found] == ["default", "off", "ovs"]
    assert told(found[0], "CreationClassName", "ElementName", "Dedicated", "Bridge") == (
        "KVM_VirtualEthernetSwitch", "default", (38,), "virbr0",
    )  # fmt: skip
    assert told(found[0], "UUID", "OtherIdentifyingInfo") == (NAT.uuid, (NAT.uuid, "virbr0"))
    assert [record["EnabledState"] for record in found] == [2, 3, 2]
    assert [record["EnabledDefault"] for record in found] == [2, 3, 2]
    assert found_again(model, SWITCH) == found


def test_bridges_are_switches_where_they_are_used() -> None:
    """A bridge that domains use and no network has is one too; its link tells its state."""
    ports = (
        PortFacts(name="br0", mac=None, speed=None, up=False, bridge=True),
        PortFacts(name="br9", mac=None, speed=None, up=True, bridge=True),
    )
    model = model_with(
        running(interface("bridge", "bridge='br0'") + interface("bridge", "bridge='br7'")),
        running(interface("bridge", "bridge='virbr0'"), "other", number=2),
        networks=(NAT,),
        ports=ports,
    )
    found = records(model, SWITCH)
    assert [told(r, "Name", "ElementName", "EnabledState", "EnabledDefault") for r in found] == [
        ("default", "default", 2, 2),
        ("bridge:br0", "br0", 3, 7),
        ("bridge:br7", "br7", 0, 7),
    ]
    assert [record["SystemName"] for record in records(model, PORT)] == [
        "bridge:br0", "bridge:br7", "default",
    ]  # fmt: skip


def test_a_network_named_as_a_bridge() -> None:
    """A network and a bridge of one name are two switches."""
    model = model_with(
        running(interface("bridge", "bridge='br0'")),
        networks=(network_facts("br0", bridge="virbr1"), network_facts("bridge:br0")),
    )
    names = [record["Name"] for record in records(model, SWITCH)]
    assert names == ["br0", "network:bridge:br0", "bridge:br0"]
    assert [port["SystemName"] for port in records(model, PORT)] == ["bridge:br0"]


def test_definitions() -> None:
    """How a network is forwarded, its addresses with prefixes, its virtual LANs and its pool."""
    model = model_with()
    found = settings(model)
    nat = found["default"]
    assert told(nat, "InstanceID", "VirtualSystemIdentifier", "VirtualSystemType") == (
        "KVM:switch/default", "default", "DMTF:Virtual Ethernet Switch",
    )  # fmt: skip
    assert told(nat, "ForwardMode", "ForwardDevice", "Domain", "EVBMode") == (
        "nat", "eth0", "lab.example", 2,
    )  # fmt: skip
    assert nat["Addresses"] == ("192.168.122.1/24", "fd00::1/64", "10.9.9.9")
    assert nat["AssociatedResourcePool"] == (
        'root/virt:KVM_NetworkPool.InstanceID="NetworkPool/default"',
    )
    assert told(nat, "AutomaticStartupAction", "VLANConnection") == (4, ())
    assert told(found["off"], "ForwardMode", "AutomaticStartupAction") == (None, 2)
    assert told(found["ovs"], "VLANConnection", "ForwardMode") == (("7", "8", "42"), "bridge")
    assert found_again(model, SETTING) == records(model, SETTING)


@pytest.mark.parametrize(
    ("forward", "mode", "other"),
    [
        ("<forward/>", 2, None),
        ("<forward mode='vepa'><interface dev='eth1'/></forward>", 3, None),
        ("<forward mode='private'/>", 1, "private"),
        ("<forward mode='hostdev'/>", 4, None),
        ("<forward mode='new'/>", 1, "new"),
    ],
)
def test_modes(forward: str, mode: int, other: str | None) -> None:
    """What IEEE 802.1Q calls them; a mode that has no number is told by its name."""
    (setting,) = records(model_with(networks=(network_facts("n", forward),)), SETTING)
    assert told(setting, "EVBMode", "OtherEVBMode") == (mode, other)


def test_pools_that_libvirt_cim_does_not_have() -> None:
    """With the switch on, inactive networks and bridges have no pool to name."""
    model = model_with(
        running(interface("bridge", "bridge='br0'")), networks=(NAT, OFF), compat=True
    )
    found = settings(model)
    assert len(found["default"]["AssociatedResourcePool"] or ()) == 1  # type: ignore[arg-type]
    assert found["off"]["AssociatedResourcePool"] == found["br0"]["AssociatedResourcePool"] == ()


# Ports and endpoints


def test_a_running_domain_is_plugged_in() -> None:
    """A port on the switch, and an endpoint at both ends of the link, whose names tell it."""
    devices = interface("network", "network='default' portid='x' bridge='virbr0'")
    model = model_with(running(devices))
    (port,) = records(model, PORT)
    assert told(port, "SystemCreationClassName", "SystemName", "DeviceID", "Name") == (
        "KVM_VirtualEthernetSwitch", "default", f"default/demo/{MAC}", "vnet0",
    )  # fmt: skip
    assert told(port, "LinkTechnology", "EnabledState", "PVID") == (2, 2, None)
    assert port["ActiveMaximumTransmissionUnit"] == 9000
    own, other = records(model, ENDPOINT)
    names = ("SystemCreationClassName", "SystemName", "Name", "MACAddress", "LANID", "MaxDataSize")
    assert told(own, *names) == (
        "KVM_ComputerSystem", "demo", f"demo/{MAC}", "525400123456", "default", 72_000,
    )  # fmt: skip
    assert told(other, *names) == (
        "KVM_VirtualEthernetSwitch", "default", f"default/demo/{MAC}", None, "default", 72_000,
    )  # fmt: skip
    assert f"{other['SystemName']}/{own['Name']}" == other["Name"] == port["DeviceID"]
    for family in (PORT, ENDPOINT):
        assert found_again(model, family) == records(model, family)


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("network", "network='default' portid='x' bridge='virbr0'"),
        ("bridge", "network='ovs' portid='x' bridge='br-other'"),
        ("direct", "network='off' portid='x' dev='eth0' mode='bridge'"),
        ("bridge", "bridge='virbr0'"),
    ],
)
def test_the_network_counts(kind: str, source: str) -> None:
    """A running interface of a network is in it whatever it was made to be; else its bridge's."""
    model = model_with(running(interface(kind, source)))
    network = source.partition("network='")[2].partition("'")[0] or "default"
    assert [port["SystemName"] for port in records(model, PORT)] == [network]
    assert [r["Name"] for r in records(model, SWITCH)] == ["default", "off", "ovs"]


def test_a_stopped_domain_is_not() -> None:
    """It has its own endpoint, disabled, and no port."""
    text = domain_text("demo", interface("network", "network='default'"))
    model = model_with(facts_of(None, text))
    assert records(model, PORT) == []
    (own,) = records(model, ENDPOINT)
    assert told(own, "SystemName", "EnabledState", "LANID") == ("demo", 3, "default")


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("user", ""),
        ("direct", "dev='eth0' mode='bridge'"),
        ("network", "network='gone'"),
        ("bridge", ""),
    ],
)
def test_interfaces_without_a_switch(kind: str, source: str) -> None:
    """An interface that is in no network and on no bridge has its own endpoint alone."""
    model = model_with(running(interface(kind, source)))
    assert records(model, PORT) == []
    (own,) = records(model, ENDPOINT)
    assert own["LANID"] is None


def test_a_link_that_is_down() -> None:
    """Both ends of it are enabled but offline."""
    devices = interface("network", "network='default'", "<link state='down'/>")
    model = model_with(running(devices))
    ends = [*records(model, PORT), *records(model, ENDPOINT)]
    assert [record["EnabledState"] for record in ends] == [6, 6, 6]


def test_names_with_slashes() -> None:
    """Ports and endpoints are found whatever the names of domains and switches are."""
    devices = interface("network", "network='a/b'")
    model = model_with(
        running(devices, "x/y"),
        running(devices, "a/b", number=2),
        networks=(network_facts("a/b"),),
    )
    for family in (PORT, ENDPOINT):
        assert found_again(model, family) == records(model, family)
    keys = {name.lower(): value for name, value in records(model, PORT)[0].path.keys or ()}
    assert provider(model, PORT).find({**keys, "deviceid": "a/b/gone/x"}) is None
    assert provider(model, PORT).find({**keys, "deviceid": 5}) is None


@pytest.mark.parametrize(
    ("source", "inner", "mode", "name", "native"),
    [
        ("network='default'", "<vlan><tag id='5'/></vlan>", 2, "VLAN 5", 5),
        ("network='ovs' portgroup='blue'", "", 2, "VLAN 42", 42),
        ("network='ovs'", "", 5, "VLAN 7, 8", 8),
        ("network='ovs' portgroup='blue'", "<vlan><tag id='1'/><tag id='2'/></vlan>",
         5, "VLAN 1, 2", None),
        ("network='tagged'", "", 2, "VLAN 9", 9),
    ],
)  # fmt: skip
def test_virtual_lans(source: str, inner: str, mode: int, name: str, native: int | None) -> None:
    """Tags of the interface, else of its port group, else of the network, make an endpoint."""
    tagged = network_facts("tagged", "<vlan><tag id='9'/></vlan>")
    model = model_with(running(interface("network", source, inner)), networks=(NAT, GROUPS, tagged))
    (endpoint,) = records(model, VLAN)
    assert told(endpoint, "DesiredEndpointMode", "OperationalEndpointMode", "ElementName") == (
        mode, mode, name,
    )  # fmt: skip
    (port,) = records(model, PORT)
    assert told(endpoint, "SystemName", "Name") == told(port, "SystemName", "DeviceID")
    assert port["PVID"] == native
    assert found_again(model, VLAN) == [endpoint]


def test_without_tags_there_is_no_virtual_lan() -> None:
    """A network without tags, and a port group that has none, make no endpoint of a VLAN."""
    network = network_facts("n", "<portgroup name='plain'/>")
    model = model_with(
        running(interface("network", "network='n' portgroup='plain'")), networks=(network,)
    )
    assert len(records(model, PORT)) == 1
    assert records(model, VLAN) == []

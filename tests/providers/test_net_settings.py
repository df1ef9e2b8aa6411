"""Settings of network interfaces."""

from dataclasses import replace

from tests.hypervisors.standing import facts_of
from tests.providers.handmade import (
    domain_text,
    model_of,
    network_facts,
    provider,
    records,
    told,
)
from tests.providers.settings_made import settings_of
from virtcim.hypervisors.resources import NO_RESOURCES
from virtcim.providers.host_resources import NETWORK_SWITCH
from virtcim.providers.views import NET_SETTING

NETWORK = """<interface type='network'><mac address='52:54:00:00:00:01' type='static'/>
<source network='default' portgroup='fast' portid='0b52' bridge='virbr0'/>
<bandwidth><inbound average='1000' peak='5000' floor='200' burst='1024'/>
<outbound average='128' peak='256' burst='512'/></bandwidth>
<target dev='vnet0'/><model type='virtio'/><driver name='vhost' queues='2'/>
<filterref filter='clean-traffic'><parameter name='IP' value='10.0.0.1'/></filterref>
<vlan trunk='yes'><tag id='42'/><tag id='47' nativeMode='untagged'/></vlan>
<mtu size='1500'/><link state='up'/><port isolated='yes'/><script path='/up'/>
<address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></interface>"""
BRIDGE = """<interface type='bridge'><mac address='52:54:00:00:00:02'/><source bridge='virbr0'/>
<bandwidth><outbound average='128'/></bandwidth></interface>"""
DIRECT = """<interface type='direct'><mac address='52:54:00:00:00:03'/>
<source dev='eth0' mode='vepa'/><virtualport type='802.1Qbh'><parameters profileid='p1'/>
</virtualport></interface>"""
VEPA = """<interface type='direct'><mac address='52:54:00:00:00:04'/><source dev='eth0'/>
<virtualport type='802.1Qbg'><parameters managerid='11' typeid='1193047' typeidversion='2'
instanceid='09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f'/></virtualport></interface>"""
HOSTDEV = """<interface type='hostdev' managed='yes'><mac address='52:54:00:00:00:05'/>
<source><address type='pci' domain='0x0000' bus='0x00' slot='0x07' function='0x1'/></source>
</interface>"""
UDP = """<interface type='udp'><mac address='52:54:00:00:00:06'/>
<source address='1.2.3.4' port='5555'><local address='5.6.7.8' port='66666'/></source>
</interface>"""
SERVER = """<interface type='server'><mac address='52:54:00:00:00:07'/>
<source address='1.2.3.4' port='5558'/></interface>"""
VHOST = """<interface type='vhostuser'><mac address='52:54:00:00:00:08'/>
<source type='unix' path='/run/vhost.sock' mode='client'/></interface>"""
USER = "<interface type='user'><mac address='52:54:00:00:00:09'/></interface>"
ALL = NETWORK + BRIDGE + DIRECT + VEPA + HOSTDEV + UDP + SERVER + VHOST + USER

MAC = "52:54:00:00:00:0"
NETWORKS = replace(NO_RESOURCES, networks=(network_facts("default", bridge="virbr0"),))


def test_the_network_comes_before_its_bridge() -> None:
    """A running domain's text has both, and the pool is the network's all the same."""
    record = settings_of(NET_SETTING, ALL, resources=NETWORKS)[f"{MAC}1"]
    assert told(record, "NetworkType", "NetworkName", "Bridge", "PoolID") == (
        "network", "default", "virbr0", "NetworkPool/default",
    )  # fmt: skip
    assert told(record, "Connection", "HostResource") == (("default",), ("default",))


def test_all_of_an_interface() -> None:
    """All that libvirt says of an interface is there."""
    record = settings_of(NET_SETTING, ALL)[f"{MAC}1"]
    assert told(record, "InstanceID", "ResourceType", "ResourceSubType", "Address") == (
        f"web/{MAC}1", 10, "virtio", f"{MAC}1",
    )  # fmt: skip
    assert told(record, "VirtualDevice", "Driver", "Queues", "MTU", "LinkState") == (
        "vnet0", "vhost", 2, 1500, "up",
    )  # fmt: skip
    assert told(record, "FilterRef", "FilterParameters") == ("clean-traffic", ("IP=10.0.0.1",))
    assert told(record, "VLANTags", "VLANTrunk", "NativeVLAN") == ((42, 47), True, 47)
    assert told(record, "PortGroup", "PortID", "PortIsolated", "Script", "MACType") == (
        "fast", "0b52", True, "/up", "static",
    )  # fmt: skip
    assert record["AddressProperties"] == ("type", "domain", "bus", "slot", "function")


def test_rates() -> None:
    """Rates are libvirt's numbers, and the unit of the limits is theirs: 1000 bytes a second."""
    found = settings_of(NET_SETTING, ALL)
    names = ("AllocationUnits", "Reservation", "Limit", "VirtualQuantity")
    assert told(found[f"{MAC}1"], *names) == ("byte*10^3/second", 1000, 5000, 1)
    assert told(found[f"{MAC}2"], *names) == ("count", None, None, 1)
    inbound = ("InboundAverage", "InboundPeak", "InboundFloor", "InboundBurst")
    outbound = ("OutboundAverage", "OutboundPeak", "OutboundBurst")
    assert told(found[f"{MAC}1"], *inbound, *outbound) == (1000, 5000, 200, 1024, 128, 256, 512)
    assert told(found[f"{MAC}2"], *inbound, *outbound) == (None,) * 4 + (128, None, None)
    old = settings_of(NET_SETTING, ALL, compat=True)
    assert told(old[f"{MAC}1"], *names[:3]) == ("KiloBytes per Second", 1000, 5000)
    assert told(old[f"{MAC}2"], *names[:3]) == (None, None, None)


def test_a_bridge_of_a_network_is_the_networks() -> None:
    """An interface on a network's bridge takes from the network's pool."""
    found = settings_of(NET_SETTING, ALL, resources=NETWORKS)
    assert told(found[f"{MAC}2"], "NetworkName", "PoolID") == ("virbr0", "NetworkPool/default")
    alone = settings_of(NET_SETTING, ALL)
    assert told(alone[f"{MAC}2"], "PoolID", "HostResource") == (
        "NetworkPool/bridge:virbr0", ("virbr0",),
    )  # fmt: skip


def test_devices_of_the_host() -> None:
    """A port on a device of the host, and a device that is handed over whole."""
    found = settings_of(NET_SETTING, ALL)
    assert told(found[f"{MAC}3"], "SourceDevice", "NetworkMode", "NetworkName") == (
        "eth0", "vepa", "eth0",
    )  # fmt: skip
    handed = found[f"{MAC}5"]
    assert told(handed, "HostDeviceAddress", "HostResource") == ("0000:00:07.1", ("0000:00:07.1",))
    assert told(handed, "ConsumerVisibility", "MappingBehavior", "NetworkName") == (2, 3, None)
    assert told(found[f"{MAC}1"], "ConsumerVisibility", "MappingBehavior") == (3, None)


def test_virtual_ports() -> None:
    """Parameters of both IEEE standards are there; libvirt-cim lost one of them."""
    found = settings_of(NET_SETTING, ALL)
    assert told(found[f"{MAC}3"], "VSIType", "ProfileID", "VSIManagerID") == (
        "802.1Qbh", "p1", None,
    )  # fmt: skip
    names = ("VSIType", "VSIManagerID", "VSITypeID", "VSITypeIDVersion", "VSIInstanceID")
    assert told(found[f"{MAC}4"], *names) == (
        "802.1Qbg", "11", "1193047", "2", "09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f",
    )  # fmt: skip


def test_sockets() -> None:
    """Interfaces on sockets have their ends; a port that is none is unknown."""
    found = settings_of(NET_SETTING, ALL)
    names = ("SourceMode", "SourceAddress", "SourcePort", "LocalAddress", "LocalPort")
    assert told(found[f"{MAC}6"], *names) == (None, "1.2.3.4", 5555, "5.6.7.8", None)
    assert told(found[f"{MAC}7"], *names[:3]) == ("server", "1.2.3.4", 5558)
    assert told(found[f"{MAC}8"], *names[:3]) == ("client", "/run/vhost.sock", None)
    assert told(found[f"{MAC}9"], *names, "NetworkName", "PoolID") == (None,) * 7
    assert told(found[f"{MAC}3"], "SourceMode") == (None,)


def test_a_switch_that_is_shown_is_named_by_its_uri() -> None:
    """HostResource leads to the switch of the network, also over its bridge."""
    model = model_of(facts_of(None, domain_text("web", ALL)), resources=NETWORKS)
    model.add(provider(model, NETWORK_SWITCH))
    found = {record["ElementName"]: record for record in records(model, NET_SETTING)}
    (uri,) = (found[f"{MAC}1"]["HostResource"],)
    assert isinstance(uri, tuple)
    assert str(uri[0]).startswith("root/virt:KVM_VirtualEthernetSwitch.")
    assert found[f"{MAC}2"]["HostResource"] == uri
    assert found[f"{MAC}3"]["HostResource"] == ("eth0",)

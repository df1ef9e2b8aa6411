"""Definitions of what domains share: networks, pools, filters."""

from tests.hypervisors.definition.corpus import texts
from virtcim.hypervisors.definition import (
    parse_filter,
    parse_network,
    parse_pool,
)


def test_a_network() -> None:
    """Its forwarding, addresses and leases."""
    one = parse_network(texts("networks")["default"])
    assert (one.forwarded, one.forward_mode, one.forward_device) == (True, "nat", "eth0")
    assert (one.bridge, one.domain, one.mtu) == ("virbr0", "example.com", 9000)
    ipv4, ipv6 = one.addresses
    assert (ipv4.address, ipv4.netmask, ipv4.prefix) == ("192.168.122.1", "255.255.255.0", None)
    assert [item.start for item in ipv4.ranges] == ["192.168.122.100", "192.168.122.50"]
    assert (ipv6.family, ipv6.prefix, ipv6.leases[0].id) == ("ipv6", 64, "0:4:7e:7d:f0:7d")
    assert one.inbound is not None
    assert (one.inbound.average, one.inbound.peak, one.inbound.burst) == (1000, 5000, 5120)


def test_an_isolated_network() -> None:
    """Does not forward."""
    one = parse_network(texts("networks")["isolated"])
    assert (one.forwarded, one.forward_mode) == (False, None)


def test_a_network_of_port_groups() -> None:
    """With VLANs and virtual ports."""
    one = parse_network(texts("networks")["ovs"])
    assert [(tag.id, tag.native_mode) for tag in one.vlan_tags] == [(42, "tagged"), (47, None)]
    engineering, sales = one.port_groups
    assert (engineering.name, engineering.default, sales.name) == ("engineering", True, "sales")
    assert engineering.virtual_port is not None
    assert engineering.virtual_port.profile_id == "test"


def test_a_network_of_host_devices() -> None:
    """Which it names by address, in document order."""
    one = parse_network(texts("networks")["hostdev"])
    assert [address.get("function") for address in one.forward_addresses] == ["0x1", "0x2"]


def test_pools() -> None:
    """Their sources and targets."""
    one = parse_pool(texts("pools")["netfs"])
    assert (one.kind, one.target, one.source_directory) == ("netfs", "/srv/nfs", "/export")
    assert [host.name for host in one.hosts] == ["nfs.example.org"]
    assert one.format == "nfs"
    assert parse_pool(texts("pools")["logical"]).source_devices == ("/dev/sda1", "/dev/sdb1")
    assert parse_pool(texts("pools")["fc"]).wwpn == "10000000c9831b4b"
    assert (one.capacity, one.allocation, one.available) == (0, 0, 0)


def test_a_filter() -> None:
    """Its rules with all that they say, and the filters it refers to."""
    one = parse_filter(texts("filters")["root"])
    assert (one.name, one.chain) == ("corpus-root", "root")
    (reference,) = one.references
    assert reference.filter == "no-such-yet"
    assert [(item.name, item.value) for item in reference.parameters] == [
        ("IP", "10.0.0.1"),
        ("PORT", "80"),
    ]
    assert [rule.action for rule in one.rules] == [
        "accept", "drop", "reject", "return", "continue",
    ]  # fmt: skip
    first = one.rules[0]
    assert (first.direction, first.priority, first.state_match) == ("out", 500, False)
    (condition,) = first.conditions
    assert (condition.protocol, condition.get("dstportstart")) == ("tcp", "80")
    assert condition.get("comment") == "web <here>"
    assert condition.get("nothing") is None
    assert [rule.conditions[0].negated for rule in one.rules[:2]] == [False, True]
    assert one.rules[4].conditions == ()

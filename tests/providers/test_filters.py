"""Network filters: lists, and entries of the class that fits their protocol."""

from dataclasses import replace

import pytest

from tests.providers.handmade import UUID, found_again, model_of, records, told
from tests.providers.stage import SERVER
from virtcim.hypervisors.resources import NO_RESOURCES, FilterFacts
from virtcim.providers.filters import (
    ACTIONS,
    DIRECTIONS,
    ETHERNET,
    FAMILY_OF,
    IP,
    LIST,
    OTHER,
)
from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Record
from virtcim.schema.valuemaps import FilterAction, FilterDirection
from virtcim.wbem.objects import Value

CLASSES = (ETHERNET, IP, OTHER)


def facts(name: str, rules: str, attributes: str = "chain='root'") -> FilterFacts:
    """Return a filter with these rules."""
    xml = f"<filter name='{name}' {attributes}><uuid>{UUID}77</uuid>{rules}</filter>"
    return FilterFacts(name=name, uuid=f"{UUID}77", xml=xml)


def model_with(*filters: FilterFacts, compat: bool = False) -> HostModel:
    """Return the model of a host with these filters."""
    return model_of(resources=replace(NO_RESOURCES, filters=filters), compat=compat)


def entry(inner: str, *, compat: bool = True) -> Record:
    """Return the one entry of a filter with this condition; octets are without their length."""
    model = model_with(facts("f", f"<rule action='drop' direction='in'>{inner}</rule>"),
                       compat=compat)  # fmt: skip
    (found,) = [record for family in CLASSES for record in records(model, family)]
    return found


# Lists


def test_lists() -> None:
    """Keys of the host, the name as it is, priority and chain of libvirt's defaults."""
    model = model_with(
        facts("clean", "<filterref filter='other'/>"),
        facts("other", "", "chain='ipv4-x' priority='-700'"),
    )
    first, second = records(model, LIST)
    assert told(first, "SystemCreationClassName", "SystemName", "Name", "InstanceID", "UUID") == (
        "KVM_HostSystem", SERVER, "clean", f"{UUID}77", f"{UUID}77",
    )  # fmt: skip
    assert told(first, "Direction", "Priority", "Chain", "HealthState") == (0, 0, "root", 5)
    assert told(second, "Priority", "Chain") == (-700, "ipv4-x")
    assert found_again(model, LIST) == [first, second]


# Entries


def test_each_rule_is_of_one_class() -> None:
    """The index counts all rules of a filter, each entry is of one class and can be fetched."""
    rules = "".join(
        f"<rule action='accept' direction='out'>{inner}</rule>"
        for inner in ("<mac/>", "<tcp/>", "<vlan vlanid='5'/>", "", "<arp/>", "<all-ipv6/>")
    )
    model = model_with(facts("f", rules), facts("g:1", "<rule action='drop' direction='in'/>"))
    names = {family: [r["Name"] for r in records(model, family)] for family in CLASSES}
    assert names == {
        ETHERNET: ["f:0", "f:4"],
        IP: ["f:1", "f:5"],
        OTHER: ["f:2", "f:3", "g:1:0"],
    }
    for family in CLASSES:
        assert found_again(model, family) == records(model, family)


@pytest.mark.parametrize("protocol", sorted(FAMILY_OF))
def test_protocols(protocol: str) -> None:
    """Every protocol is named in its entry, whose class it decides."""
    found = entry(f"<{protocol}/>")
    assert found["Protocol"] == protocol
    assert found["CreationClassName"] == f"KVM_{FAMILY_OF[protocol].partition('_')[2]}"


def test_what_all_entries_tell() -> None:
    """Action, direction, priority, negation, state, comment, and everything as written."""
    inner = "<tcp match='no' srcipaddr='$IP' state='NEW' comment='c'/>"
    rule = f"<rule action='reject' direction='inout' priority='-5' statematch='0'>{inner}</rule>"
    (found,) = records(model_with(facts("f", rule)), IP)
    assert told(found, "Action", "Direction", "Priority", "IsNegated", "State", "Comment") == (
        3, 3, -5, True, "NEW", "c",
    )  # fmt: skip
    assert found["HdrSrcAddress"] is None
    assert found["Attributes"] == (
        "@action=reject",
        "@direction=inout",
        "@priority=-5",
        "@statematch=false",
        "tcp/@match=no",
        "tcp/@srcipaddr=$IP",
        "tcp/@state=NEW",
        "tcp/@comment=c",
    )


def test_what_a_rule_leaves_out() -> None:
    """Priority 500 as libvirt's; a rule without a condition is for all traffic."""
    found = entry("")
    names = ("Priority", "Protocol", "IsNegated", "TrafficType", "MatchConditionType")
    assert told(found, *names) == (500, None, False, 4, 13)


def test_actions_and_directions_are_total() -> None:
    """Every number of the schema that a rule can have stands for a word of libvirt's."""
    assert set(ACTIONS.values()) == set(FilterAction)
    assert set(DIRECTIONS.values()) == set(FilterDirection) - {
        FilterDirection.NOT_APPLICABLE,
        FilterDirection.MIRRORED,
    }


@pytest.mark.parametrize(
    ("inner", "number"),
    [
        ("<mac protocolid='ipv4'/>", 2048),
        ("<mac protocolid='arp'/>", 2054),
        ("<mac protocolid='rarp'/>", 32821),
        ("<mac protocolid='ipv6'/>", 34525),
        ("<mac protocolid='vlan'/>", 33024),
        ("<mac protocolid='0x88cc'/>", 0x88CC),
        ("<mac protocolid='2048'/>", 2048),
        ("<mac protocolid='$P'/>", None),
        ("<mac/>", None),
        ("<arp hwtype='1' protocoltype='2048'/>", 2054),
        ("<rarp/>", 32821),
    ],
)
def test_ethernet_protocols(inner: str, number: int | None) -> None:
    """Names, numbers of either kind, and what the element says by itself."""
    assert entry(inner)["HdrProtocolID8021"] == number


def test_ethernet_addresses() -> None:
    """Source and destination with their masks; each is its own."""
    found = entry(
        "<arp srcmacaddr='52:54:0:0:0:1' srcmacmask='ff:ff:ff:00:00:00' "
        "dstmacaddr='52:54:00:00:00:02' dstmacmask='$MASK'/>"
    )
    assert found["HdrSrcMACAddr8021"] == (0x52, 0x54, 0, 0, 0, 1)
    assert found["HdrSrcMACMask8021"] == (255, 255, 255, 0, 0, 0)
    assert found["HdrDestMACAddr8021"] == (0x52, 0x54, 0, 0, 0, 2)
    assert found["HdrDestMACMask8021"] is None


@pytest.mark.parametrize(
    ("inner", "version", "protocol"),
    [
        ("<ip protocol='tcp'/>", 4, 6),
        ("<ip protocol='0x11'/>", 4, 17),
        ("<ip protocol='250'/>", 4, 250),
        ("<ip/>", 4, None),
        ("<ipv6 protocol='icmpv6'/>", 6, 58),
        ("<icmp/>", 4, 1),
        ("<icmpv6/>", 6, 58),
        ("<tcp-ipv6/>", 6, 6),
        ("<udplite/>", 4, 136),
        ("<all-ipv6/>", 6, None),
    ],
)
def test_ip_protocols(inner: str, version: int, protocol: int | None) -> None:
    """No protocol is lost, and the version is that of the element."""
    assert told(entry(inner), "HdrIPVersion", "HdrProtocolID") == (version, protocol)


_V6 = (0x20, 1, 0x0D, 0xB8) + (0,) * 12


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("<ip srcipaddr='10.1.2.3' srcipmask='255.255.255.0'/>",
         {"HdrSrcAddress": (10, 1, 2, 3), "HdrSrcMask": (255, 255, 255, 0)}),
        ("<ip dstipaddr='10.1.2.3' dstipmask='20'/>",
         {"HdrDestAddress": (10, 1, 2, 3), "HdrDestMask": (255, 255, 240, 0)}),
        ("<ip srcipaddr='10.1.2.3' srcipmask='0'/>", {"HdrSrcMask": (0, 0, 0, 0)}),
        ("<ipv6 srcipaddr='2001:db8::' srcipmask='34'/>",
         {"HdrSrcAddress": _V6, "HdrSrcMask": (255,) * 4 + (192,) + (0,) * 11}),
        ("<ipv6 dstipmask='ffff::'/>", {"HdrDestMask": (255, 255) + (0,) * 14}),
        ("<tcp srcipfrom='10.0.0.1' srcipto='10.0.0.9'/>",
         {"HdrSrcAddress": (10, 0, 0, 1), "HdrSrcAddressEndOfRange": (10, 0, 0, 9)}),
        ("<tcp srcipfrom='10.0.0.1'/>",
         {"HdrSrcAddress": None, "HdrSrcAddressEndOfRange": None}),
        ("<tcp dstipaddr='2001:db8::'/>", {"HdrDestAddress": None}),
        ("<tcp dstportstart='20' dstportend='0x15'/>",
         {"HdrDestPortStart": 20, "HdrDestPortEnd": 21}),
        ("<tcp srcportstart='22'/>", {"HdrSrcPortStart": 22, "HdrSrcPortEnd": 22}),
        ("<tcp srcportstart='$PORT'/>", {"HdrSrcPortStart": None, "HdrSrcPortEnd": None}),
        ("<ip dscp='0x2e'/>", {"HdrDSCP": (46,)}),
        ("<icmp type='8' code='0'/>", {"ICMPType": 8, "ICMPCode": 0}),
        ("<icmpv6 type='300'/>", {"ICMPType": None, "ICMPCode": None}),
    ],
)  # fmt: skip
def test_ip_headers(inner: str, expected: dict[str, Value]) -> None:
    """Addresses, ranges, masks of both versions, ports; what is no number is NULL."""
    found = entry(inner)
    assert {name: found[name] for name in expected} == expected


def test_other_traffic() -> None:
    """A protocol without a class of its own is told with its attributes; it is no ICMP message."""
    found = entry("<stp type='1' root-priority='5'/>")
    assert told(found, "TrafficType", "OtherTrafficType", "MatchConditionType") == (5, "stp", 1)
    assert told(found, "MatchConditionValue", "ICMPType") == ("type=1 root-priority=5", None)


def test_octet_strings_begin_with_their_length() -> None:
    """Four octets that count themselves (DSP0004); libvirt-cim has none."""
    inner = "<ip srcipaddr='10.1.2.3' srcmacaddr='52:54:00:00:00:01'/>"
    assert entry(inner, compat=False)["HdrSrcAddress"] == (0, 0, 0, 8, 10, 1, 2, 3)
    assert entry(inner, compat=True)["HdrSrcAddress"] == (10, 1, 2, 3)

"""Values of filter entries as rules: each property, and values that no rule can say."""

import pytest

from virtcim.providers.filter_settings import InstanceValues, octets_of, rule_of
from virtcim.providers.filters import ACTIONS, DIRECTIONS, ETHERNET, IP, OTHER
from virtcim.wbem.objects import Value

V4, V6 = (10, 0, 0, 1), (0xFD, *[0] * 14, 1)
MAC = (2, 0, 0, 0, 0, 1)

MATCHES: tuple[tuple[str, dict[str, Value], str, dict[str, str]], ...] = (
    (IP, {}, "ip", {}),
    (IP, {"hdripversion": 6}, "ipv6", {}),
    (IP, {"hdrprotocolid": 6}, "tcp", {}),
    (IP, {"hdrprotocolid": 6, "hdripversion": 6}, "tcp-ipv6", {}),
    (IP, {"hdrprotocolid": 58, "hdripversion": 6}, "icmpv6", {}),
    (IP, {"hdrprotocolid": 1}, "icmp", {}),
    (IP, {"hdrprotocolid": 99}, "ip", {"protocol": "99"}),
    (IP, {"hdrprotocolid": 99, "hdripversion": 6}, "ipv6", {"protocol": "99"}),
    (IP, {"protocol": "ip", "hdrprotocolid": 17}, "ip", {"protocol": "udp"}),
    (IP, {"protocol": "all"}, "all", {}),
    (IP, {"hdrsrcaddress": V4}, "ip", {"srcipaddr": "10.0.0.1"}),
    (IP, {"hdrsrcaddress": (0, 0, 0, 8, *V4)}, "ip", {"srcipaddr": "10.0.0.1"}),
    (IP, {"hdrdestaddress": V6}, "ip", {"dstipaddr": "fd00::1"}),
    (IP, {"hdrdestaddress": V4, "hdrdestaddressendofrange": V4}, "ip",
     {"dstipfrom": "10.0.0.1", "dstipto": "10.0.0.1"}),
    (IP, {"hdrdestmask": (255, 255, 0, 0)}, "ip", {"dstipmask": "16"}),
    (IP, {"hdrsrcmask": (0,) * 16}, "ip", {"srcipmask": "0"}),
    (IP, {"hdrsrcportstart": 1, "hdrsrcportend": 2, "hdrdestportstart": 3, "hdrdestportend": 4},
     "ip", {"srcportstart": "1", "srcportend": "2", "dstportstart": "3", "dstportend": "4"}),
    (IP, {"hdrdscp": (5,), "state": "NEW", "comment": "c", "icmptype": 8, "icmpcode": 0}, "ip",
     {"dscp": "5", "state": "NEW", "comment": "c", "type": "8", "code": "0"}),
    (IP, {"isnegated": True}, "ip", {"match": "no"}),
    (IP, {"isnegated": False}, "ip", {}),
    (IP, {"attributes": ("ip/@x=1", "ip/@y=a=b")}, "ip", {"x": "1", "y": "a=b"}),
    (ETHERNET, {}, "mac", {}),
    (ETHERNET, {"protocol": "arp", "hdrprotocolid8021": 0x806}, "arp", {}),
    (ETHERNET, {"hdrsrcmacaddr8021": MAC, "hdrsrcmacmask8021": (255,) * 6}, "mac",
     {"srcmacaddr": "02:00:00:00:00:01", "srcmacmask": "ff:ff:ff:ff:ff:ff"}),
    (ETHERNET, {"hdrdestmacaddr8021": (0, 0, 0, 10, *MAC)}, "mac",
     {"dstmacaddr": "02:00:00:00:00:01"}),
    (ETHERNET, {"hdrprotocolid8021": 0x86DD}, "mac", {"protocolid": "ipv6"}),
    (ETHERNET, {"hdrprotocolid8021": 0x1234}, "mac", {"protocolid": "4660"}),
    (OTHER, {}, "", {}),
    (OTHER, {"protocol": "stp"}, "stp", {}),
)  # fmt: skip


@pytest.mark.parametrize(("family", "values", "protocol", "match"), MATCHES)
def test_matches(family: str, values: InstanceValues, protocol: str, match: dict[str, str]) -> None:
    """Each property is an attribute of the element that the protocol has."""
    rule = rule_of(family, {"action": 1, **values})
    assert rule.protocol == protocol
    assert rule.match == match


def test_what_a_rule_does() -> None:
    """Without a direction it is for both; without a priority it has libvirt's."""
    for word, action in ACTIONS.items():
        for way, direction in DIRECTIONS.items():
            given = {"action": action.value, "direction": direction.value, "priority": -5}
            assert rule_of(OTHER, given).own == {
                "action": word, "direction": way, "priority": "-5",
            }  # fmt: skip
    assert rule_of(OTHER, {"action": 1}).own == {
        "action": "accept", "direction": "inout", "priority": None,
    }  # fmt: skip
    own = rule_of(OTHER, {"action": 1, "attributes": ("@statematch=false",)}).own
    assert own["statematch"] == "false"


WRONG: tuple[tuple[str, dict[str, Value], str], ...] = (
    (IP, {"action": None}, "Action is none of"),
    (IP, {"action": 9}, "Action is none of"),
    (IP, {"direction": 0}, "Direction is none of"),
    (IP, {"protocol": "mac"}, "Protocol mac is not of this class"),
    (IP, {"protocol": "nonsense"}, "Protocol nonsense is not of this class"),
    (ETHERNET, {"hdrsrcmacaddr8021": V4}, "hdrsrcmacaddr8021: 4 octets where 6"),
    (IP, {"hdrsrcaddress": MAC}, "hdrsrcaddress: 6 octets are no IP address"),
    (IP, {"hdrsrcmask": (255, 0, 255, 0)}, "hdrsrcmask: the octets are no mask"),
    (IP, {"hdrsrcmask": ()}, "hdrsrcmask: the octets are no mask"),
    (IP, {"hdrdscp": (1, 2)}, "hdrdscp: one value is what a rule can say"),
    (IP, {"attributes": ("x",)}, "'x', which is no path=value"),
    (IP, {"attributes": ("tcp/@x=1",)}, "the attribute tcp/@x is none of ip"),
    (OTHER, {"comment": "c", "state": "NEW"}, "comment, state cannot be matched without"),
)  # fmt: skip


@pytest.mark.parametrize(("family", "values", "reason"), WRONG)
def test_wrong_values(family: str, values: InstanceValues, reason: str) -> None:
    """What no rule can say is told by the property's name."""
    with pytest.raises(ValueError, match=reason):
        rule_of(family, {"action": 1, **values})


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        ((0, 0, 0, 4), b""),
        ((0, 0, 0, 5, 7), b"\7"),
        ((0, 0, 0, 6, 7), b"\0\0\0\6\7"),
        ((1, 2), b"\1\2"),
        (None, b""),
    ],
)
def test_octet_strings(value: Value, octets: bytes) -> None:
    """A length before the octets counts itself; who leaves it out is understood."""
    assert octets_of(value) == octets

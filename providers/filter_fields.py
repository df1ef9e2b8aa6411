"""Texts of network filter rules as the numbers and octets that CIM's filter entries have.

The rule: what a number or an octet string cannot say, a variable above all, is None here; it stands
as written in the entry's Attributes.
"""

from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from types import MappingProxyType

from virtcim.hypervisors.definition import Condition

ARP, RARP = 0x0806, 0x8035

ETHERNET_PROTOCOLS: Mapping[str, int] = MappingProxyType({
    # protocolid   EtherType
    "ipv4": 0x0800,
    "arp":  ARP,
    "rarp": RARP,
    "vlan": 0x8100,
    "ipv6": 0x86DD,
})  # fmt: skip

IP_PROTOCOLS: Mapping[str, int] = MappingProxyType({
    # element or protocol   number (IANA)
    "icmp":    1,
    "igmp":    2,
    "tcp":     6,
    "udp":     17,
    "esp":     50,
    "ah":      51,
    "icmpv6":  58,
    "sctp":    132,
    "udplite": 136,
})  # fmt: skip

_BITS = {4: 32, 6: 128}
_MAC_OCTETS = 6

Octets = tuple[int, ...] | None


def number(text: str | None, most: int) -> int | None:
    """Return a decimal or hexadecimal number from 0 to `most`."""
    try:
        found = int(text or "", 0)
    except ValueError:
        return None
    return found if 0 <= found <= most else None


def named_number(text: str | None, names: Mapping[str, int], most: int) -> int | None:
    """Return the number that a name or a number stands for."""
    return names.get(text or "", number(text, most))


def mac(text: str | None) -> Octets:
    """Return the octets of a MAC address or mask."""
    pieces = (text or "").split(":")
    try:
        octets = tuple(int(piece, 16) for piece in pieces)
    except ValueError:
        return None
    valid = len(octets) == _MAC_OCTETS and all(0 <= octet < 2**8 for octet in octets)
    return octets if valid else None


def address(text: str | None, version: int) -> Octets:
    """Return the octets of an IP address."""
    try:
        found = IPv6Address(text or "") if version == 6 else IPv4Address(text or "")
    except AddressValueError:
        return None
    return tuple(found.packed)


def mask(text: str | None, version: int) -> Octets:
    """Return the octets of a mask, which may be the length of a prefix."""
    bits = _BITS[version]
    length = number(text, bits)
    if length is None:
        return address(text, version)
    return tuple((2**bits - 2 ** (bits - length)).to_bytes(bits // 8, "big"))


def ip_version(condition: Condition) -> int:
    """Return 4 or 6."""
    return 6 if "v6" in condition.protocol else 4


def ip_protocol(condition: Condition) -> int | None:
    """Return the number of the protocol above IP; None means any."""
    own = IP_PROTOCOLS.get(condition.protocol.removesuffix("-ipv6"))
    return named_number(condition.get("protocol"), IP_PROTOCOLS, 2**8 - 1) if own is None else own


_BY_ELEMENT: Mapping[str, int] = {"arp": ARP, "rarp": RARP}


def ethernet_protocol(condition: Condition) -> int | None:
    """Return the EtherType; None means any."""
    own = _BY_ELEMENT.get(condition.protocol)
    if own is not None:
        return own
    return named_number(condition.get("protocolid"), ETHERNET_PROTOCOLS, 2**16 - 1)


def ip_address_of(condition: Condition, end: str) -> tuple[Octets, Octets]:
    """Return an address, or the first of a range and its last; `end` is "src" or "dst"."""
    version = ip_version(condition)
    first, last = condition.get(f"{end}ipfrom"), condition.get(f"{end}ipto")
    if first is not None and last is not None:
        return address(first, version), address(last, version)
    return address(condition.get(f"{end}ipaddr"), version), None


def ports(condition: Condition, end: str) -> tuple[int | None, int | None]:
    """Return the first and the last port; a single one is both."""
    first = number(condition.get(f"{end}portstart"), 2**16 - 1)
    last = condition.get(f"{end}portend")
    return first, first if last is None else number(last, 2**16 - 1)


_ICMP = frozenset({"icmp", "icmpv6"})


def icmp(condition: Condition, name: str) -> int | None:
    """Return the type or the code of ICMP messages; None means any."""
    return number(condition.get(name), 2**8 - 1) if condition.protocol in _ICMP else None

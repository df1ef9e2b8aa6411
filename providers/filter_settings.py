"""Values of filter entries → what a rule says: the other way round of filters.py.

The rule: a value that no rule can say is a ValueError. What an element of a protocol cannot say
turns out at the hypervisor: it leaves out what it does not know, and who defines a rule compares.
"""

from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address

from virtcim.hypervisors.definition.filter_texts import RuleMarks
from virtcim.providers.filter_fields import ETHERNET_PROTOCOLS, IP_PROTOCOLS
from virtcim.providers.filters import ACTIONS, DIRECTIONS, ETHERNET, FAMILY_OF, IP, OTHER
from virtcim.wbem.objects import Value

InstanceValues = Mapping[str, Value]

_IPV4, _IPV6 = 4, 16  # octets
_MAC = 6
_LENGTH = 4  # octets of the length before an octet string


def octets_of(value: Value) -> bytes:
    """Return the octets of an octet string, with its length before them or without."""
    found = bytes(one for one in value if isinstance(one, int)) if isinstance(value, tuple) else b""
    counted = len(found) >= _LENGTH and int.from_bytes(found[:_LENGTH], "big") == len(found)
    return found[_LENGTH:] if counted else found


def _mac(value: Value) -> str:
    octets = octets_of(value)
    if len(octets) != _MAC:
        raise ValueError(f"{len(octets)} octets where {_MAC} are a MAC address")
    return octets.hex(":")


def _address(value: Value) -> str:
    octets = octets_of(value)
    if len(octets) not in {_IPV4, _IPV6}:
        raise ValueError(f"{len(octets)} octets are no IP address")
    return str(IPv4Address(octets) if len(octets) == _IPV4 else IPv6Address(octets))


def _mask(value: Value) -> str:
    """Return a mask as the length of its prefix, which libvirt reads for both versions."""
    octets = octets_of(value)
    bits = f"{int.from_bytes(octets, 'big'):0{len(octets) * 8}b}"
    if len(octets) not in {_IPV4, _IPV6} or "01" in bits:
        raise ValueError("the octets are no mask of an IP address")
    return str(bits.count("1"))


def _text(value: Value) -> str:
    return str(value)


def _only(value: Value) -> str | None:
    if not isinstance(value, tuple) or len(value) != 1:
        raise ValueError("one value is what a rule can say")
    return str(value[0])


def _negated(value: Value) -> str | None:
    return "no" if value else None


_MATCH: Mapping[str, tuple[str, Callable[[Value], str | None]]] = {
    # property                  attribute       and its text
    "isnegated":               ("match",        _negated),
    "state":                   ("state",        _text),
    "comment":                 ("comment",      _text),
    "icmptype":                ("type",         _text),
    "icmpcode":                ("code",         _text),
    "hdrsrcmacaddr8021":       ("srcmacaddr",   _mac),
    "hdrsrcmacmask8021":       ("srcmacmask",   _mac),
    "hdrdestmacaddr8021":      ("dstmacaddr",   _mac),
    "hdrdestmacmask8021":      ("dstmacmask",   _mac),
    "hdrsrcaddress":           ("srcipaddr",    _address),
    "hdrsrcaddressendofrange": ("srcipto",      _address),
    "hdrsrcmask":              ("srcipmask",    _mask),
    "hdrdestaddress":          ("dstipaddr",    _address),
    "hdrdestaddressendofrange": ("dstipto",     _address),
    "hdrdestmask":             ("dstipmask",    _mask),
    "hdrsrcportstart":         ("srcportstart", _text),
    "hdrsrcportend":           ("srcportend",   _text),
    "hdrdestportstart":        ("dstportstart", _text),
    "hdrdestportend":          ("dstportend",   _text),
    "hdrdscp":                 ("dscp",         _only),
}  # fmt: skip
"""Properties that are an attribute of the protocol's element."""

_ACTION_WORDS: Mapping[int, str] = {code.value: word for word, code in ACTIONS.items()}
_DIRECTION_WORDS: Mapping[int, str] = {code.value: word for word, code in DIRECTIONS.items()}

SETTABLE = frozenset({
    *_MATCH, "action", "direction", "priority", "protocol", "attributes", "hdripversion",
    "hdrprotocolid", "hdrprotocolid8021",
})  # fmt: skip
"""Properties that a client may give; others are made of them, or of the filter."""


def rule_of(family: str, values: InstanceValues) -> RuleMarks:
    """Return what a rule says that has these values; raises ValueError."""
    protocol = _protocol(family, values)
    match = dict(_match(values))
    for end in ("src", "dst"):
        if f"{end}ipto" in match:
            match[f"{end}ipfrom"] = match.pop(f"{end}ipaddr", None)
    match |= _numbers(family, protocol, values)
    own = _own(values)
    for path, value in _attributes(values):
        element, _, name = path.rpartition("/@")
        if not element:
            own[name.removeprefix("@")] = value
        elif element == protocol:
            match[name] = value
        else:
            raise ValueError(f"the attribute {path} is none of {protocol or 'such a rule'}")
    if match and not protocol:
        raise ValueError(f"{', '.join(sorted(match))} cannot be matched without a Protocol")
    return RuleMarks(own=own, protocol=protocol, match=match)


def _own(values: InstanceValues) -> dict[str, str | None]:
    action, direction = values.get("action"), values.get("direction", DIRECTIONS["inout"].value)
    if not isinstance(action, int) or action not in _ACTION_WORDS:
        raise ValueError(f"Action is none of {sorted(_ACTION_WORDS)}")
    if not isinstance(direction, int) or direction not in _DIRECTION_WORDS:
        raise ValueError(f"Direction is none of {sorted(_DIRECTION_WORDS)}")
    priority = values.get("priority")
    return {
        "action": _ACTION_WORDS[action],
        "direction": _DIRECTION_WORDS[direction],
        "priority": None if priority is None else str(priority),
    }


def _match(values: InstanceValues) -> Iterator[tuple[str, str | None]]:
    for name, (attribute, convert) in _MATCH.items():
        value = values.get(name)
        if value is not None:
            try:
                text = convert(value)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
            if text is not None:
                yield attribute, text


def _attributes(values: InstanceValues) -> Iterator[tuple[str, str]]:
    given = values.get("attributes")
    for text in given if isinstance(given, tuple) else ():
        path, equals, value = str(text).partition("=")
        if not equals or "@" not in path:
            raise ValueError(f"Attributes has '{str(text)[:40]}', which is no path=value")
        yield path, value


# Protocols

_ELEMENTS: Mapping[int, str] = {
    number: name for name, number in IP_PROTOCOLS.items() if name in FAMILY_OF
}
_BY_VERSION = "-ipv6"


def _protocol(family: str, values: InstanceValues) -> str:
    """Return the element that says what a rule matches; "" is none."""
    given = values.get("protocol")
    if isinstance(given, str) and given:
        if FAMILY_OF.get(given, OTHER) != family:
            raise ValueError(f"Protocol {given} is not of this class")
        return given
    return {ETHERNET: "mac", IP: _ip_element(values), OTHER: ""}[family]


def _ip_element(values: InstanceValues) -> str:
    number = values.get("hdrprotocolid")
    version = values.get("hdripversion")
    name = _ELEMENTS.get(number) if isinstance(number, int) else None
    if version != 6:
        return name or "ip"
    return (
        "ipv6"
        if name is None
        else name
        if f"{name}{_BY_VERSION}" not in FAMILY_OF
        else (f"{name}{_BY_VERSION}")
    )


def _numbers(family: str, protocol: str, values: InstanceValues) -> Mapping[str, str]:
    """Return the numbers of protocols that stand beside the element which names one."""
    if family == ETHERNET and protocol == "mac":
        return _told("protocolid", values.get("hdrprotocolid8021"), ETHERNET_PROTOCOLS)
    if family == IP and protocol in {"ip", "ipv6"}:
        return _told("protocol", values.get("hdrprotocolid"), IP_PROTOCOLS)
    return {}


def _told(attribute: str, number: Value, names: Mapping[str, int]) -> Mapping[str, str]:
    if number is None:
        return {}
    return {attribute: next((name for name, one in names.items() if one == number), str(number))}

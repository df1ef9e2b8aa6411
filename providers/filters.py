"""Network filters: CIM_FilterList and an entry for each rule, of the class that fits its protocol.

An entry is named `<filter>:<index>`; the index counts all rules of a filter from 0.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from virtcim.hypervisors.definition import Condition as RuleCondition
from virtcim.hypervisors.definition import FilterDefinition, Rule, parse_filter
from virtcim.hypervisors.resources import FilterFacts
from virtcim.providers import filter_fields as fields
from virtcim.providers.conditions import (
    ELEMENT_PROPERTIES,
    ON_HOST,
    Condition,
    class_name_of,
)
from virtcim.providers.families import HostFamily
from virtcim.providers.filter_fields import Octets
from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import FilterAction, FilterDirection
from virtcim.wbem.objects import Value

LIST = "Virt_FilterList"
ETHERNET, IP, OTHER = "Virt_Hdr8021Filter", "Virt_IPHeadersFilter", "Virt_FilterEntry"

_CLASSES: Mapping[str, tuple[str, ...]] = {
    ETHERNET: ("mac", "arp", "rarp"),
    IP: ("ip", "ipv6", "tcp", "tcp-ipv6", "udp", "udp-ipv6", "sctp", "sctp-ipv6", "icmp", "icmpv6",
         "igmp", "esp", "esp-ipv6", "ah", "ah-ipv6", "udplite", "udplite-ipv6", "all", "all-ipv6"),
}  # fmt: skip

FAMILY_OF: Mapping[str, str] = MappingProxyType(
    {protocol: family for family, protocols in _CLASSES.items() for protocol in protocols}
)
"""The family of a rule by its protocol element; all others, and none, are OTHER."""

ACTIONS: Mapping[str, FilterAction] = MappingProxyType({
    "accept":   FilterAction.PERMIT,
    "drop":     FilterAction.DENY,
    "reject":   FilterAction.REJECT,
    "return":   FilterAction.RETURN,
    "continue": FilterAction.CONTINUE,
})  # fmt: skip

DIRECTIONS: Mapping[str, FilterDirection] = MappingProxyType({
    "in":       FilterDirection.INPUT,
    "out":      FilterDirection.OUTPUT,
    "inout":    FilterDirection.BOTH,
})  # fmt: skip

RULE_PRIORITY = 500
"""Of a rule that names none."""

ROOT_PRIORITY = 0
"""Of a filter that names none; libvirt names it for all chains but the root."""

# CIM_FilterEntry.TrafficType and MatchConditionType
_ANY_TRAFFIC, _OTHER_TRAFFIC = 4, 5
_OTHER_MATCH, _ANY_MATCH = 1, 13

_NO_CONDITION = RuleCondition(protocol="", names=(), values=())


@dataclass(frozen=True, slots=True)
class List:
    """A network filter."""

    model: HostModel
    facts: FilterFacts
    definition: FilterDefinition

    @property
    def condition(self) -> Condition:
        """A filter that is defined can be used."""
        return Condition.WORKING


@dataclass(frozen=True, slots=True)
class Entry:
    """A rule of a network filter; index counts from 0."""

    model: HostModel
    filter: str
    index: int
    rule: Rule

    @property
    def condition(self) -> Condition:
        """As its filter."""
        return Condition.WORKING

    @property
    def match(self) -> RuleCondition:
        """What it matches; libvirt takes one protocol for each rule."""
        return self.rule.conditions[0] if self.rule.conditions else _NO_CONDITION

    @property
    def name(self) -> str:
        """Its key."""
        return f"{self.filter}:{self.index}"

    @property
    def family(self) -> str:
        """Its class."""
        return FAMILY_OF.get(self.match.protocol, OTHER)


def definitions(model: HostModel) -> Mapping[str, FilterDefinition]:
    """Return the definitions of all filters of a host by their names."""
    filters = model.host.resources.filters
    return model.derive(
        definitions, filters, lambda: {facts.name: parse_filter(facts.xml) for facts in filters}
    )


def lists(model: HostModel) -> Iterator[List]:
    """Yield the filters of a host."""
    found = definitions(model)
    for facts in model.host.resources.filters:
        yield List(model, facts, found[facts.name])


def entries(model: HostModel) -> Iterator[Entry]:
    """Yield the rules of all filters, in the order of each filter."""
    for name, definition in definitions(model).items():
        for index, rule in enumerate(definition.rules):
            yield Entry(model, name, index, rule)


def _entries_of(family: str) -> Callable[[HostModel], Iterator[Entry]]:
    return lambda model: (entry for entry in entries(model) if entry.family == family)


def attributes(v: Entry) -> tuple[str, ...]:
    """Return everything that a rule says, as `path=value`."""
    rule = v.rule
    own = (
        ("action", rule.action),
        ("direction", rule.direction),
        ("priority", rule.priority),
        ("statematch", None if rule.state_match is None else str(rule.state_match).lower()),
    )
    return (
        *(f"@{name}={value}" for name, value in own if value is not None),
        *(
            f"{condition.protocol}/@{name}={value}"
            for condition in rule.conditions
            for name, value in zip(condition.names, condition.values, strict=True)
        ),
    )


# An octet string begins with its length, four octets that count themselves (DSP0004, OctetString).
_LENGTH_OCTETS = 4


def octet_string(model: HostModel, octets: Octets) -> Octets:
    """Return octets as the property type has them."""
    if octets is None or model.behaviour.bare_octets:
        return octets
    return (*(len(octets) + _LENGTH_OCTETS).to_bytes(_LENGTH_OCTETS, "big"), *octets)


def _octets(read: Callable[[RuleCondition], Octets]) -> Getter:
    return lambda v: octet_string(v.model, read(v.match))


def _mac(attribute: str) -> Getter:
    return _octets(lambda condition: fields.mac(condition.get(attribute)))


def _mask(end: str) -> Getter:
    return _octets(
        lambda condition: fields.mask(condition.get(f"{end}ipmask"), fields.ip_version(condition))
    )


def _address(end: str, place: int) -> Getter:
    return _octets(lambda condition: fields.ip_address_of(condition, end)[place])


def _port(end: str, place: int) -> Getter:
    return lambda v: fields.ports(v.match, end)[place]


def _priority(number: int | None, default: int) -> int:
    return default if number is None else number


def _direction(v: Entry) -> FilterDirection:
    return DIRECTIONS.get(v.rule.direction or "", FilterDirection.NOT_APPLICABLE)


def _dscp(v: Entry) -> tuple[int, ...] | None:
    found = fields.number(v.match.get("dscp"), 2**6 - 1)
    return None if found is None else (found,)


LIST_PROPERTIES: Mapping[str, Getter] = {
    # v is a List
    **ON_HOST,
    **ELEMENT_PROPERTIES,
    "CreationClassName": class_name_of(LIST),
    "Name":              lambda v: v.facts.name,
    "ElementName":       lambda v: v.facts.name,
    "InstanceID":        lambda v: v.facts.uuid,
    "UUID":              lambda v: v.facts.uuid,
    "Caption":           lambda _: "Network filter",
    "Description":       lambda v: f"Network filter with {len(v.definition.rules)} rules",
    "Direction":         lambda _: FilterDirection.NOT_APPLICABLE,  # each rule has its own
    "Priority":          lambda v: _priority(v.definition.priority, ROOT_PRIORITY),
    "Chain":             lambda v: v.definition.chain or "root",
}  # fmt: skip

ENTRY_PROPERTIES: Mapping[str, Getter] = {
    # v is an Entry
    **ON_HOST,
    **ELEMENT_PROPERTIES,
    "CreationClassName": lambda v: v.model.class_name(v.family),
    "Name":              lambda v: v.name,
    "ElementName":       lambda v: v.name,
    "InstanceID":        lambda v: v.name,
    "Caption":           lambda v: f"Rule for {v.match.protocol or 'all traffic'}",
    "Description":       lambda v: " ".join(attributes(v)),
    "IsNegated":         lambda v: v.match.negated,
    "Action":            lambda v: ACTIONS.get(v.rule.action or ""),
    "Direction":         _direction,
    "Priority":          lambda v: _priority(v.rule.priority, RULE_PRIORITY),
    "Protocol":          lambda v: v.match.protocol or None,
    "State":             lambda v: v.match.get("state"),
    "Comment":           lambda v: v.match.get("comment"),
    "ICMPType":          lambda v: fields.icmp(v.match, "type"),
    "ICMPCode":          lambda v: fields.icmp(v.match, "code"),
    "Attributes":        attributes,
}  # fmt: skip
"""Getters of the properties that all classes of entries have."""

ETHERNET_PROPERTIES: Mapping[str, Getter] = {
    **ENTRY_PROPERTIES,
    "HdrSrcMACAddr8021":  _mac("srcmacaddr"),
    "HdrSrcMACMask8021":  _mac("srcmacmask"),
    "HdrDestMACAddr8021": _mac("dstmacaddr"),
    "HdrDestMACMask8021": _mac("dstmacmask"),
    "HdrProtocolID8021":  lambda v: fields.ethernet_protocol(v.match),
}  # fmt: skip

IP_PROPERTIES: Mapping[str, Getter] = {
    **ENTRY_PROPERTIES,
    "HdrIPVersion":             lambda v: fields.ip_version(v.match),
    "HdrSrcAddress":            _address("src", 0),
    "HdrSrcAddressEndOfRange":  _address("src", 1),
    "HdrSrcMask":               _mask("src"),
    "HdrDestAddress":           _address("dst", 0),
    "HdrDestAddressEndOfRange": _address("dst", 1),
    "HdrDestMask":              _mask("dst"),
    "HdrProtocolID":            lambda v: fields.ip_protocol(v.match),
    "HdrSrcPortStart":          _port("src", 0),
    "HdrSrcPortEnd":            _port("src", 1),
    "HdrDestPortStart":         _port("dst", 0),
    "HdrDestPortEnd":           _port("dst", 1),
    "HdrDSCP":                  _dscp,
}  # fmt: skip


def _matched(v: Entry) -> Value:
    condition = v.match
    pairs = zip(condition.names, condition.values, strict=True)
    return " ".join(f"{name}={value}" for name, value in pairs) or None


OTHER_PROPERTIES: Mapping[str, Getter] = {
    **ENTRY_PROPERTIES,
    "TrafficType":             lambda v: _OTHER_TRAFFIC if v.match.protocol else _ANY_TRAFFIC,
    "OtherTrafficType":        lambda v: v.match.protocol or None,
    "MatchConditionType":      lambda v: _OTHER_MATCH if v.match.names else _ANY_MATCH,
    "OtherMatchConditionType": lambda v: v.match.protocol if v.match.names else None,
    "MatchConditionValue":     _matched,
    "DefaultFilter":           lambda _: False,
}  # fmt: skip


def _given(model: HostModel) -> object:
    return (model.host.resources.filters, model.view_key)


FAMILIES = (
    HostFamily(name=LIST, getters=LIST_PROPERTIES, parts=lists, given=_given),
    *(
        HostFamily(name=family, getters=getters, parts=_entries_of(family), given=_given)
        for family, getters in (
            (ETHERNET, ETHERNET_PROPERTIES),
            (IP, IP_PROPERTIES),
            (OTHER, OTHER_PROPERTIES),
        )
    ),
)

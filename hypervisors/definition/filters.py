"""A network filter's definition."""

from dataclasses import dataclass
from sys import intern

from virtcim.hypervisors.definition.converters import (
    Converter,
    integer,
    shared,
    switch,
    text,
    word,
)
from virtcim.hypervisors.definition.fields import Declared, at, declared, parts
from virtcim.hypervisors.definition.interfaces import Parameter
from virtcim.hypervisors.definition.xml import Element


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One protocol element of a rule.

    protocol: "mac", "arp", "ip", "tcp", "icmpv6", "all-ipv6", ...
    names, values: its attributes in document order, parallel.
    """

    protocol: str
    names: tuple[str, ...]
    values: tuple[str, ...]

    def get(self, name: str) -> str | None:
        """One of its values; None means that it has none of that name."""
        return self.values[self.names.index(name)] if name in self.names else None

    @property
    def negated(self) -> bool:
        """It holds for packets that do not match."""
        return self.get("match") == "no"


def _conditions(rule: Element) -> tuple[Condition, ...]:
    return tuple(
        Condition(
            protocol=intern(str(found.tag)),
            names=shared(tuple(str(name) for name, _ in found.items())),
            values=tuple(str(value) for value in found.values()),
        )
        for found in rule
    )


_conditions_converter: Converter[tuple[Condition, ...]] = Converter(
    default=(), of_element=_conditions
)


@declared
class Rule(Declared):
    """One `<rule>`.

    action: "accept", "drop", "reject", "return", "continue".
    direction: "in", "out", "inout". priority: None means 500.
    state_match: False where the rule wants no connection tracking.
    conditions: empty means that every packet matches.
    """

    action: str | None = at("@action", word)
    direction: str | None = at("@direction", word)
    priority: int | None = at("@priority", integer)
    state_match: bool | None = at("@statematch", switch)
    conditions: tuple[Condition, ...] = at(".", _conditions_converter)


@declared
class FilterReference(Declared):
    """One `<filterref>`: another filter, applied with these parameters."""

    filter: str | None = at("@filter", text)
    parameters: tuple[Parameter, ...] = at("parameter", parts(Parameter))


@declared
class FilterDefinition(Declared):
    """A `<filter>`; chain: "root", "mac", "ipv4", ...; priority: of its chain."""

    name: str | None = at("@name", text)
    chain: str | None = at("@chain", word)
    priority: int | None = at("@priority", integer)
    uuid: str | None = at("uuid", text)
    rules: tuple[Rule, ...] = at("rule", parts(Rule))
    references: tuple[FilterReference, ...] = at("filterref", parts(FilterReference))


def may_refer(text: str, name: str) -> bool:
    """Whether a definition may name a filter: told without parsing it, and never wrong with no."""
    return name in text or any(letter in name for letter in "&<>\"'")

"""Texts of network filters: made, and edited so that what is not touched stays.

The rule: an edit takes the text that libvirt gave and changes one place in the tree; it never makes
a filter anew from what the model knows of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from virtcim.hypervisors.definition.making import made, mark, named, written
from virtcim.hypervisors.definition.xml import Element, parse

Marks = Mapping[str, str | None]
"""Attributes by name; None takes one away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFilter:
    """A filter without rules; what is None is left to the hypervisor."""

    name: str
    uuid: str | None = None
    chain: str | None = None
    priority: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleMarks:
    """What to say of a rule and of its protocol element; protocol None or "": it has none."""

    own: Marks
    protocol: str | None
    match: Marks


def filter_text(new: NewFilter) -> str:
    """Return a `<filter>`; raises InvalidArgument."""
    uuid = named("uuid", new.uuid)
    return written(made("filter", uuid, name=new.name, chain=new.chain, priority=new.priority))


def with_marks(text: str, marks: Marks) -> str:
    """Return the filter with these attributes."""
    root = parse(text)
    mark(root, marks)
    return written(root)


def rule_count(text: str) -> int:
    """Return how many rules a filter has."""
    return len(parse(text).findall("rule"))


def with_rule(text: str, rule: RuleMarks) -> str:
    """Return the filter with one rule more, at its end; raises InvalidArgument."""
    root = parse(text)
    element = made("rule")
    _say(element, rule)
    root.append(element)
    return written(root)


def with_changed_rule(text: str, index: int, rule: RuleMarks) -> str:
    """Return the filter with a rule that says this too; raises IndexError, InvalidArgument."""
    root = parse(text)
    _say(root.findall("rule")[index], rule)
    return written(root)


def without_rule(text: str, index: int) -> str:
    """Return the filter without one of its rules; raises IndexError."""
    root = parse(text)
    root.remove(root.findall("rule")[index])
    return written(root)


def with_reference(text: str, name: str) -> str:
    """Return the filter with a reference to another one, before its rules or after."""
    root = parse(text)
    root.append(made("filterref", filter=name))
    return written(root)


def without_references(text: str, name: str) -> str:
    """Return the filter without any reference to another one."""
    root = parse(text)
    for element in root.findall("filterref"):
        if element.get("filter") == name:
            root.remove(element)
    return written(root)


def _say(element: Element, rule: RuleMarks) -> None:
    """Write what a rule says; of a rule with another protocol, nothing of the match stays.

    libvirt writes the element of a protocol twice when only a part of it is negated.
    """
    mark(element, rule.own)
    if rule.protocol and any(found.tag != rule.protocol for found in element):
        for found in list(element):
            element.remove(found)
    if rule.protocol and not len(element):
        element.append(made(rule.protocol))
    for name, value in rule.match.items():
        having = [found for found in element if name in found.attrib]
        for found in having or list(element)[:1]:
            mark(found, {name: value})

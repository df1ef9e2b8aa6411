"""What a query lets a planner know before any row is read.

The rule: everything here is implied by the query, so a row without it is never selected; the query
is still asked about the rows that are left.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeGuard

from virtcim.wbem.query.moments import span_of
from virtcim.wbem.query.tree import (
    Comparator,
    Comparison,
    Conjunction,
    Constant,
    Disjunction,
    Filter,
    IsA,
    Language,
    Literal,
    Operand,
    Predicate,
    PropertyName,
    Satisfies,
    Select,
)

SOURCE = "sourceinstance"
"""The property of an indication that holds what it is about."""


@dataclass(frozen=True, slots=True)
class Equality:
    """A property, in lower case, has one of these values.

    Text that is a datetime is left out, since its value has many spellings. `ignores_case` is set
    when the language does not tell the case of text apart, so that an index by case is no help.
    """

    name: str
    values: tuple[Constant, ...]
    ignores_case: bool = False


def equalities(query: Filter | Select) -> tuple[Equality, ...]:
    """Return what must hold of every row that is selected, all of it."""
    found = () if query.where is None else tuple(_equalities(query.where))
    ignores = query.language is Language.WQL
    return tuple(Equality(name, values, ignores) for name, values in found)


def _is_plain(operand: Operand) -> TypeGuard[Literal]:
    """Tell whether it is a literal that has one spelling."""
    if not isinstance(operand, Literal):
        return False
    return not isinstance(operand.value, str) or span_of(operand.value) is None


_Found = tuple[str, tuple[Constant, ...]]


def _equalities(node: Predicate) -> Iterator[_Found]:
    if isinstance(node, Conjunction):
        for part in node.parts:
            yield from _equalities(part)
    elif isinstance(node, Disjunction):
        yield from _united([dict(_equalities(part)) for part in node.parts])
    elif isinstance(node, Comparison) and node.comparator is Comparator.EQUAL:
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(one, PropertyName) and one.simple and _is_plain(other):
                yield one.simple, (other.value,)


def _united(branches: list[dict[str, tuple[Constant, ...]]]) -> Iterator[_Found]:
    """Yield the properties that every branch knows, with the values of all branches."""
    for name in branches[0]:
        if all(name in branch for branch in branches):
            yield name, tuple(dict.fromkeys(v for branch in branches for v in branch[name]))


def properties_read(query: Filter | Select) -> frozenset[str]:
    """Return the properties that the condition reads, in lower case."""
    return frozenset() if query.where is None else frozenset(_read(query.where, frozenset()))


def _read(node: object, bound: frozenset[str]) -> Iterator[str]:
    if isinstance(node, PropertyName):
        first = node.steps[0].name.lower() if node.steps else ""
        if node.steps and first not in bound:
            yield first
    elif isinstance(node, Satisfies):
        yield from _read(node.array, bound)
        yield from _read(node.condition, bound | {node.variable.lower()})
    else:
        for child in _children(node):
            yield from _read(child, bound)


def _children(node: object) -> Iterator[object]:
    yield from getattr(node, "parts", ())
    for name in ("part", "left", "right", "operand"):
        child: Operand | Predicate | None = getattr(node, name, None)
        if child is not None:
            yield child


def source_classes(query: Select) -> tuple[frozenset[str], ...]:
    """Return what SourceInstance must be: in each of the sets, an object of one of the classes."""
    if query.where is None:
        return ()
    return tuple(required_classes(query.where, SOURCE))


def required_classes(node: Predicate, name: str) -> Iterator[frozenset[str]]:
    """Yield sets of classes, in lower case, of one of which the named object must be.

    The name is that of a property in lower case, or "" for the row itself.
    """
    if isinstance(node, Conjunction):
        for part in node.parts:
            yield from required_classes(part, name)
    elif isinstance(node, Disjunction):
        branches = [next(required_classes(part, name), None) for part in node.parts]
        known = [branch for branch in branches if branch is not None]
        if len(known) == len(branches):
            yield frozenset().union(*known)
    elif isinstance(node, IsA) and (node.operand.simple or "") == name and _is_whole(node.operand):
        yield frozenset({node.class_name.lower()})


def _is_whole(name: PropertyName) -> bool:
    """Tell whether it is the row or a property, and no step of a chain."""
    return not name.steps or name.simple is not None

"""What the names of a statement mean: its own object, what is embedded in it, its class.

The rule: after this, the first step of every property is a property of the object that is selected,
and no tree holds an alias.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import cast

from virtcim.wbem.query.complaint import Complaint
from virtcim.wbem.query.tree import (
    ArrayLiteral,
    ClassNameOf,
    Column,
    Comparison,
    Conjunction,
    Disjunction,
    IsA,
    IsNull,
    Language,
    Like,
    Literal,
    Negation,
    Operand,
    Predicate,
    PropertyName,
    Satisfies,
    Select,
    Step,
)

_ITSELF = "__this"
_CLASS = "__class"
_EMBEDDED: Mapping[str, str] = {"targetinstance": "SourceInstance"}
"""What events of Microsoft's call the objects that indications carry."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names that a statement gives, and those that its language has."""

    language: Language
    class_name: str
    alias: str | None

    def select(
        self, columns: tuple[Column, ...] | None, where: Predicate | None, within: Literal | None
    ) -> Select:
        """Return the statement with every name resolved."""
        return Select(
            language=self.language,
            text="",
            class_name=self.class_name,
            columns=None if columns is None else self._columns(columns),
            where=None if where is None else self._predicate(where, frozenset()),
            alias=self.alias,
            within=None if within is None else _seconds(within),
        )

    def _columns(self, columns: tuple[Column, ...]) -> tuple[Column, ...] | None:
        """Resolve the select list; all properties of the object are no list at all."""
        found = []
        for column in columns:
            operand = self._operand(column.operand, frozenset())
            steps = operand.steps if isinstance(operand, PropertyName) else ()
            if [step.name for step in steps] == ["*"]:
                return None
            if steps and steps[-1].name == "*":
                operand = replace(cast("PropertyName", operand), steps=steps[:-1])
            found.append(Column(operand, column.name or _column_name(operand)))
        return tuple(found)

    # Predicates

    def _predicate(self, node: Predicate, bound: frozenset[str]) -> Predicate:
        return RESOLVERS[type(node)](self, node, bound)

    def _parts(self, node: Conjunction | Disjunction, bound: frozenset[str]) -> Predicate:
        return replace(node, parts=tuple(self._predicate(part, bound) for part in node.parts))

    def _negation(self, node: Negation, bound: frozenset[str]) -> Predicate:
        return Negation(self._predicate(node.part, bound))

    def _comparison(self, node: Comparison, bound: frozenset[str]) -> Predicate:
        left, right = self._operand(node.left, bound), self._operand(node.right, bound)
        return replace(node, left=left, right=right)

    def _one(self, node: Like | IsNull, bound: frozenset[str]) -> Predicate:
        return replace(node, operand=self._operand(node.operand, bound))

    def _is_a(self, node: IsA, bound: frozenset[str]) -> Predicate:
        return replace(node, operand=self._property(node.operand, bound))

    def _satisfies(self, node: Satisfies, bound: frozenset[str]) -> Predicate:
        inner = bound | {node.variable.lower()}
        return replace(
            node,
            array=self._property(node.array, bound),
            condition=self._predicate(node.condition, inner),
        )

    # Operands

    def _operand(self, node: Operand, bound: frozenset[str]) -> Operand:
        if isinstance(node, PropertyName):
            return self._system(node, bound)
        if isinstance(node, Literal | ArrayLiteral):
            return node
        return replace(node, operand=self._property(node.operand, bound))

    def _system(self, node: PropertyName, bound: frozenset[str]) -> Operand:
        """Resolve a name that may be one of WMI's system properties."""
        if self.language is Language.WQL and node.steps[-1].name.lower() == _CLASS:
            before = replace(node, steps=node.steps[:-1])
            return ClassNameOf(self._property(before, bound), node.place)
        return self._property(node, bound)

    def _property(self, node: PropertyName, bound: frozenset[str]) -> PropertyName:
        if not node.steps or node.steps[0].name.lower() in bound:
            return node
        steps = node.steps[1:] if self._is_own(node.steps[0]) else node.steps
        if self.language is Language.WQL:
            steps = tuple(map(_embedded, steps[:1])) + steps[1:]
            _no_system_property(steps, node.place)
        return replace(node, steps=steps)

    def _is_own(self, first: Step) -> bool:
        name = first.name.lower()
        if first.scope or first.index is not None:
            return False
        if self.language is Language.WQL and name == _ITSELF:
            return True
        return name in {(self.alias or "").lower(), self.class_name.lower()} - {""}


RESOLVERS: Mapping[type, Callable[..., Predicate]] = {
    Conjunction: Names._parts,       # noqa: SLF001 (it is of this module)
    Disjunction: Names._parts,       # noqa: SLF001
    Negation:    Names._negation,    # noqa: SLF001
    Comparison:  Names._comparison,  # noqa: SLF001
    Like:        Names._one,         # noqa: SLF001
    IsNull:      Names._one,         # noqa: SLF001
    IsA:         Names._is_a,        # noqa: SLF001
    Satisfies:   Names._satisfies,   # noqa: SLF001
}  # fmt: skip
"""What resolves the names in each node."""


def _embedded(step: Step) -> Step:
    name = _EMBEDDED.get(step.name.lower())
    return step if name is None else replace(step, name=name)


def _no_system_property(steps: tuple[Step, ...], place: int) -> None:
    for step in steps:
        if step.name.startswith("__"):
            raise Complaint(f"the system property {step.name[:40]}", place, is_feature=True)


def _column_name(operand: Operand) -> str:
    if isinstance(operand, PropertyName):
        return ".".join(step.name for step in operand.steps)
    return "__CLASS" if isinstance(operand, ClassNameOf) else ""


def _seconds(within: Literal) -> float:
    seconds = float(within.value)
    if seconds <= 0:
        raise Complaint("an interval must be more than 0 seconds", within.place)
    return seconds

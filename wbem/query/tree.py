"""The one tree that every query language becomes.

The rule: a node says what the query says and nothing of how it is found out; places are offsets in
the text, for messages only, and do not count when trees are compared.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from virtcim.wbem.paths import ObjectPath

Constant = str | bool | int | float
"""Value of a literal; a datetime, a char16 or a reference is text until it meets a property."""


class Comparator(StrEnum):
    """How two values are compared; the spelling is that of DSP0202 and DSP0212."""

    EQUAL = "="
    UNEQUAL = "<>"
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="


MIRRORED = {
    Comparator.EQUAL: Comparator.EQUAL,
    Comparator.UNEQUAL: Comparator.UNEQUAL,
    Comparator.LESS: Comparator.GREATER,
    Comparator.AT_MOST: Comparator.AT_LEAST,
    Comparator.GREATER: Comparator.LESS,
    Comparator.AT_LEAST: Comparator.AT_MOST,
}
"""What says the same with its sides exchanged."""


class Quantifier(StrEnum):
    """Of how many elements of an array a condition must hold."""

    ANY = "ANY"
    EVERY = "EVERY"


def _place() -> int:
    return field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written."""

    value: Constant
    place: int = _place()


@dataclass(frozen=True, slots=True)
class ArrayLiteral:
    """Values in braces; None is NULL."""

    values: tuple[Constant | None, ...]
    place: int = _place()


@dataclass(frozen=True, slots=True)
class Step:
    """One name of a chain; `scope` is the class that must have it, `index` counts from 0."""

    name: str
    scope: str | None = None
    index: int | None = None


@dataclass(frozen=True, slots=True)
class PropertyName:
    """A property, or one of an object that is embedded; no steps mean the object itself."""

    steps: tuple[Step, ...]
    place: int = _place()

    @property
    def simple(self) -> str | None:
        """The name in lower case, if it is nothing but the name of a property."""
        if len(self.steps) != 1 or self.steps[0].scope or self.steps[0].index is not None:
            return None
        return self.steps[0].name.lower()


@dataclass(frozen=True, slots=True)
class ClassNameOf:
    """The name of an object's class (`__CLASS` of WQL)."""

    operand: PropertyName
    place: int = _place()


@dataclass(frozen=True, slots=True)
class ObjectPathOf:
    """The path of an object (OBJECTPATH of CQL)."""

    operand: PropertyName
    place: int = _place()


@dataclass(frozen=True, slots=True)
class Symbol:
    """The value that a property's ValueMap has for a text of its Values."""

    operand: PropertyName
    text: str
    place: int = _place()


Operand = Literal | ArrayLiteral | PropertyName | ClassNameOf | ObjectPathOf | Symbol


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values that are compared."""

    comparator: Comparator
    left: Operand
    right: Operand
    place: int = _place()


@dataclass(frozen=True, slots=True)
class Like:
    """Text that fits a pattern."""

    operand: Operand
    pattern: str
    place: int = _place()


@dataclass(frozen=True, slots=True)
class IsNull:
    """A value that is NULL."""

    operand: Operand


@dataclass(frozen=True, slots=True)
class IsA:
    """An object of a class or of one below it."""

    operand: PropertyName
    class_name: str
    place: int = _place()


@dataclass(frozen=True, slots=True)
class Satisfies:
    """A condition on the elements of an array, which the variable names in it.

    `ANY a = 1` has the variable "", which no query can write.
    """

    quantifier: Quantifier
    variable: str
    array: PropertyName
    condition: "Predicate"
    place: int = _place()


@dataclass(frozen=True, slots=True)
class Conjunction:
    """All of these, two or more."""

    parts: tuple["Predicate", ...]


@dataclass(frozen=True, slots=True)
class Disjunction:
    """At least one of these, two or more."""

    parts: tuple["Predicate", ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """Not this."""

    part: "Predicate"


Predicate = Conjunction | Disjunction | Negation | Comparison | Like | IsNull | IsA | Satisfies

ELEMENT = PropertyName((Step(""),))
"""The element of an array in a condition without a variable."""


class Language(StrEnum):
    """The languages by the name under which profiles advertise them."""

    FQL = "DMTF:FQL"
    CQL = "DMTF:CQL"
    WQL = "WQL"


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter query: a condition alone."""

    language: Language
    text: str
    where: Predicate


@dataclass(frozen=True, slots=True)
class Column:
    """What one entry of a select list asks for, and the name that it gets."""

    operand: Operand
    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """A select statement.

    `columns` None means all properties, `where` None all instances. `within` is the interval in
    seconds in which an indication may be late, for languages that have it.
    """

    language: Language
    text: str
    class_name: str
    columns: tuple[Column, ...] | None
    where: Predicate | None
    alias: str | None = None
    within: float | None = None

    @property
    def property_list(self) -> tuple[str, ...] | None:
        """The properties of the class that the columns need; None means all."""
        if self.columns is None:
            return None
        operands = (column.operand for column in self.columns)
        steps = (o.steps for o in operands if isinstance(o, PropertyName))
        return tuple({s[0].name.lower(): s[0].name for s in steps if s}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Traversal:
    """`ASSOCIATORS OF` or `REFERENCES OF` an object, as the association operations take it.

    `association_class` and `result_role` are None for references, which have neither.
    """

    language: Language
    text: str
    path: ObjectPath
    references: bool
    association_class: str | None = None
    result_class: str | None = None
    role: str | None = None
    result_role: str | None = None
    class_definitions_only: bool = False


Query = Filter | Select | Traversal

"""What a query may ask of classes that are known: names, types, values by name.

The rule: only what a declaration says is held against a query. Properties of classes that the
schema does not have, of embedded objects whose class nobody names, and in FQL properties that only
a subclass may have, are left for the time when there is a value.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from virtcim.wbem.objects import ClassDeclaration, Property, qualifier_value
from virtcim.wbem.query.comparing import (
    EQUALITIES,
    FAMILIES,
    ORDERED,
    Family,
    Incomparable,
    family_of,
    reference,
)
from virtcim.wbem.query.errors import InvalidQuery, invalid
from virtcim.wbem.query.moments import span_of
from virtcim.wbem.query.rows import Schema
from virtcim.wbem.query.tree import (
    ArrayLiteral,
    Comparator,
    Constant,
    Filter,
    Language,
    Literal,
    ObjectPathOf,
    Operand,
    PropertyName,
    Select,
    Step,
    Symbol,
)
from virtcim.wbem.types import CIMType
from virtcim.wbem.values import parse


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of an operand before it has a value; `elements` is for arrays."""

    family: Family
    elements: Family | None = None


_AS_TEXT = frozenset({Family.DATETIME, Family.REFERENCE})
"""What a query writes as text."""


@dataclass(frozen=True, slots=True)
class Checker:
    """Checks one query against a schema.

    `assumed` are the classes that embedded objects must have, by the property that holds them;
    `variables` are names that stand for elements and not for properties.
    """

    query: Filter | Select
    schema: Schema
    class_name: str | None
    assumed: Mapping[str, str]
    variables: Mapping[str, Kind | None]

    def refused(self, reason: str, place: int) -> InvalidQuery:
        """Return the refusal of what stands at the place."""
        return invalid(reason, self.query.text, place)

    # What is known

    def kind(self, operand: Operand) -> Kind | None:
        """Return what an operand is, None if nobody knows; raises InvalidQuery."""
        if isinstance(operand, Literal):
            return Kind(family_of(operand.value))
        if isinstance(operand, Symbol):
            return Kind(family_of(self.value_of(operand)))
        if isinstance(operand, ArrayLiteral):
            return Kind(Family.ARRAY, self._elements(operand))
        if isinstance(operand, PropertyName):
            return self._kind_of_property(operand)
        return Kind(Family.REFERENCE if isinstance(operand, ObjectPathOf) else Family.TEXT)

    def _elements(self, array: ArrayLiteral) -> Family | None:
        families = {family_of(value) for value in array.values if value is not None}
        if len(families) > 1:
            raise self.refused("an array of values that differ in kind", array.place)
        return families.pop() if families else None

    def _kind_of_property(self, name: PropertyName) -> Kind | None:
        if not name.steps:
            return Kind(Family.OBJECT)
        first = name.steps[0].name.lower()
        if first in self.variables:
            return self.variables[first] if len(name.steps) == 1 else None
        declared = self.declared(name)
        return None if declared is None else _kind_of(declared, name.steps[-1], name, self)

    def declared(self, name: PropertyName) -> Property | None:
        """Return the declaration of a property, None if nobody knows; raises InvalidQuery."""
        found: Property | None = None
        owner = self.class_name
        for number, step in enumerate(name.steps):
            declaration = self.schema.find(step.scope or owner or "")
            if declaration is None:
                return None
            found = _find(declaration, step.name)
            if found is None:
                self._refuse_unless_below(declaration, step, number, name.place)
                return None
            owner = _embedded_class(found)
            if number == 0 and owner is None:
                owner = self.assumed.get(step.name.lower())
        return found

    def _refuse_unless_below(
        self, declaration: ClassDeclaration, step: Step, number: int, place: int
    ) -> None:
        """Refuse a property that an object of a subclass cannot bring either."""
        may_be_below = self.query.language is Language.FQL or (number > 0 and not step.scope)
        if not may_be_below:
            raise self.refused(f"class {declaration.name} has no property {step.name[:40]}", place)

    def value_of(self, symbol: Symbol) -> Constant:
        """Return the value that a name stands for; raises InvalidQuery."""
        declared = self.declared(symbol.operand)
        if declared is None:
            shown = ".".join(step.name for step in symbol.operand.steps)
            raise self.refused(f"the values of {shown[:80]} are not known", symbol.place)
        for value, name in _named_values(declared):
            if name == symbol.text:
                return parse(declared.type, value)
        raise self.refused(f"{declared.name} has no value '{symbol.text[:40]}'", symbol.place)

    # What may be asked

    def check_comparison(
        self, comparator: Comparator, left: Operand, right: Operand, place: int
    ) -> None:
        """See that two operands can be compared, as far as it is known; raises InvalidQuery."""
        first, second = self.kind(left), self.kind(right)
        for kind, other in ((first, right), (second, left)):
            if kind is None:
                continue
            self._check_order(comparator, kind, place)
            self._check_text(kind.family, other)
        if first is not None and second is not None and not _fit(first, second):
            reason = f"{first.family} is not comparable with {second.family}"
            raise self.refused(reason, place)

    def _check_order(self, comparator: Comparator, kind: Kind, place: int) -> None:
        if kind.family is Family.OBJECT:
            raise self.refused(f"{kind.family} is not comparable", place)
        if comparator not in EQUALITIES and kind.family not in ORDERED:
            raise self.refused(f"{kind.family} is not comparable by {comparator}", place)

    def _check_text(self, family: Family, other: Operand) -> None:
        """See that text which stands for something else does so."""
        if not isinstance(other, Literal) or not isinstance(other.value, str):
            return
        if family is Family.DATETIME and span_of(other.value) is None:
            raise self.refused(f"'{other.value[:40]}' is not a CIM datetime", other.place)
        if family is Family.REFERENCE:
            try:
                reference(other.value)
            except Incomparable as error:
                raise self.refused(str(error), other.place) from None

    def check_pattern(self, operand: Operand, place: int) -> None:
        """See that an operand of LIKE can be text; raises InvalidQuery."""
        kind = self.kind(operand)
        if kind is not None and kind.family is not Family.TEXT:
            raise self.refused(f"{kind.family} is not comparable with a pattern", place)

    def check_array(self, name: PropertyName, place: int) -> Kind | None:
        """See that a property can be an array, and return what its elements are."""
        kind = self.kind(name)
        if kind is None:
            return None
        if kind.family is not Family.ARRAY:
            raise self.refused(f"{kind.family} has no elements", place)
        return None if kind.elements is None else Kind(kind.elements)


def _find(declaration: ClassDeclaration, name: str) -> Property | None:
    wanted = name.lower()
    return next((p for p in declaration.properties if p.name.lower() == wanted), None)


def _embedded_class(declared: Property) -> str | None:
    name = qualifier_value(declared.qualifiers, "EmbeddedInstance")
    return name if isinstance(name, str) else None


def _kind_of(declared: Property, step: Step, name: PropertyName, checker: Checker) -> Kind:
    family = Family.OBJECT if declared.embedding else FAMILIES[declared.type]
    if not declared.is_array:
        if step.index is not None:
            raise checker.refused(f"{declared.name} is no array", name.place)
        return Kind(family)
    return Kind(Family.ARRAY, family) if step.index is None else Kind(family)


def _fit(first: Kind, second: Kind) -> bool:
    families = {first.family, second.family}
    elements = {first.elements, second.elements} - {None}
    if families == {Family.ARRAY, Family.TEXT}:
        return elements <= {Family.NUMBER}  # octets
    return _meet(families) and _meet(elements)


def _meet(families: AbstractSet[Family | None]) -> bool:
    """Tell whether families are one, or text and what is written as text."""
    return len(families) < 2 or (Family.TEXT in families and bool(families & _AS_TEXT))


def _named_values(declared: Property) -> Iterator[tuple[str, str]]:
    """Yield the values of a property as text, each with its name (DSP0004 section 5.6.3)."""
    names = qualifier_value(declared.qualifiers, "Values")
    values = qualifier_value(declared.qualifiers, "ValueMap")
    if not isinstance(names, tuple):
        return
    if not isinstance(values, tuple):
        values = tuple(map(str, range(len(names))))
    for value, name in zip(values, names, strict=False):
        if isinstance(value, str) and isinstance(name, str) and _is_plain(declared.type, value):
            yield value, name


def _is_plain(cim_type: CIMType, text: str) -> bool:
    """Tell whether an entry of a ValueMap is one value, and not a range."""
    try:
        parse(cim_type, text)
    except ValueError:
        return False
    return True

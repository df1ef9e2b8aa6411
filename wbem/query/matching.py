"""A tree as a function of rows: worked out once, asked as often as there are rows.

The rule: a test answers True, False or None, and None is unknown: NULL compared with anything.
A row is selected when the answer is True. What cannot be compared is refused with its place, when
the query is compiled if the schema shows it, and otherwise when a row shows it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from virtcim.wbem.objects import ClassDeclaration, Instance, Property, Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.query.checking import Checker
from virtcim.wbem.query.comparing import FOLDS, OPERATORS, Incomparable, compare
from virtcim.wbem.query.moments import span_of
from virtcim.wbem.query.patterns import compile_pattern
from virtcim.wbem.query.planning import SOURCE, required_classes
from virtcim.wbem.query.rows import NO_SCHEMA, BoundRow, Row, Schema
from virtcim.wbem.query.tree import (
    MIRRORED,
    ArrayLiteral,
    ClassNameOf,
    Comparator,
    Comparison,
    Conjunction,
    Constant,
    Disjunction,
    Filter,
    IsA,
    IsNull,
    Like,
    Literal,
    Negation,
    ObjectPathOf,
    Operand,
    Predicate,
    PropertyName,
    Quantifier,
    Satisfies,
    Select,
    Step,
    Symbol,
)

Answer = bool | None
Test = Callable[[Row], Answer]
Getter = Callable[[Row], Any]
Matcher = Callable[[Row], bool]


def matcher(
    query: Filter | Select, schema: Schema = NO_SCHEMA, class_name: str | None = None
) -> Matcher:
    """Return what tells whether a query selects a row; raises InvalidQuery, and so does it.

    `class_name` is the class that a filter is applied to; a statement names its own.
    """
    if query.where is None:
        return _everything
    test = compile_test(query, query.where, schema, class_name)
    return lambda row: test(row) is True


def compile_test(
    query: Filter | Select,
    predicate: Predicate,
    schema: Schema = NO_SCHEMA,
    class_name: str | None = None,
) -> Test:
    """Return the test of a predicate, with its three answers."""
    if isinstance(query, Select):
        class_name = query.class_name
    checker = Checker(query, schema, class_name, _assumed(predicate), {})
    return _Compiler(checker).test(predicate)


def looker(
    query: Select, operand: Operand, schema: Schema = NO_SCHEMA
) -> tuple[Getter, Property | None]:
    """Return what looks an operand up in a row, and the property that it is if that is known.

    Raises InvalidQuery, and so does what is returned.
    """
    checker = Checker(query, schema, query.class_name, {}, {})
    checker.kind(operand)
    named = operand.operand if isinstance(operand, Symbol) else operand
    declared = checker.declared(named) if isinstance(named, PropertyName) else None
    return _Compiler(checker).getter(operand), declared


def _assumed(predicate: Predicate) -> Mapping[str, str]:
    """Return the class that the object of an indication must have, if it is one."""
    for classes in required_classes(predicate, SOURCE):
        if len(classes) == 1:
            return {SOURCE: next(iter(classes))}
    return {}


def _everything(_: Row) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class _Compiler:
    checker: Checker

    def test(self, node: Predicate) -> Test:
        """Return the test of a node."""
        return COMPILERS[type(node)](self, node)

    # Logic

    def conjunction(self, node: Conjunction) -> Test:
        """One answer of False decides."""
        return self._decided(node.parts, decisive=False)

    def disjunction(self, node: Disjunction) -> Test:
        """One answer of True decides."""
        return self._decided(node.parts, decisive=True)

    def _decided(self, parts: tuple[Predicate, ...], *, decisive: bool) -> Test:
        tests = tuple(self.test(part) for part in parts)

        def test_all(row: Row) -> Answer:
            answer: Answer = not decisive
            for test in tests:
                found = test(row)
                if found is decisive:
                    return decisive
                if found is None:
                    answer = None
            return answer

        return test_all

    def negation(self, node: Negation) -> Test:
        test = self.test(node.part)

        def opposite(row: Row) -> Answer:
            found = test(row)
            return None if found is None else not found

        return opposite

    # Conditions

    def comparison(self, node: Comparison) -> Test:
        self.checker.check_comparison(node.comparator, node.left, node.right, node.place)
        constant, getter = self._constant(node.right), self.getter(node.left)
        comparator = node.comparator
        if constant is None:
            constant, getter = self._constant(node.left), self.getter(node.right)
            comparator = MIRRORED[comparator]
        if constant is None:
            return self._comparison(node, self.getter(node.left), self.getter(node.right))
        return self._constant_comparison(comparator, getter, constant, node.place)

    def _constant(self, operand: Operand) -> Constant | None:
        """Return the value of a literal, None for what has to be looked up in the row."""
        if isinstance(operand, Symbol):
            return self.checker.value_of(operand)
        return operand.value if isinstance(operand, Literal) else None

    def _comparison(self, node: Comparison, left: Getter, right: Getter) -> Test:
        comparator, place, refused = node.comparator, node.place, self.checker.refused
        folded = FOLDS[self.checker.query.language]

        def test(row: Row) -> Answer:
            try:
                return compare(comparator, left(row), right(row), folded)
            except Incomparable as error:
                raise refused(str(error), place) from None

        return test

    def _constant_comparison(
        self, comparator: Comparator, getter: Getter, wanted: Constant, place: int
    ) -> Test:
        """Compare with a literal, which is what nearly every query does, without detours."""
        folded, refused = FOLDS[self.checker.query.language], self.checker.refused
        holds = OPERATORS[comparator]
        plain = _PLAIN[type(wanted)]
        if isinstance(wanted, str):
            plain = plain if folded is str and span_of(wanted) is None else frozenset()

        def test(row: Row) -> Answer:
            value = getter(row)
            if type(value) in plain:
                return holds(value, wanted)
            try:
                return compare(comparator, value, wanted, folded)
            except Incomparable as error:
                raise refused(str(error), place) from None

        return test

    def like(self, node: Like) -> Test:
        self.checker.check_pattern(node.operand, node.place)
        getter, place, refused = self.getter(node.operand), node.place, self.checker.refused
        fits = compile_pattern(self.checker.query.language, node.pattern)

        def test(row: Row) -> Answer:
            value = getter(row)
            if isinstance(value, str):
                return fits(value)
            if value is None:
                return None
            raise refused("only text is comparable with a pattern", place)

        return test

    def is_null(self, node: IsNull) -> Test:
        self.checker.kind(node.operand)
        getter = self.getter(node.operand)
        return lambda row: getter(row) is None

    def is_a(self, node: IsA) -> Test:
        self.checker.kind(node.operand)
        class_of, ancestor = self._class_name(node.operand, node.place), node.class_name
        is_a = self.checker.schema.is_a

        def test(row: Row) -> Answer:
            name = class_of(row)
            return None if name is None else is_a(name, ancestor)

        return test

    def satisfies(self, node: Satisfies) -> Test:
        name = node.variable.lower()
        kind = self.checker.check_array(node.array, node.place)
        variables = {**self.checker.variables, name: kind}
        condition = _Compiler(replace(self.checker, variables=variables)).test(node.condition)
        getter, place, refused = self.getter(node.array), node.place, self.checker.refused
        decisive = node.quantifier is Quantifier.ANY

        def test(row: Row) -> Answer:
            elements = getter(row)
            if elements is None:
                return None
            if not isinstance(elements, tuple):
                raise refused("only an array has elements", place)
            answer: Answer = not decisive
            for element in elements:
                found = condition(BoundRow(row, name, element))
                if found is decisive:
                    return decisive
                if found is None:
                    answer = None
            return answer

        return test

    # Operands

    def getter(self, operand: Operand) -> Getter:
        """Return what looks an operand up in a row."""
        if isinstance(operand, PropertyName):
            return self._property(operand)
        if isinstance(operand, ClassNameOf):
            return self._class_name(operand.operand, operand.place)
        if isinstance(operand, ObjectPathOf):
            return self._path(operand)
        if isinstance(operand, Symbol):
            constant: object = self.checker.value_of(operand)
        else:
            constant = operand.values if isinstance(operand, ArrayLiteral) else operand.value
        return lambda _: constant

    def _property(self, name: PropertyName) -> Getter:
        simple = name.simple
        if simple is not None:
            return lambda row: row.get(simple)
        if not name.steps:
            return _itself
        return self._chain(name)

    def _chain(self, name: PropertyName) -> Getter:
        steps = tuple(replace(step, name=step.name.lower()) for step in name.steps)
        is_a, refused, place = self.checker.schema.is_a, self.checker.refused, name.place

        def get(row: Row) -> Value:
            here: Any = row
            try:
                for step in steps:
                    here = _follow(here, step, is_a)
                    if here is None:
                        return None
            except Incomparable as error:
                raise refused(str(error), place) from None
            return here  # type: ignore[no-any-return]

        return get

    def _class_name(self, name: PropertyName, place: int) -> Callable[[Row], str | None]:
        if not name.steps:
            return lambda row: row.class_name
        getter, refused = self._property(name), self.checker.refused

        def get(row: Row) -> str | None:
            value = getter(row)
            if isinstance(value, Instance | ObjectPath):
                return value.class_name
            if isinstance(value, ClassDeclaration):
                return value.name
            if value is None:
                return None
            raise refused("only an object has a class", place)

        return get

    def _path(self, operand: ObjectPathOf) -> Getter:
        if not operand.operand.steps:
            return lambda row: row.path
        getter, refused, place = (
            self._property(operand.operand),
            self.checker.refused,
            operand.place,
        )

        def get(row: Row) -> ObjectPath | None:
            value = getter(row)
            if value is None or isinstance(value, ObjectPath):
                return value
            if isinstance(value, Instance):
                return value.path
            raise refused("only an object has a path", place)

        return get


COMPILERS: Mapping[type, Callable[[_Compiler, Any], Test]] = {
    Conjunction: _Compiler.conjunction,
    Disjunction: _Compiler.disjunction,
    Negation:    _Compiler.negation,
    Comparison:  _Compiler.comparison,
    Like:        _Compiler.like,
    IsNull:      _Compiler.is_null,
    IsA:         _Compiler.is_a,
    Satisfies:   _Compiler.satisfies,
}  # fmt: skip
"""What makes a test of each node."""

_PLAIN: Mapping[type, frozenset[type]] = {
    bool: frozenset({bool}),
    int: frozenset({int, float}),
    float: frozenset({int, float}),
    str: frozenset({str}),
}
"""Types of values that compare with a literal by Python's own operators."""


def _itself(_: Row) -> bool:
    """Stand for the object as a whole, which is never NULL and never compared."""
    return True


def _follow(here: Any, step: Step, is_a: Callable[[str, str], bool]) -> Any:
    """Return what a step leads to, None for NULL; raises Incomparable where there is no object."""
    if isinstance(here, Instance | ObjectPath) or hasattr(here, "get"):
        if step.scope is not None and not is_a(here.class_name, step.scope):
            return None
    else:
        raise Incomparable(f"{step.name} is asked of what is no object")
    value = _member(here, step.name)
    if step.index is None or value is None:
        return value
    if not isinstance(value, tuple):
        raise Incomparable(f"{step.name} is no array")
    return value[step.index] if step.index < len(value) else None


def _member(here: Any, name: str) -> Any:
    if isinstance(here, Instance):
        found = here.by_name.get(name)
        return None if found is None else found.value
    if isinstance(here, ObjectPath):
        return next((value for key, value in here.keys or () if key.lower() == name), None)
    return here.get(name)

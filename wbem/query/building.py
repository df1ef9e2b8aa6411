"""What each rule of the grammars becomes; lark calls these while it parses.

The rule: a method has the name of its rule and gives a node; it keeps nothing, so one builder
serves every query of its language. What is wrong is a Complaint: only the caller has the text.
"""

from collections.abc import Mapping
from typing import Any

from lark import Token, Transformer, v_args

from virtcim.wbem.escapes import QUERY_ESCAPE, UnknownEscape, unescape
from virtcim.wbem.mof_literals import parse_query_number
from virtcim.wbem.query.complaint import Complaint
from virtcim.wbem.query.names import Names
from virtcim.wbem.query.patterns import PatternError, compile_pattern, unescape_pattern
from virtcim.wbem.query.traversals import Option, build_traversal
from virtcim.wbem.query.tree import (
    ELEMENT,
    ArrayLiteral,
    ClassNameOf,
    Column,
    Comparator,
    Comparison,
    Conjunction,
    Constant,
    Disjunction,
    Filter,
    IsA,
    IsNull,
    Language,
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
    Traversal,
)

_COMPARATORS: Mapping[str, Comparator] = {
    **{comparator.value: comparator for comparator in Comparator},
    "!=": Comparator.UNEQUAL,
}
_FUNCTIONS: Mapping[str, type[ObjectPathOf | ClassNameOf]] = {
    "objectpath": ObjectPathOf,
    "classname": ClassNameOf,
}
"""Functions of CQL that are served, by name."""

MOST_ELEMENTS = 65_536
"""An index is less than this; no array has more elements."""

MOST_STEPS = 32
"""Names of one chain."""

_Source = tuple[Token, Token | None]


def _string(token: Token) -> str:
    try:
        return unescape(token[1:-1], QUERY_ESCAPE)
    except UnknownEscape as error:
        raise Complaint(str(error), (token.start_pos or 0) + 1 + error.place) from None


def _at(token: Token) -> int:
    return token.start_pos or 0


def _index(token: Token | None) -> int | None:
    if token is None:
        return None
    if not token.isdigit() or len(token) > 6 or int(token) >= MOST_ELEMENTS:
        raise Complaint(f"{token[:20]} is no index of an array", _at(token))
    return int(token)


@v_args(inline=True)
class Builder(Transformer[Token, Any]):
    """Builds the trees of one language."""

    def __init__(self, language: Language) -> None:
        super().__init__()
        self._language = language

    # Literals

    def string(self, token: Token) -> Literal:
        """A string, which may also be a char16, a datetime or a reference."""
        return Literal(_string(token), _at(token))

    def number(self, token: Token) -> Literal:
        """An integer or a real."""
        try:
            value = parse_query_number(str(token))
        except ValueError as error:
            raise Complaint(str(error), _at(token)) from None
        return Literal(value, _at(token))

    def boolean(self, token: Token) -> Literal:
        """TRUE or FALSE."""
        return Literal(token.type == "TRUE", _at(token))

    def null(self, _token: Token) -> None:
        """NULL in an array."""

    def array(self, *entries: Literal | None) -> ArrayLiteral:
        """An array; without an entry, lark gives one None for all."""
        place = next((entry.place for entry in entries if entry is not None), 0)
        values: tuple[Constant | None, ...] = tuple(None if e is None else e.value for e in entries)
        return ArrayLiteral(values, place)

    # Names

    def step(self, name: Token, index: Token | None = None) -> tuple[Step, int]:
        """A name with its index, and where it stands."""
        return Step(str(name), None, _index(index)), _at(name)

    def scoped_step(self, scope: Token, name: Token, index: Token | None) -> tuple[Step, int]:
        """The same with the class that must have it."""
        return Step(str(name), str(scope), _index(index)), _at(scope)

    def property(self, *parts: Any) -> PropertyName:
        """A chain of names; what comes before the last name is a chain already."""
        *before, (step, place) = parts
        chain = before[0] if before else PropertyName((), place)
        if len(chain.steps) == MOST_STEPS:
            raise Complaint(f"more than {MOST_STEPS} names in a chain", place)
        return PropertyName((*chain.steps, step), chain.place)

    def symbol(self, operand: PropertyName, text: Token) -> Symbol:
        """A value by its name in the class."""
        return Symbol(operand, _string(text), operand.place)

    def function(self, name: Token, *arguments: Operand | Token | None) -> Operand:
        """One of the functions that are served; without an argument it is about the row."""
        make = _FUNCTIONS.get(name.lower())
        if make is None:
            raise Complaint(f"the function {name[:40]}", _at(name), is_feature=True)
        given = [argument for argument in arguments if argument is not None]
        operand = given[0] if given else PropertyName(())
        if len(given) > 1 or not isinstance(operand, PropertyName):
            raise Complaint(f"{name} takes one object", _at(name))
        return make(operand, _at(name))

    # Conditions

    def disjunction(self, *parts: Predicate) -> Predicate:
        """Parts with OR between them."""
        return parts[0] if len(parts) == 1 else Disjunction(parts)

    def conjunction(self, *parts: Predicate) -> Predicate:
        """Parts with AND between them."""
        return parts[0] if len(parts) == 1 else Conjunction(parts)

    def negation(self, _not: Token, part: Predicate) -> Predicate:
        """A part with NOT before it."""
        return Negation(part)

    def comparison(self, left: Operand, comparator: Token, right: Operand) -> Predicate:
        """Two operands."""
        return Comparison(_COMPARATORS[comparator], left, right, _at(comparator))

    def null_comparison(self, operand: Operand, comparator: Token, _null: Token) -> Predicate:
        """Equality with NULL asks whether there is a value; NULL has no order."""
        meant = _COMPARATORS[comparator]
        if meant is Comparator.EQUAL:
            return IsNull(operand)
        if meant is Comparator.UNEQUAL:
            return Negation(IsNull(operand))
        raise Complaint(f"NULL is not comparable by {meant}", _at(comparator))

    def is_null(self, operand: Operand, negated: Token | None, _null: Token) -> Predicate:
        """IS NULL and IS NOT NULL."""
        return Negation(IsNull(operand)) if negated else IsNull(operand)

    def like(self, operand: Operand, negated: Token | None, pattern: Token) -> Predicate:
        """LIKE and NOT LIKE."""
        text = unescape_pattern(pattern[1:-1])
        try:
            compile_pattern(self._language, text)
        except PatternError as error:
            raise Complaint(f"{error} in the pattern", _at(pattern)) from None
        found = Like(operand, text, _at(pattern))
        return Negation(found) if negated else found

    def is_a(self, operand: PropertyName, name: Token) -> Predicate:
        """ISA; the class is a name or a string."""
        text = _string(name) if name.type == "STRING" else str(name)
        if not text.strip():
            raise Complaint("the name of a class is empty", _at(name))
        return IsA(operand, text.strip(), _at(name))

    def quantified(
        self, quantifier: Token, array: PropertyName, comparator: Token, right: Operand
    ) -> Predicate:
        """ANY and EVERY with a comparison."""
        condition = self.comparison(ELEMENT, comparator, right)
        return self._satisfies(quantifier, array, condition)

    def quantified_like(
        self, quantifier: Token, array: PropertyName, negated: Token | None, pattern: Token
    ) -> Predicate:
        """ANY and EVERY with a pattern."""
        return self._satisfies(quantifier, array, self.like(ELEMENT, negated, pattern))

    def bound(
        self, quantifier: Token, variable: Token, array: PropertyName, condition: Predicate
    ) -> Predicate:
        """ANY and EVERY with a variable and a condition on it."""
        kind = Quantifier(quantifier.upper())
        return Satisfies(kind, str(variable), array, condition, _at(quantifier))

    def _satisfies(self, quantifier: Token, array: PropertyName, condition: Predicate) -> Predicate:
        return Satisfies(Quantifier(quantifier.upper()), "", array, condition, _at(quantifier))

    # Statements

    def filter(self, where: Predicate) -> Filter:
        """A filter; the text comes later."""
        return Filter(self._language, "", where)

    def source(self, name: Token, alias: Token | None) -> _Source:
        """A class and what else it is called."""
        return name, alias

    def everything(self) -> None:
        """All columns."""

    def column(self, operand: Operand, name: Token | None = None) -> Column:
        """One column."""
        return Column(operand, "" if name is None else str(name))

    def whole_column(self, operand: PropertyName) -> Column:
        """All properties of the object before the star."""
        return Column(PropertyName((*operand.steps, Step("*")), operand.place), "*")

    def columns(self, *columns: Column) -> tuple[Column, ...]:
        """Some columns."""
        return columns

    def select(self, columns: tuple[Column, ...] | None, *rest: Any) -> Select:
        """A statement; the text comes later."""
        if self._language is Language.WQL:
            name, within, where = rest
            return Names(self._language, str(name), None).select(columns, where, within)
        *sources, where = rest
        if len(sources) > 1:
            raise Complaint("a join of classes", _at(sources[1][0]), is_feature=True)
        name, alias = sources[0]
        names = Names(self._language, str(name), None if alias is None else str(alias))
        return names.select(columns, where, None)

    # Traversals

    def option(self, name: Token, value: Token | None) -> Option:
        """One of the options of a traversal."""
        text = _string(value) if value is not None and value.type == "STRING" else value
        return Option(str(name), None if text is None else str(text), _at(name))

    def traversal(self, verb: Token, path: Token, *options: Option | None) -> Traversal:
        """ASSOCIATORS OF and REFERENCES OF; the text comes later."""
        given = [option for option in options if option is not None]
        return build_traversal(str(path), _at(path), given, references=verb.upper() == "REFERENCES")

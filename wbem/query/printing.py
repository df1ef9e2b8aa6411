"""Trees as text that its language reads back to the same tree."""

from collections.abc import Callable, Mapping
from typing import Any

from virtcim.wbem.query.tree import (
    ArrayLiteral,
    ClassNameOf,
    Comparison,
    Conjunction,
    Constant,
    Disjunction,
    IsA,
    IsNull,
    Like,
    Literal,
    Negation,
    ObjectPathOf,
    Operand,
    Predicate,
    PropertyName,
    Satisfies,
    Step,
    Symbol,
)

_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def format_predicate(node: Predicate) -> str:
    """Write a condition; what is not of the language of the reader is refused by it."""
    return PREDICATES[type(node)](node)


def format_operand(node: Operand) -> str:
    """Write an operand."""
    return OPERANDS[type(node)](node)


def _text(text: str) -> str:
    return f"'{text.translate(_ESCAPES)}'"


def _constant(value: Constant | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return _text(value) if isinstance(value, str) else repr(value)


def _step(step: Step) -> str:
    scope = f"{step.scope}::" if step.scope else ""
    return scope + step.name + ("" if step.index is None else f"[{step.index}]")


def _name(node: PropertyName) -> str:
    return ".".join(map(_step, node.steps))


OPERANDS: Mapping[type, Callable[[Any], str]] = {
    Literal:      lambda node: _constant(node.value),
    ArrayLiteral: lambda node: "{" + ", ".join(map(_constant, node.values)) + "}",
    PropertyName: _name,
    ClassNameOf:  lambda node: f"CLASSNAME({_name(node.operand)})",
    ObjectPathOf: lambda node: f"OBJECTPATH({_name(node.operand)})",
    Symbol:       lambda node: f"{_name(node.operand)}#{_text(node.text)}",
}  # fmt: skip
"""What writes each operand."""


def _joined(word: str, parts: tuple[Predicate, ...]) -> str:
    return f" {word} ".join(map(_part, parts))


def _part(node: Predicate) -> str:
    text = format_predicate(node)
    return f"({text})" if isinstance(node, Conjunction | Disjunction) else text


def _comparison(node: Comparison) -> str:
    return f"{format_operand(node.left)} {node.comparator} {format_operand(node.right)}"


def _like(node: Like, word: str = "LIKE") -> str:
    return f"{format_operand(node.operand)} {word} {_text(node.pattern)}"


def _is_null(node: IsNull, word: str = "IS NULL") -> str:
    return f"{format_operand(node.operand)} {word}"


def _negation(node: Negation) -> str:
    part = node.part
    if isinstance(part, Like):
        return _like(part, "NOT LIKE")
    if isinstance(part, IsNull):
        return _is_null(part, "IS NOT NULL")
    return f"NOT ({format_predicate(part)})"


def _satisfies(node: Satisfies) -> str:
    array = _name(node.array)
    if node.variable:
        condition = format_predicate(node.condition)
        return f"{node.quantifier} {node.variable} IN {array} SATISFIES ({condition})"
    return f"{node.quantifier} {array}{format_predicate(node.condition)}"


PREDICATES: Mapping[type, Callable[[Any], str]] = {
    Conjunction: lambda node: _joined("AND", node.parts),
    Disjunction: lambda node: _joined("OR", node.parts),
    Negation:    _negation,
    Comparison:  _comparison,
    Like:        _like,
    IsNull:      _is_null,
    IsA:         lambda node: f"{_name(node.operand)} ISA {_text(node.class_name)}",
    Satisfies:   _satisfies,
}  # fmt: skip
"""What writes each condition."""

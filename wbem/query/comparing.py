"""How two values compare, by what they are.

The rule: a pair that is not in PAIRS cannot be compared, and a query that tries is refused; nothing
is converted but text that stands for a datetime, a reference or octets. NULL is unknown.
"""

import operator
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

from virtcim.wbem.objects import ClassDeclaration, Instance
from virtcim.wbem.paths import KeyValue, ObjectPath
from virtcim.wbem.query.moments import compare_spans, span_of
from virtcim.wbem.query.patterns import fold
from virtcim.wbem.query.tree import Comparator, Language
from virtcim.wbem.types import CIMType
from virtcim.wbem.uri import parse_uri
from virtcim.wbem.values import parse_boolean, parse_integer, parse_real


class Family(StrEnum):
    """What a value is, as far as comparing goes."""

    NUMBER = "a number"
    TEXT = "text"
    BOOLEAN = "a boolean"
    DATETIME = "a datetime"
    REFERENCE = "a reference"
    ARRAY = "an array"
    OBJECT = "an embedded object"


FAMILIES: Mapping[CIMType, Family] = {
    CIMType.BOOLEAN:   Family.BOOLEAN,
    CIMType.STRING:    Family.TEXT,
    CIMType.CHAR16:    Family.TEXT,
    CIMType.UINT8:     Family.NUMBER,
    CIMType.SINT8:     Family.NUMBER,
    CIMType.UINT16:    Family.NUMBER,
    CIMType.SINT16:    Family.NUMBER,
    CIMType.UINT32:    Family.NUMBER,
    CIMType.SINT32:    Family.NUMBER,
    CIMType.UINT64:    Family.NUMBER,
    CIMType.SINT64:    Family.NUMBER,
    CIMType.REAL32:    Family.NUMBER,
    CIMType.REAL64:    Family.NUMBER,
    CIMType.DATETIME:  Family.DATETIME,
    CIMType.REFERENCE: Family.REFERENCE,
}  # fmt: skip
"""Family of the values of each type."""

_FAMILIES: Mapping[type, Family] = {
    bool: Family.BOOLEAN,
    int: Family.NUMBER,
    float: Family.NUMBER,
    str: Family.TEXT,
    ObjectPath: Family.REFERENCE,
    tuple: Family.ARRAY,
    Instance: Family.OBJECT,
    ClassDeclaration: Family.OBJECT,
}

ORDERED = frozenset({Family.NUMBER, Family.TEXT, Family.DATETIME})
"""What can be less or more; the others are equal or not."""

OPERATORS: Mapping[Comparator, Callable[[Any, Any], bool]] = {
    Comparator.EQUAL:    operator.eq,
    Comparator.UNEQUAL:  operator.ne,
    Comparator.LESS:     operator.lt,
    Comparator.AT_MOST:  operator.le,
    Comparator.GREATER:  operator.gt,
    Comparator.AT_LEAST: operator.ge,
}  # fmt: skip

EQUALITIES = frozenset({Comparator.EQUAL, Comparator.UNEQUAL})

FOLDS: Mapping[Language, Callable[[str], str]] = {
    Language.FQL: str,
    Language.CQL: str,
    Language.WQL: fold,
}
"""What a language does to text before it compares; WQL has no case."""


class Incomparable(TypeError):
    """The two values have no comparison."""


def family_of(value: object) -> Family:
    """Return what the value is; an enum is the number or the text that it stands for."""
    found = _FAMILIES.get(type(value))
    if found is None:
        found = next(family for kind, family in _FAMILIES.items() if isinstance(value, kind))
    return found


def compare(
    comparator: Comparator, left: object, right: object, folded: Callable[[str], str]
) -> bool | None:
    """Compare two values; None means that nobody knows. Raises Incomparable."""
    if left is None or right is None:
        return None
    families = family_of(left), family_of(right)
    pair = _PAIRS.get(families)
    if pair is None:
        raise Incomparable(f"{families[0]} is not comparable with {families[1]}")
    if comparator not in EQUALITIES and not set(families) <= ORDERED:
        unordered = next(family for family in families if family not in ORDERED)
        raise Incomparable(f"{unordered} is not comparable by {comparator}")
    return pair(comparator, left, right, folded)


_Pair = Callable[[Comparator, Any, Any, Callable[[str], str]], bool | None]


def _plainly(comparator: Comparator, left: Any, right: Any, _: Callable[[str], str]) -> bool:
    return OPERATORS[comparator](left, right)


def _texts(
    comparator: Comparator, left: str, right: str, folded: Callable[[str], str]
) -> bool | None:
    """Compare text, and two datetimes as such: no other text has their form."""
    first = span_of(left)
    second = span_of(right) if first else None
    if first is None or second is None:
        return OPERATORS[comparator](folded(left), folded(right))
    if first.is_interval != second.is_interval:
        raise Incomparable("a timestamp is not comparable with an interval")
    return compare_spans(comparator, first, second)


def _negated(comparator: Comparator, equal: bool) -> bool:  # noqa: FBT001
    return equal is (comparator is Comparator.EQUAL)


def _references(
    comparator: Comparator, left: ObjectPath, right: ObjectPath, _: Callable[[str], str]
) -> bool:
    return _negated(comparator, same_object(left, right))


def _reference_text(
    comparator: Comparator, left: ObjectPath, right: str, _: Callable[[str], str]
) -> bool:
    return _negated(comparator, same_object(left, reference(right)))


def _text_reference(
    comparator: Comparator, left: str, right: ObjectPath, folded: Callable[[str], str]
) -> bool:
    return _reference_text(comparator, right, left, folded)


def _arrays(
    comparator: Comparator,
    left: tuple[Any, ...],
    right: tuple[Any, ...],
    folded: Callable[[str], str],
) -> bool | None:
    """Compare element by element; NULL elements are equal to each other and to nothing else."""
    if len(left) != len(right):
        return _negated(comparator, equal=False)
    known: bool | None = True
    for one, other in zip(left, right, strict=True):
        if one is None or other is None:
            equal: bool | None = one is other
        else:
            equal = compare(Comparator.EQUAL, one, other, folded)
        if equal is False:
            return _negated(comparator, equal=False)
        known = equal and known
    return None if known is None else _negated(comparator, equal=True)


def _array_text(
    comparator: Comparator, left: tuple[Any, ...], right: str, _: Callable[[str], str]
) -> bool:
    """Compare octets with text: hexadecimal after 0x as octet strings have it, else UTF-8."""
    if not all(type(octet) is int and 0 <= octet < 256 for octet in left):
        raise Incomparable(f"{Family.ARRAY} is not comparable with {Family.TEXT}")
    return _negated(comparator, bytes(left) == octets(right))


def _text_array(
    comparator: Comparator, left: str, right: tuple[Any, ...], folded: Callable[[str], str]
) -> bool:
    return _array_text(comparator, right, left, folded)


_PAIRS: Mapping[tuple[Family, Family], _Pair] = {
    (Family.NUMBER,    Family.NUMBER):    _plainly,
    (Family.BOOLEAN,   Family.BOOLEAN):   _plainly,
    (Family.TEXT,      Family.TEXT):      _texts,
    (Family.REFERENCE, Family.REFERENCE): _references,
    (Family.REFERENCE, Family.TEXT):      _reference_text,
    (Family.TEXT,      Family.REFERENCE): _text_reference,
    (Family.ARRAY,     Family.ARRAY):     _arrays,
    (Family.ARRAY,     Family.TEXT):      _array_text,
    (Family.TEXT,      Family.ARRAY):     _text_array,
}  # fmt: skip
"""What compares two values, by what they are."""


def octets(text: str) -> bytes:
    """Return the octets that text stands for."""
    if text[:2].lower() == "0x":
        try:
            return bytes.fromhex(text[2:])
        except ValueError:
            raise Incomparable(f"'{text[:40]}' is not hexadecimal") from None
    return text.encode("utf-8", "surrogatepass")


@lru_cache(maxsize=1024)
def reference(text: str) -> ObjectPath:
    """Read text as a reference; raises Incomparable."""
    try:
        return parse_uri(text)
    except ValueError as error:
        raise Incomparable(str(error)) from None


def same_object(left: ObjectPath, right: ObjectPath) -> bool:
    """Tell whether two paths name one object; a namespace counts when both have one.

    Keys compare by type: the text of a number is that number where the other side has one.
    """
    if left.class_name.lower() != right.class_name.lower():
        return False
    if left.namespace and right.namespace:
        first, second = left.at("").identity()[0], right.at("").identity()[0]
        if first != second:
            return False
    if left.keys is None or right.keys is None:
        return left.keys is right.keys
    if len(left.keys) == len(right.keys) == 1 and "" in {left.keys[0][0], right.keys[0][0]}:
        return _same_key(left.keys[0][1], right.keys[0][1])
    mine = {name.lower(): value for name, value in left.keys}
    other = {name.lower(): value for name, value in right.keys}
    return mine.keys() == other.keys() and all(_same_key(mine[k], other[k]) for k in mine)


def _same_key(left: KeyValue, right: KeyValue) -> bool:
    if isinstance(left, str) and not isinstance(right, str):
        return _same_key(right, left)
    if isinstance(left, ObjectPath):
        other = right
        if isinstance(other, str):
            try:
                other = reference(other)
            except Incomparable:
                return False
        return isinstance(other, ObjectPath) and same_object(left, other)
    if isinstance(right, str) and not isinstance(left, str):
        return _same_text(left, right)
    return (type(left) is bool) == (type(right) is bool) and left == right


def _same_text(value: bool | float, text: str) -> bool:  # noqa: FBT001
    read: Callable[[str], bool | int | float] = parse_boolean
    if not isinstance(value, bool):
        read = parse_integer if isinstance(value, int) else parse_real
    try:
        return read(text) == value
    except ValueError:
        return False

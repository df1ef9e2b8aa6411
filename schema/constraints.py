"""What qualifiers allow a value to be: Required, MaxLen, MinLen, MaxValue, MinValue, ValueMap.

The rule: the declaration is asked, once for each property; text for people says what was wanted.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType

from virtcim.wbem.objects import Property, Scalar, Value, qualifier_value
from virtcim.wbem.types import INTEGER_RANGES
from virtcim.wbem.values import parse_integer

Check = Callable[[Scalar], None]

_RANGE = re.compile(r"\s*([+-]?\w*)\s*\.\.\s*([+-]?\w*)\s*")


def check_value(declared: Property, value: Value) -> None:
    """Raise ValueError for a value that the qualifiers of its property do not allow."""
    if value is None:
        if qualifier_value(declared.qualifiers, "Required"):
            raise ValueError("is required")
        return
    checks = _checks(declared)
    for element in value if isinstance(value, tuple) else (value,):
        if element is not None:
            for check in checks:
                check(element)


def is_readable(declared: Property) -> bool:
    """Tell whether clients are shown its value (Read, which is true where it is not given)."""
    return qualifier_value(declared.qualifiers, "Read") is not False


def is_writable(declared: Property) -> bool:
    """Tell whether clients may change its value.

    DSP0004 has false as the default of Write; but a class that nobody implements would have no
    instance that can be changed, so that only a Write that is given says no.
    """
    return qualifier_value(declared.qualifiers, "Write") is not False


@lru_cache(maxsize=4096)
def _checks(declared: Property) -> tuple[Check, ...]:
    found: list[Check] = []
    for name, make in _BOUNDS.items():
        bound = qualifier_value(declared.qualifiers, name)
        if isinstance(bound, int) and not isinstance(bound, bool):
            found.append(make(bound))
    allowed = qualifier_value(declared.qualifiers, "ValueMap")
    if isinstance(allowed, tuple) and allowed:
        texts = tuple(str(one) for one in allowed)
        integers = declared.type in INTEGER_RANGES
        found.append(_one_of_numbers(texts) if integers else _one_of_texts(texts))
    return tuple(found)


def _longest(bound: int) -> Check:
    def check(value: Scalar) -> None:
        if isinstance(value, str) and len(value) > bound:
            raise ValueError(f"has more than {bound} characters")

    return check


def _shortest(bound: int) -> Check:
    def check(value: Scalar) -> None:
        if isinstance(value, str) and len(value) < bound:
            raise ValueError(f"has fewer than {bound} characters")

    return check


def _largest(bound: int) -> Check:
    def check(value: Scalar) -> None:
        if isinstance(value, int | float) and value > bound:
            raise ValueError(f"is more than {bound}")

    return check


def _smallest(bound: int) -> Check:
    def check(value: Scalar) -> None:
        if isinstance(value, int | float) and value < bound:
            raise ValueError(f"is less than {bound}")

    return check


_BOUNDS: Mapping[str, Callable[[int], Check]] = MappingProxyType({
    "MaxLen":   _longest,
    "MinLen":   _shortest,
    "MaxValue": _largest,
    "MinValue": _smallest,
})  # fmt: skip


def _one_of_texts(allowed: tuple[str, ...]) -> Check:
    known = frozenset(allowed)

    def check(value: Scalar) -> None:
        if ".." not in known and value not in known:
            raise ValueError(f"is none of {', '.join(allowed)}")

    return check


def _one_of_numbers(allowed: tuple[str, ...]) -> Check:
    """Return the check for numbers, and for ranges such as `8..9`, `..7`, `16..` and `..`."""
    ranges = [_bounds(text) for text in allowed]

    def check(value: Scalar) -> None:
        if isinstance(value, int) and not any(low <= value <= high for low, high in ranges):
            raise ValueError(f"is none of {', '.join(allowed)}")

    return check


def _bounds(text: str) -> tuple[float, float]:
    found = _RANGE.fullmatch(text)
    if found is None:
        number = parse_integer(text)
        return number, number
    low, high = found.groups()
    return (
        parse_integer(low) if low else float("-inf"),
        parse_integer(high) if high else float("inf"),
    )

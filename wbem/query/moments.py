"""CIM datetimes as numbers that can be compared (DSP0004 section 5.2.4).

A datetime with asterisks is a range: it is before another when all of it is, equal when the ranges
are, and otherwise nobody knows.
"""

from dataclasses import dataclass
from functools import lru_cache

from virtcim.wbem.query.tree import Comparator
from virtcim.wbem.types import parse_datetime

_LENGTH = 25
_DAY = 86_400_000_000
_MINUTE = 60_000_000
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Span:
    """The first and the last microsecond that a datetime may mean."""

    is_interval: bool
    first: int
    last: int


def span_of(text: str) -> Span | None:
    """Return what a datetime means, or None if the text is none."""
    return _span(text) if len(text) == _LENGTH else None


@lru_cache(maxsize=4096)
def _span(text: str) -> Span | None:
    try:
        parse_datetime(text)
        if text[21] == ":":
            return Span(True, *(_interval(_filled(text, digit)) for digit in "09"))  # noqa: FBT003
        minutes = int(text[22:]) * (-1 if text[21] == "-" else 1)
        ends = (_timestamp(text, digit) - minutes * _MINUTE for digit in "09")
        return Span(False, *ends)  # noqa: FBT003
    except ValueError:
        return None


def _filled(text: str, digit: str) -> str:
    return text.replace("*", digit)


def _interval(text: str) -> int:
    return int(text[:8]) * _DAY + _clock(text)


def _clock(text: str) -> int:
    """Return the microseconds of hhmmss.mmmmmm; filled fields may be larger than a clock's."""
    hour, minute, second = min(int(text[8:10]), 23), min(int(text[10:12]), 59), int(text[12:14])
    seconds = (hour * 60 + minute) * 60 + min(second, 59)
    return seconds * 1_000_000 + int(text[15:21])


def _timestamp(text: str, digit: str) -> int:
    filled = _filled(text, digit)
    year = int(filled[:4])
    month = min(max(int(filled[4:6]), 1), 12)
    day = min(max(int(filled[6:8]), 1), _days_of(year, month))
    return _days_before(year, month, day) * _DAY + _clock(filled)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days_of(year: int, month: int) -> int:
    return 29 if month == 2 and _is_leap(year) else _DAYS[month - 1]


def _days_before(year: int, month: int, day: int) -> int:
    """Return the days since the year 0, which `datetime` does not have and CIM does."""
    before = year - 1
    leaps = before // 4 - before // 100 + before // 400
    in_year = sum(_days_of(year, earlier) for earlier in range(1, month))
    return year * 365 + leaps + in_year + day


def compare_spans(comparator: Comparator, left: Span, right: Span) -> bool | None:
    """Compare two of a kind; None means that asterisks leave it open."""
    if left.last < right.first:
        return comparator in _BEFORE
    if left.first > right.last:
        return comparator in _AFTER
    if (left.first, left.last) == (right.first, right.last):
        return comparator in _SAME
    return None


_BEFORE = frozenset({Comparator.LESS, Comparator.AT_MOST, Comparator.UNEQUAL})
_AFTER = frozenset({Comparator.GREATER, Comparator.AT_LEAST, Comparator.UNEQUAL})
_SAME = frozenset({Comparator.EQUAL, Comparator.AT_MOST, Comparator.AT_LEAST})

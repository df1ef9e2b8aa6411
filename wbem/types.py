"""CIM types and the Python values that stand for them.

boolean is bool, integers are int, reals are float, string and char16 are str, datetime is DateTime,
reference is ObjectPath, an embedded object is Instance or ClassDeclaration, an array is a tuple.
None is NULL. A value is checked once, where it enters; inside it is trusted.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NewType

DateTime = NewType("DateTime", str)
"""25 characters: `yyyymmddhhmmss.mmmmmm+utc`, or an interval `ddddddddhhmmss.mmmmmm:000`."""


NO_TIME = DateTime("00000000000000.000000:000")
"""The interval of no length; of a method that can wait, at once."""


class CIMType(StrEnum):
    """The intrinsic types by their wire name (DSP0201, TYPE attribute)."""

    BOOLEAN = "boolean"
    STRING = "string"
    CHAR16 = "char16"
    UINT8 = "uint8"
    SINT8 = "sint8"
    UINT16 = "uint16"
    SINT16 = "sint16"
    UINT32 = "uint32"
    SINT32 = "sint32"
    UINT64 = "uint64"
    SINT64 = "sint64"
    REAL32 = "real32"
    REAL64 = "real64"
    DATETIME = "datetime"
    REFERENCE = "reference"


INTEGER_RANGES: Mapping[CIMType, tuple[int, int]] = {
    CIMType.UINT8:  (0, 2**8 - 1),
    CIMType.SINT8:  (-(2**7), 2**7 - 1),
    CIMType.UINT16: (0, 2**16 - 1),
    CIMType.SINT16: (-(2**15), 2**15 - 1),
    CIMType.UINT32: (0, 2**32 - 1),
    CIMType.SINT32: (-(2**31), 2**31 - 1),
    CIMType.UINT64: (0, 2**64 - 1),
    CIMType.SINT64: (-(2**63), 2**63 - 1),
}  # fmt: skip
"""Smallest and largest value of each integer type (DSP0004 section 5.2)."""

REAL_TYPES = frozenset({CIMType.REAL32, CIMType.REAL64})

_CLOCK = r"(?:[01][0-9]|2[0-3]|\*\*)(?:[0-5][0-9]|\*\*){2}\.[0-9*]{6}"
_DATE = r"[0-9]{4}(?:0[1-9]|1[0-2]|\*\*)(?:0[1-9]|[12][0-9]|3[01]|\*\*)"
_DATETIME = re.compile(rf"{_DATE}{_CLOCK}[+-][0-9]{{3}}|[0-9]{{8}}{_CLOCK}:000")
_TRAILING_STARS = re.compile(r"[0-9]*\**")


def parse_datetime(text: str) -> DateTime:
    """Check the 25-character form; asterisks only in trailing fields (DSP0004 section 5.2.4).

    Raises ValueError.
    """
    if not _DATETIME.fullmatch(text) or not _TRAILING_STARS.fullmatch(text[:14] + text[15:21]):
        raise ValueError(f"'{text}' is not a CIM datetime")
    if ":" not in text and "*" not in text:
        datetime.strptime(text[:21], "%Y%m%d%H%M%S.%f").replace(tzinfo=UTC)
    return DateTime(text)


def timestamp(moment: datetime) -> DateTime:
    """Return the moment in UTC as a CIM timestamp with microseconds."""
    utc = moment.astimezone(UTC)
    return DateTime(f"{utc.year:04}{utc.strftime('%m%d%H%M%S.%f')}+000")  # %Y may not fill up


def interval(duration: timedelta) -> DateTime:
    """Return the duration as a CIM interval."""
    hours, rest = divmod(duration.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    clock = f"{duration.days:08d}{hours:02d}{minutes:02d}{seconds:02d}.{duration.microseconds:06d}"
    return DateTime(clock + ":000")


_INTERVAL = re.compile(r"(\d{8})(\d\d)(\d\d)(\d\d)\.\d{6}:000")


def seconds_of(text: str) -> int:
    """Return the whole seconds of an interval; raises ValueError for what is none."""
    found = _INTERVAL.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no interval")
    days, hours, minutes, seconds = map(int, found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds

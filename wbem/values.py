"""Text of the wire to values and back (DSP0201 section 5, value encodings).

Reading is liberal where clients differ (blanks, signs, hexadecimal), writing is canonical.
"""

import math
import re
import struct
from collections.abc import Callable, Mapping
from functools import partial

from virtcim.wbem.escapes import unescape
from virtcim.wbem.types import INTEGER_RANGES, CIMType, parse_datetime

_INTEGER = re.compile(r"[+-]?(?:0[xX][0-9A-Fa-f]+|[0-9]+)")
_REAL = re.compile(r"[+-]?(?:[0-9]*\.)?[0-9]+(?:[eE][+-]?[0-9]+)?|[+-]?(?i:INF)|(?i:NaN)")
_BOOLEANS: Mapping[str, bool] = {"true": True, "false": False}
_QUOTED = re.compile(r"'(?:[^'\\]|\\.{1,5})'", re.DOTALL)
LAST_OF_PLANE = 0xFFFF
_SINGLE_DIGITS, _DOUBLE_DIGITS = 9, 17
LONGEST_NUMBER = 400
"""Characters; no number of a CIM type has more, and Python's int() is quadratic in them."""

SimpleValue = str | bool | int | float


def parse_boolean(text: str) -> bool:
    """Read TRUE or FALSE in any case; raises ValueError (`1` and `0` are not CIM booleans)."""
    try:
        return _BOOLEANS[text.strip().lower()]
    except KeyError:
        raise ValueError(f"'{text[:40]}' is not a boolean") from None


def parse_integer(text: str) -> int:
    """Read a decimal or hexadecimal integer with an optional sign; raises ValueError."""
    stripped = text.strip()
    if len(stripped) > LONGEST_NUMBER or not _INTEGER.fullmatch(stripped):
        raise ValueError(f"'{text[:40]}' is not an integer")
    return int(stripped, 16 if "x" in stripped.lower() else 10)


def parse_real(text: str) -> float:
    """Read a real number, INF, -INF or NaN, these in any case as pywbem writes them in lower case.

    Raises ValueError.
    """
    stripped = text.strip()
    if len(stripped) > LONGEST_NUMBER or not _REAL.fullmatch(stripped):
        raise ValueError(f"'{text[:40]}' is not a real number")
    value = float(stripped)
    if math.isinf(value) and "inf" not in stripped.lower():
        raise ValueError(f"'{text[:40]}' is beyond the numbers of a real64")
    return value


def parse_single(text: str) -> float:
    """Read a real32: the shortest number that is the same one in single precision.

    So all that clients write for it are equal, and it is shown as most of them write it.
    """
    value = parse_real(text)
    if not math.isfinite(value):
        return value
    try:
        single = struct.pack("<f", value)
    except OverflowError:
        raise ValueError(f"'{text[:40]}' is beyond the numbers of a real32") from None
    value = struct.unpack("<f", single)[0]
    shortened = (float(f"{value:.{digits}g}") for digits in range(6, _SINGLE_DIGITS))
    return next((one for one in shortened if _single(one) == single), _rounded(value))


def _single(value: float) -> bytes:
    try:
        return struct.pack("<f", value)
    except OverflowError:  # it was rounded up
        return b""


def _rounded(value: float) -> float:
    return float(f"{value:.{_SINGLE_DIGITS}g}")


def parse_char16(text: str) -> str:
    """Read exactly one character of the basic plane; raises ValueError.

    Clients that compile MOF send the literal as it stands there, with its quotes and escapes.
    """
    one = unescape(text[1:-1]) if _QUOTED.fullmatch(text) else text
    if len(one) != 1 or ord(one) > LAST_OF_PLANE:
        raise ValueError(f"'{text[:40]}' is not a char16")
    return one


def _parse_sized_integer(low: int, high: int, text: str) -> int:
    value = parse_integer(text)
    if not low <= value <= high:
        raise ValueError(f"{value} is not between {low} and {high}")
    return value


def _parse_reference(text: str) -> SimpleValue:
    raise ValueError(f"'{text[:40]}' is text where a reference is needed")


PARSERS: Mapping[CIMType, Callable[[str], SimpleValue]] = {
    CIMType.BOOLEAN: parse_boolean,
    CIMType.STRING: str,
    CIMType.CHAR16: parse_char16,
    CIMType.REAL32: parse_single,
    CIMType.REAL64: parse_real,
    CIMType.DATETIME: parse_datetime,
    CIMType.REFERENCE: _parse_reference,
    **{t: partial(_parse_sized_integer, *bounds) for t, bounds in INTEGER_RANGES.items()},
}
"""Reader of each type; every one raises ValueError with a text for the client."""


def parse(cim_type: CIMType, text: str) -> SimpleValue:
    """Read the text as a value of the type; raises ValueError."""
    return PARSERS[cim_type](text)


def format_boolean(value: object) -> str:
    """Write a boolean as clients expect it, in upper case."""
    return "TRUE" if value else "FALSE"


def format_real(digits: int, value: object) -> str:
    """Write a real with enough digits to read the same number back, always with a point."""
    number = float(str(value))
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "INF" if number > 0 else "-INF"
    text = f"{number:.{digits}G}"
    mantissa, exponent, power = text.partition("E")
    return (mantissa if "." in mantissa else mantissa + ".0") + exponent + power


def number_text(value: object) -> str:
    """Write a number that came from the wire as it is read again, as a number of any type."""
    return format_real(_DOUBLE_DIGITS, value) if isinstance(value, float) else str(value)


FORMATTERS: Mapping[CIMType, Callable[[object], str]] = {
    **dict.fromkeys(CIMType, str),
    CIMType.BOOLEAN: format_boolean,
    CIMType.REAL32: partial(format_real, _SINGLE_DIGITS),
    CIMType.REAL64: partial(format_real, _DOUBLE_DIGITS),
}
"""Writer of each type, without XML escaping."""

# XML 1.0 section 2.2: what may not appear in a document, even as a character reference.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SPECIAL = re.compile('[&<>"\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')


def escape(text: str) -> str:
    """Escape text for element content and attribute values.

    Characters that XML cannot carry become U+FFFD: guests and devices put them into names, and
    one of them would make the whole reply unreadable. Tabs and newlines stay as they are, since
    wbemcli shows character references undecoded; in attributes use `escape_attribute`.
    """
    if _SPECIAL.search(text) is None:
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = text.replace('"', "&quot;").replace("\r", "&#13;")
    return _ILLEGAL.sub("\ufffd", text)


def escape_attribute(text: str) -> str:
    """Escape text for an attribute, where a parser would fold raw tabs and newlines to blanks."""
    escaped = escape(text)
    if "\n" in escaped or "\t" in escaped:
        return escaped.replace("\t", "&#9;").replace("\n", "&#10;")
    return escaped

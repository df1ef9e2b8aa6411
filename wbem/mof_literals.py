r"""Literals as MOF writes them: strings with escapes, and numbers (DSP0004 annex A).

The rule: text comes without its quotes and nothing is guessed; what is no literal is refused with
the place in it. Queries write their strings in the same way, with `\u` beside `\x`.
"""

import re
from collections.abc import Mapping

from virtcim.wbem.values import LONGEST_NUMBER, parse_integer, parse_real

MOF_ESCAPE = re.compile(r"\\(?:[xX]([0-9A-Fa-f]{1,4})|(.?))", re.DOTALL)
QUERY_ESCAPE = re.compile(r"\\(?:[xXuU]([0-9A-Fa-f]{1,4})|(.?))", re.DOTALL)

ESCAPED: Mapping[str, str] = {
    "b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "'": "'", "\\": "\\",
}  # fmt: skip

_BINARY = re.compile(r"[+-]?[01]+[bB]")
_BARE_POINT = re.compile(r"\.(?![0-9])")
_OCTAL = re.compile(r"[+-]?0[0-7]+")


class UnknownEscape(ValueError):
    """A backslash stands before what it cannot escape; `place` is that of the backslash."""

    def __init__(self, escape: str, place: int) -> None:
        super().__init__(f"unknown escape {escape!r}")
        self.place = place


def unescape(text: str, escape: re.Pattern[str] = MOF_ESCAPE) -> str:
    """Return the text that is meant; raises UnknownEscape."""

    def letter(match: re.Match[str]) -> str:
        if match[1] is not None:
            return chr(int(match[1], 16))
        if match[2] not in ESCAPED:
            raise UnknownEscape(match[0], match.start())
        return ESCAPED[match[2]]

    return escape.sub(letter, text) if "\\" in text else text


def parse_number(text: str) -> int | float:
    """Read a literal: decimal, hexadecimal, octal, binary or real; raises ValueError."""
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"a number of more than {LONGEST_NUMBER} digits")
    if _BINARY.fullmatch(text):
        return int(text[:-1], 2)
    if _OCTAL.fullmatch(text):
        return int(text, 8)
    try:
        return parse_integer(text)
    except ValueError:
        return parse_real(text)


def parse_query_number(text: str) -> int | float:
    """Read a literal of a query, where 010 is ten and `5.` a real; raises ValueError."""
    if _OCTAL.fullmatch(text):
        return parse_integer(text)
    return parse_number(_BARE_POINT.sub(".0", text))

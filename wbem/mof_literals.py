"""Numbers as MOF and queries write them (DSP0004 annex A)."""

import re

from virtcim.wbem.values import LONGEST_NUMBER, parse_integer, parse_real

_BINARY = re.compile(r"[+-]?[01]+[bB]")
_BARE_POINT = re.compile(r"\.(?![0-9])")
_OCTAL = re.compile(r"[+-]?0[0-7]+")


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

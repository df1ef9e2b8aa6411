r"""Text with the escapes of MOF (DSP0004 annex A): `\n`, `\"`, `\x41`.

The rule: nothing is guessed; what is no escape is refused with the place in it. Queries write their
strings in the same way, with `\u` beside `\x`.
"""

import re
from collections.abc import Mapping

MOF_ESCAPE = re.compile(r"\\(?:[xX]([0-9A-Fa-f]{1,4})|(.?))", re.DOTALL)
QUERY_ESCAPE = re.compile(r"\\(?:[xXuU]([0-9A-Fa-f]{1,4})|(.?))", re.DOTALL)

ESCAPED: Mapping[str, str] = {
    "b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "'": "'", "\\": "\\",
}  # fmt: skip


SURROGATES = frozenset(map(chr, range(0xD800, 0xE000)))
"""Halves of characters; no text of the wire can hold one."""


class UnknownEscape(ValueError):
    """A backslash stands before what it cannot escape; `place` is that of the backslash."""

    def __init__(self, escape: str, place: int) -> None:
        super().__init__(f"unknown escape {escape!r}")
        self.place = place


def unescape(text: str, escape: re.Pattern[str] = MOF_ESCAPE) -> str:
    """Return the text that is meant; raises UnknownEscape."""

    def letter(match: re.Match[str]) -> str:
        found = ESCAPED.get(match[2]) if match[1] is None else chr(int(match[1], 16))
        if found is None or found in SURROGATES:
            raise UnknownEscape(match[0], match.start())
        return found

    return escape.sub(letter, text) if "\\" in text else text

r"""The patterns of LIKE: DSP1001 annex B for FQL and CQL, wildcards for WQL.

DSP1001 has `. [set] [set]^ ^ $ * + ? {n,m} ( ) |` and `\`; a complement may also be written
`[^set]`, and a set may have ranges. WQL has `% _ [set] [^set]`, with ranges written `a-f` or `a=f`,
and no case. In all of them the pattern is for the whole text.
"""

import re
from collections.abc import Callable, Mapping

from virtcim.wbem.escapes import ESCAPED
from virtcim.wbem.query.automaton import (
    ANYTHING,
    AtEnd,
    AtStart,
    Automaton,
    Choice,
    Letters,
    Pattern,
    Repeated,
    TooLarge,
    sequel,
)
from virtcim.wbem.query.tree import Language

DEEPEST = 64
"""Groups within groups."""

MOST_REPEATED = 255
"""Largest number in braces."""

_MULTIPLIERS: Mapping[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_COUNTED = re.compile(r"\{([0-9]{1,6})(,?)([0-9]{0,6})\}")
_BACKSLASH = re.compile(r"\\(?:[xXuU]([0-9A-Fa-f]{1,4})|(.?))", re.DOTALL)


class PatternError(ValueError):
    """The text is no pattern."""


def unescape_pattern(text: str) -> str:
    r"""Return the pattern that a string holds, where `\.` stays `\.` and `\\` is one backslash.

    DSP0212 gives patterns the escapes of strings; nobody writes them, and a backslash before what
    a string cannot escape can only be meant for the pattern.
    """

    def letter(match: re.Match[str]) -> str:
        if match[1] is not None:
            return chr(int(match[1], 16))
        return ESCAPED.get(match[2], match[0])

    return _BACKSLASH.sub(letter, text)


def compile_pattern(language: Language, text: str) -> Callable[[str], bool]:
    """Return what tells whether a text fits the pattern; raises PatternError."""
    try:
        if language is Language.WQL:
            return Automaton(_wildcards(fold(text)), fold).matches
        return Automaton(_Regular(text).pattern()).matches
    except TooLarge as error:
        raise PatternError(str(error)) from None


def fold(text: str) -> str:
    """Return the text without case, letter by letter."""
    if text.isascii():
        return text.lower()
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)


class _Regular:
    """Reads a pattern of DSP1001 annex B."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._depth = 0

    def pattern(self) -> Pattern:
        """Read all of it."""
        found = self._choice()
        if self._next:
            raise PatternError(f"unexpected {self._next!r}")
        return found

    @property
    def _next(self) -> str:
        return self._text[self._place : self._place + 1]

    def _take(self) -> str:
        letter = self._next
        self._place += 1
        return letter

    def _taken(self, letter: str) -> bool:
        found = self._next == letter
        self._place += found
        return found

    def _choice(self) -> Pattern:
        parts = [self._sequel()]
        while self._taken("|"):
            parts.append(self._sequel())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _sequel(self) -> Pattern:
        parts: list[Pattern] = []
        while self._next not in {"", "|", ")"}:
            parts.append(self._multiplied(self._item()))
        return sequel(parts)

    def _item(self) -> Pattern:
        letter = self._take()
        read = _ITEMS.get(letter)
        return _exactly(letter) if read is None else read(self)

    def _group(self) -> Pattern:
        self._depth += 1
        if self._depth > DEEPEST:
            raise PatternError(f"more than {DEEPEST} nested groups")
        found = self._choice()
        if not self._taken(")"):
            raise PatternError("a group that does not end")
        self._depth -= 1
        return found

    def _escaped(self) -> Pattern:
        letter = self._take()
        if not letter:
            raise PatternError("a backslash at the end")
        return _exactly(letter)

    def _set(self) -> Pattern:
        complement = self._taken("^")
        members: list[tuple[str, bool]] = []
        while not self._taken("]"):
            if not self._next:
                raise PatternError("a set that does not end")
            plain = not self._taken("\\")
            members.append((self._take(), plain))
        suffixed = not complement and self._taken("^")
        return _letters(members, "-", complement=complement or suffixed)

    def _misplaced(self) -> Pattern:
        raise PatternError(f"{self._text[self._place - 1]!r} with nothing to repeat")

    def _multiplied(self, item: Pattern) -> Pattern:
        bounds = self._bounds()
        if bounds is None:
            return item
        least, most = bounds
        if self._bounds() is not None:
            raise PatternError("two multipliers in a row")
        if most is not None and not least <= most <= MOST_REPEATED:
            raise PatternError(f"{{{least},{most}}} is no number of times")
        return Repeated(item, least, most)

    def _bounds(self) -> tuple[int, int | None] | None:
        if self._next in _MULTIPLIERS:
            return _MULTIPLIERS[self._take()]
        counted = _COUNTED.match(self._text, self._place)
        if counted is None:
            return None
        self._place = counted.end()
        least = int(counted[1])
        if least > MOST_REPEATED:
            raise PatternError(f"more than {MOST_REPEATED} times")
        if counted[3]:
            return least, int(counted[3])
        return least, (None if counted[2] else least)


_ITEMS: Mapping[str, Callable[[_Regular], Pattern]] = {
    ".":  lambda _: ANYTHING,
    "^":  lambda _: AtStart(),
    "$":  lambda _: AtEnd(),
    "(":  _Regular._group,      # noqa: SLF001 (it is of this module)
    "[":  _Regular._set,        # noqa: SLF001
    "\\": _Regular._escaped,    # noqa: SLF001
    "*":  _Regular._misplaced,  # noqa: SLF001
    "+":  _Regular._misplaced,  # noqa: SLF001
    "?":  _Regular._misplaced,  # noqa: SLF001
}  # fmt: skip
"""Reader of what each special character begins."""


def _wildcards(text: str) -> Pattern:
    parts: list[Pattern] = []
    place = 0
    while place < len(text):
        letter = text[place]
        place += 1
        if letter == "[":
            end = text.find("]", place + 1)
            if end < 0:
                raise PatternError("a set that does not end")
            parts.append(_wildcard_set(text[place:end]))
            place = end + 1
        else:
            parts.append(_WILDCARDS.get(letter) or _exactly(letter))
    return sequel(parts)


_WILDCARDS: Mapping[str, Pattern] = {"%": Repeated(ANYTHING, 0, None), "_": ANYTHING}


def _wildcard_set(inside: str) -> Pattern:
    complement = inside.startswith("^") and len(inside) > 1
    members = [(letter, True) for letter in inside[complement:]]
    return _letters(members, "-=", complement=complement)


def _exactly(letter: str) -> Letters:
    return Letters(((letter, letter),))


def _letters(members: list[tuple[str, bool]], dashes: str, *, complement: bool) -> Letters:
    """Return the set of the members, which are characters and whether they are unescaped."""
    ranges = []
    place = 0
    while place < len(members):
        low = high = members[place][0]
        dash = members[place + 1 : place + 2]
        if dash and dash[0][1] and dash[0][0] in dashes and place + 2 < len(members):
            high = members[place + 2][0]
            place += 2
        if low > high:
            raise PatternError(f"the range {low}-{high} is backwards")
        ranges.append((low, high))
        place += 1
    return Letters(tuple(ranges), complement)

r"""Instances written as MOF, `instance of X { Name = value; };` (DSP0004 annex A).

Clients pass settings in this form. The rule: nothing is guessed; what the grammar does not have is
refused with its line and column, except what known clients write: text in single quotes, and no
semicolon at the end. Values have the type of their literal, the class of the instance has the say.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from virtcim.wbem.escapes import UnknownEscape, unescape
from virtcim.wbem.mof_literals import parse_number
from virtcim.wbem.objects import Instance, InstanceProperty, Scalar, Value
from virtcim.wbem.types import CIMType

LONGEST_TEXT = 250_000
"""Characters of a text that is read."""

MOST_PROPERTIES = 1000
"""Of one instance; no class has half of that."""

_TOKEN = re.compile(
    r"""
      (?P<blank>  (?: \s | //[^\n]* | /\*(?:[^*]|\*(?!/))*+\*/ )++ )
    | (?P<name>   [A-Za-z_][A-Za-z0-9_]*+ )
    | (?P<text>   "(?:[^"\\\r\n]|\\.)*+" | '(?:[^'\\\r\n]|\\.)*+' )
    | (?P<number> [+-]?+(?:\.[0-9]|[0-9])(?:[eE][+-]|[A-Za-z0-9_.])*+ )
    | (?P<alias>  \$[A-Za-z_][A-Za-z0-9_]*+ )
    | (?P<mark>   [{}=;,] )
    """,
    re.VERBOSE,
)

_CONSTANTS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None}

_TYPES: Mapping[type, CIMType] = {
    bool: CIMType.BOOLEAN, int: CIMType.SINT64, float: CIMType.REAL64, str: CIMType.STRING,
}  # fmt: skip


class MOFTextError(ValueError):
    """The text is not MOF of an instance; `line` and `column` count from 1."""

    def __init__(self, reason: str, text: str, place: int) -> None:
        self.line = text.count("\n", 0, place) + 1
        self.column = place - text.rfind("\n", 0, place)
        super().__init__(f"{reason} at line {self.line}, column {self.column} of the MOF text")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: int

    def __str__(self) -> str:
        return f"'{self.text[:40]}'" if self.text else "the end"


def parse_instances(text: str) -> tuple[Instance, ...]:
    """Return the instances that a text declares, in order; raises MOFTextError.

    Aliases are read and forgotten, since there is nothing that could use them.
    """
    if len(text) > LONGEST_TEXT:
        raise MOFTextError(f"more than {LONGEST_TEXT} characters", text, LONGEST_TEXT)
    reader = _Reader(text)
    found = [reader.instance()]
    while reader.next.kind:
        found.append(reader.instance())
    return tuple(found)


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise MOFTextError(_unreadable(text[place]), text, place)
        kind = match.lastgroup or ""
        if kind != "blank":
            yield _Token(kind, match[0], place)
        place = match.end()
    yield _Token("", "", place)


_UNFINISHED: Mapping[str, str] = {
    '"': "a string that does not end",
    "'": "a string that does not end",
    "/": "a comment that does not end",
}


def _unreadable(letter: str) -> str:
    return _UNFINISHED.get(letter, f"unexpected {letter!r}")


class _Reader:
    """Reads tokens one by one; `next` is the one that comes."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self.next = next(self._tokens)

    # Tokens

    def _refused(self, reason: str, place: int | None = None) -> MOFTextError:
        return MOFTextError(reason, self._text, self.next.place if place is None else place)

    def _take(self) -> _Token:
        token = self.next
        if token.kind:
            self.next = next(self._tokens)
        return token

    def _is(self, mark: str) -> bool:
        return self.next.kind == "mark" and self.next.text == mark

    def _taken(self, mark: str) -> bool:
        found = self._is(mark)
        if found:
            self._take()
        return found

    def _need(self, mark: str) -> None:
        if not self._taken(mark):
            raise self._refused(f"{self.next} where '{mark}' is expected")

    def _word(self, what: str, keyword: str = "") -> str:
        token = self.next
        if token.kind != "name" or (keyword and token.text.lower() != keyword):
            raise self._refused(f"{token} where {what} is expected")
        return self._take().text

    # Grammar

    def instance(self) -> Instance:
        """Read one declaration."""
        self._word("'instance'", "instance")
        self._word("'of'", "of")
        class_name = self._word("the name of a class")
        if self.next.kind == "name":
            self._word("'as' or '{'", "as")
            if self._take().kind != "alias":
                raise self._refused("an alias without its $")
        self._need("{")
        properties: dict[str, InstanceProperty] = {}
        while not self._taken("}"):
            place = self.next.place
            item = self._property()
            if properties.setdefault(item.name.lower(), item) is not item:
                raise self._refused(f"{item.name} is given twice", place)
            if len(properties) > MOST_PROPERTIES:
                raise self._refused(f"more than {MOST_PROPERTIES} properties", place)
        if self.next.kind:
            self._need(";")
        return Instance(class_name, tuple(properties.values()))

    def _property(self) -> InstanceProperty:
        name = self._word("the name of a property")
        self._need("=")
        is_array = self._is("{")
        value = self._array() if is_array else self._scalar()
        self._need(";")
        return InstanceProperty(name=name, type=_type_of(value), value=value, is_array=is_array)

    def _array(self) -> tuple[Scalar | None, ...]:
        self._need("{")
        elements: list[Scalar | None] = []
        if not self._is("}"):
            elements.append(self._scalar())
            while self._taken(","):
                elements.append(self._scalar())
        self._need("}")
        return tuple(elements)

    def _scalar(self) -> Scalar | None:
        read = _SCALARS.get(self.next.kind)
        if read is None:
            raise self._refused(f"{self.next} where a value is expected")
        return read(self)

    def _constant(self) -> Scalar | None:
        word = self.next.text.lower()
        if word not in _CONSTANTS:
            raise self._refused(f"{self.next} where a value is expected")
        self._take()
        return _CONSTANTS[word]

    def _number(self) -> Scalar:
        token = self._take()
        try:
            return parse_number(token.text)
        except ValueError as error:
            raise self._refused(str(error), token.place) from None

    def _string(self) -> str:
        pieces = []
        while self.next.kind == "text":
            pieces.append(self._unescaped(self._take()))
        return "".join(pieces)

    def _unescaped(self, token: _Token) -> str:
        try:
            return unescape(token.text[1:-1])
        except UnknownEscape as error:
            raise self._refused(str(error), token.place + 1 + error.place) from None


_SCALARS: Mapping[str, Callable[[_Reader], Scalar | None]] = {
    "name":   _Reader._constant,  # noqa: SLF001 (it is of this module)
    "number": _Reader._number,    # noqa: SLF001
    "text":   _Reader._string,    # noqa: SLF001
}  # fmt: skip
"""Reader of a value by the kind of its first token."""


def _type_of(value: Value) -> CIMType:
    sample = next((v for v in value if v is not None), None) if isinstance(value, tuple) else value
    return _TYPES.get(type(sample), CIMType.STRING)

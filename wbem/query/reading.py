"""Text of a query to its tree.

The rule: whatever the text is, the answer is a query or a QueryLanguageNotSupported, InvalidQuery
or QueryFeatureNotSupported with the place; nothing of the parser comes out. Depth and length are
bounded before anything is built.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from typing import cast

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from virtcim.wbem.query.building import Builder
from virtcim.wbem.query.complaint import Complaint
from virtcim.wbem.query.errors import (
    QueryLanguageNotSupported,
    invalid,
    not_served,
    quoted,
)
from virtcim.wbem.query.grammars import GRAMMARS, UNSERVED, VALUES, WORDS
from virtcim.wbem.query.tree import Filter, Language, Query, Select, Traversal

LONGEST_QUERY = 32_000
"""Characters of a query that is read."""

MOST_WORDS = 8000
"""Words, numbers and signs of a query; each costs some twenty microseconds."""

LONGEST_REMEMBERED = 500
"""Characters of a query whose tree is kept for the next who asks."""

DEEPEST = 64
"""Parentheses within parentheses that a query may have."""

NAMES: Mapping[str, Language] = {
    "dmtf:fql": Language.FQL,
    "fql": Language.FQL,
    "dmtf:cql": Language.CQL,
    "cim:cql": Language.CQL,
    "cql": Language.CQL,
    "wql": Language.WQL,
    "dmtf:wql": Language.WQL,
    "cim:wql": Language.WQL,
}
"""The names under which clients ask for each language."""


_JOINING = re.compile(r"(?<![.\w])(AND|OR)\s*\Z", re.IGNORECASE)
"""What joins two conditions, as the last word before something that is wrong."""


def language_named(name: str) -> Language:
    """Return the language of a name, in any case; raises QueryLanguageNotSupported."""
    with contextlib.suppress(KeyError):
        return NAMES[name.strip().lower()]
    raise QueryLanguageNotSupported(f"query language {quoted(name)} is not known here")


def parse_filter(name: str, text: str) -> Filter:
    """Read a filter of the named language, as pulled enumerations take it.

    Raises QueryLanguageNotSupported for a language that is not for filters, and what `parse` does.
    """
    language = language_named(name)
    if language is not Language.FQL:
        raise QueryLanguageNotSupported(f"filters are written in {Language.FQL}, not {language}")
    return cast("Filter", parse(language, text))


def parse_statement(name: str, text: str) -> Select | Traversal:
    """Read a statement of the named language, as ExecQuery and indication filters take it.

    Raises QueryLanguageNotSupported for a language without statements, and what `parse` does.
    """
    language = language_named(name)
    if language is Language.FQL:
        raise QueryLanguageNotSupported(f"{language} has filters and no statements")
    return cast("Select | Traversal", parse(language, text))


def parse(language: Language, text: str) -> Query:
    """Read a query; raises InvalidQuery or QueryFeatureNotSupported."""
    return _remembered(language, text) if len(text) <= LONGEST_REMEMBERED else _read(language, text)


@lru_cache(maxsize=64)  # clients ask the same again and again
def _remembered(language: Language, text: str) -> Query:
    return _read(language, text)


def _read(language: Language, text: str) -> Query:
    if len(text) > LONGEST_QUERY:
        raise invalid(f"more than {LONGEST_QUERY} characters", text, LONGEST_QUERY)
    try:
        built = _parser(language).parse(text)
    except Complaint as complaint:
        make = not_served if complaint.is_feature else invalid
        raise make(complaint.reason, text, complaint.place) from None
    except UnexpectedInput as error:
        reason, offset = _explained(error, text)
        raise invalid(reason, text, offset) from None
    return replace(cast("Query", built), text=text)


@cache
def _parser(language: Language) -> Lark:
    return Lark(
        GRAMMARS[language],
        parser="lalr",
        lexer="contextual",
        transformer=Builder(language),
        postlex=_Watch(),
    )


class _Watch:
    """Sees every token before the parser does."""

    always_accept = ()

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """Pass the tokens on, as long as they nest no deeper than is allowed."""
        depth = 0
        for count, token in enumerate(stream):
            if token.type in UNSERVED:
                raise Complaint(UNSERVED[token.type], token.start_pos or 0, is_feature=True)
            depth += (token.type == "LPAR") - (token.type == "RPAR")
            if depth > DEEPEST:
                raise Complaint(f"more than {DEEPEST} nested parentheses", token.start_pos or 0)
            if count >= MOST_WORDS:
                raise Complaint(f"more than {MOST_WORDS} words", token.start_pos or 0)
            yield token


def _explained(error: UnexpectedInput, text: str) -> tuple[str, int]:
    """Say what is wrong, and at which offset."""
    wanted, offset = _wanted(error), _offset(error, text)
    joining = _JOINING.search(text, 0, offset)
    if joining and "COMPARATOR" in _expected(error):  # it was taken for a property
        return f"{quoted(joining[1])} where a condition is expected", joining.start()
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        return f"{quoted(str(error.token))} where {wanted} is expected", offset
    if isinstance(error, UnexpectedCharacters):
        if text[offset] in "'\"":
            return "a string that does not end", offset
        return f"{quoted(text[offset])} where {wanted} is expected", offset
    return f"the query ends where {wanted} is expected", offset


def _offset(error: UnexpectedInput, text: str) -> int:
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        return error.token.start_pos or 0
    return (
        cast("int", error.pos_in_stream) if isinstance(error, UnexpectedCharacters) else len(text)
    )


def _expected(error: UnexpectedInput) -> set[str]:
    """Return the terminals that may stand where the error is."""
    if isinstance(error, UnexpectedToken):
        return set(error.accepts or error.expected)
    return set(error.allowed or ()) if isinstance(error, UnexpectedCharacters) else set()


def _wanted(error: UnexpectedInput) -> str:
    served = _expected(error) - set(UNSERVED)
    if len(served & VALUES) > 1:
        served = (served - VALUES) | {"a value"}
    words = sorted(WORDS.get(name, name.strip("_")) for name in served)
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else "".join(words)

"""Trees written and read again, whatever text there is, and the laws of three values."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wbem.query.rows import SYSTEM, statement
from tests.wbem.query.strategies import PREDICATES
from virtcim.wbem.query.errors import InvalidQuery, QueryFeatureNotSupported
from virtcim.wbem.query.matching import Answer, compile_test, matcher
from virtcim.wbem.query.printing import format_predicate
from virtcim.wbem.query.reading import parse, parse_filter
from virtcim.wbem.query.tree import Filter, Language, Predicate, Select


@given(PREDICATES)
def test_what_is_written_is_read(tree: Predicate) -> None:
    """The text of a tree is that tree."""
    text = f"SELECT * FROM X WHERE {format_predicate(tree)}"
    assert statement("CQL", text).where == tree


WORDS = st.sampled_from([
    "SELECT", "*", "FROM", "X", "WHERE", "a", "b", ".", ",", "(", ")", "[", "0", "]", "=", "<>",
    "<", "1", "-5", "0x1F", "101b", "1.5", "'x'", '"y"', "'", "AND", "OR", "NOT", "LIKE", "IS",
    "NULL", "ISA", "TRUE", "ANY", "EVERY", "IN", "SATISFIES", "{", "}", "#", "::", "+", "ORDER",
    "BY", "WITHIN", "ASSOCIATORS", "OF", "{X.a=1}", "ResultClass", "DISTINCT", "FIRST", "__CLASS",
    "__this", "OBJECTPATH", "'[a'", "'*'", "\\", "é", "\0", "\n",
])  # fmt: skip


def _checked(error: InvalidQuery | QueryFeatureNotSupported, text: str) -> None:
    assert error.place is not None
    assert 0 <= error.place.offset <= len(text)
    assert str(error.place) in error.reason


def _asked(language: Language, text: str) -> None:
    """Read a text and ask a row; only our own errors may come of it."""
    try:
        query = parse(language, text)
        if isinstance(query, Filter | Select):
            matcher(query)(SYSTEM)
    except (InvalidQuery, QueryFeatureNotSupported) as error:
        _checked(error, text)


@given(st.sampled_from(Language), st.lists(WORDS, max_size=14).map(" ".join))
def test_words_in_any_order(language: Language, text: str) -> None:
    """A text of the language's own words is a query, or is refused with its place."""
    _asked(language, text)


@given(st.lists(WORDS, max_size=10).map(" ".join))
def test_words_after_where(words: str) -> None:
    """The same for the words of a condition."""
    for language in (Language.CQL, Language.WQL):
        _asked(language, f"SELECT * FROM X WHERE {words}")


@given(st.sampled_from(Language), st.text(max_size=40))
def test_any_text(language: Language, text: str) -> None:
    """Any other text is refused with its place."""
    _asked(language, text)


VALUES = {True: "IsUp = TRUE", False: "IsUp = FALSE", None: "Absent = TRUE"}
"""A condition for each of the three answers."""


def answer(text: str) -> Answer:
    """Return the answer of the row to a condition."""
    query = parse_filter("DMTF:FQL", text)
    return compile_test(query, query.where)(SYSTEM)


@pytest.mark.parametrize(("one", "other"), tuple(product(VALUES, repeat=2)))
def test_logic_has_three_values(one: Answer, other: Answer) -> None:
    """AND is the least of two answers, OR the greatest, with the unknown between the others."""
    order = [False, None, True]
    both = order[min(order.index(one), order.index(other))]
    either = order[max(order.index(one), order.index(other))]
    first, second = VALUES[one], VALUES[other]
    assert answer(f"{first} AND {second}") is both
    assert answer(f"{first} OR {second}") is either
    opposites = {True: False, False: True, None: None}
    assert answer(f"NOT {first}") is opposites[one]
    assert answer(f"NOT ({first} AND {second})") is answer(f"NOT {first} OR NOT {second}")
    assert answer(f"NOT ({first} OR {second})") is answer(f"NOT {first} AND NOT {second}")

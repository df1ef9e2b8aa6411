"""Patterns: what fits them, what is none, and that none of them takes long."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtcim.wbem.query.automaton import MOST_STATES
from virtcim.wbem.query.patterns import PatternError, compile_pattern, fold, unescape_pattern
from virtcim.wbem.query.tree import Language

REGULAR: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    # pattern, what fits, what does not (the examples of DSP1001 annex B come first)
    ("ABC", ("ABC",), ("", "AB", "ABCD", "xABC", "abc")),
    ("D.F", ("DAF", "DBF", "D.F", "D\nF", "D\U0001f600F"), ("DF", "DAAF")),
    ("r[au]t", ("rat", "rut"), ("ret", "rt", "raut")),
    ("r[au]^t", ("ret", "r.t"), ("rat", "rut", "rt")),
    ("GH[IJ]", ("GHI", "GHJ"), ("GH", "GHK")),
    ("C*", ("", "C", "CCC"), ("D", "CD")),
    ("[EF]{1,2}", ("E", "F", "EE", "EF", "FE", "FF"), ("", "EEE")),
    ("ABC*", ("AB", "ABC", "ABCCC"), ("A", "ABD")),
    ("1[.]{2,3}n", ("1..n", "1...n"), ("1.n", "1....n", "1abn")),
    ("(XYZ)+", ("XYZ", "XYZXYZ"), ("", "XY", "XYZX")),
    ("(DEF)?|GHI", ("", "DEF", "GHI"), ("DE", "DEFGHI")),
    # anchors add nothing to the ends, and cannot hold elsewhere
    ("^ABC$", ("ABC",), ("xABC", "ABCx")),
    ("^$", ("",), ("x",)),
    ("a^b", (), ("ab", "a^b")),
    ("a$b", (), ("ab",)),
    ("(^a|b)c$", ("ac", "bc"), ("c",)),
    ("a*^", ("",), ("a",)),
    # escapes
    (r"a\.b", ("a.b",), ("axb",)),
    (r"\*\+\?\(\)\[\]\^\$\|\\\{\}", (r"*+?()[]^$|\{}",), ()),
    (r"[\]\^\\-]", ("]", "^", "\\", "-"), ("a",)),
    # what is written everywhere, and DSP1001 does not have
    ("[^ab]", ("c", "^"), ("a", "b", "")),
    ("[a-cx]", ("a", "b", "c", "x"), ("d", "-")),
    (r"[a\-c]", ("a", "-", "c"), ("b",)),
    ("[-a]", ("-", "a"), ("b",)),
    ("[a-]", ("-", "a"), ("b",)),
    # multipliers
    ("a+", ("a", "aaa"), ("",)),
    ("a?b", ("b", "ab"), ("aab",)),
    ("a{2}", ("aa",), ("a", "aaa")),
    ("a{2,}", ("aa", "aaaa"), ("a",)),
    ("a{0,1}", ("", "a"), ("aa",)),
    ("a{0}b", ("b",), ("ab",)),
    ("a{,2}", ("a{,2}",), ("aa",)),
    ("{x}", ("{x}",), ("x",)),
    ("(a|b)*c", ("c", "abbac"), ("abd",)),
    ("a|b|", ("a", "b", ""), ("ab",)),
    ("()", ("",), ("a",)),
    ("(a*)*", ("", "aaa"), ("b",)),
    ("", ("",), ("a",)),
)


@pytest.mark.parametrize(("pattern", "fits", "others"), REGULAR)
def test_regular_patterns(pattern: str, fits: tuple[str, ...], others: tuple[str, ...]) -> None:
    """The patterns of FQL and CQL."""
    matches = compile_pattern(Language.FQL, pattern)
    for _ in range(2):  # once worked out, once remembered
        assert [text for text in fits if not matches(text)] == []
        assert [text for text in others if matches(text)] == []


WILDCARDS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("web", ("web", "WEB"), ("webs", "")),
    ("%", ("", "x", "a\nb"), ()),
    ("w%b", ("wb", "web", "Wxxb"), ("w", "bw")),
    ("_", ("x", "%"), ("", "xy")),
    ("w_b", ("web", "w_b"), ("wb",)),
    ("[a-c]x", ("ax", "BX"), ("dx", "-x")),
    ("[a=c]x", ("ax", "bx"), ("dx", "=x")),
    ("[^a-c]x", ("dx",), ("bx", "Bx")),
    ("[abc]", ("a", "B"), ("d",)),
    ("[^]", ("^",), ("a",)),
    ("[]]", ("]",), ("[",)),
    ("a[_]b[%]c", ("a_b%c",), ("axb%c",)),
    ("a.b*", ("a.b*",), ("axb", "a.bb")),
    ("Ünï%", ("ünïcode", "ÜNÏCODE"), ("uni",)),
)


@pytest.mark.parametrize(("pattern", "fits", "others"), WILDCARDS)
def test_wildcards(pattern: str, fits: tuple[str, ...], others: tuple[str, ...]) -> None:
    """The patterns of WQL."""
    matches = compile_pattern(Language.WQL, pattern)
    assert [text for text in fits if not matches(text)] == []
    assert [text for text in others if matches(text)] == []


WRONG: tuple[tuple[Language, str, str], ...] = (
    (Language.FQL, "(", "a group that does not end"),
    (Language.FQL, "a)", "unexpected ')'"),
    (Language.FQL, "[a", "a set that does not end"),
    (Language.FQL, "[a\\", "a set that does not end"),
    (Language.FQL, "a\\", "a backslash at the end"),
    (Language.FQL, "*", "'*' with nothing to repeat"),
    (Language.FQL, "a|+", "'+' with nothing to repeat"),
    (Language.FQL, "a**", "two multipliers in a row"),
    (Language.FQL, "a{1}{2}", "two multipliers in a row"),
    (Language.FQL, "a{3,2}", "{3,2} is no number of times"),
    (Language.FQL, "a{1,256}", "{1,256} is no number of times"),
    (Language.FQL, "a{256}", "more than 255 times"),
    (Language.FQL, "[z-a]", "the range z-a is backwards"),
    (Language.FQL, "(((a{100}){100}){100}){100}", f"more than {MOST_STATES} states"),
    (Language.FQL, "(" * 65 + ")" * 65, "more than 64 nested groups"),
    (Language.FQL, "(" * 20_000, "more than 64 nested groups"),
    (Language.FQL, "a" * 20_000, f"more than {MOST_STATES} states"),
    (Language.WQL, "[a", "a set that does not end"),
    (Language.WQL, "[z-a]", "the range z-a is backwards"),
)


@pytest.mark.parametrize(("language", "pattern", "reason"), WRONG)
def test_what_is_no_pattern(language: Language, pattern: str, reason: str) -> None:
    """What is wrong with a pattern is said before it meets a text."""
    with pytest.raises(PatternError, match=re.escape(reason)):
        compile_pattern(language, pattern)


CATASTROPHES = (
    "(a*)*b",
    "(a|a)*b",
    "(a|aa)+$b",
    ".*.*.*.*.*.*.*b",
    "(a?){100}a{100}b",
    "(.*a){30}b",
)


@pytest.mark.parametrize("pattern", CATASTROPHES)
def test_no_pattern_takes_long(pattern: str) -> None:
    """What makes others try for ever is followed through a long text once."""
    matches = compile_pattern(Language.FQL, pattern)
    assert matches("a" * 20_000) is False


SIMPLE = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "c"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{1,2}", "{2}"])).map(
            lambda two: f"({two[0]}){two[1]}"
        ),
    ),
    max_leaves=6,
)


@given(SIMPLE, st.text("abcd", max_size=6))
def test_patterns_mean_what_regular_expressions_mean(pattern: str, text: str) -> None:
    """Where both have a word for it, Python's expressions agree."""
    expected = re.fullmatch(pattern, text, re.DOTALL) is not None
    assert compile_pattern(Language.FQL, pattern)(text) is expected


@given(st.text(max_size=20))
def test_any_text_is_a_pattern_or_is_not(text: str) -> None:
    """Nothing but a PatternError comes of a text."""
    for language in Language:
        try:
            compile_pattern(language, text)("abc")
        except PatternError:
            continue


def test_escapes_of_strings_in_patterns() -> None:
    """What a string can escape is unescaped, what only a pattern can is left to it."""
    assert unescape_pattern(r"\.\\\'\"\n\x41\u0042\*") == "\\.\\'\"\nAB\\*"


def test_folding_keeps_the_length() -> None:
    """A letter whose small form is two stays as it is."""
    assert fold("ABC") == "abc"
    assert fold("İÜ") == "İü"


def test_what_a_pattern_remembers_is_bounded() -> None:
    """A pattern of which every step is another forgets, and its answers stay right."""
    matches = compile_pattern(Language.FQL, ".*a.{60}")
    for number in range(500):
        text = f"{pow(3, number + 200):0400b}"[-160:].replace("1", "a")
        assert matches(text) is (text[-61] == "a")

"""Escapes of MOF and of queries: what they mean, and what is none."""

import re

import pytest

from virtcim.wbem.escapes import MOF_ESCAPE, QUERY_ESCAPE, UnknownEscape, unescape


def test_what_escapes_mean() -> None:
    """Letters, numbers of characters, and what stands for itself."""
    assert unescape(r"a\n\"\'\\\x41\XE9") == "a\n\"'\\A\xe9"
    assert unescape(r"\u0041", QUERY_ESCAPE) == "A"


@pytest.mark.parametrize("escape", [MOF_ESCAPE, QUERY_ESCAPE])
@pytest.mark.parametrize("text", [r"\q", "\\", r"\xD800", r"\xdfff", r"\xD83D\xDE00"])
def test_what_is_no_escape(text: str, escape: re.Pattern[str]) -> None:
    """Half a character is none: nothing that is sent could hold it."""
    with pytest.raises(UnknownEscape) as caught:
        unescape(f"ab{text}", escape)
    assert caught.value.place == 2

"""What the qualifiers of a property allow its value to be."""

import re

import pytest

from tests.broker.keeping import class_of
from virtcim.schema.constraints import check_value, is_readable, is_writable
from virtcim.wbem.objects import Property, Value

TEXT = """
class A_B {
    [Required] string Needed;
    [MaxLen(3), MinLen(2)] string Short;
    [MaxValue(9), MinValue(-1)] sint16 Between;
    [ValueMap{"1", "0x2", "5..8", "100.."}] uint16 Kind;
    [ValueMap{"..3"}] uint16 Low;
    [ValueMap{"on", "off"}] string Word;
    [ValueMap{"on", ".."}] string Open;
    [MaxLen(2)] string Many[];
    [Write(false)] string Kept; [Write] string Given; [Read(false)] string Secret; string Plain;
};
"""


def declared(name: str) -> Property:
    """A property."""
    return next(one for one in class_of(TEXT).properties if one.name == name)


ALLOWED: tuple[tuple[str, Value], ...] = (
    ("Needed", ""), ("Short", "ab"), ("Short", None), ("Between", -1), ("Between", 9),
    ("Kind", 1), ("Kind", 2), ("Kind", 5), ("Kind", 8), ("Kind", 65535), ("Low", 0), ("Low", 3),
    ("Word", "on"), ("Open", "anything"), ("Many", ("ab", None)), ("Many", ()),
)  # fmt: skip

REFUSED: tuple[tuple[str, Value, str], ...] = (
    ("Needed", None, "is required"),
    ("Short", "abcd", "has more than 3 characters"),
    ("Short", "a", "has fewer than 2 characters"),
    ("Between", 10, "is more than 9"),
    ("Between", -2, "is less than -1"),
    ("Kind", 3, "is none of 1, 0x2, 5..8, 100.."),
    ("Kind", 9, "is none of"),
    ("Low", 4, "is none of ..3"),
    ("Word", "On", "is none of on, off"),
    ("Many", ("ab", "abc"), "has more than 2 characters"),
)


@pytest.mark.parametrize(("name", "value"), ALLOWED)
def test_what_is_allowed(name: str, value: Value) -> None:
    """Nothing is said."""
    check_value(declared(name), value)


@pytest.mark.parametrize(("name", "value", "said"), REFUSED)
def test_what_is_not(name: str, value: Value, said: str) -> None:
    """What would have been allowed is said."""
    with pytest.raises(ValueError, match=re.escape(said)):
        check_value(declared(name), value)


def test_who_may_read_and_write() -> None:
    """What is not said is allowed."""
    assert [is_writable(declared(name)) for name in ("Kept", "Given", "Plain")] == [
        False, True, True,
    ]  # fmt: skip
    assert [is_readable(declared(name)) for name in ("Secret", "Plain")] == [False, True]

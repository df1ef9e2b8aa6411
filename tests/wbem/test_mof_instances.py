"""MOF of instances: every form that clients write, and where the others are wrong."""

from contextlib import suppress
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wbem.mof_written import Writer
from tests.wbem.strategies import NAMES, TEXTS
from virtcim.wbem.mof_instances import (
    LONGEST_TEXT,
    MOST_PROPERTIES,
    MOFTextError,
    parse_instances,
)
from virtcim.wbem.objects import Instance, InstanceProperty, Value
from virtcim.wbem.types import CIMType


def value_of(literal: str) -> Value:
    """Read one value."""
    (instance,) = parse_instances(f"instance of X {{ p = {literal}; }};")
    return instance.by_name["p"].value


LITERALS: tuple[tuple[str, Value], ...] = (
    ('"text"', "text"),
    ('""', ""),
    ("'text'", "text"),
    ("'c'", "c"),
    ('"a" "b"\n"c"', "abc"),
    ('"a" /* and */ "b"', "ab"),
    (r'"\b\t\n\f\r\"\'\\"', "\b\t\n\f\r\"'\\"),
    (r'"\x41\X0042\x43D"', "AB\u043d"),
    (r'"\\x41"', r"\x41"),
    ('"// no comment /* either */"', "// no comment /* either */"),
    (r'"instance of Y { a = \"b\"; };"', 'instance of Y { a = "b"; };'),
    ('"20260102030405.000006+000"', "20260102030405.000006+000"),
    ("0", 0),
    ("-7", -7),
    ("+7", 7),
    ("0x1F", 31),
    ("-0x1f", -31),
    ("017", 15),
    ("101b", 5),
    ("-101B", -5),
    ("18446744073709551615", 2**64 - 1),
    ("1.5", 1.5),
    (".5", 0.5),
    ("-1.5e+3", -1500.0),
    ("2.0E-1", 0.2),
    ("true", True),
    ("FALSE", False),
    ("True", True),
    ("NULL", None),
    ("null", None),
    ("{}", ()),
    ("{ 1 }", (1,)),
    ('{"a","b" "c",NULL}', ("a", "bc", None)),
    ("{ true, FALSE }", (True, False)),
    ("{-1,0x2}", (-1, 2)),
)


@pytest.mark.parametrize(("literal", "value"), LITERALS)
def test_literals(literal: str, value: Value) -> None:
    """Each literal has its value and Python type."""
    found = value_of(literal)
    assert found == value
    assert type(found) is type(value)


TYPES = (
    ("1", CIMType.SINT64, False),
    ('"a"', CIMType.STRING, False),
    ("true", CIMType.BOOLEAN, False),
    ("1.0", CIMType.REAL64, False),
    ("NULL", CIMType.STRING, False),
    ("{NULL, 1}", CIMType.SINT64, True),
    ("{}", CIMType.STRING, True),
)


@pytest.mark.parametrize(("literal", "kind", "is_array"), TYPES)
def test_types(literal: str, kind: CIMType, is_array: bool) -> None:  # noqa: FBT001 (parametrised)
    """A property has the type of its literal, since MOF says no other."""
    (instance,) = parse_instances(f"instance of X {{ p = {literal}; }}")
    item = instance.by_name["p"]
    assert (item.type, item.is_array) == (kind, is_array)


def test_several() -> None:
    """A text may hold several instances; aliases mean nothing; the last needs no semicolon."""
    text = "instance of A as $One { };\nINSTANCE OF B AS $Two { x = 1; };Instance Of C{}"
    assert [one.class_name for one in parse_instances(text)] == ["A", "B", "C"]


WRONG = (
    ("", "the end where 'instance' is expected", 1, 1),
    (" // nothing", "the end where 'instance'", 1, 12),
    ("class X {};", "'class' where 'instance'", 1, 1),
    ("instance\nX {};", "'X' where 'of'", 2, 1),
    ("instance of {};", "'{' where the name of a class", 1, 13),
    ("instance of X as Y {};", "an alias without its \\$", 1, 20),
    ("instance of X Y {};", "'Y' where 'as' or", 1, 15),
    ("instance of X", "the end where '{'", 1, 14),
    ("instance of X {", "the end where the name of a property", 1, 16),
    ("instance of X { 5 = 5; };", "'5' where the name", 1, 17),
    ("instance of X { a 5; };", "'5' where '='", 1, 19),
    ("instance of X { a = ; };", "';' where a value", 1, 21),
    ("instance of X { a = b; };", "'b' where a value", 1, 21),
    ("instance of X { a = $b; };", "'\\$b' where a value", 1, 21),
    ("instance of X { a = 1 };", "'}' where ';'", 1, 23),
    ("instance of X { a = 12z; };", "'12z' is not a real number", 1, 21),
    ("instance of X { a = " + 401 * "1" + "; };", "a number of more than 400", 1, 21),
    ("instance of X { a = {1 2}; };", "'2' where '}'", 1, 24),
    ("instance of X { a = {{1}}; };", "'{' where a value", 1, 22),
    ("instance of X { a = {1,}; };", "'}' where a value", 1, 24),
    ("instance of X {\n  a = 1;\n  A = 2; };", "A is given twice", 3, 3),
    ("instance of X { a = 1; } rest", "'rest' where ';'", 1, 26),
    ('instance of X { a = "b; };', "a string that does not end", 1, 21),
    ('instance of X { a = "b\n"; };', "a string that does not end", 1, 21),
    ("instance of X { a = 'b; };", "a string that does not end", 1, 21),
    ('instance of X { a = "b\\d"; };', "unknown escape", 1, 23),
    ("instance of X { /* a = 1; };", "a comment that does not end", 1, 17),
    ("instance of X { a = #; };", "unexpected '#'", 1, 21),
    ("instance of X { a = 1; }; \x00", "unexpected", 1, 27),
)


@pytest.mark.parametrize(("text", "reason", "line", "column"), WRONG)
def test_wrong_texts(text: str, reason: str, line: int, column: int) -> None:
    """Each fault is named with its line and column."""
    with pytest.raises(MOFTextError, match=reason) as caught:
        parse_instances(text)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_limits() -> None:
    """No text is read without end, and no instance has properties without end."""
    with pytest.raises(MOFTextError, match="characters"):
        parse_instances(" " * (LONGEST_TEXT + 1))
    many = "".join(f"p{number} = 1; " for number in range(MOST_PROPERTIES + 1))
    with pytest.raises(MOFTextError, match=f"more than {MOST_PROPERTIES} properties"):
        parse_instances(f"instance of X {{ {many} }};")


HOSTILE = ("/*", '"' + "\\a", "'", "{", "<", "1", "(", "\\", '""', "/", "//\n", "$", "= ", "\n")


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_texts_cost_no_more_than_their_length(piece: str) -> None:
    """The longest text of one thing ends in a refusal; if reading were quadratic, it would not."""
    inside = piece * (LONGEST_TEXT // len(piece) - 50)
    for text in (inside, f"instance of X {{ a = {inside}"):
        with pytest.raises(MOFTextError):
            parse_instances(text)


_SCALARS = (
    TEXTS
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: "." in repr(number))
)


@st.composite
def mof_instances(draw: st.DrawFn) -> Instance:
    """Return instances that MOF can write."""
    names = draw(st.lists(NAMES, max_size=4, unique_by=str.lower))
    items = []
    for name in names:
        value = draw(st.none() | _SCALARS | st.lists(st.none() | TEXTS, max_size=3).map(tuple))
        items.append(InstanceProperty(name=name, type=CIMType.STRING, value=value))
    return Instance(draw(NAMES), tuple(items))


def plain(instance: Instance) -> tuple[str, list[tuple[str, Value, type]]]:
    """Return what two instances are compared by: 1, 1.0 and TRUE differ."""
    return instance.class_name, [(p.name, p.value, type(p.value)) for p in instance.properties]


@given(st.lists(mof_instances(), min_size=1, max_size=3), st.integers())
def test_what_is_written_is_read(written: list[Instance], seed: int) -> None:
    """Whatever blanks, comments, cases, pieces and escapes are chosen."""
    writer = Writer(Random(seed))
    text = "".join(writer.instance(one) for one in written)
    assert [plain(one) for one in parse_instances(text)] == [plain(one) for one in written]


@given(mof_instances(), st.integers(), st.data())
def test_what_is_cut_is_refused_or_read(written: Instance, seed: int, data: st.DataObject) -> None:
    """A text that misses a piece fails in no other way."""
    text = Writer(Random(seed)).instance(written)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    cut = text[:start] + text[end:]
    with suppress(MOFTextError):
        assert parse_instances(cut)

"""Texts of values: liberal in reading, canonical in writing, the same value in both directions."""

import math
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from tests.wbem.strategies import SIMPLE_TYPES, scalars
from virtcim.wbem.types import INTEGER_RANGES, CIMType
from virtcim.wbem.values import FORMATTERS, PARSERS, escape, escape_attribute, parse


@given(st.data(), SIMPLE_TYPES)
def test_round_trip(data: st.DataObject, kind: CIMType) -> None:
    """Every value of every type reads back from its text as the same value of the same type."""
    value = data.draw(scalars(kind))
    again = parse(kind, FORMATTERS[kind](value))
    assert again == value
    assert type(again) is type(value)


@given(st.floats(width=32, allow_nan=False))
def test_real32_keeps_every_single(value: float) -> None:
    """Nine digits give the same single-precision number back."""
    again = parse(CIMType.REAL32, FORMATTERS[CIMType.REAL32](value))
    assert struct.pack("f", again) == struct.pack("f", value)


@pytest.mark.parametrize(
    ("texts", "value"),
    [
        (("0.1", "0.100000001", "1.00000001490116119E-01"), 0.1),
        (("0", "1e-46", "-0"), 0.0),
        (("1.4e-45", "1.2e-45", "2e-45"), 1.4013e-45),
    ],
)
def test_all_texts_of_a_real32_are_equal(texts: tuple[str, ...], value: float) -> None:
    """Also where single precision has few digits left, or none."""
    assert [parse(CIMType.REAL32, text) for text in texts] == [value] * len(texts)


def test_tables_are_total() -> None:
    """Every type can be read and written."""
    assert set(PARSERS) == set(FORMATTERS) == set(CIMType)


READ = (
    (CIMType.BOOLEAN, "TRUE", True),
    (CIMType.BOOLEAN, " false\n", False),
    (CIMType.UINT8, "+5", 5),
    (CIMType.UINT8, " 7 ", 7),
    (CIMType.UINT8, "0x1F", 31),
    (CIMType.UINT8, "0Xff", 255),
    (CIMType.UINT8, "-0", 0),
    (CIMType.SINT8, "-0x80", -128),
    (CIMType.UINT16, "007", 7),
    (CIMType.REAL64, "1", 1.0),
    (CIMType.REAL64, ".5", 0.5),
    (CIMType.REAL64, "-1.5e-3", -0.0015),
    (CIMType.REAL64, " 2E4 ", 20000.0),
    (CIMType.REAL32, "INF", math.inf),
    (CIMType.REAL32, "-INF", -math.inf),
    (CIMType.CHAR16, " ", " "),
    (CIMType.STRING, "  kept\t", "  kept\t"),
)


@pytest.mark.parametrize(("kind", "text", "value"), READ)
def test_liberal_reading(kind: CIMType, text: str, value: object) -> None:
    """Blanks, signs and hexadecimal are accepted where clients send them."""
    assert parse(kind, text) == value


@pytest.mark.parametrize(("text", "value"), [("inf", math.inf), ("-Inf", -math.inf)])
def test_infinity_is_read_in_any_case(text: str, value: float) -> None:
    """As pywbem writes it, which is not as the document has it."""
    assert parse(CIMType.REAL64, text) == value
    assert math.isnan(float(parse(CIMType.REAL32, "nan")))


def test_nan_is_read_and_written() -> None:
    """NaN is a value of a real."""
    value = parse(CIMType.REAL64, "NaN")
    assert isinstance(value, float)
    assert math.isnan(value)
    assert FORMATTERS[CIMType.REAL64](value) == "NaN"


REFUSED = (
    *((CIMType.BOOLEAN, text) for text in ("1", "0", "", "yes", "TRUEFALSE", "T")),
    *((CIMType.UINT8, text) for text in ("", " ", "256", "-1", "1.0", "0x", "1_0", "\u0663")),
    (CIMType.UINT64, "9" * 10_000),
    *((CIMType.REAL64, text) for text in ("", ".", "1.", "1e", "infinity", "-nan")),
    (CIMType.REAL64, "\u0663.\u0663"),
    (CIMType.REAL64, "1" * 401),
    *((CIMType.CHAR16, text) for text in ("", "ab", "\U0001f600", r"'\xD800'")),
    (CIMType.DATETIME, "yesterday"),
    (CIMType.REFERENCE, "root/virt:X.k=1"),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), REFUSED)
def test_refused_texts(kind: CIMType, text: str) -> None:
    """What is no value of the type raises ValueError with a text that is not endless."""
    with pytest.raises(ValueError) as caught:
        parse(kind, text)
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize("kind", INTEGER_RANGES)
def test_ranges_end_where_they_end(kind: CIMType) -> None:
    """The bounds are values, their neighbours outside are not."""
    low, high = INTEGER_RANGES[kind]
    assert (parse(kind, str(low)), parse(kind, str(high))) == (low, high)
    for outside in (low - 1, high + 1):
        with pytest.raises(ValueError, match="is not between"):
            parse(kind, str(outside))


WRITTEN = (
    (CIMType.BOOLEAN, True, "TRUE"),
    (CIMType.BOOLEAN, False, "FALSE"),
    (CIMType.SINT8, -5, "-5"),
    (CIMType.REAL64, 1.0, "1.0"),
    (CIMType.REAL64, 0.1, "0.10000000000000001"),
    (CIMType.REAL64, 1e22, "1.0E+22"),
    (CIMType.REAL64, -0.0, "-0.0"),
    (CIMType.REAL32, 1.5, "1.5"),
    (CIMType.REAL32, math.inf, "INF"),
    (CIMType.REAL32, -math.inf, "-INF"),
)


@pytest.mark.parametrize(("kind", "value", "text"), WRITTEN)
def test_canonical_writing(kind: CIMType, value: object, text: str) -> None:
    """Each value has one text, and a real always has a point."""
    assert FORMATTERS[kind](value) == text


@given(st.text())
@example("a&b<c>\"d'e\r\n\t\x00\x1f\ufffe\ud800")
def test_escaped_text_is_xml(text: str) -> None:
    """Any text can stand in an element and in an attribute; what XML cannot carry is U+FFFD."""
    document = f'<a b="{escape_attribute(text)}">{escape(text)}</a>'.encode()
    read = etree.fromstring(document)
    legal = "".join("\ufffd" if _is_illegal(c) else c for c in text)
    assert (read.text or "", read.get("b")) == (legal, legal)


def _is_illegal(character: str) -> bool:
    code = ord(character)
    return (
        (code < 32 and character not in "\t\n\r")
        or 0xD800 <= code < 0xE000
        or code
        in {
            0xFFFE,
            0xFFFF,
        }
    )


@pytest.mark.parametrize("text", ["a\tb\nc", "plain"])
def test_text_keeps_its_line_breaks_raw(text: str) -> None:
    """Simple clients show character references as they are, so text has none for these."""
    assert escape(text) == text

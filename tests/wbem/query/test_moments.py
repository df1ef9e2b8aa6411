"""Datetimes as ranges: what is before what, and where nobody knows."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wbem.strategies import DATETIMES
from virtcim.wbem.query.moments import compare_spans, span_of
from virtcim.wbem.query.tree import MIRRORED, Comparator
from virtcim.wbem.types import interval, timestamp

PAIRS: tuple[tuple[str, str, frozenset[str] | None], ...] = (
    # one, other, the comparators that hold; None when nobody knows
    ("20260102030405.000006+000", "20260102030405.000006+000", frozenset({"=", "<=", ">="})),
    ("20260102030405.000006+000", "20260102050405.000006+120", frozenset({"=", "<=", ">="})),
    ("20260101000000.000000-060", "20260101000000.000000+000", frozenset({"<>", ">", ">="})),
    ("20251231235959.999999+000", "20260101000000.000000+000", frozenset({"<>", "<", "<="})),
    ("2026**********.******+000", "20270101000000.000000+000", frozenset({"<>", "<", "<="})),
    ("2026**********.******+000", "20261231235959.999999+000", None),
    ("202602********.******+000", "20260301000000.000000+000", frozenset({"<>", "<", "<="})),
    ("202402********.******+000", "20240229120000.000000+000", None),
    ("2026**********.******+000", "2026**********.******+000", frozenset({"=", "<=", ">="})),
    ("00000001000000.000000:000", "00000000235959.999999:000", frozenset({"<>", ">", ">="})),
    ("00000001******.******:000", "00000002000000.000000:000", frozenset({"<>", "<", "<="})),
    ("00000001******.******:000", "00000001000000.000000:000", None),
    ("0000**********.******+000", "0001**********.******+000", frozenset({"<>", "<", "<="})),
)


@pytest.mark.parametrize(("one", "other", "holding"), PAIRS)
def test_pairs(one: str, other: str, holding: frozenset[str] | None) -> None:
    """Each comparator holds or does not, both ways round."""
    first, second = span_of(one), span_of(other)
    assert first is not None
    assert second is not None
    for comparator in Comparator:
        expected = None if holding is None else comparator.value in holding
        assert compare_spans(comparator, first, second) is expected
        assert compare_spans(MIRRORED[comparator], second, first) is expected


NO_DATETIMES = (
    "",
    "2026",
    "20261302030405.000006+000",
    "20260230030405.000006+000",
    "x" * 25,
    "20260102030405.000006 000",
)


@pytest.mark.parametrize("text", NO_DATETIMES)
def test_other_text_has_no_span(text: str) -> None:
    """What is no datetime is text."""
    assert span_of(text) is None


MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS, MOMENTS)
def test_moments_are_ordered_as_they_pass(one: datetime, other: datetime) -> None:
    """The order is that of Python's datetimes, microsecond by microsecond."""
    first, second = span_of(timestamp(one)), span_of(timestamp(other))
    assert first is not None
    assert second is not None
    assert timedelta(microseconds=first.first - second.first) == one - other


@given(st.timedeltas(timedelta(0), timedelta(days=99_999_999)))
def test_intervals_are_as_long_as_they_are(duration: timedelta) -> None:
    """An interval counts its microseconds."""
    span = span_of(interval(duration))
    assert span is not None
    assert timedelta(microseconds=span.first) == duration


@given(DATETIMES)
def test_every_datetime_has_a_span(text: str) -> None:
    """Whatever DSP0004 allows has a first and a last moment."""
    span = span_of(text)
    assert span is not None
    assert span.first <= span.last
    assert (span.first == span.last) is ("*" not in text)

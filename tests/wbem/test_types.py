"""CIM datetimes: which texts are one, and how moments and durations are written."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtcim.wbem.types import INTEGER_RANGES, CIMType, interval, parse_datetime, timestamp

LEGAL = (
    "20260102030405.000006+000",
    "20240229235959.999999-720",
    "00010101000000.000000+060",
    "20260102030405.000***+000",
    "20260102030405.******+000",
    "202601020304**.******+000",
    "2026**********.******+000",
    "00000000000000.000000:000",
    "99999999235959.999999:000",
    "0000000112****.******:000",
)

ILLEGAL = (
    "",
    "2026",
    "20260102030405.000006",
    "20260102030405.000006+00",
    "20260102030405,000006+000",
    "20260102030405.000006 000",
    "20260230000000.000000+000",
    "20261301000000.000000+000",
    "20260102240000.000000+000",
    "20260102006000.000000+000",
    "20260102000060.000000+000",
    "00000101000000.000000+000",
    "2026*102030405.000006+000",
    "20260***030405.000006+000",
    "2026010*******.******+000",
    "2026013205****.******+000",
    "20260102**0405.000006+000",
    "20260102030405.***006+000",
    "00000000240000.000000:000",
    "00000000006000.000000:000",
    "0000000*******.******:000",
    "00000000000000.000000:001",
    "\uff12\uff10\uff12\uff160102030405.000006+000",
    "20260102030405.000006+000\n",
)


@pytest.mark.parametrize("text", LEGAL)
def test_legal_datetimes(text: str) -> None:
    """What DSP0004 allows is taken as it stands."""
    assert parse_datetime(text) == text


@pytest.mark.parametrize("text", ILLEGAL)
def test_illegal_datetimes(text: str) -> None:
    """What is no date, has stars inside or in part of a field is refused."""
    with pytest.raises(ValueError):
        parse_datetime(text)


@given(st.text(max_size=30))
def test_any_text_is_a_datetime_or_a_value_error(text: str) -> None:
    """No text makes anything but a ValueError."""
    try:
        assert len(parse_datetime(text)) == 25
    except ValueError:
        return


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_timestamps_are_legal(moment: datetime) -> None:
    """Every moment is written as a legal datetime."""
    assert parse_datetime(timestamp(moment)) == timestamp(moment)


def test_timestamp_is_in_utc() -> None:
    """A moment of another zone is written in UTC."""
    moment = datetime(2026, 1, 2, 3, 4, 5, 6, timezone(timedelta(hours=2)))
    assert timestamp(moment) == "20260102010405.000006+000"


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=99_999_999)))
def test_intervals_are_legal(duration: timedelta) -> None:
    """Every duration is written as a legal interval that reads back as the same."""
    text = parse_datetime(interval(duration))
    days, hours, minutes, seconds = text[:8], text[8:10], text[10:12], text[12:14]
    assert duration == timedelta(
        int(days), int(seconds), int(text[15:21]), 0, int(minutes), int(hours)
    )


def test_integer_ranges_cover_the_integer_types() -> None:
    """Every integer type has the range that its name says."""
    names = {kind for kind in CIMType if "int" in kind}
    assert set(INTEGER_RANGES) == names
    for kind, (low, high) in INTEGER_RANGES.items():
        bits = int(kind[4:])
        assert high - low == 2**bits - 1
        assert (low == 0) is kind.startswith("u")

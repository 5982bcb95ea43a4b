"""Days of a campus."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.errors import ValidationFailed
from divan_core.kernel.clock import Millis
from divan_core.leaderboards.days import DAY_MS, EPOCH, day_of, read_ymd, ymd
from divan_core.leaderboards.model import Day

ZONES = ("America/Toronto", "Pacific/Kiritimati", "Etc/GMT+12", "Asia/Kathmandu", "UTC")


def at(*parts: int) -> Millis:
    return Millis(round(datetime(*parts, tzinfo=UTC).timestamp() * 1000))  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (at(2026, 11, 1, 3, 59), "20261031"),
        (at(2026, 11, 1, 4, 0), "20261101"),  # clocks go back two hours later
        (at(2026, 11, 2, 4, 59), "20261101"),
        (at(2026, 11, 2, 5, 0), "20261102"),
        (at(2026, 3, 9, 3, 59), "20260308"),  # of 23 hours
        (at(2026, 3, 9, 4, 0), "20260309"),
    ],
)
def test_days_begin_at_midnight_there(moment: Millis, day: str) -> None:
    assert ymd(day_of(moment, "America/Toronto")) == day


@given(st.integers(0, 4_000_000_000_000), st.sampled_from(ZONES))
def test_a_moment_is_never_far_from_its_day(moment: int, zone: str) -> None:
    greenwich = EPOCH + moment // DAY_MS
    assert abs(day_of(Millis(moment), zone) - greenwich) <= 1


@given(st.integers(Day(1), Day(3_650_000)).map(Day))
def test_a_day_is_read_as_it_is_written(day: Day) -> None:
    assert read_ymd(ymd(day)) == day


@pytest.mark.parametrize("text", ["20260231", "00000101", "2026W011", "202609", ""])
def test_other_texts_are_no_days(text: str) -> None:
    with pytest.raises(ValidationFailed):
        read_ymd(text)

"""How trust moves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.kernel.clock import Millis
from divan_core.safety.trust import DAY_MS, DRIFTS_TO, WORTH, Merit, Trust, beginning

NOW = Millis(1_790_000_000_000)
merits = st.sampled_from(Merit)
moments = st.integers(0, 400 * DAY_MS)


def after(trust: Trust, days: float) -> int:
    return trust.drifted(Millis(NOW + round(days * DAY_MS))).score


def test_who_is_new_gains_a_point_a_day_up_to_seventy() -> None:
    assert [after(beginning(NOW), one) for one in (0, 0.99, 1, 1.99, 19, 20, 400)] == [
        50,
        50,
        51,
        51,
        69,
        70,
        70,
    ]


def test_more_than_seventy_stays_and_less_than_nothing_is_nothing() -> None:
    assert after(Trust(95, NOW), 30) == 95
    assert Trust(4, NOW).after(Merit.HIT, NOW) == Trust(0, NOW)
    assert Trust(99, NOW).after(Merit.INVITE, NOW).score == 100


def test_days_above_seventy_are_not_made_up_for() -> None:
    """Who falls from there begins to gain again on that day."""
    later = Millis(NOW + 10 * DAY_MS + 5)
    fallen = Trust(72, NOW).after(Merit.HIT, later)
    assert fallen == Trust(62, Millis(NOW + 10 * DAY_MS))
    assert fallen.drifted(Millis(later + DAY_MS)).score == 63


@pytest.mark.parametrize("merit", Merit)
def test_what_each_is_worth(merit: Merit) -> None:
    assert Trust(50, NOW).after(merit, NOW).score == 50 + WORTH[merit]


@given(st.lists(st.tuples(moments, merits), max_size=40), moments)
def test_it_stays_within_bounds_and_drifts_in_any_steps_alike(
    events: list[tuple[int, Merit]], last: int
) -> None:
    trust = beginning(NOW)
    for at, merit in sorted(events, key=lambda one: one[0]):
        trust = trust.after(merit, Millis(NOW + at))
        assert 0 <= trust.score <= 100
    end = Millis(trust.at + last)
    for step in (DAY_MS // 3, DAY_MS, 5 * DAY_MS):
        walked = trust
        for at in range(trust.at, end, step):
            walked = walked.drifted(Millis(at))
        assert walked.drifted(end) == trust.drifted(end)
        assert trust.score <= walked.score <= max(trust.score, DRIFTS_TO)

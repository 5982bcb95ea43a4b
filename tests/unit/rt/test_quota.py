"""How many events a socket may send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.errors import RateLimited
from divan_core.kernel.clock import Millis
from divan_rt.quota import EventQuota


@given(st.lists(st.integers(0, 1500), max_size=300))
def test_no_ten_seconds_hold_more_than_thirty(gaps: list[int]) -> None:
    quota, now = EventQuota(), 0
    arrived: list[int] = []
    admitted: list[int] = []
    for gap in gaps:
        now += gap
        flooded = quota.arrive(Millis(now))
        assert flooded is (sum(at > now - 10_000 for at in arrived) >= 90)
        arrived.append(now)
        fits = sum(at > now - 10_000 for at in admitted) < 30
        if fits:
            quota.admit(Millis(now))
            admitted.append(now)
        else:
            with pytest.raises(RateLimited):
                quota.admit(Millis(now))


def test_a_clock_that_is_set_back_starts_anew() -> None:
    quota = EventQuota()
    for _ in range(30):
        quota.arrive(Millis(100_000))
        quota.admit(Millis(100_000))
    assert not quota.arrive(Millis(99_999))
    quota.admit(Millis(99_999))

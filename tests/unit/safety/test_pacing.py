"""How fast is too fast."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.safety.facts import LEVELS
from divan_core.safety.pacing import ALLOWANCES, REPEAT_MS, Recall, spans_of, velocity

ME = UserId(UUID(int=1))


@pytest.mark.parametrize(
    ("counts", "level"),
    [
        ((0, 0, 0), "none"),
        ((2, 2, 2), "none"),
        ((3, 3, 3), "low"),
        ((5, 5, 5), "medium"),
        ((7, 7, 7), "high"),
        ((0, 14, 14), "low"),
        ((0, 22, 22), "medium"),
        ((0, 29, 29), "high"),
        ((0, 0, 119), "high"),
        ((50, 50, 500), "high"),
    ],
)
def test_the_pace_of_messages(counts: tuple[int, ...], level: str) -> None:
    assert velocity("message", counts) == LEVELS[level]


def test_what_is_not_counted_has_no_pace() -> None:
    assert spans_of("room") == ()
    assert velocity("room", ()) == 0


@given(st.sampled_from(sorted(ALLOWANCES)), st.lists(st.integers(0, 300), min_size=3, max_size=3))
def test_more_is_never_slower(kind: str, counts: list[int]) -> None:
    more = [one + 1 for one in counts]
    assert velocity(kind, counts) <= velocity(kind, more)


def test_how_far_back_is_looked() -> None:
    assert Recall(ME, "room", Millis(0)).longest == REPEAT_MS
    assert Recall(ME, "message", Millis(0), None, spans_of("message")).longest == 3_600_000

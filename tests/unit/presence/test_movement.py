"""Which movements are believed."""

import math

from hypothesis import given
from hypothesis import strategies as st

from divan_core.kernel.clock import Millis
from divan_core.presence.model import Fix, PresenceRecord
from divan_core.presence.movement import judge, plausible

START = 1_000_000


def fix(second: float, east: float, north: float = 0.0, accuracy: float = 5.0) -> Fix:
    return Fix(Millis(START + round(second * 1000)), east, north, accuracy)


def follow(*fixes: Fix) -> list[bool]:
    """Judge one after the other; which were believed."""
    record, believed = PresenceRecord(), []
    for one in fixes:
        verdict = judge(record, one)
        believed.append(verdict.accepted)
        record = PresenceRecord(fixes=verdict.fixes, doubted=verdict.doubted)
    return believed


def test_the_first_fix_is_believed() -> None:
    assert follow(fix(0, 9e3)) == [True]


def test_twelve_metres_a_second_and_both_accuracies_is_the_limit() -> None:
    assert plausible(fix(0, 0), fix(10, 129.999))
    assert not plausible(fix(0, 0), fix(10, 130.001))
    assert plausible(fix(0, 0, accuracy=50), fix(0, 100, accuracy=50))


def test_a_clock_that_goes_back_allows_no_movement() -> None:
    assert plausible(fix(10, 0), fix(0, 10))
    assert not plausible(fix(10, 0), fix(0, 11))


def test_a_jump_is_refused_and_the_way_goes_on() -> None:
    assert follow(fix(0, 0), fix(2, 400), fix(4, 3), fix(6, 5)) == [True, False, True, True]


def test_fixes_that_agree_for_five_seconds_are_believed() -> None:
    assert follow(fix(0, 0), fix(2, 400), fix(4, 402), fix(6.9, 404), fix(7, 405)) == [
        True,
        False,
        False,
        False,
        True,
    ]


def test_every_cadence_lets_somebody_back_in_within_ten_seconds() -> None:
    for gap in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10):
        fixes = [fix(gap * count, 600.0) for count in range(1, 20)]
        believed = follow(fix(0, 0), *fixes)
        first = believed.index(True, 1)
        assert (first - 1) * gap <= 10


def test_fixes_that_disagree_are_never_believed() -> None:
    jumps = [fix(1 + second, 500.0 + 300 * (second % 2)) for second in range(12)]
    assert not any(follow(fix(0, 0), *jumps)[1:])


def test_a_kilometre_takes_thirty_seconds_whatever_agrees() -> None:
    fixes = [fix(second, 1500.0) for second in range(1, 40)]
    believed = follow(fix(0, 0), *fixes)
    assert believed.index(True, 1) == 31


def test_what_was_ninety_seconds_ago_does_not_count() -> None:
    assert follow(fix(0, 0), fix(89.999, 3000)) == [True, False]
    assert follow(fix(0, 0), fix(90, 3000)) == [True, True]


def test_doubts_older_than_ninety_seconds_do_not_count() -> None:
    before = PresenceRecord(fixes=(fix(0, 0), fix(60, 0)), doubted=(fix(1, 900),))
    verdict = judge(before, fix(92, 900))
    assert not verdict.accepted
    assert verdict.doubted == (fix(92, 900),)


@given(
    st.lists(
        st.tuples(st.floats(0.5, 30), st.floats(-1, 1), st.floats(-1, 1)), min_size=1, max_size=60
    )
)
def test_a_walker_is_always_believed_and_little_is_kept(
    steps: list[tuple[float, float, float]],
) -> None:
    second = east = north = 0.0
    record = PresenceRecord()
    for gap, x, y in steps:
        second, east, north = second + gap, east + 8 * gap * x, north + 8 * gap * y
        verdict = judge(record, fix(second, east, north))
        assert verdict.accepted
        assert len(verdict.fixes) <= 5
        assert verdict.fixes[-1] == fix(second, east, north)
        record = PresenceRecord(fixes=verdict.fixes)


@given(st.floats(0, math.tau), st.floats(300, 5000))
def test_a_teleport_is_refused(bearing: float, away: float) -> None:
    there = fix(5, away * math.cos(bearing), away * math.sin(bearing), accuracy=30)
    assert follow(fix(0, 0, accuracy=30), there) == [True, False]

"""The simulation of walkers: seeded, at human speed, with rests."""

import math

import pytest

from divan_cli.demo.plan import invented_plan
from divan_cli.demo.walkers import FASTEST_M_S, SLOWEST_M_S, Crowd, Standing

PLAN = invented_plan()
PEOPLE = 60


@pytest.fixture
def crowd() -> Crowd:
    return Crowd(PLAN, PEOPLE, seed=1)


def steps(crowd: Crowd, seconds: int) -> list[list[float]]:
    """How far each walks in each second."""
    moved = []
    for _ in range(seconds):
        before = crowd.places()
        crowd.advance(1)
        moved.append([math.dist(*pair) for pair in zip(before, crowd.places(), strict=True)])
    return moved


def test_the_same_seed_gives_the_same_walks(crowd: Crowd) -> None:
    twin, other = Crowd(PLAN, PEOPLE, seed=1), Crowd(PLAN, PEOPLE, seed=2)
    for one in (crowd, twin, other):
        one.advance(300)
    assert crowd.places() == twin.places()
    assert crowd.places() != other.places()


def test_how_often_time_is_told_changes_nothing(crowd: Crowd) -> None:
    once = Crowd(PLAN, PEOPLE, seed=1)
    once.advance(600)
    for _ in range(600):
        crowd.advance(1)
    for one, other in zip(crowd.places(), once.places(), strict=True):
        assert one == pytest.approx(other, abs=1e-6)


def test_a_larger_crowd_is_a_smaller_one_and_more(crowd: Crowd) -> None:
    larger = Crowd(PLAN, PEOPLE + 10, seed=1)
    larger.advance(200)
    crowd.advance(200)
    assert larger.places()[:PEOPLE] == crowd.places()


def test_nobody_is_faster_than_a_brisk_walk(crowd: Crowd) -> None:
    assert max(map(max, steps(crowd, 300))) <= FASTEST_M_S + 1e-9


def test_straight_on_nobody_is_slower_than_a_stroll(crowd: Crowd) -> None:
    for person in zip(*steps(crowd, 120), strict=True):
        walking = [step for step in person if step > 0]
        assert not walking or max(walking) >= SLOWEST_M_S - 1e-9


def test_some_walk_while_others_rest_and_everybody_gets_somewhere(crowd: Crowd) -> None:
    moved = steps(crowd, 900)
    resting = [sum(step == 0 for step in second) / PEOPLE for second in moved]
    assert 0.1 < min(resting) < max(resting) < 0.7
    assert all(sum(person) > 100 for person in zip(*moved, strict=True))


def test_everybody_stays_on_campus(crowd: Crowd) -> None:
    reach = max(math.hypot(*corner) for corner in PLAN.ground)
    for _ in range(60):
        crowd.advance(30)
        assert max(math.hypot(*place) for place in crowd.places()) < reach


def test_who_stands_stays() -> None:
    standing = Standing(((1, 2), (3, 4)))
    standing.advance(1000)
    assert standing.places() == ((1, 2), (3, 4))

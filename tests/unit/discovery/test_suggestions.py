"""Scores of suggestions, and walks through them."""

import math
from uuid import UUID

import attrs
from hypothesis import given
from hypothesis import strategies as st

from divan_core.discovery import policy
from divan_core.discovery.lineup import lineup, visible
from divan_core.discovery.ports import Near, Signals
from divan_core.discovery.walk import Place, Ranked, Walk, close, place
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import PersonCard, Relations, Standing, Visibility

NOW = Millis(1_790_000_000_000)
DAY_MS = 86_400_000
CAMPUS = CampusId(UUID(int=7))
ME = Actor(UserId(UUID(int=1)), CAMPUS)

MOMENTS = st.one_of(
    st.just(0),
    st.integers(NOW - DAY_MS - 5, NOW + 5),
    st.sampled_from([NOW - DAY_MS, NOW - DAY_MS + 1, NOW - 1, NOW, NOW + 60_000]),
)
PERSON = st.tuples(st.integers(0, 4), MOMENTS, st.booleans())
"""Mutual friends, when last heard, and whether near."""


def card(number: int, **more: object) -> PersonCard:
    """Somebody of the campus."""
    return PersonCard(UserId(UUID(int=number)), CAMPUS, f"person{number}", "X", **more)  # type: ignore[arg-type]


def score(mutual: int, heard: int, *, near: bool) -> float:
    """The formula, word by word."""
    recency = min(1.0, max(0.0, 1 - (NOW - heard) / DAY_MS)) if heard else 0.0
    return 0.6 * math.log(1 + mutual) + 0.3 * recency + 0.1 * near


@given(st.lists(PERSON, max_size=30))
def test_scores_are_those_of_the_formula(people: list[tuple[int, int, bool]]) -> None:
    acquainted = [policy.acquaintance(mutual) for mutual, _, _ in people]
    scores = policy.suggestion_scores(acquainted, [heard for _, heard, _ in people], NOW)
    assert len(scores) == len(people)
    for found, (mutual, heard, _) in zip(scores, people, strict=True):
        assert math.isclose(found, score(mutual, heard, near=False), abs_tol=1e-9)


def test_mutual_friends_come_before_nearness_and_nearness_before_recency() -> None:
    """However little speaks for the one and how much for the other: pages are built on it."""
    (unknown,) = policy.suggestion_scores([policy.acquaintance(0)], [NOW], NOW)
    (live,) = policy.suggestion_scores([policy.acquaintance(0)], [NOW - 90_000], NOW)
    (known,) = policy.suggestion_scores([policy.acquaintance(1)], [0], NOW)
    assert known == policy.LEAST_KNOWN > unknown + policy.NEAR
    assert live + policy.NEAR > unknown == policy.MOST_UNSEEN


@given(st.integers(NOW - DAY_MS + 1, NOW + 1000))
def test_a_score_tells_when_somebody_was_heard_at_the_latest(heard: int) -> None:
    (found,) = policy.suggestion_scores([0.0], [heard], NOW)
    latest = policy.heard_at_most(found, NOW)
    if heard >= NOW:
        assert latest is None
    else:
        assert latest is None or heard <= latest <= heard + 3


@given(st.lists(PERSON, max_size=40), st.integers(1, 9))
def test_pages_tell_everybody_once_in_order(people: list[tuple[int, int, bool]], size: int) -> None:
    """By score, then by id, wherever pages end, many of the same score too."""
    rows = dict(enumerate(people, 100))
    given_rows = lineup([card(number) for number in rows], {n: row[0] for n, row in rows.items()})
    heard = [row[1] for row in rows.values()]
    near = {number for number, row in rows.items() if row[2]}
    met: list[Ranked] = []
    walk = Walk(ME, NOW, NOW, None, size)
    while page := walk.first(given_rows, heard, near):
        assert len(page) <= size
        met += page
        walk = attrs.evolve(walk, after=place(walk.place_of(page[-1]).packed()))
    assert sorted(number for _, number, _, _ in met) == list(rows)
    assert met == sorted(met)
    for minus, number, shown, mutual in met:
        row = rows[number]
        assert math.isclose(-minus, score(row[0], row[1], near=row[2]), abs_tol=1e-9)
        assert (shown.user_id.int, mutual) == (number, row[0])


@given(
    st.integers(0, 2**52),
    st.floats(0, 10, allow_nan=False),
    st.integers(0, 2**128 - 1),
)
def test_a_place_fits_into_a_cursor(moment: int, at: float, number: int) -> None:
    given_place = Place(Millis(moment), at, number)
    assert len(given_place.packed()) <= 64
    assert place(given_place.packed()) == given_place


def test_a_cell_finer_than_its_person_wants_is_not_near() -> None:
    """It is from before a change of privacy that is still under way."""
    people = [card(2, blur_distance_m=50), card(3, blur_distance_m=50), card(4)]
    near = [Near(one.user_id, size, 0) for one, size in zip(people, (25, 50, 25), strict=True)]
    assert close(lineup(people, {}), Signals([], near)) == {3, 4}


def test_whoever_may_not_be_seen_is_left_out() -> None:
    friend, enemy, elsewhere = (
        card(2),
        card(3),
        attrs.evolve(card(4), campus_id=CampusId(ME.user_id)),
    )
    hidden = [
        card(5, ghost_mode=True),
        card(6, visibility=Visibility.FRIENDS),
        card(7, visibility=Visibility.NONE),
        card(8, standing=Standing.SHADOWED),
        card(9, standing=Standing.BANNED),
        card(10, standing=Standing.DELETED),
    ]
    relations = Relations(frozenset({friend.user_id}), frozenset({enemy.user_id}))
    shown = card(11)
    cards = [None, card(1), friend, enemy, elsewhere, *hidden, shown]
    assert visible(ME, relations, cards) == [shown]

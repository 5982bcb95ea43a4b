"""The life of an activity, whatever its game."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.activities import policy, views
from divan_core.activities.games.game import (
    Json,
    Outcome,
    RoundClosed,
    RoundOpened,
    Setting,
    Silent,
    Standing,
    Step,
    Turn,
)
from divan_core.activities.model import IDLE_MS, Activity, ActivityId, Meeting, Stage
from divan_core.errors import (
    ActivityOver,
    ActivityStarted,
    DivanError,
    NotFound,
    NotFriends,
    NotStarted,
)
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import PersonCard, Relations, Visibility
from divan_core.kernel.visibility import Standing as Stands

HERE, ELSEWHERE = CampusId(UUID(int=1)), CampusId(UUID(int=2))
ANA, BEN, CLEO = (UserId(UUID(int=number)) for number in (10, 11, 12))
MATCH = ActivityId(UUID(int=7))
ROUND_MS = 60_000


@attrs.frozen
class CountOptions:
    """How many rounds."""

    rounds: int = 2


@attrs.frozen
class CountState:
    """The open round, and until when."""

    players: tuple[UserId, UserId]
    rounds: int
    closes_at: Millis
    round: int = 1
    points: int = 0


@attrs.frozen
class Point:
    """Take a point, which closes the round."""

    activity_id: ActivityId


class Count(Silent):
    """Whoever asked gets a point in every round that is not missed."""

    kind = "count"
    options = CountOptions
    state = CountState
    moves = {"point": Point}  # noqa: RUF012 - of a test

    def begin(self, setting: Setting[CountOptions]) -> Step[CountState]:
        closes_at = Millis(setting.at + ROUND_MS)
        state = CountState(setting.players, setting.options.rounds, closes_at)
        return Step(state, (RoundOpened(1, setting.at, closes_at),))

    def apply(self, state: CountState, turn: Turn) -> Step[CountState]:
        return self._next(attrs.evolve(state, points=state.points + 1), turn.at)

    def deadline(self, state: CountState) -> Millis | None:
        return state.closes_at

    def expire(self, state: CountState, now: Millis) -> Step[CountState]:
        return self._next(state, now)

    def standing(self, state: CountState) -> Standing:
        return Standing(state.round, {state.players[0]: state.points, state.players[1]: 0})

    def view(self, state: CountState, viewer: UserId, now: Millis) -> Json:
        return {"you": str(viewer), "points": state.points, "now": now}

    def _next(self, state: CountState, now: Millis) -> Step[CountState]:
        closed = RoundClosed(state.round, state.players[0] if state.points else None)
        if state.round == state.rounds:
            outcome = Outcome(state.players[0] if state.points else None, not state.points)
            return Step(state, (closed,), outcome)
        closes_at = Millis(now + ROUND_MS)
        after = attrs.evolve(state, round=state.round + 1, closes_at=closes_at)
        return Step(after, (closed, RoundOpened(after.round, now, closes_at)))


GAME = Count()


def lobby(**changes: Any) -> Activity:
    made: dict[str, Any] = {
        "id": MATCH,
        "campus_id": HERE,
        "kind": "count",
        "players": (ANA, BEN),
        "options": b'{"rounds":2}',
        "seed": bytes(32),
        "created_at": Millis(0),
        "moved_at": Millis(0),
        "due_at": Millis(IDLE_MS),
    }
    return Activity(**made | changes)


def begun(**changes: Any) -> Activity:
    return policy.after_start(lobby(**changes), GAME, Millis(0)).activity


def turn(at: int = 1) -> Turn:
    return Turn(ANA, Point(MATCH), Millis(at))


def card(**changes: Any) -> PersonCard:
    return PersonCard(BEN, changes.pop("campus_id", HERE), "ben", "Ben", **changes)


def test_it_goes_from_lobby_to_completion() -> None:
    change = policy.after_start(lobby(), GAME, Millis(5))
    active = change.activity
    assert (active.stage, active.round, active.started_at) == (Stage.ACTIVE, 1, 5)
    assert (active.due_at, active.version) == (5 + ROUND_MS, 2)
    moved = policy.after_move(active, GAME, turn(6)).activity
    assert (moved.round, moved.moved_at, moved.scores) == (2, 6, {ANA: 1, BEN: 0})
    over = policy.after_move(moved, GAME, turn(7))
    assert (over.activity.stage, over.activity.winner_id) == (Stage.COMPLETED, ANA)
    assert (over.activity.ended_at, over.activity.due_at) == (7, None)
    assert policy.has_completed(over)
    assert not policy.has_completed(change)


def test_starting_and_cancelling_again_change_nothing() -> None:
    active = begun()
    assert not policy.after_start(active, GAME, Millis(9)).is_one
    cancelled = policy.after_cancel(active, GAME, Millis(9)).activity
    assert (cancelled.stage, cancelled.ended_at) == (Stage.CANCELLED, 9)
    assert not policy.after_cancel(cancelled, GAME, Millis(10)).is_one


@pytest.mark.parametrize(
    "act",
    [
        lambda over: policy.after_start(over, GAME, Millis(9)),
        lambda over: policy.after_seed(over, CountOptions(), bytes(32), Millis(9)),
        lambda over: policy.after_move(over, GAME, turn(9)),
        lambda over: policy.after_cancel(over, GAME, Millis(9)),
    ],
    ids=["start", "seed", "move", "cancel"],
)
def test_nothing_is_done_in_what_is_over(act: Callable[[Activity], object]) -> None:
    for stage in (Stage.COMPLETED, Stage.EXPIRED):
        with pytest.raises(ActivityOver):
            act(lobby(stage=stage, due_at=None))


def test_only_a_lobby_is_drawn_anew() -> None:
    change = policy.after_seed(lobby(), CountOptions(3), b"s" * 32, Millis(9))
    seeded = change.activity
    assert (seeded.options, seeded.seed) == (b'{"rounds":3}', b"s" * 32)
    assert (seeded.due_at, seeded.version) == (9 + IDLE_MS, 2)
    with pytest.raises(ActivityStarted):
        policy.after_seed(begun(), CountOptions(), bytes(32), Millis(9))
    with pytest.raises(NotStarted):
        policy.after_move(lobby(), GAME, turn())


def test_what_is_due_happens_before_a_move() -> None:
    change = policy.after_move(begun(), GAME, turn(ROUND_MS))
    assert change.activity.stage is Stage.COMPLETED
    assert [type(one) for one in change.told] == [RoundClosed, RoundOpened, RoundClosed]
    assert change.activity.version == 3
    twice = policy.settled(begun(), GAME, Millis(ROUND_MS)).activity
    with pytest.raises(ActivityOver):
        policy.after_move(twice, GAME, turn(2 * ROUND_MS))


def test_a_game_that_nobody_played_has_expired() -> None:
    after = policy.settled(begun(), GAME, Millis(ROUND_MS)).activity
    change = policy.settled(after, GAME, Millis(2 * ROUND_MS))
    assert (change.activity.stage, change.activity.winner_id) == (Stage.EXPIRED, None)
    assert not policy.has_completed(change)


@pytest.mark.parametrize("game", [GAME, None])
def test_idleness_ends_it(game: Count | None) -> None:
    for idle in (lobby(), begun(options=b'{"rounds":99}')):
        before = policy.settled(idle, game, Millis(IDLE_MS - 1)).activity
        assert before.is_open
        over = policy.settled(idle, game, Millis(IDLE_MS)).activity
        assert (over.stage, over.ended_at) == (Stage.EXPIRED, IDLE_MS)
        assert not policy.settled(over, game, Millis(2 * IDLE_MS)).is_one


def test_a_deadline_before_idleness_counts_however_late_it_is_noticed() -> None:
    moved = policy.after_move(begun(), GAME, turn(1)).activity
    over = policy.settled(moved, GAME, Millis(2 * IDLE_MS)).activity
    assert (over.stage, over.winner_id) == (Stage.COMPLETED, ANA)


def test_a_broken_game_expires() -> None:
    over = policy.abandoned(begun(), Millis(9)).activity
    assert (over.stage, over.ended_at, over.due_at) == (Stage.EXPIRED, 9, None)


@pytest.mark.parametrize(
    ("relations", "person", "refusal"),
    [
        (Relations(frozenset({BEN})), card(), None),
        (Relations(frozenset({BEN})), card(ghost_mode=True), None),
        (Relations(frozenset({BEN})), card(standing=Stands.BANNED), NotFound),
        (Relations(frozenset({BEN}), frozenset({BEN})), card(), NotFound),
        (Relations(), card(), NotFriends),
        (Relations(), card(visibility=Visibility.FRIENDS), NotFound),
        (Relations(), card(campus_id=ELSEWHERE), NotFound),
        (Relations(), None, NotFound),
    ],
)
def test_friends_are_asked_and_nobody_else(
    relations: Relations, person: PersonCard | None, refusal: type[DivanError] | None
) -> None:
    if refusal is None:
        policy.check_peer(ANA, HERE, relations, person)
    else:
        with pytest.raises(refusal):
            policy.check_peer(ANA, HERE, relations, person)


def test_whoever_plays_is_there_until_a_block() -> None:
    hidden = card(visibility=Visibility.NONE, ghost_mode=True)
    assert policy.is_there(ANA, HERE, Relations(), hidden)
    assert not policy.is_there(ANA, HERE, Relations(blocked=frozenset({BEN})), hidden)
    assert not policy.is_there(ANA, HERE, Relations(), card(standing=Stands.DELETED))
    assert not policy.is_there(ANA, ELSEWHERE, Relations(), hidden)
    assert not policy.is_there(ANA, HERE, Relations(), None)


def test_friends_begin_and_others_go_on() -> None:
    policy.check_start(lobby(), BEN, Relations(frozenset({ANA})))
    policy.check_start(begun(), BEN, Relations())
    with pytest.raises(NotFriends):
        policy.check_start(lobby(), BEN, Relations())


def test_who_may_know_of_it() -> None:
    assert [lobby().is_of(one) for one in (ANA, BEN, CLEO)] == [True, True, False]
    shadowed = lobby(shadowed=True)
    assert [shadowed.is_of(one) for one in (ANA, BEN, CLEO)] == [True, False, False]
    assert (lobby().peer_of(ANA), lobby().peer_of(BEN)) == (BEN, ANA)
    assert Meeting.of((BEN, ANA), "x") == Meeting.of((ANA, BEN), "x") == Meeting(ANA, BEN, "x")
    assert policy.lock_of(Meeting(ANA, BEN, "x")) == f"activities:{ANA}:{BEN}"


def names(change: policy.Change) -> list[str]:
    return [one["name"] for one in views.changed_data(change)["notices"]]


def test_what_is_told() -> None:
    assert names(policy.Change(None, lobby())) == ["activity:update"]
    change = policy.after_start(lobby(), GAME, Millis(5))
    assert names(change) == ["activity:round", "activity:update"]
    moved = policy.after_move(change.activity, GAME, turn(6))
    rounds = ["activity:round", "activity:round"]
    assert names(moved) == [*rounds, "activity:score", "activity:update"]
    over = policy.after_move(moved.activity, GAME, turn(7))
    expected = ["activity:round", "activity:score", "activity:update", "activity:ended"]
    assert names(over) == expected
    assert views.changed_data(over)["people"] == [str(ANA), str(BEN)]
    alone = policy.after_start(lobby(shadowed=True), GAME, Millis(5))
    assert views.changed_data(alone)["people"] == [str(ANA)]


def test_deadlines_are_told_and_idleness_is_not() -> None:
    assert views.changed_data(policy.Change(None, lobby()))["deadline"] is None
    change = policy.after_start(lobby(), GAME, Millis(5))
    assert views.changed_data(change)["deadline"] == 5 + ROUND_MS
    over = policy.after_cancel(change.activity, GAME, Millis(6))
    assert views.changed_data(over)["deadline"] is None


def test_a_view_is_its_viewers() -> None:
    shown = views.view_of(begun(), GAME, BEN, Millis(9))
    assert shown.game == {"you": str(BEN), "points": 0, "now": 9}
    assert views.view_of(begun(), None, BEN, Millis(9)).game is None


MOVES = st.lists(
    st.tuples(st.sampled_from(["start", "move", "cancel", "look"]), st.integers(0, IDLE_MS)),
    max_size=30,
)


@given(MOVES)
def test_no_course_of_things_breaks_a_life(course: list[tuple[str, int]]) -> None:
    acts: dict[str, Callable[[Activity, Millis], policy.Change]] = {
        "start": lambda one, now: policy.after_start(one, GAME, now),
        "move": lambda one, now: policy.after_move(one, GAME, Turn(BEN, Point(MATCH), now)),
        "cancel": lambda one, now: policy.after_cancel(one, GAME, now),
        "look": lambda one, now: policy.settled(one, GAME, now),
    }
    activity, now = lobby(), Millis(0)
    for name, delay in course:
        now = Millis(now + delay)
        try:
            change = acts[name](activity, now)
        except DivanError:
            continue
        after = change.activity
        assert after.version == activity.version + change.is_one
        assert (after.due_at is None) == (not after.is_open) == (after.ended_at is not None)
        assert not after.due(now)
        assert activity.is_open or after == activity
        assert after.winner_id is None or after.stage is Stage.COMPLETED
        activity = after

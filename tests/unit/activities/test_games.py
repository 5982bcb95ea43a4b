"""What all games stand on: chance, the registry, and options and moves out of JSON."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.activities.games.draws import Draws
from divan_core.activities.games.game import Step, settle
from divan_core.activities.games.registry import Games, read_move, read_options
from divan_core.activities.games.rps import Commit, RockPaperScissors, RpsOptions, RpsState
from divan_core.activities.model import ActivityId
from divan_core.errors import ConfigurationError, NotFound, ValidationFailed
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId

GAME = RockPaperScissors()
MATCH = ActivityId(UUID(int=7))
COMMITMENT = "0" * 64


@given(st.binary(min_size=16, max_size=64), st.lists(st.integers(1, 2**64), max_size=20))
def test_draws_follow_from_the_seed(seed: bytes, bounds: list[int]) -> None:
    one, other = Draws(seed), Draws(seed)
    drawn = [one.below(bound) for bound in bounds]
    assert drawn == [other.below(bound) for bound in bounds]
    assert all(0 <= number < bound for number, bound in zip(drawn, bounds, strict=True))


def test_draws_are_even() -> None:
    draws = Draws(b"a seed of 16 bytes")
    counted = Counter(draws.below(3) for _ in range(3000))
    assert all(900 < counted[number] < 1100 for number in range(3))


def test_draws_that_would_not_be_fair_are_drawn_again() -> None:
    bound = 2**63 + 1  # of which nearly half of all numbers are over
    draws = Draws(b"a seed of 16 bytes")
    assert all(draws.below(bound) < bound for _ in range(50))


@given(st.binary(min_size=16, max_size=16), st.integers(0, 12))
def test_what_is_picked_is_different(seed: bytes, count: int) -> None:
    picked = Draws(seed).pick(range(10), count)
    assert len(set(picked)) == len(picked) == min(count, 10)


def test_games_are_found_by_kind_and_by_move() -> None:
    games = Games([GAME])
    assert games.get("rps") is GAME
    assert games.of_move(Commit(MATCH, 1, COMMITMENT)).operation == "activities.rps.commit"
    with pytest.raises(ValidationFailed):
        games.get("chess")
    assert games.find("chess") is None
    with pytest.raises(TypeError):
        games.of_move("rock")


def test_two_games_of_one_kind_are_refused() -> None:
    with pytest.raises(ConfigurationError):
        Games([GAME, GAME])


def test_moves_are_of_one_game_and_of_an_activity() -> None:
    class Twin:
        kind = "twin"
        moves = GAME.moves

    class Nowhere:
        kind = "nowhere"
        moves: ClassVar = {"sleep": RpsOptions}

    for other in (Twin(), Nowhere()):
        games: Any = [GAME, other]
        with pytest.raises(ConfigurationError, match=other.kind):
            Games(games)


@pytest.mark.parametrize("best_of", [0, 2, 11, "3", None])
def test_every_fault_of_options_has_its_path(best_of: Any) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        read_options(GAME, {"best_of": best_of})
    assert [fault.path for fault in refusal.value.errors] == ["$.options.best_of"]


@pytest.mark.parametrize("given_", [{}, {"best_of": 3}, {"unknown": 1}])
def test_options_have_defaults(given_: Mapping[str, Any]) -> None:
    assert read_options(GAME, given_) == RpsOptions(3)


def test_moves_are_read_and_checked() -> None:
    given_ = {"round": 1, "commitment": COMMITMENT}
    assert read_move(GAME, "commit", MATCH, given_) == Commit(MATCH, 1, COMMITMENT)
    with pytest.raises(ValidationFailed) as refusal:
        read_move(GAME, "commit", MATCH, {"round": 0, "commitment": "no"})
    assert [fault.path for fault in refusal.value.errors] == ["$.body.round", "$.body.commitment"]
    with pytest.raises(NotFound):
        read_move(GAME, "castle", MATCH, given_)


def test_a_game_that_does_not_get_on_is_found_out() -> None:
    class Stuck(RockPaperScissors):
        def expire(self, state: RpsState, now: Millis) -> Step[RpsState]:  # noqa: ARG002
            return Step(state)

    people = UserId(UUID(int=10)), UserId(UUID(int=11))
    state = RpsState(MATCH, people, 3, 1, Millis(0), reveal_by=Millis(5))
    with pytest.raises(RuntimeError, match="deadline"):
        settle(Stuck(), state, Millis(6))

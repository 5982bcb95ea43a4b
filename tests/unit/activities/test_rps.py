"""Rock-paper-scissors: what the rules promise, whatever the players do."""

from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.activities.games.draws import Draws
from divan_core.activities.games.game import RoundClosed, RoundOpened, Setting, Step, Turn, settle
from divan_core.activities.games.registry import read_move
from divan_core.activities.games.rps import (
    MOST_ROUNDS,
    REVEAL_MS,
    Choice,
    Commit,
    Reveal,
    RockPaperScissors,
    RpsOptions,
    RpsState,
    commitment_of,
)
from divan_core.activities.model import ActivityId
from divan_core.codec.reader import decode, encode
from divan_core.errors import (
    ActivityOver,
    AlreadyMoved,
    CommitmentMismatch,
    DivanError,
    NotYet,
    RoundOver,
    ValidationFailed,
)
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId

ANA, BEN = UserId(UUID(int=10)), UserId(UUID(int=11))
MATCH = ActivityId(UUID(int=7))
NONCE = "0123456789abcdef0123456789abcdef"
GAME = RockPaperScissors()
BEST_OF_THREE = RpsOptions()


def begun(options: RpsOptions = BEST_OF_THREE) -> Step[RpsState]:
    return GAME.begin(Setting(MATCH, (ANA, BEN), options, Millis(1000), Draws(bytes(16))))


def reveal(round_: int, choice: Choice, nonce: str = NONCE) -> Reveal:
    return Reveal(MATCH, round_, choice, nonce)


def commit(player: UserId, shown: Reveal) -> Commit:
    return Commit(MATCH, shown.round, commitment_of(shown, player))


def played(state: RpsState, ana: Choice, ben: Choice, at: int = 2000) -> Step[RpsState]:
    """The round, as both play it honestly."""
    shown = {ANA: reveal(state.round, ana), BEN: reveal(state.round, ben)}
    step = Step(state)
    for player in (ANA, BEN):
        step = GAME.apply(step.state, Turn(player, commit(player, shown[player]), Millis(at)))
    for player in (BEN, ANA):
        step = GAME.apply(step.state, Turn(player, shown[player], Millis(at)))
    return step


def test_a_match_goes_to_whoever_wins_more_than_half() -> None:
    step = played(begun().state, "rock", "scissors")
    assert [type(one) for one in step.told] == [RoundClosed, RoundOpened]
    step = played(step.state, "paper", "paper")
    assert GAME.standing(step.state).scores == {ANA: 1, BEN: 0}
    step = played(step.state, "paper", "rock")
    assert step.outcome is not None
    assert step.outcome.winner_id == ANA


def test_a_commitment_is_good_for_its_own_player_round_and_match() -> None:
    state = begun().state
    mine = reveal(1, "rock")
    copied = commit(ANA, mine)
    for player in (ANA, BEN):
        state = GAME.apply(state, Turn(player, copied, Millis(2000))).state
    with pytest.raises(CommitmentMismatch):
        GAME.apply(state, Turn(BEN, mine, Millis(2000)))
    assert GAME.apply(state, Turn(ANA, mine, Millis(2000))).state.choices == {ANA: "rock"}


def test_whoever_does_not_reveal_in_time_loses_the_round() -> None:
    state = begun().state
    for player in (ANA, BEN):
        state = GAME.apply(state, Turn(player, commit(player, reveal(1, "rock")), Millis(5))).state
    state = GAME.apply(state, Turn(BEN, reveal(1, "rock"), Millis(6))).state
    assert settle(GAME, state, Millis(5 + REVEAL_MS - 1)).state == state
    step = settle(GAME, state, Millis(5 + REVEAL_MS))
    assert GAME.standing(step.state).scores == {ANA: 0, BEN: 1}
    assert step.state.round == 2
    with pytest.raises(RoundOver):
        GAME.apply(step.state, Turn(ANA, reveal(1, "rock"), Millis(5 + REVEAL_MS)))


def test_moves_are_made_once_and_in_order() -> None:
    state = begun().state
    shown = reveal(1, "rock")
    with pytest.raises(NotYet):
        GAME.apply(state, Turn(ANA, commit(ANA, reveal(2, "rock")), Millis(5)))
    state = GAME.apply(state, Turn(ANA, commit(ANA, shown), Millis(5))).state
    with pytest.raises(AlreadyMoved):
        GAME.apply(state, Turn(ANA, commit(ANA, reveal(1, "paper")), Millis(6)))
    with pytest.raises(NotYet):
        GAME.apply(state, Turn(ANA, shown, Millis(6)))


def test_a_choice_is_hidden_from_the_other_until_the_round_is_over() -> None:
    state = begun().state
    for player in (ANA, BEN):
        state = GAME.apply(state, Turn(player, commit(player, reveal(1, "rock")), Millis(5))).state
    state = GAME.apply(state, Turn(ANA, reveal(1, "rock"), Millis(6))).state
    assert GAME.view(state, ANA, Millis(6))["choice"] == "rock"
    assert "rock" not in str(GAME.view(state, BEN, Millis(6)))
    assert NONCE not in encode(state).decode()


def _honest(player: UserId, choice: Choice) -> Callable[[RpsState], Turn]:
    def move(state: RpsState) -> Turn:
        shown = reveal(state.round, choice)
        made = shown if player in state.commitments else commit(player, shown)
        return Turn(player, made, state.opened_at)

    return move


PLAYERS = st.sampled_from((ANA, BEN))
CHOICES = st.sampled_from(("rock", "paper", "scissors"))
MOVES = st.builds(_honest, PLAYERS, CHOICES)


@given(
    options=st.builds(RpsOptions, st.sampled_from((1, 3, 5))),
    moves=st.lists(st.tuples(MOVES, st.integers(0, 20_000)), max_size=60),
)
def test_no_course_of_moves_and_delays_breaks_a_match(
    options: RpsOptions, moves: list[tuple[Callable[[RpsState], Turn], int]]
) -> None:
    now, step = Millis(1000), begun(options)
    for make, delay in moves:
        now = Millis(now + delay)
        step = settle(GAME, step.state, now)
        if step.outcome is not None:
            break
        turn = make(step.state)
        try:
            step = GAME.apply(step.state, Turn(turn.player, turn.move, now))
        except DivanError:
            continue
        state = step.state
        assert decode(encode(state), RpsState) == state
        assert state.wins(ANA) + state.wins(BEN) <= len(state.past) == state.round - 1 + state.over
        assert (state.reveal_by is None) == (len(state.commitments) < 2)
        assert max(state.wins(ANA), state.wins(BEN)) <= options.best_of // 2 + 1
        if step.outcome is not None:
            break


def drawn_to(state: RpsState, rounds: int) -> Step[RpsState]:
    """Play equal choices until so many rounds are over."""
    step = Step(state)
    while len(step.state.past) < rounds:
        step = played(step.state, "rock", "rock")
    return step


def test_a_match_that_is_always_drawn_ends_without_a_winner() -> None:
    step = drawn_to(begun().state, MOST_ROUNDS - 1)
    assert step.outcome is None
    step = played(step.state, "rock", "rock")
    assert step.outcome is not None
    assert (step.outcome.winner_id, step.outcome.abandoned) == (None, False)


def test_whoever_leads_after_all_rounds_has_won() -> None:
    step = drawn_to(played(begun().state, "rock", "paper").state, MOST_ROUNDS)
    assert step.outcome is not None
    assert step.outcome.winner_id == BEN


def committed(state: RpsState) -> RpsState:
    for player in (ANA, BEN):
        mine = commit(player, reveal(state.round, "rock"))
        state = GAME.apply(state, Turn(player, mine, Millis(5))).state
    return state


def test_a_match_in_which_nobody_ever_reveals_counts_for_nobody() -> None:
    step = begun()
    while step.outcome is None:
        step = settle(GAME, committed(step.state), Millis(5 + REVEAL_MS))
    assert len(step.state.past) == MOST_ROUNDS
    assert step.outcome.abandoned
    assert GAME.texts(step.state) == ()


def test_a_commitment_that_never_comes_is_left_to_idleness() -> None:
    state = begun().state
    assert GAME.deadline(state) is None
    state = GAME.apply(state, Turn(ANA, commit(ANA, reveal(1, "rock")), Millis(5))).state
    assert GAME.deadline(state) is None


def test_no_move_comes_after_the_end() -> None:
    state = played(begun(RpsOptions(1)).state, "rock", "scissors").state
    for late in (commit(ANA, reveal(1, "rock")), reveal(1, "rock"), reveal(2, "rock")):
        with pytest.raises(ActivityOver):
            GAME.apply(state, Turn(ANA, late, Millis(9000)))


def test_neither_round_nor_match_of_another_commitment_is_accepted() -> None:
    elsewhere = ActivityId(UUID(int=8))
    for stale in (Reveal(elsewhere, 1, "rock", NONCE), Reveal(MATCH, 2, "rock", NONCE)):
        replayed = Commit(MATCH, 1, commitment_of(stale, ANA))
        state = GAME.apply(begun().state, Turn(ANA, replayed, Millis(5))).state
        mine = commit(BEN, reveal(1, "paper"))
        state = GAME.apply(state, Turn(BEN, mine, Millis(5))).state
        with pytest.raises(CommitmentMismatch):
            GAME.apply(state, Turn(ANA, reveal(1, "rock"), Millis(6)))


@pytest.mark.parametrize("nonce", [NONCE[1:], NONCE[1:] + "g", "0" * 257])
def test_a_nonce_has_at_least_128_bits(nonce: str) -> None:
    with pytest.raises(ValidationFailed):
        read_move(GAME, "reveal", MATCH, {"round": 1, "choice": "rock", "nonce": nonce})


@pytest.mark.parametrize("commitment", ["0" * 63, "0" * 65, "A" * 64, "0" * 64 + "\n"])
def test_a_commitment_is_a_lower_case_hash(commitment: str) -> None:
    with pytest.raises(ValidationFailed):
        read_move(GAME, "commit", MATCH, {"round": 1, "commitment": commitment})

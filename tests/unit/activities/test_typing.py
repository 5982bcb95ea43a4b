"""The typing duel: measures, the clock, and what pasting looks like."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.activities.games.draws import Draws
from divan_core.activities.games.game import RoundClosed, RoundOpened, Setting, Step, Turn, settle
from divan_core.activities.games.prompts import LONGEST, fitting, prompts
from divan_core.activities.games.typing import (
    Signals,
    SubmitText,
    TypingDuel,
    TypingOptions,
    TypingState,
    measured,
)
from divan_core.activities.model import ActivityId
from divan_core.codec.reader import encode
from divan_core.errors import ActivityOver, AlreadyMoved, NotYet
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId

ANA, BEN = UserId(UUID(int=10)), UserId(UUID(int=11))
MATCH = ActivityId(UUID(int=7))
GAME = TypingDuel()
START = Millis(1_000_000)
FAST = Signals(impossible_speed=True)
PASTED = Signals(impossible_speed=True, whole_at_once=True)


def begun(duration_s: int = 60, seed: bytes = bytes(16)) -> Step[TypingState]:
    options = TypingOptions(duration_s)
    return GAME.begin(Setting(MATCH, (ANA, BEN), options, START, Draws(seed)))


def hand_in(
    state: TypingState, player: UserId, text: str, after_ms: int, round_: int = 1
) -> Step[TypingState]:
    move = SubmitText(MATCH, round_, text)
    return GAME.apply(state, Turn(player, move, Millis(START + after_ms)))


def test_the_text_is_revealed_as_the_round_opens() -> None:
    step = begun(30)
    (opened,) = step.told
    assert isinstance(opened, RoundOpened)
    assert opened.data == {"prompt": step.state.prompt}
    assert (opened.opens_at, opened.closes_at) == (START, START + 30_000)
    assert GAME.view(step.state, ANA, START)["prompt"] == step.state.prompt
    assert {begun(30, bytes([seed] * 16)).state.prompt for seed in range(30)} <= set(fitting(30))


def test_for_every_duration_there_are_texts_that_fit() -> None:
    assert min(len(fitting(duration_s)) for duration_s in range(10, 301)) >= 12


def test_prompts_are_different_and_easily_typed() -> None:
    assert len(set(prompts())) == len(prompts()) > 90
    assert all(prompt == " ".join(prompt.split()) for prompt in prompts())
    assert all(letter.isalnum() or letter in " .,:" for prompt in prompts() for letter in prompt)
    assert max(len(prompt) for prompt in prompts()) <= LONGEST
    assert "".join(prompts()).isascii()


def test_speed_times_accuracy() -> None:
    prompt = "a" * 100
    typed = measured(prompt, prompt, 30_000)
    assert (typed.wpm, typed.accuracy, typed.score) == (40, 1, 40)
    typed = measured(prompt, "a" * 90 + "b" * 10, 60_000)
    assert (typed.wpm, typed.accuracy, typed.score) == (20, 0.9, 18)
    typed = measured(prompt, "a" * 50, 60_000)
    assert (typed.wpm, typed.accuracy, typed.score) == (10, 0.5, 5)


@given(text=st.text(min_size=1, max_size=300), elapsed_ms=st.integers(0, 300_000))
def test_no_text_is_worth_more_than_the_prompt_itself(text: str, elapsed_ms: int) -> None:
    prompt = "Two crows share one crumb, and a third looks on."
    typed, best = measured(prompt, text, elapsed_ms), measured(prompt, prompt, elapsed_ms)
    assert 0 <= typed.score <= best.score
    assert 0 <= typed.accuracy <= 1


@pytest.mark.parametrize("filler", ["abcdefghijklmnopqrstuvwxyz .", "etaoin shrdlu"])
def test_typing_without_looking_is_worth_little(filler: str) -> None:
    (prompt, *_) = fitting(60)
    mashed = (filler * 200)[:2000]
    assert measured(prompt, mashed, 10_000).score < measured(prompt, prompt, 60_000).score


def test_what_pasting_would_explain_is_noted_and_not_judged() -> None:
    prompt = "a" * 100
    assert measured(prompt, prompt, 0).signals == PASTED
    assert measured(prompt, prompt, 3_999).signals == PASTED
    assert measured(prompt, prompt, 4_000).signals == Signals()
    assert measured(prompt, "b" * 500, 4_000).signals == FAST
    state = begun().state
    state = hand_in(state, ANA, state.prompt, 10).state
    step = hand_in(state, BEN, state.prompt, 40_000)
    assert step.outcome is not None
    assert step.outcome.winner_id == ANA
    assert step.state.typed[ANA].signals == PASTED
    assert "signal" not in str(GAME.view(step.state, BEN, START)) + str(step.told)


def test_both_hand_in_and_the_better_one_wins() -> None:
    state = begun().state
    step = hand_in(state, BEN, state.prompt[:-1], 30_000)
    assert (step.told, step.outcome) == ((), None)
    assert GAME.standing(step.state).scores == {ANA: 0, BEN: 0}
    assert GAME.view(step.state, ANA, START)["result"] is None
    assert GAME.view(step.state, BEN, START)["result"]["elapsed_ms"] == 30_000
    step = hand_in(step.state, ANA, state.prompt, 20_000)
    (closed,) = step.told
    assert isinstance(closed, RoundClosed)
    assert closed.winner_id == ANA
    assert step.outcome is not None
    assert step.outcome.winner_id == ANA
    assert GAME.standing(step.state).scores[ANA] == step.state.typed[ANA].score
    assert set(GAME.view(step.state, BEN, START)["results"]) == {str(ANA), str(BEN)}


def test_a_text_is_handed_in_once_and_for_the_open_round() -> None:
    state = begun().state
    with pytest.raises(NotYet):
        hand_in(state, ANA, "a", 5, round_=2)
    state = hand_in(state, ANA, "a", 5).state
    with pytest.raises(AlreadyMoved):
        hand_in(state, ANA, state.prompt, 6)
    state = hand_in(state, BEN, "a", 5).state
    with pytest.raises(ActivityOver):
        hand_in(state, ANA, state.prompt, 6)


def test_equal_results_have_no_winner() -> None:
    state = begun().state
    state = hand_in(state, ANA, state.prompt, 30_000).state
    step = hand_in(state, BEN, state.prompt, 30_000)
    assert step.outcome is not None
    assert (step.outcome.winner_id, step.outcome.abandoned) == (None, False)


def test_when_time_is_over_what_was_handed_in_counts() -> None:
    state = hand_in(begun(10).state, ANA, "Two", 9_999).state
    assert settle(GAME, state, Millis(START + 9_999)).outcome is None
    step = settle(GAME, state, Millis(START + 10_000))
    assert step.outcome is not None
    assert step.outcome.winner_id == ANA
    assert GAME.deadline(step.state) is None


def test_whoever_does_not_come_expires_the_duel() -> None:
    step = settle(GAME, begun(10).state, Millis(START + 10_000))
    assert step.outcome is not None
    assert step.outcome.abandoned


def test_the_text_of_a_player_is_not_kept() -> None:
    state = hand_in(begun().state, ANA, "my secret words", 5_000).state
    assert b"secret" not in encode(state)
    assert GAME.texts(state) == ()


def test_a_clock_behind_is_no_advantage_that_breaks_anything() -> None:
    state = hand_in(begun().state, ANA, "Two", -5).state
    assert state.typed[ANA].elapsed_ms == 0

"""The story: turns, by compare and set, and those that are missed."""

from uuid import UUID

import pytest

from divan_core.activities.games.draws import Draws
from divan_core.activities.games.game import (
    RoundClosed,
    RoundOpened,
    Setting,
    Step,
    Turn,
    Veil,
    settle,
)
from divan_core.activities.games.registry import read_move, read_options
from divan_core.activities.games.story import ContinueStory, Story, StoryOptions, StoryState
from divan_core.activities.model import ActivityId
from divan_core.errors import ActivityOver, NotYet, NotYourTurn, RoundOver, ValidationFailed
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId

ANA, BEN = UserId(UUID(int=10)), UserId(UUID(int=11))
MATCH = ActivityId(UUID(int=7))
GAME = Story()
START = Millis(1_000_000)


def begun(turns: int = 6) -> Step[StoryState]:
    options = StoryOptions(turns)
    return GAME.begin(Setting(MATCH, (ANA, BEN), options, START, Draws(bytes(16))))


def write(
    state: StoryState, player: UserId, content: str, round_: int | None = None, at: int = START
) -> Step[StoryState]:
    move = ContinueStory(MATCH, content, round_)
    return GAME.apply(state, Turn(player, move, Millis(at)))


def test_the_invited_one_begins_and_both_write_in_turn() -> None:
    step = begun(3)
    (opened,) = step.told
    assert isinstance(opened, RoundOpened)
    assert opened.data == {"turn_of": str(BEN)}
    with pytest.raises(NotYourTurn):
        write(step.state, ANA, "I begin.")
    step = write(step.state, BEN, "Once,")
    with pytest.raises(NotYourTurn):
        write(step.state, BEN, "and again")
    step = write(step.state, ANA, "a fox")
    assert GAME.view(step.state, ANA, START)["turn_of"] == str(BEN)
    step = write(step.state, BEN, "slept.")
    assert step.outcome is not None
    assert (step.outcome.winner_id, step.outcome.abandoned) == (None, False)
    parts = GAME.view(step.state, ANA, START)["parts"]
    assert [part["content"] for part in parts] == ["Once,", "a fox", "slept."]
    assert GAME.standing(step.state).scores == {ANA: 1, BEN: 2}
    own = [(text.number, text.content) for text in GAME.texts(step.state) if text.player == BEN]
    assert own == [(1, "Once,"), (3, "slept.")]
    with pytest.raises(ActivityOver):
        write(step.state, ANA, "It woke.")


def test_a_part_is_written_in_the_turn_it_was_meant_for() -> None:
    state = begun().state
    with pytest.raises(NotYet):
        write(state, BEN, "Once,", 2)
    state = write(state, BEN, "Once,", 1).state
    state = write(state, ANA, "a fox", 2).state
    with pytest.raises(RoundOver):
        write(state, BEN, "Once,", 1)
    assert len(write(state, BEN, "slept.", 3).state.parts) == 3


@pytest.mark.parametrize(
    ("veil", "own"),
    [
        (Veil.TOMBSTONED, {"content": "Once,", "notice": "tombstoned"}),
        (Veil.SHADOWED, {"content": "Once,"}),
        (Veil.REMOVED, {"content": None}),
    ],
)
def test_a_hidden_part_is_to_the_other_one_as_if_it_were_missed(
    veil: Veil, own: dict[str, object]
) -> None:
    state = write(begun().state, BEN, "Once,").state
    hidden = GAME.veiled(state, 1, veil)
    about = {"round": 1, "user_id": str(BEN)}
    assert GAME.view(hidden, ANA, START)["parts"] == [{**about, "content": None}]
    assert GAME.view(hidden, BEN, START)["parts"] == [{**about, **own}]
    assert GAME.veiled(hidden, 1, None) == state
    assert GAME.veiled(state, 2, veil) == state


def test_a_missed_turn_stays_empty_and_the_other_goes_on() -> None:
    late = Millis(START + 60_000)
    assert settle(GAME, begun().state, Millis(late - 1)).told == ()
    step = settle(GAME, begun().state, late)
    closed, opened = step.told
    assert isinstance(closed, RoundClosed)
    assert closed.data == {"user_id": str(BEN), "missed": True}
    assert isinstance(opened, RoundOpened)
    assert (opened.opens_at, opened.closes_at) == (late, late + 60_000)
    step = write(step.state, ANA, "Well,", at=late)
    assert step.state.writer == BEN
    assert [part.content for part in step.state.parts] == [None, "Well,"]


def test_a_story_that_nobody_goes_on_with_ends() -> None:
    state = write(begun().state, BEN, "Once,").state
    step = settle(GAME, state, Millis(START + 60_000))
    assert step.outcome is None
    step = settle(GAME, step.state, Millis(START + 120_000))
    assert step.outcome is not None
    assert not step.outcome.abandoned
    assert GAME.deadline(step.state) is None
    assert GAME.standing(step.state).round == 3


def test_a_story_without_a_word_expires() -> None:
    step = settle(GAME, begun().state, Millis(START + 60_000))
    step = settle(GAME, step.state, Millis(START + 120_000))
    assert step.outcome is not None
    assert step.outcome.abandoned


def test_what_is_written_is_not_told_through_events() -> None:
    assert "secret" not in str(write(begun().state, BEN, "my secret").told)


@pytest.mark.parametrize("content", ["", " \n", "a\x00", "a" * 401])
def test_a_part_has_bounds(content: str) -> None:
    with pytest.raises(ValidationFailed):
        read_move(GAME, "continue", MATCH, {"content": content})
    assert read_move(GAME, "continue", MATCH, {"content": "a" * 400}).round is None


@pytest.mark.parametrize(
    ("name", "wrong"), [("turns", 1), ("turns", 21), ("turn_s", 9), ("turn_s", 601)]
)
def test_options_have_bounds(name: str, wrong: int) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        read_options(GAME, {name: wrong})
    assert [fault.path for fault in refusal.value.errors] == [f"$.options.{name}"]

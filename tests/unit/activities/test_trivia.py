"""Trivia: the bank, the draw, the clock, and an answer that nobody learns too early."""

from collections import Counter
from uuid import UUID

import pytest

from divan_core.activities.games.bank import OPTIONS, questions
from divan_core.activities.games.draws import Draws
from divan_core.activities.games.game import RoundClosed, RoundOpened, Setting, Step, Turn, settle
from divan_core.activities.games.registry import read_options
from divan_core.activities.games.trivia import (
    AnswerQuestion,
    Trivia,
    TriviaOptions,
    TriviaState,
)
from divan_core.activities.model import ActivityId
from divan_core.errors import (
    ActivityOver,
    AlreadyMoved,
    NotYet,
    RoundOver,
    ValidationFailed,
)
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId

ANA, BEN = UserId(UUID(int=10)), UserId(UUID(int=11))
MATCH = ActivityId(UUID(int=7))
GAME = Trivia()
START = Millis(1_000_000)


def begun(count: int = 2, seed: bytes = bytes(16)) -> Step[TriviaState]:
    return GAME.begin(Setting(MATCH, (ANA, BEN), TriviaOptions(count), START, Draws(seed)))


def answer(state: TriviaState, player: UserId, after_ms: int, *, right: bool) -> Step[TriviaState]:
    key = state.asked[state.round - 1].right
    choice = key if right else (key + 1) % OPTIONS
    move = AnswerQuestion(MATCH, state.round, choice)
    return GAME.apply(state, Turn(player, move, Millis(START + after_ms)))


def test_the_bank_is_in_order() -> None:
    bank = questions()
    assert len(bank) >= 200
    assert len({question.text.casefold() for question in bank}) == len(bank)
    for question in bank:
        options = {question.right, *question.wrong}
        assert len({option.casefold() for option in options}) == OPTIONS
        assert all(0 < len(option) <= 60 for option in options)
        assert question.text.endswith("?")
        assert len(question.text) <= 120
        assert question.right.casefold() not in question.text.casefold().split()


def test_every_category_has_questions() -> None:
    counted = Counter(question.category for question in questions())
    assert len(counted) >= 8
    assert min(counted.values()) >= 15
    assert all(category == category.lower().strip() != "" for category in counted)


def test_questions_follow_from_the_seed_and_answers_are_shuffled() -> None:
    assert begun(20).state.asked == begun(20).state.asked
    assert begun(20).state.asked != begun(20, b"another seed of it").state.asked
    places = Counter(
        asked.right for seed in range(30) for asked in begun(20, bytes([seed] * 16)).state.asked
    )
    assert all(100 < places[place] < 200 for place in range(OPTIONS))
    assert len({asked.text for asked in begun(20).state.asked}) == 20
    for asked in begun(20).state.asked:
        (known,) = (question for question in questions() if question.text == asked.text)
        assert asked.options[asked.right] == known.right
        assert set(asked.options) == {known.right, *known.wrong}


def test_the_answer_is_told_when_the_round_is_over_and_not_before() -> None:
    step = begun()
    first, second = step.state.asked
    (opened,) = step.told
    assert isinstance(opened, RoundOpened)
    assert set(opened.data["question"]) == {"category", "text", "options"}
    assert (opened.opens_at, opened.closes_at) == (START, START + 10_000)
    step = answer(step.state, ANA, 2_000, right=True)
    assert step.told == ()
    assert GAME.standing(step.state).scores == {ANA: 0, BEN: 0}
    view = GAME.view(step.state, BEN, START)
    assert (view["answered"], view["choice"], view["rounds"]) == ([str(ANA)], None, [])
    assert GAME.view(step.state, ANA, START)["choice"] == first.right
    assert second.text not in str(view)
    step = answer(step.state, BEN, 3_000, right=False)
    closed, opened = step.told
    assert isinstance(closed, RoundClosed)
    assert (closed.winner_id, closed.data["right"]) == (ANA, first.right)
    assert isinstance(opened, RoundOpened)
    assert opened.data["question"]["text"] == second.text
    assert (opened.opens_at, opened.closes_at) == (START + 3_000, START + 13_000)
    assert GAME.standing(step.state).scores == {ANA: 1, BEN: 0}
    (solved,) = GAME.view(step.state, BEN, START)["rounds"]
    assert solved["right"] == first.right


def played(
    state: TriviaState, *, ana: tuple[bool, int], ben: tuple[bool, int]
) -> Step[TriviaState]:
    """The rest of the game, both answering each question in the same way."""
    step, began = Step(state), 0
    while step.outcome is None:
        for (right, after), player in sorted(zip((ana, ben), (ANA, BEN), strict=True), key=_after):
            step = answer(step.state, player, began + after, right=right)
        began += max(ana[1], ben[1])
    return step


def _after(one: tuple[tuple[bool, int], UserId]) -> int:
    return one[0][1]


@pytest.mark.parametrize(
    ("ana", "ben", "winner"),
    [
        ((True, 5_000), (False, 1_000), ANA),
        ((True, 1_000), (True, 900), BEN),
        ((False, 1_000), (False, 1_001), ANA),
        ((True, 1_000), (True, 1_000), None),
    ],
)
def test_more_right_answers_win_and_then_less_time(
    ana: tuple[bool, int], ben: tuple[bool, int], winner: UserId | None
) -> None:
    step = played(begun(3).state, ana=ana, ben=ben)
    assert step.outcome is not None
    assert (step.outcome.winner_id, step.outcome.abandoned) == (winner, False)
    assert GAME.view(step.state, ANA, START)["question"] is None
    assert GAME.texts(step.state) == ()
    with pytest.raises(ActivityOver):
        GAME.apply(step.state, Turn(ANA, AnswerQuestion(MATCH, 3, 0), START))


def test_a_question_left_out_takes_all_its_time() -> None:
    state = answer(begun(1).state, BEN, 9_999, right=False).state
    step = settle(GAME, state, Millis(START + 10_000))
    assert step.outcome is not None
    assert step.outcome.winner_id == BEN
    assert step.state.latency_ms(ANA) == 10_000


def test_a_question_closes_by_itself_and_the_next_one_has_all_its_time() -> None:
    late = Millis(START + 25_000)
    step = settle(GAME, begun().state, late)
    assert step.state.round == 2
    assert GAME.deadline(step.state) == late + 10_000
    with pytest.raises(RoundOver):
        GAME.apply(step.state, Turn(ANA, AnswerQuestion(MATCH, 1, 0), late))
    step = settle(GAME, step.state, Millis(late + 10_000))
    assert step.outcome is not None
    assert step.outcome.abandoned


def test_an_answer_is_given_once_and_to_the_open_question() -> None:
    state = begun().state
    with pytest.raises(NotYet):
        GAME.apply(state, Turn(ANA, AnswerQuestion(MATCH, 2, 0), START))
    state = answer(state, ANA, 5, right=False).state
    with pytest.raises(AlreadyMoved):
        answer(state, ANA, 6, right=True)


def test_a_clock_behind_is_no_advantage_that_breaks_anything() -> None:
    state = answer(begun().state, ANA, -5, right=True).state
    assert state.answers[ANA].latency_ms == 0


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("questions", 0), ("questions", 21), ("per_question_s", 4), ("per_question_s", 61)],
)
def test_options_have_bounds(name: str, wrong: int) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        read_options(GAME, {name: wrong})
    assert [fault.path for fault in refusal.value.errors] == [f"$.options.{name}"]

"""Trivia: who knows more, and where both know as much, who knows it sooner.

Questions and the order of their answers are drawn as the game begins. Which answer is right stays
in the state until the round is over, and so does whether somebody has found it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final

import attrs
from msgspec import Meta

from divan_core.activities.games.bank import OPTIONS, Question, questions
from divan_core.activities.games.draws import Draws
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
from divan_core.activities.games.rounds import Round, check_round
from divan_core.activities.model import ActivityId
from divan_core.errors import AlreadyMoved
from divan_core.kernel.clock import Millis, rfc3339
from divan_core.kernel.ids import UserId


@attrs.frozen
class TriviaOptions:
    """How many questions there are, and for how many seconds each is open."""

    questions: Annotated[int, Meta(ge=1, le=20)] = 5
    per_question_s: Annotated[int, Meta(ge=5, le=60)] = 10


@attrs.frozen
class AnswerQuestion:
    """Choose one of the open question's answers, counted from 0. It is not taken back."""

    activity_id: ActivityId
    round: Round
    choice: Annotated[int, Meta(ge=0, le=OPTIONS - 1)]


@attrs.frozen
class Asked:
    """A question as it is put in this game; ``right`` is the place of the right answer."""

    category: str
    text: str
    options: tuple[str, ...]
    right: int


@attrs.frozen
class Answer:
    """What somebody chose, and how long after the question was put."""

    choice: int
    latency_ms: int


Answers = Mapping[UserId, Answer]


@attrs.frozen
class TriviaState:
    """A game: all its questions, the answers to the open one, and those before."""

    players: tuple[UserId, UserId]
    per_question_s: int
    asked: tuple[Asked, ...]
    opens_at: Millis
    answers: Answers = attrs.field(factory=dict)
    past: tuple[Answers, ...] = ()

    @property
    def over(self) -> bool:
        """Whether all questions are closed."""
        return len(self.past) == len(self.asked)

    @property
    def round(self) -> int:
        """The round that is open, or was the last one."""
        return min(len(self.past) + 1, len(self.asked))

    @property
    def closes_at(self) -> Millis:
        """When the open round closes, if not both answer before."""
        return Millis(self.opens_at + self.per_question_s * 1000)

    def score(self, player: UserId) -> int:
        """How many closed questions somebody has answered rightly."""
        return sum(_knew(asked, answers, player) for asked, answers in self.closed())

    def latency_ms(self, player: UserId) -> int:
        """How long somebody took over all closed questions; all the time for those left out."""
        whole = Answer(-1, self.per_question_s * 1000)
        return sum(answers.get(player, whole).latency_ms for answers in self.past)

    def closed(self) -> list[tuple[Asked, Answers]]:
        """The questions that are closed, with their answers."""
        return list(zip(self.asked, self.past, strict=False))


class Trivia(Silent):
    """The rules of trivia."""

    kind: Final = "trivia"
    options: Final = TriviaOptions
    state: Final = TriviaState
    moves: Final[Mapping[str, type[Any]]] = MappingProxyType({"answer": AnswerQuestion})

    def begin(self, setting: Setting[TriviaOptions]) -> Step[TriviaState]:
        """Draw the questions and put the first one."""
        drawn = setting.draws.pick(questions(), setting.options.questions)
        asked = tuple(_shuffled(question, setting.draws) for question in drawn)
        per_question_s = setting.options.per_question_s
        state = TriviaState(setting.players, per_question_s, asked, setting.at)
        return Step(state, (_opened(state),))

    def apply(self, state: TriviaState, turn: Turn) -> Step[TriviaState]:
        """Answer the open question.

        Raises:
            ActivityOver, RoundOver, NotYet: it is for a question that is not open.
            AlreadyMoved: the player has answered it.
        """
        check_round(turn.move.round, state.round, over=state.over)
        if turn.player in state.answers:
            raise AlreadyMoved("You have answered this question.")
        latency_ms = max(turn.at - state.opens_at, 0)  # the clocks of two servers may differ
        answers = {**state.answers, turn.player: Answer(turn.move.choice, latency_ms)}
        after = attrs.evolve(state, answers=answers)
        return Step(after) if len(answers) < len(state.players) else _closed(after, turn.at)

    def deadline(self, state: TriviaState) -> Millis | None:
        """Until when the open question is to be answered."""
        return None if state.over else state.closes_at

    def expire(self, state: TriviaState, now: Millis) -> Step[TriviaState]:
        """Whoever has not answered did not know."""
        return _closed(state, now)

    def standing(self, state: TriviaState) -> Standing:
        """The right answers of each, the open question left out."""
        return Standing(state.round, {player: state.score(player) for player in state.players})

    def view(self, state: TriviaState, viewer: UserId, now: Millis) -> Json:  # noqa: ARG002 - nothing here changes by time alone
        """The open question, who has answered it, and what came of those before."""
        own = state.answers.get(viewer)
        return {
            "question": None if state.over else _put(state.asked[len(state.past)]),
            "opens_at": None if state.over else rfc3339(state.opens_at),
            "closes_at": None if state.over else rfc3339(state.closes_at),
            "answered": [str(player) for player in state.players if player in state.answers],
            "choice": None if own is None else own.choice,
            "latency_ms": {str(player): state.latency_ms(player) for player in state.players},
            "rounds": [
                {"round": number, "question": _put(asked), **_solved(asked, answers)}
                for number, (asked, answers) in enumerate(state.closed(), start=1)
            ],
        }


def _shuffled(question: Question, draws: Draws) -> Asked:
    options = draws.pick((question.right, *question.wrong), OPTIONS)
    return Asked(question.category, question.text, options, options.index(question.right))


def _knew(asked: Asked, answers: Answers, player: UserId) -> bool:
    answer = answers.get(player)
    return answer is not None and answer.choice == asked.right


def _opened(state: TriviaState) -> RoundOpened:
    question = _put(state.asked[state.round - 1])
    return RoundOpened(state.round, state.opens_at, state.closes_at, {"question": question})


def _closed(state: TriviaState, now: Millis) -> Step[TriviaState]:
    """The question is closed; the next one is put, unless it was the last."""
    asked = state.asked[state.round - 1]
    knew = [player for player in state.players if _knew(asked, state.answers, player)]
    alone = knew[0] if len(knew) == 1 else None
    closed = RoundClosed(state.round, alone, _solved(asked, state.answers))
    past = (*state.past, state.answers)
    after = attrs.evolve(state, past=past, answers={}, opens_at=now)
    if after.over:
        return Step(after, (closed,), _outcome(after))
    return Step(after, (closed, _opened(after)))


def _outcome(state: TriviaState) -> Outcome:
    """More right answers win; else less time over all questions; else nobody."""
    one, other = ((state.score(player), -state.latency_ms(player)) for player in state.players)
    winner = None if one == other else state.players[0 if one > other else 1]
    return Outcome(winner) if any(state.past) else Outcome(abandoned=True)


def _put(asked: Asked) -> Json:
    """A question without its answer."""
    return {"category": asked.category, "text": asked.text, "options": list(asked.options)}


def _solved(asked: Asked, answers: Answers) -> Json:
    return {
        "right": asked.right,
        "choices": {str(player): answer.choice for player, answer in answers.items()},
        "latency_ms": {str(player): answer.latency_ms for player, answer in answers.items()},
    }

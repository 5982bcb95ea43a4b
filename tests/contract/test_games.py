"""The games of Divan keep what every game promises, and each of them its own rules."""

from itertools import pairwise
from typing import Any

import attrs
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from divan_core.activities.games.game import RoundClosed, Step
from divan_core.activities.games.rps import (
    Choice,
    Commit,
    Reveal,
    RockPaperScissors,
    RpsOptions,
    RpsState,
    Showdown,
    commitment_of,
)
from divan_core.activities.games.story import ContinueStory, Story, StoryOptions, StoryState
from divan_core.activities.games.trivia import (
    Answer,
    AnswerQuestion,
    Trivia,
    TriviaOptions,
    TriviaState,
)
from divan_core.activities.games.typing import (
    SubmitText,
    Typed,
    TypingDuel,
    TypingOptions,
    TypingState,
)
from divan_core.kernel.ids import UserId
from divan_core.testing.contracts.gamecourses import ACTIVITY, PLAYERS
from divan_core.testing.contracts.games import GameContract

NONCE = "0123456789abcdef0123456789abcdef"
CHOICES: tuple[Choice, ...] = ("rock", "paper", "scissors")
ODD = (1, 3, 5, 7, 9)


def others(of: dict[UserId, Any], viewer: UserId, value: Any) -> dict[UserId, Any]:
    """The same with another value for everybody but the viewer."""
    return {player: one if player == viewer else value(one) for player, one in of.items()}


def near(number: int) -> SearchStrategy[int]:
    """Mostly this round; sometimes the one before or after."""
    return st.sampled_from([number] * 6 + [max(number - 1, 1), number + 1])


def best(scores: dict[UserId, Any]) -> UserId | None:
    """Who has the highest score, alone."""
    (one, ahead), (_, behind) = sorted(scores.items(), key=lambda item: item[1], reverse=True)
    return one if ahead > behind else None


class TestRockPaperScissors(GameContract):
    game = RockPaperScissors()

    def options(self) -> SearchStrategy[RpsOptions]:
        return st.builds(RpsOptions, st.sampled_from(ODD))

    def moves(self, state: RpsState, player: UserId) -> SearchStrategy[Any]:
        shown = [Reveal(ACTIVITY, state.round, choice, NONCE) for choice in CHOICES]
        kept = state.commitments.get(player)
        honest = [one for one in shown if commitment_of(one, player) == kept]
        new = [Commit(ACTIVITY, state.round, commitment_of(one, player)) for one in shown]
        copied = st.sampled_from([*state.commitments.values(), "0" * 64])
        rounds = near(state.round)
        return st.one_of(
            st.sampled_from(honest) if honest else st.sampled_from(new),
            st.sampled_from(new),
            st.builds(Commit, st.just(ACTIVITY), rounds, copied),
            st.builds(Reveal, st.just(ACTIVITY), rounds, st.sampled_from(CHOICES), st.just(NONCE)),
        )

    def disguised(self, state: RpsState, viewer: UserId) -> RpsState:
        commitments = others(dict(state.commitments), viewer, lambda one: one[::-1])
        choices = others(dict(state.choices), viewer, lambda one: CHOICES[CHOICES.index(one) - 1])
        return attrs.evolve(state, commitments=commitments, choices=choices)

    def check(self, before: RpsState | None, step: Step[RpsState]) -> None:
        state, over = step.state, step.outcome is not None
        wins = {player: state.wins(player) for player in PLAYERS}
        needed = state.best_of // 2 + 1
        assert over == state.over == (max(wins.values()) == needed or len(state.past) == 50)
        assert sum(wins.values()) <= len(state.past) == state.round - 1 + state.over
        assert (state.reveal_by is None) == (len(state.commitments) < 2)
        assert len(state.choices) < 2
        assert step.outcome is None or step.outcome.winner_id == best(wins)
        assert all(rightly_won(showdown) for showdown in state.past)
        if before is not None and before.round == state.round and not over:
            assert before.commitments.items() <= state.commitments.items()
            assert before.reveal_by in (None, state.reveal_by)


def rightly_won(showdown: Showdown) -> bool:
    """Whether a round went to whom it belongs to, by the order of the choices."""
    places = {player: CHOICES.index(choice) for player, choice in showdown.choices.items()}
    if len(places) < 2:
        return list(places) == [one for one in PLAYERS if one == showdown.winner_id]
    ahead = (places[PLAYERS[0]] - places[PLAYERS[1]]) % 3
    return showdown.winner_id == (None, *PLAYERS)[ahead]


class TestTypingDuel(GameContract):
    game = TypingDuel()

    def options(self) -> SearchStrategy[TypingOptions]:
        return st.builds(TypingOptions, st.integers(10, 300))

    def moves(self, state: TypingState, player: UserId) -> SearchStrategy[SubmitText]:  # noqa: ARG002 - both type the same
        texts = st.one_of(
            st.just(state.prompt),
            st.integers(1, len(state.prompt)).map(lambda end: state.prompt[:end]),
            st.text(min_size=1, max_size=40),
            st.just("e" * 2000),
        )
        return st.builds(SubmitText, st.just(ACTIVITY), near(1), texts)

    def disguised(self, state: TypingState, viewer: UserId) -> TypingState:
        if state.over:
            return state
        return attrs.evolve(state, typed=others(dict(state.typed), viewer, _typed_otherwise))

    def check(self, before: TypingState | None, step: Step[TypingState]) -> None:
        state, outcome = step.state, step.outcome
        assert (outcome is not None) == state.over
        assert before is None or before.typed.items() <= state.typed.items()
        assert state.over or len(state.typed) < 2
        lasts_ms = state.closes_at - state.opens_at
        for typed in state.typed.values():
            assert 0 <= typed.elapsed_ms < lasts_ms
            assert 0 <= typed.accuracy <= 1
            assert 0 <= typed.score <= typed.wpm
        if outcome is not None:
            assert outcome.winner_id == best({player: state.score(player) for player in PLAYERS})
            assert outcome.abandoned == (not state.typed)


def _typed_otherwise(typed: Typed) -> Typed:
    return attrs.evolve(typed, elapsed_ms=typed.elapsed_ms + 1, score=typed.score + 1, wpm=0.5)


class TestTrivia(GameContract):
    game = Trivia()

    def options(self) -> SearchStrategy[TriviaOptions]:
        return st.builds(TriviaOptions, st.integers(1, 20), st.integers(5, 60))

    def moves(self, state: TriviaState, player: UserId) -> SearchStrategy[AnswerQuestion]:  # noqa: ARG002 - both may choose any
        right = state.asked[state.round - 1].right
        choices = st.sampled_from([right, right, right, *range(4)])
        return st.builds(AnswerQuestion, st.just(ACTIVITY), near(state.round), choices)

    def disguised(self, state: TriviaState, viewer: UserId) -> TriviaState:
        closed = len(state.past)
        asked = [attrs.evolve(one, right=(one.right + 1) % 4) for one in state.asked[closed:]]
        later = [attrs.evolve(one, text="?", options=("a", "b", "c", "d")) for one in asked[1:]]
        return attrs.evolve(
            state,
            asked=(*state.asked[:closed], *asked[:1], *later),
            answers=others(dict(state.answers), viewer, lambda one: Answer(3 - one.choice, 1)),
        )

    def check(self, before: TriviaState | None, step: Step[TriviaState]) -> None:
        state, outcome = step.state, step.outcome
        limit_ms = state.per_question_s * 1000
        assert (outcome is not None) == state.over == (len(state.past) == len(state.asked))
        assert len(state.answers) < 2
        for answers in (*state.past, state.answers):
            assert all(0 <= answer.latency_ms < limit_ms for answer in answers.values())
        right = dict.fromkeys(PLAYERS, 0)
        took = dict.fromkeys(PLAYERS, 0)
        for asked, answers in zip(state.asked, state.past, strict=False):
            for player in PLAYERS:
                answer = answers.get(player)
                right[player] += answer is not None and answer.choice == asked.right
                took[player] += limit_ms if answer is None else answer.latency_ms
        assert self.game.standing(state).scores == right
        for closed in (one for one in step.told if isinstance(one, RoundClosed)):
            asked, choices = state.asked[closed.round - 1], closed.data["choices"]
            assert closed.winner_id == best(
                {player: choices.get(str(player)) == asked.right for player in PLAYERS}
            )
        if before is not None and len(before.past) == len(state.past):
            assert before.answers.items() <= state.answers.items()
        if outcome is not None:
            ranked = {player: (right[player], -took[player]) for player in PLAYERS}
            assert outcome.winner_id == best(ranked)


class TestStory(GameContract):
    game = Story()

    def options(self) -> SearchStrategy[StoryOptions]:
        return st.builds(StoryOptions, st.integers(2, 20), st.integers(10, 600))

    def moves(self, state: StoryState, player: UserId) -> SearchStrategy[ContinueStory]:  # noqa: ARG002 - turns decide
        contents = st.sampled_from(["Once,", "a fox", "slept."])
        return st.builds(ContinueStory, st.just(ACTIVITY), contents, near(state.round) | st.none())

    def disguised(self, state: StoryState, viewer: UserId) -> StoryState:  # noqa: ARG002 - nothing is hidden
        return state

    def check(self, before: StoryState | None, step: Step[StoryState]) -> None:
        state, outcome = step.state, step.outcome
        assert (outcome is not None) == state.over
        assert before is None or before.parts == state.parts[:-1]
        assert outcome is None or outcome.winner_id is None
        assert len(state.parts) <= state.turns
        authors = [part.player for part in state.parts]
        assert authors == [PLAYERS[1 - number % 2] for number in range(len(authors))]
        empty = [part.content is None for part in state.parts]
        assert not any(one and other for one, other in pairwise(empty[:-1]))

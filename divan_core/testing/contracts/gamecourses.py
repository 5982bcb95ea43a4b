"""Courses of any game: moves, repeats and delays, with all that must hold after each of them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import attrs
from hypothesis.strategies import SearchStrategy, just

from divan_core.activities.games.draws import Draws
from divan_core.activities.games.game import (
    MOST_DUE,
    MOST_TEXTS,
    AnyGame,
    Outcome,
    RoundClosed,
    RoundOpened,
    Setting,
    Step,
    Text,
    Told,
    Turn,
    Veil,
    settle,
)
from divan_core.activities.model import ActivityId
from divan_core.codec.reader import decode, encode
from divan_core.errors import DivanError
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.testing.clock import START_MS
from divan_core.testing.contracts.samples import user_id

ACTIVITY: Final = ActivityId(UUID(int=7))
"""The activity of every course; moves are of this one."""

PLAYERS: Final = (user_id(1), user_id(2))
"""Who asked, and who was asked."""


class GameUnderTest(ABC):
    """What courses have to know of a game, beside its rules."""

    @property
    @abstractmethod
    def game(self) -> AnyGame:
        """The game."""

    def options(self) -> SearchStrategy[Any]:
        """Options to begin with; by default its defaults."""
        return just(self.game.options())

    @abstractmethod
    def moves(self, state: Any, player: UserId) -> SearchStrategy[Any]:  # noqa: ANN401 - the game's own class
        """Moves that the player may try: sensible ones, and those of a cheater.

        All are of :data:`ACTIVITY`. Some of them should be good ones, else nothing is tested.
        """

    @abstractmethod
    def disguised(self, state: Any, viewer: UserId) -> Any:  # noqa: ANN401 - the game's own class
        """The state with everything changed that the viewer may not know; as it is, if all may be.

        The two must be the same to the viewer, which is how it is found out what a game gives away.
        """

    def check(self, before: Any, step: Step[Any]) -> None:  # noqa: ANN401, B027 - the game's own class; few need it
        """Assert what is always true of a step of this game, beside what is of every game.

        ``before`` is the state that it was made in; None for the first step.
        """


@attrs.define
class Course:
    """One game from its beginning on, as whoever keeps it sees it.

    ``moved`` counts the moves that the game has taken, ``late`` those tried after its end.
    """

    about: GameUnderTest
    state: Any
    now: Millis
    outcome: Outcome | None = None
    moved: int = 0
    late: int = 0

    @classmethod
    def begun(cls, about: GameUnderTest, options: object, seed: bytes) -> Course:
        """Begin a game."""
        now = Millis(START_MS)
        setting = Setting(ACTIVITY, PLAYERS, options, now, Draws(seed))
        step = about.game.begin(setting)
        course = cls(about, None, now)
        course.enter(step)
        return course

    def wait(self, millis: int) -> None:
        """Let time pass, and happen what is due."""
        self.now = Millis(self.now + millis)
        if self.outcome is None:
            step = settle(self.about.game, self.state, self.now)
            assert step == settle(self.about.game, self.state, self.now), "it is not pure"
            if step.told or step.outcome or step.state != self.state:
                self.enter(step)

    def try_move(self, player: UserId, move: object, instead: object) -> None:
        """Make a move now, and again; ``instead`` is another one that the player might make."""
        self.late += self.outcome is not None
        turn = Turn(player, move, self.now)
        step = self._applied(turn)
        self._check_mover(turn, step)
        if step is None:
            return
        assert self.outcome is None, "it takes moves after its end"
        self._check_other(turn, step, self._applied(attrs.evolve(turn, move=instead)))
        self.moved += 1
        self.enter(step)
        self._check_repeat(turn)

    def run_out(self) -> None:
        """Leave it alone: it ends, or waits for its players."""
        game = self.about.game
        for _ in range(MOST_DUE):
            due = None if self.outcome is not None else game.deadline(self.state)
            if due is None:
                return
            self.now = due
            self.enter(game.expire(self.state, due))
        raise AssertionError("it does not come to an end")

    def enter(self, step: Step[Any]) -> None:
        """Take a step, and check all that holds of any."""
        game, before = self.about.game, self.state
        self.state, self.outcome = step.state, step.outcome
        again = decode(encode(step.state), game.state)
        assert again == step.state, "its state does not survive JSON"
        assert encode(again) == encode(step.state), "its state does not survive JSON"
        self._check_deadline()
        self._check_standing(before)
        self._check_told(step.told)
        self._check_outcome()
        for viewer in PLAYERS:
            self._check_view(viewer)
            self._check_texts(viewer)
        self.about.check(before, step)

    def _applied(self, turn: Turn, state: Any = None) -> Step[Any] | None:  # noqa: ANN401 - the game's own class
        """What comes of a move; None if it is refused."""
        state = self.state if state is None else state
        kept = encode(state)
        try:
            step = self.about.game.apply(state, turn)
            assert self.about.game.apply(state, turn) == step, "it is not pure"
        except DivanError:
            step = None
        assert encode(state) == kept, "it changes the state it was given"
        return step

    def _check_deadline(self) -> None:
        """Whatever happens, the next deadline is ahead; and none is left at the end."""
        due = self.about.game.deadline(self.state)
        if self.outcome is not None:
            assert due is None, "it has a deadline after its end"
        assert due is None or due > self.now, "its deadline is not ahead"

    def _check_standing(self, before: Any) -> None:  # noqa: ANN401 - the game's own class
        standing = self.about.game.standing(self.state)
        least = 1 if before is None else self.about.game.standing(before).round
        assert standing.round >= least, "its rounds go back"
        assert list(standing.scores) == list(PLAYERS), "scores are not of both players, in order"
        assert all(math.isfinite(score) for score in standing.scores.values())

    def _check_told(self, told: Sequence[Told]) -> None:
        encode([one.data for one in told])
        for one in told:
            if isinstance(one, RoundClosed):
                assert one.winner_id in (*PLAYERS, None)
            else:
                assert one.closes_at is None or one.closes_at > one.opens_at
        if told and isinstance(told[-1], RoundOpened):
            current = self.about.game.standing(self.state).round
            assert told[-1].round == current, "another round is told than is open"

    def _check_outcome(self) -> None:
        if self.outcome is not None:
            assert self.outcome.winner_id in (*PLAYERS, None)
            assert self.outcome.winner_id is None or not self.outcome.abandoned

    def _check_view(self, viewer: UserId) -> None:
        """What a player may not know makes no difference to what they are shown, nor to when."""
        game, disguised = self.about.game, self.about.disguised(self.state, viewer)
        shown = game.view(self.state, viewer, self.now)
        assert isinstance(decode(encode(shown), dict), dict)
        assert shown == game.view(disguised, viewer, self.now), "its view gives away what is hidden"
        assert game.standing(self.state) == game.standing(disguised), "its scores give away"
        assert game.deadline(self.state) == game.deadline(disguised), "its deadline gives away"

    def _check_texts(self, author: UserId) -> None:
        """What somebody wrote has a number, and is nothing that the other one may not read yet."""
        game, state = self.about.game, self.state
        (peer,) = (player for player in PLAYERS if player != author)
        texts = [one for one in game.texts(state) if one.player == author]
        numbers = {one.number for one in texts}
        assert len(numbers) == len(texts), "two texts have the same number"
        assert numbers <= set(range(1, MOST_TEXTS + 1)), "a text has no number"
        disguised = game.texts(self.about.disguised(state, peer))
        assert texts == [one for one in disguised if one.player == author], "hidden yet"
        for one in texts:
            self._check_veils(one, peer)

    def _check_veils(self, text: Text, peer: UserId) -> None:
        """What is hidden is not shown to whom it is hidden from, and nothing else changes."""
        game, state = self.about.game, self.state
        assert encode(game.veiled(state, text.number, None)) == encode(state)
        for veil in Veil:
            hidden = game.veiled(state, text.number, veil)
            assert game.texts(hidden) == game.texts(state), "hiding changes texts"
            assert game.standing(hidden) == game.standing(state), "hiding changes the game"
            assert game.deadline(hidden) == game.deadline(state), "hiding changes the game"
            assert encode(game.veiled(hidden, text.number, None)) == encode(state), "it stays"
            others = _without(game.texts(state), text)
            shown = list(_leaves(game.view(hidden, peer, self.now)))
            assert text.content in others or text.content not in shown, "it is still shown"
            own = list(_leaves(game.view(hidden, text.player, self.now)))
            assert (text.content in own) or veil is Veil.REMOVED, "its author has lost it"

    def _check_mover(self, turn: Turn, step: Step[Any] | None) -> None:
        """Until a round is over, a move tells its player nothing of what they may not know."""
        other = self._applied(turn, self.about.disguised(self.state, turn.player))
        if step is None or other is None or reveals(step) or reveals(other):
            assert (step is None) == (other is None), "its refusals give away what is hidden"
            return
        views = [self.about.game.view(one.state, turn.player, self.now) for one in (step, other)]
        assert (step.told, views[0]) == (other.told, views[1]), "its answer gives away"

    def _check_other(self, turn: Turn, step: Step[Any], other: Step[Any] | None) -> None:
        """Two moves that the other player cannot tell apart are told alike."""
        if other is None:
            return
        (peer,) = (player for player in PLAYERS if player != turn.player)
        views = [self.about.game.view(one.state, peer, self.now) for one in (step, other)]
        if views[0] == views[1]:
            assert step.told == other.told, "it tells what its view hides"

    def _check_repeat(self, turn: Turn) -> None:
        """A move that is made again is refused, or changes nothing."""
        again = self._applied(turn)
        if again is not None:
            assert again == Step(self.state), "a move counts twice"


def _without(texts: Sequence[Text], one: Text) -> set[str]:
    """What the other texts say."""
    return {other.content for other in texts if other.number != one.number}


def _leaves(shown: object) -> Iterator[object]:
    """All that stands in a view."""
    if isinstance(shown, Mapping):
        shown = tuple(shown.values())
    if isinstance(shown, list | tuple):
        for one in shown:
            yield from _leaves(one)
    else:
        yield shown


def reveals(step: Step[Any]) -> bool:
    """Whether a round ends here, which tells of what was hidden in it."""
    return step.outcome is not None or any(isinstance(one, RoundClosed) for one in step.told)

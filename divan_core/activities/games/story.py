"""A story that two write in turn; the one who was invited begins.

Whoever misses a turn leaves it empty, and the other goes on: so one who has left costs the story
their parts and not its end. After two empty turns in a row nobody is there, and the story ends.
Nobody wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final

import attrs
from msgspec import Meta

from divan_core.activities.games.game import (
    Json,
    Outcome,
    RoundClosed,
    RoundOpened,
    Setting,
    Standing,
    Step,
    Text,
    Turn,
    Veil,
)
from divan_core.activities.games.rounds import Round, check_round
from divan_core.activities.model import ActivityId
from divan_core.errors import NotYourTurn
from divan_core.kernel.clock import Millis, rfc3339
from divan_core.kernel.ids import UserId

ASLEEP: Final = 2
"""After so many empty turns in a row nobody is there."""


WORDS: Final = r"^[^\x00]*[^\s\x00][^\x00]*$"
"""More than blanks, and no NUL, which not every store can keep."""


@attrs.frozen
class StoryOptions:
    """How many turns there are, of both together, and how many seconds each has at most."""

    turns: Annotated[int, Meta(ge=2, le=20)] = 6
    turn_s: Annotated[int, Meta(ge=10, le=600)] = 60


@attrs.frozen
class ContinueStory:
    """Write the next part. It must hold more than blanks, and no NUL.

    With ``round`` it is written as the part of that turn, or not at all; without, as that of the
    turn which is open.
    """

    activity_id: ActivityId
    content: Annotated[str, Meta(min_length=1, max_length=400, pattern=WORDS)]
    round: Round | None = None


@attrs.frozen
class Part:
    """What somebody wrote in their turn; None if they missed it.

    ``veil`` is None where nobody has hidden it.
    """

    player: UserId
    content: str | None = None
    veil: Veil | None = None

    def shown(self, viewer: UserId) -> str | None:
        """What one of the players reads of it; what is hidden from them is as if it were missed."""
        if self.veil is None:
            return self.content
        own = viewer == self.player and self.veil is not Veil.REMOVED
        return self.content if own else None

    def notice(self, viewer: UserId) -> str | None:
        """What its author is told of its being hidden, where they are to be told."""
        told = viewer == self.player and self.veil is Veil.TOMBSTONED
        return Veil.TOMBSTONED.value if told else None


@attrs.frozen
class StoryState:
    """A story as far as it is written."""

    players: tuple[UserId, UserId]
    turns: int
    turn_s: int
    opens_at: Millis
    parts: tuple[Part, ...] = ()

    @property
    def over(self) -> bool:
        """Whether all turns are taken, or nobody is there."""
        last = self.parts[-ASLEEP:]
        asleep = len(last) == ASLEEP and all(part.content is None for part in last)
        return asleep or len(self.parts) == self.turns

    @property
    def round(self) -> int:
        """The turn that is open, or was the last one."""
        return len(self.parts) if self.over else len(self.parts) + 1

    @property
    def writer(self) -> UserId:
        """Whose turn it is, in a story that goes on."""
        return self.players[1 - len(self.parts) % 2]

    @property
    def closes_at(self) -> Millis:
        """When the open turn is missed."""
        return Millis(self.opens_at + self.turn_s * 1000)

    def written(self, player: UserId) -> int:
        """How many parts somebody has written."""
        return sum(part.player == player and part.content is not None for part in self.parts)


class Story:
    """The rules of writing a story together."""

    kind: Final = "story"
    options: Final = StoryOptions
    state: Final = StoryState
    moves: Final[Mapping[str, type[Any]]] = MappingProxyType({"continue": ContinueStory})

    def begin(self, setting: Setting[StoryOptions]) -> Step[StoryState]:
        """Open the first turn, of the one who was invited."""
        options = setting.options
        state = StoryState(setting.players, options.turns, options.turn_s, setting.at)
        return Step(state, (_opened(state),))

    def apply(self, state: StoryState, turn: Turn) -> Step[StoryState]:
        """Write the next part.

        Raises:
            ActivityOver, RoundOver, NotYet: it is for a turn that is not open.
            NotYourTurn: the other one writes.
        """
        asked = state.round if turn.move.round is None else turn.move.round
        check_round(asked, state.round, over=state.over)
        if turn.player != state.writer:
            raise NotYourTurn
        return _closed(state, turn.move.content, turn.at)

    def deadline(self, state: StoryState) -> Millis | None:
        """When the open turn is missed."""
        return None if state.over else state.closes_at

    def expire(self, state: StoryState, now: Millis) -> Step[StoryState]:
        """The turn stays empty, and the other one goes on."""
        return _closed(state, None, now)

    def standing(self, state: StoryState) -> Standing:
        """How many parts each has written."""
        return Standing(state.round, {player: state.written(player) for player in state.players})

    def view(self, state: StoryState, viewer: UserId, now: Millis) -> Json:  # noqa: ARG002 - it changes by turns only
        """The story, and whose turn it is until when."""
        return {
            "turn_of": None if state.over else str(state.writer),
            "opens_at": None if state.over else rfc3339(state.opens_at),
            "closes_at": None if state.over else rfc3339(state.closes_at),
            "parts": [
                _shown(part, number, viewer) for number, part in enumerate(state.parts, start=1)
            ],
        }

    def texts(self, state: StoryState) -> tuple[Text, ...]:
        """The parts that were written, by the rounds of their turns."""
        return tuple(
            Text(number, part.player, part.content)
            for number, part in enumerate(state.parts, start=1)
            if part.content is not None
        )

    def veiled(self, state: StoryState, number: int, veil: Veil | None) -> StoryState:
        """The story with a part hidden, or shown again."""
        parts = (
            attrs.evolve(part, veil=veil) if at == number and part.content is not None else part
            for at, part in enumerate(state.parts, start=1)
        )
        return attrs.evolve(state, parts=tuple(parts))


def _shown(part: Part, number: int, viewer: UserId) -> Json:
    """A part as a player sees it."""
    shown = {"round": number, "user_id": str(part.player), "content": part.shown(viewer)}
    notice = part.notice(viewer)
    return shown if notice is None else {**shown, "notice": notice}


def _opened(state: StoryState) -> RoundOpened:
    data = {"turn_of": str(state.writer)}
    return RoundOpened(state.round, state.opens_at, state.closes_at, data)


def _closed(state: StoryState, content: str | None, now: Millis) -> Step[StoryState]:
    """A turn is over; the next one opens, unless it was the last.

    What is told does not repeat the part: it goes through events, which hold nothing that people
    wrote.
    """
    part = Part(state.writer, content)
    after = attrs.evolve(state, parts=(*state.parts, part), opens_at=now)
    data = {"user_id": str(part.player), "missed": content is None}
    closed = RoundClosed(state.round, None, data)
    if not after.over:
        return Step(after, (closed, _opened(after)))
    empty = all(one.content is None for one in after.parts)
    return Step(after, (closed,), Outcome(abandoned=empty))

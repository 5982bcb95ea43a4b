"""Activities: one game between two friends, from the lobby to its end."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final, NewType
from uuid import UUID

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId

ActivityId = NewType("ActivityId", UUID)
"""A game between two people."""

Score = int | float
"""What a game counts; more is better."""

IDLE_MS: Final = 15 * 60 * 1000
"""How long neither player may do anything: 15 minutes."""

SEED_BYTES: Final = 32
"""How much chance an activity begins with."""


class Stage(enum.Enum):
    """How far an activity has come. All but the first two are ends."""

    LOBBY = "lobby"
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


OPEN: Final = frozenset({Stage.LOBBY, Stage.ACTIVE})
"""The stages of what goes on."""


@attrs.frozen
class Activity:
    """A game between two people, as it is kept.

    ``players`` are the one who asked and the one who was asked. ``options`` and ``position`` are
    the game's own, as JSON; ``position`` is None in the lobby. ``seed`` is all its chance, which
    nobody is told. ``due_at`` is when something happens by itself, ``moved_at`` when a player last
    did something, and ``version`` counts every change from 1. A ``shadowed`` one is shown to
    nobody but who asked for it.
    """

    id: ActivityId
    campus_id: CampusId
    kind: str
    players: tuple[UserId, UserId]
    options: bytes
    seed: bytes = attrs.field(repr=False)
    created_at: Millis
    moved_at: Millis
    due_at: Millis | None
    stage: Stage = Stage.LOBBY
    position: bytes | None = attrs.field(default=None, repr=False)
    round: int = 0
    scores: Mapping[UserId, Score] = attrs.field(factory=dict)
    winner_id: UserId | None = None
    started_at: Millis | None = None
    ended_at: Millis | None = None
    shadowed: bool = False
    version: int = 1

    @property
    def is_open(self) -> bool:
        """Whether it goes on."""
        return self.stage in OPEN

    @property
    def deadline(self) -> Millis | None:
        """When its game goes on by itself; None where only idleness can end it."""
        due, idle = self.due_at, self.moved_at + IDLE_MS
        return None if due is None or due >= idle else due

    def due(self, now: Millis) -> bool:
        """Whether something is to happen by itself."""
        return self.due_at is not None and self.due_at <= now

    def peer_of(self, player: UserId) -> UserId:
        """The other player."""
        one, other = self.players
        return other if player == one else one

    def is_of(self, user_id: UserId) -> bool:
        """Whether this is one of the players, and may know of it."""
        return user_id == self.players[0] or (user_id == self.players[1] and not self.shadowed)


@attrs.frozen
class Meeting:
    """Two people and a kind of game: of these, one activity is open at a time.

    ``low`` has the smaller id.
    """

    low: UserId
    high: UserId
    kind: str

    @classmethod
    def of(cls, players: tuple[UserId, UserId], kind: str) -> Meeting:
        """The two, in whichever order they are given."""
        return cls(min(players), max(players), kind)

"""What crosses the border of activities: commands, views, and the events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import attrs
from msgspec import Meta

from divan_core.activities.model import ActivityId, Score
from divan_core.errors import NotStarted, WrongGame
from divan_core.kernel.ids import UserId
from divan_core.kernel.values import value

__all__ = [
    "ACTIVITIES",
    "ACTIVITY_CHANGED",
    "ACTIVITY_COMPLETED",
    "ActivitiesQuery",
    "ActivityId",
    "ActivityQuery",
    "ActivityView",
    "CreateActivity",
    "MakeMove",
    "PromptView",
    "SeedActivity",
    "prompt_of",
]

ACTIVITIES: Final = "activities"
"""The topic of what happens in activities, and of the notices of it."""

ACTIVITY_CHANGED: Final = "activity.changed"
"""Something happened in an activity; for the sockets of its players."""

ACTIVITY_COMPLETED: Final = "activity.completed"
"""A game was played to its end: ``activity_id``, ``kind``, ``players`` and ``winner_id`` or None.

Campus and moment are the event's own. What was cancelled or has expired has no such event.
"""

UPDATE: Final = "activity:update"
ROUND: Final = "activity:round"
SCORE: Final = "activity:score"
ENDED: Final = "activity:ended"
"""The notices, which sockets are told under the same names."""

MOST_LISTED: Final = 200

Kind = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Limit = Annotated[int, Meta(ge=1, le=MOST_LISTED)]
StateName = Literal["lobby", "active", "completed", "cancelled", "expired"]


@attrs.frozen
class CreateActivity:
    """Ask a friend for a game of a kind. What ``options`` leaves out has the game's default."""

    peer_id: UserId
    kind: Kind
    options: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen
class ActivityQuery:
    """One activity."""

    activity_id: ActivityId


@attrs.frozen
class ActivitiesQuery:
    """A page of one's activities."""

    limit: Limit = 20
    cursor: str | None = None


@attrs.frozen
class SeedActivity:
    """Draw the chance of a game anew, in its lobby, and change these of its options.

    Where ``kind`` is given, only if it is a game of this kind.
    """

    activity_id: ActivityId
    options: Mapping[str, Any] = attrs.field(factory=dict)
    kind: str | None = None


@attrs.frozen
class MakeMove:
    """A move of any game, by its name there; ``body`` holds what else the move has."""

    activity_id: ActivityId
    name: Annotated[str, Meta(min_length=1, max_length=32)]
    body: dict[str, Any] = attrs.field(factory=dict)


@value
class ActivityView:
    """An activity, to one of its players. Moments are RFC 3339.

    ``players`` are the one who asked and the one who was asked. ``round`` is 0 in the lobby.
    ``game`` is what the game itself shows this player now, null in the lobby.
    """

    id: ActivityId
    kind: str
    state: StateName
    players: tuple[UserId, ...]
    options: dict[str, Any]
    round: int
    scores: dict[UserId, Score]
    winner_id: UserId | None
    created_at: str
    started_at: str | None
    ended_at: str | None
    game: dict[str, Any] | None


@value
class PromptView:
    """What is to be typed in the open round, and from when to when. Moments are RFC 3339."""

    activity_id: ActivityId
    round: int
    prompt: str
    opens_at: str
    closes_at: str


TYPING: Final = "typing_duel"


def prompt_of(view: ActivityView) -> PromptView:
    """The prompt of a typing duel.

    Raises:
        WrongGame: it is another game.
        NotStarted: nobody has started it, or its round is not open yet.
    """
    if view.kind != TYPING:
        raise WrongGame
    game = view.game or {}
    if game.get("prompt") is None:
        raise NotStarted("The prompt is shown when the round opens.")
    return PromptView(view.id, view.round, game["prompt"], game["opens_at"], game["closes_at"])

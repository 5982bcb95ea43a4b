"""What players write in games: known by ids of its own, and hidden by what was decided. Pure.

A text has no row. Its id is that of its activity with its number in the middle, where ids that are
made one after the other do not differ by that alone; so the activity is found by the id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import attrs

from divan_core.activities.games.game import MOST_TEXTS, AnyGame, Silent, Text, Veil
from divan_core.activities.model import Activity, ActivityId
from divan_core.activities.policy import Change, position_of
from divan_core.codec.reader import encode

TURN: Final = "turn"
"""What a text of a game is called where it is decided about."""

_PLACE: Final = 64


def text_id(activity_id: ActivityId, number: int) -> UUID:
    """The id of the text with this number."""
    return UUID(int=activity_id.int ^ number << _PLACE)


def origins(of: UUID) -> Sequence[ActivityId]:
    """Which activities a text of this id may be of; one of them at most has it."""
    numbers = range(1, MOST_TEXTS + 1)
    return [ActivityId(UUID(int=of.int ^ number << _PLACE)) for number in numbers]


def texts_of(activity: Activity, game: AnyGame | None) -> Sequence[Text]:
    """What was written in an activity, as far as it has numbers.

    Of games in which nobody writes the state is not even read: their moves are to be quick.
    """
    if game is None or isinstance(game, Silent) or activity.position is None:
        return ()
    texts = game.texts(position_of(activity, game))
    return [one for one in texts if 1 <= one.number <= MOST_TEXTS]


def found(
    wanted: UUID, activities: Iterable[tuple[Activity, AnyGame | None]]
) -> tuple[Activity, Text] | None:
    """The text of an id, and the one of these activities that has it."""
    return next(
        (
            (activity, text)
            for activity, game in activities
            for text in texts_of(activity, game)
            if text_id(activity.id, text.number) == wanted
        ),
        None,
    )


def added(change: Change, game: AnyGame | None) -> Sequence[Text]:
    """What is written in an activity since before a change."""
    before = () if change.before is None else texts_of(change.before, game)
    known = {one.number for one in before}
    return [one for one in texts_of(change.activity, game) if one.number not in known]


def veiled(activity: Activity, game: AnyGame, number: int, veil: Veil | None) -> Change:
    """A text is hidden, or shown again; nothing else of the game changes, nor when it goes on."""
    position = encode(game.veiled(position_of(activity, game), number, veil))
    if position == activity.position:
        return Change(activity, activity)
    return Change(activity, attrs.evolve(activity, position=position, version=activity.version + 1))

"""What people are found by, and what is looked for."""

from __future__ import annotations

import enum
import functools
from typing import Final, NamedTuple

import attrs

from divan_core.discovery.folding import comparable
from divan_core.discovery.similarity import Trigrams, trigrams
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import RoomId, UserId
from divan_core.kernel.values import value

SHORTEST: Final = 2
"""A shorter query finds nothing, in letters."""

LONGEST: Final = 64
"""A longer query is refused, in characters as typed."""

MOST_IN_TIER: Final = 200
"""Where a tier is cut."""

ENOUGH: Final = 50
"""Once so many people are found, no later tier is looked at."""

SIMILAR: Final = 0.2
"""Texts are alike above this similarity."""

SLIP: Final = 0.6
"""The least similarity of a query that is one edit from a word."""

SHORTEST_SLIP: Final = 5
"""A word in which a slip of the hand is forgiven has at least so many letters."""


NEAR_M: Final = 50.0
"""Two people are near each other when their public points are at most so far apart, in metres."""


class Tier(enum.IntEnum):
    """How well a query fits; people of a lower tier come first."""

    BEGINS = 1
    """It starts the handle, or a word of the name."""
    INSIDE = 2
    """It stands inside the handle or the name."""
    SIMILAR = 3
    """It is similar to them or to one of their words, or one edit from a word."""


@value
class Entry:
    """A person as search knows them: id, handle and name, both ``comparable``."""

    user_id: UserId
    handle: str
    name: str


class Spelt(NamedTuple):
    """Words, and texts of several words, as an index spells them."""

    words: tuple[str, ...]
    wholes: tuple[str, ...]


@attrs.frozen(eq=False)
class Called:
    """Somebody in an index that is kept in this process; ``number`` is that of their id.

    ``plain`` are the texts by which it is told how alike a query without digits is, ``numbered``
    those that count besides where it has some: most handles are a name and digits, which is less so
    than the name. ``words`` are those of all texts that are single words, as they are.
    """

    number: int
    entry: Entry
    plain: Spelt
    numbered: Spelt
    words: tuple[str, ...]


@value
class RoomCard:
    """An open link room, as one viewer sees it.

    ``members`` leaves out those with a block between them and the viewer, ``messages`` are those
    of the last 24 hours, and ``friends`` how many of the members are the viewer's friends.
    """

    room_id: RoomId
    name: str
    preset: str
    created_at: Millis
    members: int
    messages: int
    friends: int


@value
class Wanted:
    """A query: its text is ``comparable``."""

    text: str
    grams: Trigrams


@functools.lru_cache(maxsize=4096)
def wanted(query: str) -> Wanted | None:
    """What a query as typed looks for; None when it is too short to look for anything."""
    text = comparable(query)
    return Wanted(text, trigrams(text)) if len(text) >= SHORTEST else None


def entry(user_id: UserId, handle: str, display_name: str) -> Entry:
    """How search knows a person."""
    return Entry(user_id, comparable(handle), comparable(display_name))


def units(one: Entry) -> tuple[str, ...]:
    """What a query can begin or stand inside: the handle, the name, each word of the name."""
    return (one.handle, one.name, *_words(one.name))


def parts(one: Entry) -> tuple[str, ...]:
    """What a query can be similar to: all of that, and each word of the handle."""
    return (*units(one), *_words(one.handle))


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(" ")) if " " in text else ()

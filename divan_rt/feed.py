"""One live list: what its sockets know, told in numbered updates."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

import anyio
import attrs

from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.presence.messages import NearbyPerson
from divan_rt.grid import Disc
from divan_rt.library import EnginePacket
from divan_rt.messages import NearbyResync, NearbyUpdate, Subscribed
from divan_rt.packet import PRESENCE, event

KEPT_UPDATES: Final = 32
KEPT_CHARACTERS: Final = 65_536
"""How much a feed remembers for those who come back: at most so many updates, so long together."""


class Listener(Protocol):
    """A socket that is told of changes."""

    def update(self, packet: EnginePacket, now: Millis) -> None:
        """Send this packet, unless the socket is too slow for it."""
        ...


@attrs.frozen
class FeedKey:
    """What a feed answers: who is within ``radius_m`` of this person?"""

    user_id: UserId
    campus_id: CampusId
    radius_m: int


@attrs.frozen
class Changes:
    """What makes a new list out of an old one."""

    added: tuple[NearbyPerson, ...]
    removed: tuple[UserId, ...]
    updated: tuple[NearbyPerson, ...]

    def __bool__(self) -> bool:
        """Whether the lists differ."""
        return bool(self.added or self.removed or self.updated)


People = dict[UserId, NearbyPerson]


def changes(old: People, new: People) -> Changes:
    """What changed from one list to another. Ids are looked up once: UUIDs are slow to hash."""
    added, updated, known = [], [], old.get
    for one, item in new.items():
        before = known(one)
        if before is None:
            added.append(item)
        elif before != item:
            updated.append(item)
    stayed = len(new) - len(added)
    removed = () if stayed == len(old) else tuple(one for one in old if one not in new)
    return Changes(tuple(added), removed, tuple(updated))


class History:
    """The last updates of a feed, bounded in number and in size."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._kept: deque[tuple[int, EnginePacket, int]] = deque()
        self._size = 0

    def add(self, seq: int, packet: EnginePacket) -> None:
        """Remember an update, and forget old ones where it is too much."""
        size = len(packet.data)
        self._kept.append((seq, packet, size))
        self._size += size
        while len(self._kept) > KEPT_UPDATES or self._size > KEPT_CHARACTERS:
            self._size -= self._kept.popleft()[2]

    def after(self, seq: int) -> Iterator[EnginePacket]:
        """The updates after ``seq``; none if one of them is forgotten."""
        if self._kept and self._kept[0][0] <= seq + 1:
            for number, packet, _ in self._kept:
                if number > seq:
                    yield packet


class Feed:
    """A list and whoever listens to it.

    ``stale`` says that the list may have changed; ``phase`` spreads the computations of all feeds
    over the ticks; ``held`` counts who is about to join; ``disc`` is where changes matter, None
    while its person has no presence; ``idle_since`` is when the last listener left.
    """

    def __init__(self, actor: Actor, radius_m: int, seq: int) -> None:
        """A list that has not been computed yet; updates count up from ``seq``."""
        self.actor = actor
        self.radius_m = radius_m
        self.seq = seq
        self.key = FeedKey(actor.user_id, actor.campus_id, radius_m)
        self.stale = True
        self.phase = seq
        self.held = 0
        self.disc: Disc | None = None
        self.idle_since: Millis | None = None
        self.lock = anyio.Lock()
        self.listeners: set[Listener] = set()
        self._people: People = {}
        self._history = History()

    @property
    def unused(self) -> bool:
        """Whether nobody listens, has listened lately, or is about to."""
        return not self._was_told and not self.held

    def show(self, items: Iterable[NearbyPerson], now: Millis) -> bool:
        """Replace the list and tell the listeners what changed; whether anything did."""
        people = {item.user_id: item for item in items}
        found = changes(self._people, people)
        self._people = people
        if not found or not self._was_told:
            return False
        self.seq += 1
        packet = self._update(found)
        self._history.add(self.seq, packet)
        for listener in self.listeners:
            listener.update(packet, now)
        return True

    @property
    def _was_told(self) -> bool:
        """Whether anybody knows the list as it was."""
        return bool(self.listeners) or self.idle_since is not None

    def _update(self, found: Changes) -> EnginePacket:
        update = NearbyUpdate(self.seq, self.radius_m, found.added, found.removed, found.updated)
        return event(PRESENCE, "nearby:update", update)

    def join(self, listener: Listener) -> Subscribed:
        """Tell a listener the whole list, and from now on what changes."""
        self.listeners.add(listener)
        self.idle_since = None
        return Subscribed(self.seq, self.radius_m, tuple(self._people.values()))

    def missed(self, since_seq: int) -> Iterator[EnginePacket]:
        """The updates after ``since_seq``, where all of them are still known."""
        return self._history.after(since_seq) if since_seq <= self.seq else iter(())

    def leave(self, listener: Listener, now: Millis) -> None:
        """Tell a listener nothing more."""
        self.listeners.discard(listener)
        if not self.listeners:
            self.idle_since = now

    def resync(self) -> EnginePacket:
        """The whole list, for a listener who missed updates."""
        whole = NearbyResync(self.seq, self.radius_m, tuple(self._people.values()))
        return event(PRESENCE, "nearby:resync", whole)

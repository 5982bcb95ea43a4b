"""What discovery asks of presence, answered by one script over presence's keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from divan_core.discovery.model import NEAR_M
from divan_core.discovery.ports import Inquiry, Signals
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.presence.lattice import distance_to
from divan_core.presence.model import SEEN_MS
from divan_core.stores.redis.keys import KnownCampuses
from divan_core.stores.redis.lifecycle import RedisLifecycle
from divan_core.stores.redis.link import Part, Reply
from divan_core.stores.redis.names import KnownCells, KnownIds, KnownPeople
from divan_core.stores.redis.scripts import load_script

_SIGNALS: Final = load_script("signals")
_AGAIN: Final = -1


class RedisSignals:
    """A :class:`~divan_core.discovery.ports.PresenceSignals` for any number of processes."""

    def __init__(self, redis: RedisLifecycle) -> None:
        """Read what :class:`~divan_core.stores.redis.presence.RedisPresence` keeps."""
        self._redis = redis
        self._campuses = KnownCampuses()
        self._cells = KnownCells()
        self._groups = KnownPeople()
        self._ids = KnownIds()

    async def signals(self, inquiry: Inquiry, now: Millis) -> Signals:
        """See the port."""
        campus = self._campuses[inquiry.campus_id]
        keys = (*campus.index, campus.seen)
        args: list[Part] = [now, inquiry.viewer_id.bytes, NEAR_M, inquiry.until, inquiry.most]
        args += (one.bytes for one in inquiry.people)
        reply: Reply = _AGAIN
        while reply == _AGAIN:
            reply = await self._redis.client.run(_SIGNALS, keys, args, idempotent=True)
        since = now - SEEN_MS
        heard = dict(_within(since, inquiry.people, reply[0]))
        near = list(self._neighbours(reply[1], reply[2]))
        if not inquiry.most:
            return Signals(heard, _close(near))
        heard.update(_within(since, (one for one, _, _ in near), reply[3]))
        lately = [(self._ids[one], Millis(int(at))) for one, at in _pairs(reply[4])]
        heard.update(lately)
        complete_to = Millis(int(reply[5]))
        return Signals(heard, _close(near), [one for one, _ in lately], complete_to)

    def _neighbours(self, viewer: int, found: Reply) -> Iterator[tuple[UserId, int, float]]:
        """Everyone in the cells found: the size of their cell, and how far off its middle is."""
        if viewer:
            mine = self._cells[viewer]
            for number, people in _pairs(found):
                cell = self._cells[number]
                distance = distance_to(cell, mine.east, mine.north)
                for one in self._groups[people]:
                    yield one, cell.size_m, distance


def _pairs(flat: Reply) -> Iterator[tuple[Reply, Reply]]:
    return zip(flat[::2], flat[1::2], strict=True)


def _within(
    since: int, people: Iterable[UserId], moments: Reply
) -> Iterator[tuple[UserId, Millis]]:
    """Those heard after a moment."""
    for one, text in zip(people, moments, strict=True):
        if text is not None and (at := int(text)) > since:
            yield one, Millis(at)


def _close(near: Iterable[tuple[UserId, int, float]]) -> dict[UserId, int]:
    return {one: size_m for one, size_m, distance in near if distance <= NEAR_M}

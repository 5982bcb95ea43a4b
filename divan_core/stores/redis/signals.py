"""What discovery asks of presence, answered by one script over presence's keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from divan_core.discovery.model import NEAR_M
from divan_core.discovery.ports import Inquiry, Near, Signals
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.presence.lattice import distance_to
from divan_core.presence.model import SEEN_MS
from divan_core.stores.redis.keys import KnownCampuses
from divan_core.stores.redis.lifecycle import RedisLifecycle
from divan_core.stores.redis.link import Reply
from divan_core.stores.redis.names import ID_BYTES, KnownCells, KnownIds, KnownPeople
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
        people = b"".join([one.int.to_bytes(ID_BYTES, "big") for one in inquiry.people])
        args = (now, inquiry.viewer_id.bytes, NEAR_M, inquiry.until, inquiry.most, people)
        reply: Reply = _AGAIN
        while reply == _AGAIN:
            reply = await self._redis.client.run(_SIGNALS, keys, args, idempotent=True)
        since = now - SEEN_MS
        heard = _moments(reply[0], since)
        neighbours = list(self._neighbours(reply[1], reply[2]))
        if not inquiry.most:
            return Signals(
                heard, [Near(one, size, 0) for one, size, is_near in neighbours if is_near]
            )
        moments = _moments(reply[3], since)
        near = [
            Near(one, size_m, at)
            for (one, size_m, is_near), at in zip(neighbours, moments, strict=True)
            if is_near
        ]
        lately = [(self._ids[one], int(at)) for one, at in _pairs(reply[4])]
        return Signals(heard, near, lately, int(reply[5]))

    def _neighbours(self, viewer: int, found: Reply) -> Iterator[tuple[UserId, int, bool]]:
        """Everyone in the cells found: the size of their cell, and whether its middle is near."""
        if viewer:
            mine = self._cells[viewer]
            for number, people in _pairs(found):
                cell = self._cells[number]
                is_near = distance_to(cell, mine.east, mine.north) <= NEAR_M
                for one in self._groups[people]:
                    yield one, cell.size_m, is_near


def _pairs(flat: Reply) -> Iterator[tuple[Reply, Reply]]:
    return zip(flat[::2], flat[1::2], strict=True)


def _moments(texts: Reply, since: int) -> list[int]:
    """Moments as numbers; 0 where there is none, and for those that are not after ``since``."""
    return [at if text is not None and (at := int(text)) > since else 0 for text in texts]

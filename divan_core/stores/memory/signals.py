"""What discovery asks of presence, answered from presence in this process."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from divan_core.discovery.model import NEAR_M
from divan_core.discovery.ports import Inquiry, Near, Signals
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.presence.lattice import distance_to
from divan_core.presence.model import SEEN_MS
from divan_core.stores.memory.presence import MemoryPresence
from divan_core.stores.memory.standing import Campus, found


class MemorySignals:
    """A :class:`~divan_core.discovery.ports.PresenceSignals` for one process."""

    def __init__(self, presence: MemoryPresence) -> None:
        """Read what ``presence`` keeps."""
        self._presence = presence

    async def signals(self, inquiry: Inquiry, now: Millis) -> Signals:
        """See the port."""
        campus = self._presence.campus(inquiry.campus_id, now)
        since, seen = now - SEEN_MS, campus.seen
        heard = [at if (at := seen.get(one.int, 0)) > since else 0 for one in inquiry.people]
        near = _near(campus, inquiry.viewer_id, now)
        if not inquiry.most:
            return Signals(heard, [Near(one, size_m, 0) for one, size_m in near])
        return Signals(
            heard,
            [Near(one, size_m, seen.get(one.int, 0)) for one, size_m in near],
            *_lately(campus, inquiry, since),
        )


def _near(campus: Campus, viewer_id: UserId, now: Millis) -> Iterator[tuple[UserId, int]]:
    """Those whose public cell's middle is near that of the viewer's, and the cell's size."""
    record = campus.get(viewer_id)
    mine = record.cell if record is not None and record.online(now) else None
    if mine is None:
        return
    for size_m, grid in campus.grids.items():
        for cell, people in found(grid, mine, -1.0, NEAR_M):
            if distance_to(cell, mine.east, mine.north) <= NEAR_M:
                for one in people:
                    yield one, size_m


def _lately(campus: Campus, inquiry: Inquiry, since: int) -> tuple[list[tuple[UserId, int]], int]:
    """Those heard last up to a moment, and the moment down to which these are all."""
    people: list[tuple[UserId, int]] = []
    last = 0
    for number, at in reversed(campus.seen.items()):
        if at <= since:
            break
        if at <= inquiry.until:
            if len(people) >= inquiry.most and at < last:
                return people, last
            people.append((UserId(UUID(int=number)), at))
            last = at
    return people, last if len(people) >= inquiry.most else 0

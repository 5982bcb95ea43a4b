"""Changes of people and relations, in a stream of their campus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Final
from uuid import uuid4

from divan_core.kernel.audience import JournalSlice
from divan_core.kernel.clock import Clock
from divan_core.kernel.ids import CampusId, UserId
from divan_core.presence.model import PeopleChanged
from divan_core.stores.redis.keys import KnownCampuses
from divan_core.stores.redis.lifecycle import RedisLifecycle
from divan_core.stores.redis.limits import moment
from divan_core.stores.redis.names import KnownPeople
from divan_core.stores.redis.notices import NoticeSeal
from divan_core.stores.redis.scripts import load_script

ANNOUNCED_MS: Final = 10_000
"""How long an announced change may take before it is recorded by itself."""

LISTED: Final = 5_000
"""A change of more people than this is a change of anybody."""

_ANNOUNCE: Final = load_script("announce")
_RECORD: Final = load_script("record")
_READ: Final = load_script("read")

_Change = tuple[CampusId, frozenset[UserId]]


class RedisJournal:
    """A :class:`~divan_core.kernel.audience.ChangeJournal` for any number of processes."""

    def __init__(
        self,
        redis: RedisLifecycle,
        seal: NoticeSeal,
        clock: Clock | None = None,
    ) -> None:
        """Wait for announced changes by the server's clock unless given another."""
        self._redis = redis
        self._seal = seal
        self._clock = clock
        self._campuses = KnownCampuses()
        self._announced: defaultdict[_Change, list[bytes]] = defaultdict(list)
        self._known = KnownPeople()

    async def announce(self, campus_id: CampusId, people: Collection[UserId]) -> None:
        """See the port."""
        notice = self._seal.sealed(PeopleChanged(campus_id))
        names = _names(people)
        # The ticket tells this apart from what other processes announce of the same people.
        announcement = b"".join((uuid4().bytes, len(names).to_bytes(4, "little"), names, notice))
        args = (moment(self._clock), announcement, ANNOUNCED_MS)
        keys = (self._campuses[campus_id].pending,)
        await self._redis.client.run(_ANNOUNCE, keys, args, idempotent=True)
        self._announced[campus_id, frozenset(people)].append(announcement)

    async def record(self, campus_id: CampusId, people: Collection[UserId]) -> None:
        """See the port."""
        keys = self._campuses[campus_id]
        notice = self._seal.sealed(PeopleChanged(campus_id))
        args = (self._followed_up(campus_id, people), _names(people), notice)
        await self._redis.client.run(_RECORD, (keys.pending, keys.journal), args, idempotent=True)

    async def read(self, campus_id: CampusId, after: bytes) -> JournalSlice:
        """See the port."""
        keys = self._campuses[campus_id]
        position, changed = await self._redis.client.run(
            _READ, (keys.pending, keys.journal), (after, moment(self._clock)), idempotent=True
        )
        return self.slice(position, changed)

    def slice(self, position: bytes, changed: bytes | None) -> JournalSlice:
        """What a script answered with, for the presence index beside this journal."""
        if not changed:
            return JournalSlice(position, None if changed is None else frozenset())
        return JournalSlice(position, frozenset(self._known[changed]))

    def _followed_up(self, campus_id: CampusId, people: Collection[UserId]) -> bytes:
        """The announcement that a record belongs to; empty when there was none."""
        change = campus_id, frozenset(people)
        announcements = self._announced.get(change)
        if not announcements:
            return b""
        announcement = announcements.pop(0)
        if not announcements:
            del self._announced[change]
        return announcement


def _names(people: Collection[UserId]) -> bytes:
    return b"*" if len(people) > LISTED else b"".join(one.bytes for one in people)

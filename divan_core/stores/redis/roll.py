"""Which campuses have streams of a topic, and which groups read them.

A list of both lies in Redis, so that consumers find streams that other processes began. It is
copied into each process, and written again with publications and looks for losses, once a second:
losing it costs nothing.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

import attrs

from divan_core.kernel.clock import Clock
from divan_core.kernel.ids import CampusId
from divan_core.stores.redis.keys import roll_of
from divan_core.stores.redis.lifecycle import RedisLifecycle
from divan_core.stores.redis.limits import moment
from divan_core.stores.redis.link import Reply
from divan_core.stores.redis.scripts import load_script

GIVEN_UP_MS: Final = 7 * 86_400_000
"""A group that has not taken for this long does not hold up trimming any more."""

ENTER_MS: Final = 1_000
"""How long it is enough to have put a campus on the list."""

_ROLL: Final = load_script("roll")


@attrs.frozen
class Groups:
    """The groups of a topic: those that take, and those that have not for a week."""

    present: Sequence[bytes]
    given_up: Sequence[bytes]


class Roll:
    """The list, and this process's copy."""

    def __init__(self, redis: RedisLifecycle, clock: Clock | None) -> None:
        """Begin with an empty copy."""
        self._redis = redis
        self._clock = clock
        self._known: defaultdict[str, dict[bytes, CampusId]] = defaultdict(dict)
        self._entered: dict[tuple[str, CampusId], float] = {}
        self._turns = 0

    def campuses(self, topic: str) -> list[CampusId]:
        """Those known to have a stream, beginning with another one each time."""
        known = list(self._known[topic].values())
        self._turns += 1
        first = self._turns % len(known) if known else 0
        return known[first:] + known[:first]

    def topics(self, campuses: Collection[CampusId]) -> dict[str, list[CampusId]]:
        """The topics that any of these campuses are known to have streams of, and which."""
        wanted = {_name(campus_id) for campus_id in campuses}
        found = {
            topic: [known[name] for name in wanted & known.keys()]
            for topic, known in self._known.items()
        }
        return {topic: those for topic, those in found.items() if those}

    def learn(self, topic: str, campus_id: CampusId) -> None:
        """Know that a campus has a stream."""
        self._known[topic][_name(campus_id)] = campus_id

    async def enter(self, topic: str, campuses: Collection[CampusId]) -> None:
        """Put campuses on the list, those that were not just now."""
        now = time.monotonic() * 1000 if self._clock is None else self._clock.now()
        stale = [one for one in campuses if self._is_stale(topic, one, now)]
        if not stale:
            return
        for campus_id in stale:
            self.learn(topic, campus_id)
        names = [_name(campus_id) for campus_id in stale]
        key = roll_of(topic)[0]
        await self._redis.client.call(b"SADD", key, *names, idempotent=True)
        self._entered |= {(topic, campus_id): now for campus_id in stale}

    def _is_stale(self, topic: str, campus_id: CampusId, now: float) -> bool:
        entered = self._entered.get((topic, campus_id))
        return entered is None or not 0 <= now - entered < ENTER_MS

    def doubt(self) -> None:
        """Put all on the list anew when next they are met: the server has lost something."""
        self._entered.clear()

    async def read(self, topic: str, group: str = "") -> list[CampusId]:
        """Copy the list, where ``group`` stands from now on; the campuses that are news."""
        campuses, _present, _given_up = await self._read(topic, group)
        return self._copy(topic, campuses)

    async def groups(self, topic: str) -> Groups:
        """Copy the list; the groups on it."""
        campuses, present, given_up = await self._read(topic, "")
        self._copy(topic, campuses)
        return Groups(present, given_up)

    async def strike(self, topic: str, groups: Sequence[bytes]) -> None:
        """Take groups off the list."""
        await self._redis.client.call(b"ZREM", roll_of(topic)[1], *groups, idempotent=True)

    async def _read(self, topic: str, group: str) -> Reply:
        args = (moment(self._clock), GIVEN_UP_MS, group)
        return await self._redis.client.run(_ROLL, roll_of(topic), args, idempotent=True)

    def _copy(self, topic: str, campuses: Sequence[bytes]) -> list[CampusId]:
        """Learn of campuses; those that are news. What is no id was not written by Divan."""
        known = self._known[topic]
        news = [name for name in campuses if name not in known]
        for name in news:
            with suppress(ValueError):
                known[name] = CampusId(UUID(name.decode()))
        return [known[name] for name in news if name in known]


def _name(campus_id: CampusId) -> bytes:
    return str(campus_id).encode()

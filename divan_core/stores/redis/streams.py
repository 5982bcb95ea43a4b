"""The streams of events that a process knows, and calls to many of them at once."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine, Iterable, Sequence
from typing import Any

from divan_core.errors import StoreUnavailable
from divan_core.kernel.clock import Clock
from divan_core.kernel.ids import CampusId
from divan_core.stores.redis.client import RedisClient
from divan_core.stores.redis.keys import CampusKeys, KnownCampuses, TopicKeys
from divan_core.stores.redis.lifecycle import RedisLifecycle
from divan_core.stores.redis.limits import moment
from divan_core.stores.redis.link import Part, Reply
from divan_core.stores.redis.roll import Roll
from divan_core.stores.redis.scripts import Script


class Streams:
    """Keys and the client, the roll of campuses, and the last entry seen of each stream."""

    def __init__(self, redis: RedisLifecycle, clock: Clock | None) -> None:
        """Tell scripts the time of ``clock``; None for the server's own."""
        self.roll = Roll(redis, clock)
        self._redis = redis
        self._clock = clock
        self._campuses = KnownCampuses()
        self._seen: dict[bytes, bytes] = {}

    @property
    def client(self) -> RedisClient:
        """See :attr:`RedisLifecycle.client`."""
        return self._redis.client

    @property
    def moment(self) -> Part:
        """What scripts are told of the time."""
        return moment(self._clock)

    def campus(self, campus_id: CampusId) -> CampusKeys:
        """The keys of a campus."""
        return self._campuses[campus_id]

    def keys(self, campus_id: CampusId, topic: str) -> TopicKeys:
        """The keys of a stream and what belongs to it."""
        return TopicKeys.of(self._campuses[campus_id], topic)

    def saw(self, stream: bytes, entry: bytes) -> None:
        """Remember an entry that is in a stream now."""
        if entry_order(entry) > entry_order(self.seen(stream)):
            self._seen[stream] = entry

    def seen(self, stream: bytes) -> bytes:
        """The last entry seen of a stream; empty for none."""
        return self._seen.get(stream, b"")

    def forget(self, stream: bytes) -> None:
        """Forget what was seen of a stream that has lost it."""
        self._seen.pop(stream, None)

    async def settle(
        self, group: str, campus_id: CampusId, topic: str, receipts: Collection[bytes]
    ) -> None:
        """Acknowledge entries of one stream."""
        key = self.keys(campus_id, topic).stream
        await self.client.call(b"XACK", key, group, *receipts, idempotent=True)

    async def everywhere(
        self, script: Script, keys: Iterable[Sequence[bytes]], args: Sequence[Part] = ()
    ) -> list[Reply]:
        """Run a script on many streams at once; what it answered for each.

        Raises:
            StoreUnavailable: for one of them, at least.
        """
        return all_of(await together(*(self.client.run(script, one, args) for one in keys)))


def entry_order(entry: bytes) -> tuple[int, int]:
    """What entries of a stream are ordered by; lowest for none."""
    ms, _dash, number = entry.partition(b"-")
    return int(ms or b"0"), int(number or b"0")


async def together(*calls: Coroutine[Any, Any, Any]) -> list[Any]:
    """Make all calls in one write and wait for every one; their results, in order.

    A call that the store did not answer has its StoreUnavailable for a result.

    Raises:
        Exception: whatever else a call raised, once all have ended.
    """
    done = await asyncio.gather(*calls, return_exceptions=True)
    for result in done:
        if isinstance(result, BaseException) and not isinstance(result, StoreUnavailable):
            raise result
    return done


def all_of(done: list[Any]) -> list[Any]:
    """The results of calls that were made together.

    Raises:
        StoreUnavailable: one of them is that.
    """
    for result in done:
        if isinstance(result, StoreUnavailable):
            raise result
    return done

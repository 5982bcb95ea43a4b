"""Idempotency keys in memory."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator

import attrs
from anyio.lowlevel import checkpoint

from divan_core.idempotency.model import KeyScope, StoredAnswer
from divan_core.kernel.clock import Clock, Millis
from divan_core.kernel.units import UnitMisused
from divan_core.stores.memory.changes import Changes


@attrs.frozen
class KeptKey:
    """An answer, and when it is as if it had never been given."""

    answer: StoredAnswer
    expires_at: Millis


@attrs.define
class KeyRecords:
    """The answers, and in which order they expire.

    The order may name more than there is: what was taken back or replaced stays in it until then.
    """

    kept: dict[KeyScope, KeptKey] = attrs.field(factory=dict)
    order: list[tuple[Millis, int, KeyScope]] = attrs.field(factory=list)
    numbers: Iterator[int] = attrs.field(factory=itertools.count)

    def alive(self, scope: KeyScope, now: Millis) -> StoredAnswer | None:
        """The answer of a key, unless it has expired."""
        found = self.kept.get(scope)
        return found.answer if found is not None and now < found.expires_at else None


class MemoryKeys:
    """The keys of one unit. No other unit runs meanwhile, so there is nobody to wait for."""

    def __init__(self, records: KeyRecords, clock: Clock, changes: Changes) -> None:
        """Work on ``records``, and remember in ``changes`` how to take it back."""
        self._records = records
        self._clock = clock
        self._changes = changes
        self._claimed: dict[KeyScope, bytes] = {}

    async def claim(self, scope: KeyScope, fingerprint: bytes, wait_ms: int) -> StoredAnswer | None:
        """Take the key for this unit (None), or learn what its earlier use answered."""
        del wait_ms
        self._changes.begin()
        found = self._records.alive(scope, self._clock.now())
        if found is None:
            self._claimed[scope] = fingerprint
        return found

    async def answer(self, scope: KeyScope, body: bytes, ttl_s: int) -> None:
        """Store the answer of a key that this unit has claimed."""
        if scope not in self._claimed:
            raise UnitMisused("A unit answers only the keys that it has claimed.")
        expires_at = Millis(self._clock.now() + ttl_s * 1000)
        kept = KeptKey(StoredAnswer(self._claimed[scope], body), expires_at)
        self._changes.set(self._records.kept, scope, kept)
        heapq.heappush(self._records.order, (expires_at, next(self._records.numbers), scope))

    async def count_of(self, subject: str) -> int:
        """How many answers of a subject are stored, over or not."""
        return len(self._of(subject))

    async def remove_of(self, subject: str, most: int) -> int:
        """Remove up to ``most`` answers of a subject; how many it were."""
        self._changes.begin()
        found = self._of(subject)[:most]
        for scope in found:
            self._changes.drop(self._records.kept, scope)
        return len(found)

    def _of(self, subject: str) -> list[KeyScope]:
        return [scope for scope in self._records.kept if scope.subject == subject]


class MemoryKeyStore:
    """The keys from outside the units."""

    def __init__(self, records: KeyRecords, clock: Clock) -> None:
        """Work on ``records``."""
        self._records = records
        self._clock = clock

    async def recall(self, scope: KeyScope) -> StoredAnswer | None:
        """What the key's earlier use answered, unless that has expired."""
        await checkpoint()
        return self._records.alive(scope, self._clock.now())

    async def purge(self, most: int) -> int:
        """Delete up to ``most`` expired keys; how many it were."""
        await checkpoint()
        now, order, deleted = self._clock.now(), self._records.order, 0
        while order and order[0][0] <= now and deleted < most:
            expires_at, _, scope = heapq.heappop(order)
            found = self._records.kept.get(scope)
            if found is not None and found.expires_at == expires_at:
                del self._records.kept[scope]
                deleted += 1
        return deleted

    async def expired(self) -> int:
        """How many keys are expired and not deleted yet."""
        await checkpoint()
        now = self._clock.now()
        return sum(one.expires_at <= now for one in self._records.kept.values())

    async def probe(self) -> None:
        """Nothing can keep memory from keeping keys."""
        await checkpoint()

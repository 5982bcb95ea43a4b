"""What idempotency needs from a store."""

from __future__ import annotations

from typing import Protocol

from divan_core.idempotency.model import KeyScope, StoredAnswer


class KeyRepository(Protocol):
    """The keys, inside the unit of work that they protect."""

    async def claim(self, scope: KeyScope, fingerprint: bytes, wait_ms: int) -> StoredAnswer | None:
        """Take the key for this unit (None), or learn what its earlier use answered.

        Whether the key is free is decided by inserting it, not by looking first. An expired row is
        as if it were not there and is replaced in the same step. A unit that holds the key and
        has not ended is waited for, at most ``wait_ms`` milliseconds.

        Raises:
            IdempotencyInProgress: the other unit took longer.
            StoreUnavailable: keys cannot be kept; the tables are missing, for one.
        """
        ...

    async def answer(self, scope: KeyScope, body: bytes, ttl_s: int) -> None:
        """Store the answer of a key that this unit has claimed.

        It expires ``ttl_s`` seconds from now, by the database's clock.
        """
        ...

    async def count_of(self, subject: str) -> int:
        """How many answers of a subject are stored, over or not."""
        ...

    async def remove_of(self, subject: str, most: int) -> int:
        """Remove up to ``most`` answers of a subject; how many it were."""
        ...


class KeyStore(Protocol):
    """The keys from outside."""

    async def recall(self, scope: KeyScope) -> StoredAnswer | None:
        """What the key's earlier use answered, unless that has expired. One statement.

        Raises:
            StoreUnavailable: keys cannot be read.
        """
        ...

    async def purge(self, most: int) -> int:
        """Delete up to ``most`` expired keys; how many it were."""
        ...

    async def expired(self) -> int:
        """How many keys are expired and not deleted yet."""
        ...

    async def probe(self) -> None:
        """Insert a key and roll it back.

        Raises:
            StoreUnavailable: keys cannot be kept.
        """
        ...

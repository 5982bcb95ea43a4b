"""Ready-made sets of stores. A driver is imported only by the factory that needs it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from divan_core.kernel.clock import Clock
from divan_core.stores.bundle import LiveStores, RelationalStores, ReplicaAddress, Stores
from divan_core.stores.memory.bus import MemoryBus
from divan_core.stores.memory.journal import MemoryJournal
from divan_core.stores.memory.limits import MemoryRateLimits
from divan_core.stores.memory.notices import MemoryNotices, MemoryPersonNotices
from divan_core.stores.memory.presence import MemoryPresence
from divan_core.stores.memory.signals import MemorySignals
from divan_core.stores.memory.turnstile import MemoryTurnstile
from divan_core.stores.memory.unit import open_memory
from divan_core.system import SystemClock


def memory_stores(clock: Clock | None = None) -> Stores:
    """Everything in this process, and gone with it."""
    return Stores.of(open_memory(clock), memory_live(clock))


def embedded_stores(path: Path, clock: Clock | None = None) -> Stores:
    """A SQLite file, created and migrated when needed, and presence in this process."""
    return Stores.of(sql_relational(file_address(path), clock), memory_live(clock))


def sql_stores(
    database_url: str, clock: Clock | None = None, replica: ReplicaAddress | None = None
) -> Stores:
    """Any database Divan speaks to, perhaps with a replica, and presence in this process."""
    return Stores.of(sql_relational(database_url, clock, replica), memory_live(clock))


def production_stores(
    database_url: str,
    redis_url: str,
    *,
    key: bytes,
    clock: Clock | None = None,
    replica: ReplicaAddress | None = None,
) -> Stores:
    """A database, perhaps with a replica, and presence in Redis for any number of processes.

    ``key`` (secret, 32 bytes) signs what the processes tell each other. Limits and leases go by
    the servers' clocks, unless ``clock`` replaces them.
    """
    from divan_core.stores.redis.store import open_redis

    relational = sql_relational(database_url, clock, replica)
    return Stores.of(relational, open_redis(redis_url, key=key, clock=clock))


def sql_relational(
    database_url: str, clock: Clock | None = None, replica: ReplicaAddress | None = None
) -> RelationalStores:
    """What must last, in ``sqlite://``, ``sqlite:///file`` or ``postgresql://``.

    A SQLite file is created and migrated when it opens; PostgreSQL is migrated by its operator.
    ``clock`` replaces the database's own.

    Raises:
        ConfigurationError: an address of another kind, or a replica of SQLite.
    """
    from divan_core.stores.sql.store import open_sql

    migrate = database_url.startswith("sqlite:///")
    return open_sql(database_url, migrate=migrate, clock=clock, replica=replica)


def file_address(path: Path) -> str:
    """The address of a SQLite file, whatever characters its path has."""
    return f"sqlite:///{quote(str(path.absolute()))}"


def memory_live(clock: Clock | None = None) -> LiveStores:
    """Presence, limits and notices of one process, by the machine's clock or another."""
    clock = clock or SystemClock()
    notices = MemoryNotices()
    journal = MemoryJournal(clock, notices)
    limits = MemoryRateLimits(clock)
    presence = MemoryPresence(journal, limits, notices)
    return LiveStores(
        presence=presence,
        signals=MemorySignals(presence),
        journal=journal,
        limits=limits,
        turnstile=MemoryTurnstile(journal, limits),
        notices=notices,
        person_notices=MemoryPersonNotices(),
        bus=MemoryBus(clock),
    )

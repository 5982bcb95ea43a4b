"""Opening a relational database."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

from divan_core.errors import ConfigurationError
from divan_core.kernel.clock import Clock
from divan_core.stores.bundle import RelationalStores, ReplicaAddress
from divan_core.stores.sql.address import Address, parse_address
from divan_core.stores.sql.catalogue import Catalogue
from divan_core.stores.sql.engine import SqlEngine
from divan_core.stores.sql.keys import SqlKeyStore
from divan_core.stores.sql.lifecycle import SqlLifecycle
from divan_core.stores.sql.migrate import upgrade
from divan_core.stores.sql.outbox import SqlOutboxQueue
from divan_core.stores.sql.people import SqlPeopleSource
from divan_core.stores.sql.pristine import fill
from divan_core.stores.sql.search import SqlPeopleIndex
from divan_core.stores.sql.searchupkeep import SqlIndexUpkeep
from divan_core.stores.sql.sqlite import SqliteEngine
from divan_core.stores.sql.unit import SqlUnits

if TYPE_CHECKING:
    from divan_core.stores.sql.replica import Replica
    from divan_core.stores.sql.wakeup import PostgresWakeup


def open_sql(
    url: str,
    *,
    migrate: bool = False,
    clock: Clock | None = None,
    replica: ReplicaAddress | None = None,
) -> RelationalStores:
    """The stores over the database at ``url``, usable while their lifecycle is running.

    ``sqlite://`` is a new database in memory, migrated when it opens. ``sqlite:///path`` and
    ``postgresql://user:password@host/name`` are, with ``migrate``; without it somebody else
    brings them to the newest revision before. ``clock`` replaces the database's own. At
    ``replica`` is a server that follows a PostgreSQL database; the past is read there.

    Raises:
        ConfigurationError: the address is none of these, or SQLite is to have a replica.
    """
    address = parse_address(url)
    catalogue = Catalogue()
    prepare: Callable[[], object] = (
        partial(upgrade, url) if migrate and not address.in_memory else _nothing
    )
    engine, wakeup = _engine(address)
    follower = None if replica is None else _replica(address, replica, engine, clock)
    outbox = SqlOutboxQueue(engine, clock, wakeup)
    beside = wakeup.running if wakeup else nullcontext
    search = SqlPeopleIndex(engine, catalogue)
    return RelationalStores(
        units=SqlUnits(engine, catalogue, outbox.recorded, clock, follower),
        people=SqlPeopleSource(engine, catalogue),
        search=search,
        search_upkeep=SqlIndexUpkeep(engine, catalogue),
        keys=SqlKeyStore(engine, clock),
        outbox=outbox,
        lifecycle=(
            SqlLifecycle(engine, catalogue, prepare, beside),
            *(() if follower is None else (follower,)),
        ),
        search_roll=search,
    )


def _nothing() -> None:
    """Leave the database as it is."""


def _engine(address: Address) -> tuple[SqlEngine, PostgresWakeup | None]:
    """The engine, and what wakes other processes where there can be some."""
    if address.dialect == "postgresql":
        from divan_core.stores.sql.postgres import (  # noqa: PLC0415 - its driver is an extra
            PostgresEngine,
        )
        from divan_core.stores.sql.wakeup import PostgresWakeup  # noqa: PLC0415 - as above

        return PostgresEngine(address), PostgresWakeup(address)
    if address.in_memory:
        return SqliteEngine(address, fill), None
    return SqliteEngine(address), None


def _replica(
    address: Address, replica: ReplicaAddress, primary: SqlEngine, clock: Clock | None
) -> Replica:
    """What reads the past of a PostgreSQL database on its replica."""
    if not address.dialect == parse_address(replica.url).dialect == "postgresql":
        raise ConfigurationError("Only a PostgreSQL database has a replica, which is another one.")
    from divan_core.stores.sql.replica import Replica  # noqa: PLC0415 - as above

    return Replica(replica, primary, clock)

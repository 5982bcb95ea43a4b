"""Opening a relational database."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from divan_core.stores.bundle import RelationalStores
from divan_core.stores.sql.address import Address, parse_address
from divan_core.stores.sql.catalogue import Catalogue
from divan_core.stores.sql.engine import SqlEngine
from divan_core.stores.sql.lifecycle import SqlLifecycle
from divan_core.stores.sql.migrate import upgrade, upgrade_connection
from divan_core.stores.sql.people import SqlPeopleSource
from divan_core.stores.sql.sqlite import SqliteEngine
from divan_core.stores.sql.unit import SqlUnits


def open_sql(url: str, *, migrate: bool = False) -> RelationalStores:
    """The stores over the database at ``url``, usable while their lifecycle is running.

    ``sqlite://`` is a new database in memory, migrated when it opens. ``sqlite:///path`` and
    ``postgresql://user:password@host/name`` are, with ``migrate``; without it somebody else
    brings them to the newest revision before.

    Raises:
        ConfigurationError: the address is none of these.
    """
    address = parse_address(url)
    engine, catalogue = _engine(address), Catalogue()
    prepare: Callable[[], object] = (
        partial(upgrade, url) if migrate and not address.in_memory else _nothing
    )
    return RelationalStores(
        units=SqlUnits(engine, catalogue),
        people=SqlPeopleSource(engine, catalogue),
        lifecycle=(SqlLifecycle(engine, catalogue, prepare),),
    )


def _nothing() -> None:
    """Leave the database as it is."""


def _engine(address: Address) -> SqlEngine:
    if address.dialect == "postgresql":
        from divan_core.stores.sql.postgres import (  # noqa: PLC0415 - its driver is an extra
            PostgresEngine,
        )

        return PostgresEngine(address)
    return SqliteEngine(address, upgrade_connection) if address.in_memory else SqliteEngine(address)

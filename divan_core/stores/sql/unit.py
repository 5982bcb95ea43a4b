"""Units of work in SQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from divan_core.stores.sql.accounts import SqlCampuses, SqlPeople
from divan_core.stores.sql.catalogue import Catalogue, OptionalTables
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.engine import SqlEngine
from divan_core.stores.sql.social import SqlRelations

ResultT = TypeVar("ResultT")


class SqlUnit:
    """The repositories of one transaction."""

    def __init__(self, connection: SqlConnection, tables: OptionalTables) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection
        self._tables = tables

    @property
    def campuses(self) -> SqlCampuses:
        """Campuses."""
        return SqlCampuses(self._connection)

    @property
    def people(self) -> SqlPeople:
        """People."""
        return SqlPeople(self._connection, self._tables)

    @property
    def relations(self) -> SqlRelations:
        """Friendships and blocks."""
        return SqlRelations(self._connection)


class SqlUnits:
    """Runs units of work as ``kernel/units.py`` promises, on either database."""

    def __init__(self, engine: SqlEngine, catalogue: Catalogue) -> None:
        """Run on ``engine``, with the optional tables that ``catalogue`` knows of."""
        self._engine = engine
        self._catalogue = catalogue

    async def write(self, body: Callable[[SqlUnit], Awaitable[ResultT]]) -> ResultT:
        """Run ``body`` in one transaction and return what it returns once that is durable."""
        return await self._catalogue.run(
            self._engine.write, lambda connection, tables: body(SqlUnit(connection, tables))
        )

    async def read(self, body: Callable[[SqlUnit], Awaitable[ResultT]]) -> ResultT:
        """Run ``body`` on one consistent snapshot; what it writes is an error."""
        return await self._catalogue.run(
            self._engine.read, lambda connection, tables: body(SqlUnit(connection, tables))
        )

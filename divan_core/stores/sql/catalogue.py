"""Which of the optional tables a database has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Final, Protocol, TypeVar

import attrs
from sqlalchemy import text

from divan_core.stores.sql.connection import DialectName, SqlConnection
from divan_core.stores.sql.desktables import ACTIONS, APPEALS
from divan_core.stores.sql.faults import TableMissing
from divan_core.stores.sql.safetytables import RESTRICTIONS
from divan_core.stores.sql.tables import PROFILES, STANDINGS

ResultT = TypeVar("ResultT")

_LOOK_UP: Final[dict[DialectName, str]] = {
    "postgresql": "SELECT name FROM unnest(CAST(:names AS text[])) AS name"
    " WHERE to_regclass(name) IS NOT NULL",
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
}


@attrs.frozen
class OptionalTables:
    """What this database can hold beside the core; ``safety`` is all that is decided by machine."""

    profiles: bool
    standings: bool
    safety: bool
    desk: bool = False
    appeals: bool = False


class Run(Protocol):
    """Runs a body over a connection: a method of an engine."""

    async def __call__(self, body: Callable[[SqlConnection], Awaitable[ResultT]]) -> ResultT:
        """Run the body."""
        ...


class Catalogue:
    """Looks once, when the store opens; again after a table turned out to be missing."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._known: OptionalTables | None = None

    @property
    def known(self) -> OptionalTables | None:
        """What there is, once that is known."""
        return self._known

    async def tables(self, connection: SqlConnection) -> OptionalTables:
        """What there is, asked of the database only when it is not known."""
        if self._known is None:
            names = await _existing(connection)
            self._known = OptionalTables(
                profiles=PROFILES.name in names,
                standings=STANDINGS.name in names,
                desk=ACTIONS.name in names,
                appeals=APPEALS.name in names,
                safety=RESTRICTIONS.name in names,
            )
        return self._known

    async def run(
        self, run: Run, body: Callable[[SqlConnection, OptionalTables], Awaitable[ResultT]]
    ) -> ResultT:
        """Run a body that is told which optional tables there are; anew if one has gone."""

        async def informed(connection: SqlConnection) -> ResultT:
            return await body(connection, self._known or await self.tables(connection))

        try:
            return await run(informed)
        except TableMissing:
            if self._known is not None and not any(attrs.astuple(self._known)):
                raise
            self._known = None
        return await run(informed)


async def _existing(connection: SqlConnection) -> Collection[str]:
    optional = [PROFILES.name, STANDINGS.name, RESTRICTIONS.name, ACTIONS.name, APPEALS.name]
    parameters = {"names": optional} if connection.dialect == "postgresql" else None
    found = await connection.execute(text(_LOOK_UP[connection.dialect]), parameters)
    return found.scalars().all()

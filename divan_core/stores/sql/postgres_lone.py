"""Connections to PostgreSQL for units that are one statement."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import CursorResult, Executable, TextClause

from divan_core.stores.sql.connection import DialectName, Parameters, SqlConnection
from divan_core.stores.sql.convoys import Rider
from divan_core.stores.sql.lone import Conclusion, SupposedWrongly
from divan_core.stores.sql.postgres_connection import LoopConnection, Watched
from divan_core.stores.sql.spelling import Statement, Together, driver_text

Look = Callable[
    [Callable[[SqlConnection], Awaitable[Sequence[Any] | None]]], Awaitable[Sequence[Any] | None]
]
"""Runs a body that only reads."""


class PostgresLoneConnection(Watched):
    """A :class:`~divan_core.stores.sql.lone.LoneConnection`, which takes one to look only."""

    dialect: DialectName = "postgresql"

    def __init__(self, look: Look) -> None:
        """Look by ``look``."""
        super().__init__(reading=False)
        self._look = look
        self._last: Conclusion | None = None

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        """Refuse: this takes a transaction."""
        del statement, parameters
        raise self.failed(SupposedWrongly())

    async def rows(
        self, statement: Statement | Together, parameters: Parameters
    ) -> Sequence[Sequence[Any]]:
        """Refuse, too."""
        del statement, parameters
        raise self.failed(SupposedWrongly())

    async def run(self, statement: Statement, parameters: Parameters) -> Sequence[Any] | None:
        """Refuse, too."""
        del statement, parameters
        raise self.failed(SupposedWrongly())

    async def rows_of_text(
        self, statement: TextClause, parameters: Mapping[str, Any]
    ) -> Sequence[Sequence[Any]]:
        """Refuse, too."""
        del statement, parameters
        raise self.failed(SupposedWrongly())

    async def later(self, statement: Statement, parameters: Mapping[str, Any]) -> None:
        """Refuse, as any other."""
        del statement, parameters
        raise self.failed(SupposedWrongly())

    async def catch_up(self) -> None:
        """Do nothing: nothing is left."""

    async def glance(
        self, statement: Statement, parameters: Mapping[str, Any]
    ) -> Sequence[Any] | None:
        """The first row of a statement that only reads."""

        async def body(connection: SqlConnection) -> Sequence[Any] | None:
            return await connection.run(statement, parameters)

        self.busy = True
        try:
            return await self._look(body)
        except Exception as fault:
            self.failed(fault)
            raise
        finally:
            self.busy = False

    def conclude(self, conclusion: Conclusion) -> None:
        """Run this in place of a commit."""
        self._last = conclusion

    @property
    def rider(self) -> Rider:
        """What it comes to.

        Raises:
            SupposedWrongly: it does not.
        """
        if self._last is None:
            raise SupposedWrongly
        thing, name, statement, parameters = self._last
        written = driver_text(statement, "postgresql")
        return Rider(thing, name, written.sql, written.values(parameters))


class PostgresConvoy(LoopConnection):
    """A connection on which statements of several units are committed together."""

    names: Collection[Hashable] = ()
    """Of those that are kept, once it is committed."""

    load: tuple[str, Sequence[Sequence[Any]]]
    """A statement, and the values of each."""

    async def commit(self) -> None:
        """Run them; raises what the driver raises.

        Raises:
            SupposedWrongly: the connection has ended before that.
        """
        if self._driver.is_closed():
            raise SupposedWrongly
        sql, each = self.load
        fetch = self._driver.fetch
        alone = partial(fetch, sql, *each[0])
        rows = await (alone() if len(each) == 1 else self._driver.fetchmany(sql, each))
        self.names = {row[0] for row in rows}

"""A connection to PostgreSQL for a unit that is one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, Executable

from divan_core.stores.sql.connection import Parameters
from divan_core.stores.sql.lone import SupposedWrongly
from divan_core.stores.sql.postgres_connection import LoopConnection
from divan_core.stores.sql.spelling import DriverText, Statement, driver_text


class PostgresLoneConnection(LoopConnection):
    """A :class:`~divan_core.stores.sql.lone.LoneConnection`."""

    _last: tuple[DriverText, Mapping[str, Any]] | None = None

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        """Refuse: this takes a transaction."""
        del statement, parameters
        raise self.failed(SupposedWrongly())

    async def _rows(self, written: DriverText, parameters: Parameters) -> Sequence[Sequence[Any]]:
        del written, parameters
        raise self.failed(SupposedWrongly())

    async def later(self, statement: Statement, parameters: Mapping[str, Any]) -> None:
        """Refuse, as any other."""
        del statement, parameters
        raise self.failed(SupposedWrongly())

    async def glance(
        self, statement: Statement, parameters: Mapping[str, Any]
    ) -> Sequence[Any] | None:
        """The first row of a statement that only reads."""
        rows = await super()._rows(driver_text(statement, "postgresql"), parameters)
        return rows[0] if rows else None

    @property
    def concluded(self) -> str:
        """The statement that it comes to; empty as long as there is none."""
        return "" if self._last is None else self._last[0].sql

    def conclude(self, statement: Statement, parameters: Mapping[str, Any]) -> None:
        """Run this in place of a commit."""
        self._last = driver_text(statement, "postgresql"), parameters

    async def commit(self) -> None:
        """Run what it comes to; raises what the driver raises.

        Raises:
            SupposedWrongly: nothing is kept.
        """
        if self._last is None or self._driver.is_closed():
            raise SupposedWrongly
        written, parameters = self._last
        if not await self._driver.fetch(written.sql, *written.values(parameters)):
            raise SupposedWrongly

"""What runs units of work on a database, and which one an address means."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from divan_core.kernel.telemetry import Readings
from divan_core.stores.sql.connection import DialectName, SqlConnection
from divan_core.stores.sql.lone import LoneConnection

ResultT = TypeVar("ResultT")


class SqlEngine(Protocol):
    """Runs bodies over connections; the rules are those of ``kernel/units.py``."""

    @property
    def dialect(self) -> DialectName:
        """Which SQL the database speaks."""
        ...

    def tell(self, readings: Readings) -> None:
        """Say what went wrong, and how the connections are."""
        ...

    def running(self) -> AbstractAsyncContextManager[None]:
        """Connections and threads exist inside the context.

        Raises:
            ConfigurationError: on entry, when the database can never be used as configured.
        """
        ...

    async def write(
        self, body: Callable[[SqlConnection], Awaitable[ResultT]], *, locking: bool = False
    ) -> ResultT:
        """Run a body in one transaction; all of it is kept, or nothing.

        On PostgreSQL each statement of a ``locking`` body sees what was committed before it.
        """
        ...

    async def suppose(self, body: Callable[[LoneConnection], Awaitable[ResultT]]) -> ResultT:
        """Run a body that concludes in one statement, on PostgreSQL.

        Raises:
            SupposedWrongly: it does not, or what it supposes is wrong, or it failed; nothing is
                kept.
            StoreUnavailable: it could not be begun.
            OutcomeUnknown: the connection was lost, or too slow, while the statement ran.
        """
        ...

    async def read(self, body: Callable[[SqlConnection], Awaitable[ResultT]]) -> ResultT:
        """Run a body on one snapshot."""
        ...

    async def look(self, body: Callable[[SqlConnection], Awaitable[ResultT]]) -> ResultT:
        """As ``ask``, for a body that is over at once: it may run before anything else does."""
        ...

    async def ask(self, body: Callable[[SqlConnection], Awaitable[ResultT]]) -> ResultT:
        """Run a body that reads without a transaction: each statement sees its own snapshot."""
        ...

    async def change(self, body: Callable[[SqlConnection], Awaitable[ResultT]]) -> ResultT:
        """Run a body that writes beside the units, and is done once it has.

        On PostgreSQL each of its statements is a transaction at READ COMMITTED: no unit is run
        again because of it, but for the rows it writes itself. A body may run more than once, and
        a statement whose answer was lost may have been done, so it does no harm twice.
        """
        ...

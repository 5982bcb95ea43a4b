"""Telling processes on one PostgreSQL database that events were recorded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import asyncpg

from divan_core.kernel.bell import Bell
from divan_core.stores.sql.address import Address
from divan_core.stores.sql.postgres import connect
from divan_core.stores.sql.settling import settled

CHANNEL: Final = "divan_outbox"

APART_S: Final = 0.01
"""How far apart two notices of one process are at least."""

PROBE_EVERY_S: Final = 5.0
"""How long a connection may be silent before it is asked whether it still works."""

PATIENCE_S: Final = 2.0
"""How long an answer of it may take."""

CANCEL_EVERY_S: Final = 0.5

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0
"""How long to wait before another try to connect; each pause is twice the one before."""


class PostgresWakeup:
    """Sends a notice when this process has recorded events, and rings when others send theirs.

    A notice is sent outside the transactions that it is about: inside, PostgreSQL would commit
    them one after the other. It may get lost, so nobody should wait for one alone. Listening has a
    connection of its own, apart from the pool; while there is none, everything else goes on.
    """

    def __init__(self, address: Address) -> None:
        """Use the database at ``address``."""
        self._address = address
        self._bell = Bell()
        self._told = asyncio.Event()

    @property
    def bell(self) -> Bell:
        """Rings when another process may have recorded events."""
        return self._bell

    def tell(self) -> None:
        """Have a notice sent soon, one for all who ask until then."""
        self._told.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Notices go out and come in inside the context, whenever the server is there."""
        self._told = asyncio.Event()
        task = asyncio.create_task(self._keep_listening(), name="divan-wakeup")
        try:
            yield
        finally:
            await settled(ended(task))

    async def _keep_listening(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            with suppress(Exception):  # whatever it was, the next try may do
                async with self._listening() as connection:
                    pause_s = FIRST_PAUSE_S
                    await self._serve(connection)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        connection = await connect(self._address, PATIENCE_S)
        try:
            own = connection.get_server_pid()
            await connection.add_listener(CHANNEL, self._hears_all_but(own))
            yield connection
        finally:
            connection.terminate()

    async def _serve(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """Send notices until the connection fails; they come in meanwhile."""
        self._bell.ring()  # for what was told while nobody listened
        connection.add_termination_listener(self._wakes_up)
        while True:
            await self._send_next(connection)

    async def _send_next(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """Send a notice once one is wanted, else ask for an answer once in a while."""
        try:
            async with asyncio.timeout(PROBE_EVERY_S):  # wait_for of Python 3.11 hides cancellation
                await self._told.wait()
        except TimeoutError:
            await settled(connection.execute("SELECT 1"))
            return
        self._told.clear()
        try:
            await settled(connection.execute(f"NOTIFY {CHANNEL}"))
        except Exception:
            self._told.set()  # it goes out over the next connection
            raise
        await asyncio.sleep(APART_S)

    def _hears_all_but(self, own: int) -> Callable[..., None]:
        """Ring at a notice, unless this process sent it: its bell has rung then."""

        def hear(_connection: object, sender: int, _channel: str, _payload: object) -> None:
            if sender != own:
                self._bell.ring()

        return hear

    def _wakes_up(self, _connection: object) -> None:
        """Find out that the connection has ended, by using it."""
        self._told.set()


async def ended(task: asyncio.Task[None]) -> None:
    """Cancel a task until it ends: what it awaits may swallow a cancellation."""
    while not task.done():
        task.cancel()
        await asyncio.wait((task,), timeout=CANCEL_EVERY_S)

"""Idempotency keys in SQL."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from typing import Final

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.exc import SQLAlchemyError

from divan_core.errors import DivanError, IdempotencyInProgress, StoreUnavailable
from divan_core.idempotency.model import KeyScope, StoredAnswer
from divan_core.kernel.clock import Clock
from divan_core.kernel.units import UnitMisused
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.engine import SqlEngine
from divan_core.stores.sql.faults import LockRefused, code_of
from divan_core.stores.sql.keystatements import (
    Claimed,
    Claiming,
    KeyStatements,
    stored_answer,
)
from divan_core.stores.sql.lone import Lone
from divan_core.stores.sql.pending import Pending
from divan_core.stores.sql.tables import IDEMPOTENCY_KEYS

MOST_PURGED: Final = 1000
"""How many keys one statement deletes, so that nobody waits long for it."""

_PROBE_WAIT_MS: Final = 1000


class SqlKeys:
    """The keys of one unit."""

    def __init__(
        self,
        connection: SqlConnection,
        clock: Clock | None,
        pending: Pending,
        lone: Lone | None = None,
    ) -> None:
        """Claim in the transaction of ``connection``, and leave answers in ``pending``.

        With ``lone``, keys are supposed to be new.
        """
        self._connection = connection
        self._lone = lone
        self._statements = KeyStatements(IDEMPOTENCY_KEYS, connection.dialect, clock)
        self._pending = pending
        self._claimed: dict[KeyScope, Claimed] = {}

    async def claim(self, scope: KeyScope, fingerprint: bytes, wait_ms: int) -> StoredAnswer | None:
        """Take the key for this unit (None), or learn what its earlier use answered."""
        if self._lone is not None:
            self._lone.claims += 1
            self._claimed[scope] = Claimed(fingerprint=fingerprint)
            return None
        with _meant_for_keys():
            if self._connection.dialect == "sqlite":
                found = await self._alone(scope, fingerprint)
            else:
                found = await self._run(self._statements.claiming(scope, fingerprint, wait_ms))
        if isinstance(found, StoredAnswer):
            return found
        self._claimed[scope] = found
        return None

    async def answer(self, scope: KeyScope, body: bytes, ttl_s: int) -> None:
        """Store the answer of a key that this unit has claimed, at the end of the unit."""
        if scope not in self._claimed:
            raise UnitMisused("A unit answers only the keys that it has claimed.")
        self._pending.answer(scope, self._claimed[scope], body, ttl_s)

    async def count_of(self, subject: str) -> int:
        """How many answers of a subject are stored, over or not."""
        query = select(func.count()).where(IDEMPOTENCY_KEYS.c.subject == subject)
        counted: int = (await self._connection.execute(query)).scalar_one()
        return counted

    async def remove_of(self, subject: str, most: int) -> int:
        """Remove up to ``most`` answers of a subject; how many it were."""
        of = IDEMPOTENCY_KEYS.c
        some = select(of.operation, of.key).where(of.subject == subject).limit(most)
        chosen = tuple_(of.operation, of.key).in_(some)
        statement = delete(IDEMPOTENCY_KEYS).where(of.subject == subject, chosen)
        return (await self._connection.execute(statement)).rowcount

    async def _alone(self, scope: KeyScope, fingerprint: bytes) -> Claimed | StoredAnswer:
        """A unit that writes is alone on SQLite: what it does not find, nobody else can insert.

        So the key is written once, with its answer, at the end of the unit.
        """
        row = await self._connection.run(*self._statements.recalling(scope))
        return Claimed(fingerprint=fingerprint) if row is None else stored_answer(row)

    async def _run(self, claiming: Claiming) -> Claimed | StoredAnswer:
        try:
            step = next(claiming)
            while True:
                step = claiming.send(await self._connection.run(*step))
        except StopIteration as end:
            found: Claimed | StoredAnswer = end.value
            return found


class SqlKeyStore:
    """The keys from outside the units."""

    def __init__(self, engine: SqlEngine, clock: Clock | None = None) -> None:
        """Ask ``engine``. ``clock`` replaces that of the database."""
        self._engine = engine
        self._clock = clock
        self._statements = KeyStatements(IDEMPOTENCY_KEYS, engine.dialect, clock)

    async def recall(self, scope: KeyScope) -> StoredAnswer | None:
        """What the key's earlier use answered, unless that has expired."""

        async def body(connection: SqlConnection) -> StoredAnswer | None:
            row = await connection.run(*self._statements.recalling(scope))
            return None if row is None else stored_answer(row)

        with _meant_for_keys():
            return await self._engine.ask(body)

    async def purge(self, most: int) -> int:
        """Delete up to ``most`` expired keys; how many it were."""
        deleted = 0
        while deleted < most:
            portion = min(most - deleted, MOST_PURGED)
            with _meant_for_keys():
                gone = await self._engine.change(self._purging(portion))
            deleted += gone
            if gone < portion:
                break
        return deleted

    async def expired(self) -> int:
        """How many keys are expired and not deleted yet."""

        async def body(connection: SqlConnection) -> int:
            counted: int = (await connection.execute(*self._statements.expired)).scalar_one()
            return counted

        with _meant_for_keys():
            return await self._engine.ask(body)

    async def probe(self) -> None:
        """Insert a key and roll it back."""
        scope = KeyScope("probe", "probe", uuid.uuid4().hex)

        async def body(connection: SqlConnection) -> None:
            pending = Pending(self._clock)
            keys = SqlKeys(connection, self._clock, pending)
            await keys.claim(scope, bytes(32), _PROBE_WAIT_MS)
            await keys.answer(scope, b"{}", 1)
            await pending.flush(connection)
            raise _Undone

        with suppress(_Undone), _meant_for_keys():
            await self._engine.write(body)

    def _purging(self, most: int) -> Callable[[SqlConnection], Awaitable[int]]:
        async def body(connection: SqlConnection) -> int:
            return (await connection.execute(*self._statements.purging(most))).rowcount

        return body


class _Undone(Exception):
    """Ends a unit that only tried something out."""


@contextmanager
def _meant_for_keys() -> Generator[None]:
    """Say what a failure means to whoever wants a key: a broken table is no storage either."""
    try:
        yield
    except LockRefused as fault:
        raise IdempotencyInProgress from fault
    except (DivanError, UnitMisused):
        raise
    except Exception as fault:
        drivers = isinstance(fault.__cause__, SQLAlchemyError | sqlite3.Error) or code_of(fault)
        if drivers:  # and with no other meaning
            raise StoreUnavailable("Idempotency keys cannot be kept.") from fault
        raise

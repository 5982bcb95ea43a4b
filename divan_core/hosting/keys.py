"""Idempotency keys in a table of the host's database, over the host's own connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

import attrs
from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Column,
    Connection,
    Index,
    LargeBinary,
    MetaData,
    Row,
    String,
    Table,
    Update,
)
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from divan_core.errors import IdempotencyInProgress, IdempotencyUnavailable, StoreUnavailable
from divan_core.hosting.write import KeyedWriteMisused
from divan_core.idempotency.model import KeyScope, StoredAnswer
from divan_core.kernel.clock import Clock
from divan_core.stores.sql.connection import DialectName
from divan_core.stores.sql.faults import code_of, refusal
from divan_core.stores.sql.keystatements import Claimed, Claiming, KeyStatements
from divan_core.stores.sql.tables import IDEMPOTENCY_KEYS

_DIALECTS: Final = ("postgresql", "sqlite")
_OTHERS: Final = ("40001", "40P01", "55P03", "57014", "SQLITE_BUSY", "SQLITE_LOCKED")
"""How databases say that another transaction is in the way."""

_HOSTS_OWN: Final = "25"
"""The class of SQLSTATE of a transaction that had failed, or may not write, before we came."""


def idempotency_table(
    metadata: MetaData, name: str = IDEMPOTENCY_KEYS.name, *, schema: str | None = None
) -> Table:
    """A table of keys among the host's own, for its migrations to create.

    It has the columns of Divan's own table, in types that every migration tool can write down.
    """
    return Table(
        name,
        metadata,
        Column("subject", String(64), primary_key=True),
        Column("operation", String(64), primary_key=True),
        Column("key", String(255), primary_key=True),
        Column("fingerprint", LargeBinary(32), nullable=False),
        Column("body", LargeBinary),
        Column(
            "expires_at",
            TIMESTAMP(timezone=True).with_variant(BigInteger(), "sqlite"),
            nullable=False,
        ),
        Index(f"ix_{name}_expires_at", "expires_at"),
        schema=schema,
        sqlite_with_rowid=False,
    )


@attrs.frozen
class HostKeys:
    """The keys in one table; ``table`` is how the host's session finds its database."""

    table: Table
    ttl_s: int
    wait_ms: int
    clock: Clock | None = None
    _ours: Table = attrs.field(init=False)

    @_ours.default
    def _of_our_types(self) -> Table:
        metadata = MetaData(schema=self.table.schema)
        return IDEMPOTENCY_KEYS.to_metadata(metadata, name=self.table.name)

    def claim(
        self, connection: Connection, scope: KeyScope, fingerprint: bytes
    ) -> Claimed | StoredAnswer:
        """Take a key for the connection's transaction, or learn what its earlier use answered.

        Raises:
            IdempotencyInProgress: another transaction holds it.
        """
        steps = self._statements(connection).claiming(scope, fingerprint, self.wait_ms)
        return _run(connection, steps)

    def answer(
        self, connection: Connection, scope: KeyScope, claimed: Claimed, body: bytes
    ) -> None:
        """Store the answer of a key that the connection's transaction has claimed.

        Raises:
            KeyedWriteMisused: the key was used for another write in the same transaction.
        """
        statements = self._statements(connection)
        statement, parameters = statements.answering(scope, claimed, body, self.ttl_s)
        unanswered = cast("Update", statement).where(self._ours.c.body.is_(None))
        if connection.execute(unanswered, parameters).rowcount != 1:
            raise KeyedWriteMisused("The key was used twice in one transaction.")

    def purge(self, connection: Connection, most: int) -> int:
        """Delete up to ``most`` expired keys; how many it were."""
        statement, parameters = self._statements(connection).purging(most)
        return connection.execute(statement, parameters).rowcount

    def _statements(self, connection: Connection) -> KeyStatements:
        return KeyStatements(self._ours, dialect_of(connection), self.clock)


def _run(connection: Connection, steps: Claiming) -> Claimed | StoredAnswer:
    row: Row[Any] | None = None
    try:
        while True:
            statement, parameters = steps.send(row)
            row = connection.execute(statement, parameters).first()
    except StopIteration as end:
        found: Claimed | StoredAnswer = end.value
        return found


def dialect_of(connection: Connection) -> DialectName:
    """Which SQL the host's database speaks.

    Raises:
        TypeError: none of ours.
    """
    name = connection.dialect.name
    if name not in _DIALECTS:
        raise TypeError(f"Keys can be kept in PostgreSQL and SQLite, not in {name}.")
    return cast("DialectName", name)


@contextmanager
def patience(connection: Connection, wait_ms: int) -> Iterator[None]:
    """Let SQLite wait as long for other writers, and hold the lock that they would hold.

    A driver that delays BEGIN until something is written would otherwise take our savepoint for
    the transaction, and keep what is in it before the host commits.
    """
    if dialect_of(connection) == "postgresql":
        yield
        return
    before = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {wait_ms:d}")
    try:
        driver: Any = connection.connection.driver_connection
        if not driver.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {before:d}")


@contextmanager
def refusing() -> Iterator[None]:
    """Raise what a driver's error means while a key is claimed.

    Raises:
        IdempotencyInProgress: another transaction was in the way.
        IdempotencyUnavailable: the key could not be kept.
    """
    try:
        yield
    except (SQLAlchemyError, OSError) as fault:
        meaning = _meaning(fault)
        if meaning is None:
            raise
        raise meaning from fault


def _meaning(fault: Exception) -> IdempotencyInProgress | IdempotencyUnavailable | None:
    code = code_of(fault)
    if code.startswith(_OTHERS):
        return IdempotencyInProgress()
    if code.startswith(_HOSTS_OWN):
        return None
    known = isinstance(fault, DBAPIError) or isinstance(refusal(fault), StoreUnavailable)
    return IdempotencyUnavailable() if known else None

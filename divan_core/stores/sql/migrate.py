"""Brings a database to the newest revision, branch by branch.

Alembic is configured in memory and its scripts are found by :mod:`revisions`. Every function here
blocks: call it in a thread from asynchronous code.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import attrs
from alembic import command
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from divan_core.errors import ConfigurationError, DivanError
from divan_core.stores.sql.address import Address, parse_address
from divan_core.stores.sql.faults import TableMissing, overdue, refusal
from divan_core.stores.sql.metadata import VERSION_TABLE
from divan_core.stores.sql.revisions import Revisions, configuration
from divan_core.stores.sql.tables import BRANCHES

ResultT = TypeVar("ResultT")

PATIENCE_S: Final = 60.0
"""How long to wait for another process that migrates the same database."""

_ADVISORY_KEY: Final = int.from_bytes(b"divan", "big")

# Alembic hands its scripts the connection through module globals, one set to a process.
_ALEMBIC: Final = threading.Lock()


class MigrationFailed(ConfigurationError):
    """A revision could not be applied; the database is as it was before that revision."""

    code = "migration_failed"
    title = "A migration failed"


@attrs.frozen
class BranchStatus:
    """One branch: what the database has (None for nothing) and what there is."""

    branch: str
    current: str | None
    newest: str

    @property
    def pending(self) -> bool:
        """Whether there is something to apply."""
        return self.current != self.newest


@attrs.frozen
class BranchReport:
    """What an upgrade did to one branch; ``error`` says why it did not."""

    branch: str
    before: str | None
    after: str | None
    error: str | None = None


def upgrade(url: str, branch: str | None = None) -> tuple[BranchReport, ...]:
    """Apply what is missing of one branch, or of all.

    Without ``branch``, a failure in an optional one is reported and stops nothing. Two processes
    may do this at once: one waits for the other.

    Raises:
        MigrationFailed: a revision of the core, or of the branch that was named, failed.
        StoreUnavailable: the database cannot be reached, or stays locked for a minute.
        ConfigurationError: the address or the branch is not one of Divan's.
    """
    address, chosen = parse_address(url), _chosen(branch)
    try:
        return _connected(address, lambda connection: _upgraded(connection, chosen, branch))
    except Exception as fault:
        meaning = _meaning(chosen[0], fault)
        if meaning is fault:
            raise
        raise meaning from fault


def status(url: str) -> tuple[BranchStatus, ...]:
    """What each branch has and lacks. Creates nothing, not even SQLite's file.

    Raises:
        StoreUnavailable: the database cannot be reached.
        ConfigurationError: the address is not one of Divan's.
    """
    address = parse_address(url)
    absent = address.path is not None and not address.path.exists()
    heads = () if absent else ask(address, current_heads)
    revisions = Revisions()
    current = revisions.current(heads)
    return tuple(
        BranchStatus(branch, current.get(branch), revisions.newest[branch]) for branch in BRANCHES
    )


def sql(url: str, branch: str | None = None) -> str:
    """The statements that would bring an empty database there; runs none of them.

    Raises:
        ConfigurationError: the address or the branch is not one of Divan's.
    """
    script = io.StringIO()
    config = configuration()
    config.output_buffer = script
    config.attributes["divan"] = {
        "dialect_name": parse_address(url).dialect,
        "literal_binds": True,
        "transactional_ddl": True,
        "version_table": VERSION_TABLE,
    }
    target = f"{branch}@head" if _chosen(branch) == (branch,) else "heads"
    with _ALEMBIC:
        command.upgrade(config, target, sql=True)
    return script.getvalue()


def upgrade_connection(connection: Connection) -> None:
    """Bring the database of an open connection to the newest revision of every branch.

    Raises:
        MigrationFailed: a revision failed.
    """
    for branch in BRANCHES:
        try:
            _apply(connection, branch)
        except Exception as fault:
            raise _meaning(branch, fault) from fault


def current_heads(connection: Connection) -> Sequence[str]:
    """What the version table of a database holds."""
    return MigrationContext.configure(
        connection, opts={"version_table": VERSION_TABLE}
    ).get_current_heads()


def ask(address: Address, work: Callable[[Connection], ResultT]) -> ResultT:
    """Do ``work`` with a connection that is closed again.

    Raises:
        DivanError: as whatever was wrong is told everywhere, such as StoreUnavailable.
    """
    try:
        return _connected(address, work)
    except Exception as fault:
        meaning = refusal(fault)
        if meaning is fault:
            raise
        raise meaning from fault


def _chosen(branch: str | None) -> tuple[str, ...]:
    if branch is None:
        return tuple(BRANCHES)
    if branch not in BRANCHES:
        raise ConfigurationError(f"There is no branch {branch!r}. There are {', '.join(BRANCHES)}.")
    return (branch,)


def _upgraded(
    connection: Connection, branches: Sequence[str], named: str | None
) -> tuple[BranchReport, ...]:
    """Apply what is missing of branches; at most starts of a process nothing is."""
    revisions = Revisions()
    found = revisions.current(current_heads(connection))
    connection.rollback()
    return tuple(
        BranchReport(one, found[one], found[one])
        if found.get(one) == revisions.newest[one]
        else _upgrade_branch(connection, one, strict=one in ("core", named))
        for one in branches
    )


def _upgrade_branch(connection: Connection, branch: str, *, strict: bool) -> BranchReport:
    try:
        before, after = _apply(connection, branch)
    except Exception as fault:
        meaning = _meaning(branch, fault)
        if strict:
            raise meaning from fault
        return BranchReport(branch, None, None, meaning.detail)
    return BranchReport(branch, before, after)


def _meaning(branch: str, fault: Exception) -> DivanError:
    meaning = refusal(fault)
    if isinstance(meaning, DivanError) and not isinstance(meaning, TableMissing):
        return meaning
    reason = str(fault).partition("\n")[0]
    return MigrationFailed(f"The branch {branch} was not migrated: {reason}")


def _apply(connection: Connection, branch: str) -> tuple[str | None, str | None]:
    """Apply a branch while nobody else does; what was there before and after."""
    revisions = Revisions()
    before = revisions.current(current_heads(connection)).get(branch)
    connection.rollback()
    config = configuration()
    config.attributes["divan"] = {
        "connection": connection,
        "render_as_batch": True,
        "transaction_per_migration": True,
        "version_table": VERSION_TABLE,
    }
    alone = _alone_on_sqlite if connection.dialect.name == "sqlite" else _alone_on_postgres
    with alone(connection), _ALEMBIC:
        command.upgrade(config, f"{branch}@head")
        after = revisions.current(current_heads(connection)).get(branch)
    return before, after


@contextlib.contextmanager
def _alone_on_sqlite(connection: Connection) -> Iterator[None]:
    """Hold the write lock over one transaction, so that a failure leaves nothing half done.

    A table is changed by making it anew, which needs its references unchecked meanwhile.
    """
    connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        yield
        if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
            raise MigrationFailed(f"It leaves dangling references: {broken[0]}")
        connection.commit()
    finally:
        connection.rollback()
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")


@contextlib.contextmanager
def _alone_on_postgres(connection: Connection) -> Iterator[None]:
    """Hold an advisory lock; each revision is a transaction of its own.

    The lock is asked for again and again: a session that waits inside the statement would hold a
    snapshot, for which ``CREATE INDEX CONCURRENTLY`` waits.
    """
    key = {"key": _ADVISORY_KEY}
    deadline = time.monotonic() + PATIENCE_S
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), key):
        connection.rollback()
        if time.monotonic() > deadline:
            raise overdue()
        time.sleep(0.05)
    connection.rollback()  # the lock is the session's; Alembic begins its own transactions
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)
        connection.rollback()


def _connected(address: Address, work: Callable[[Connection], ResultT]) -> ResultT:
    if address.dialect == "sqlite":
        return _on_sqlite(address, work)
    # A thread of its own has no event loop yet, whoever calls.
    with ThreadPoolExecutor(1, "divan-migrate") as pool:
        return pool.submit(lambda: asyncio.run(_on_postgres(address, work))).result()


def _on_sqlite(address: Address, work: Callable[[Connection], ResultT]) -> ResultT:
    from divan_core.stores.sql.sqlite_session import sqlite_engine  # noqa: PLC0415 - needed by one dialect

    engine = sqlite_engine(address, PATIENCE_S)
    with engine.connect() as connection:
        return work(connection)


async def _on_postgres(address: Address, work: Callable[[Connection], ResultT]) -> ResultT:
    from divan_core.stores.sql.postgres import postgres_engine  # noqa: PLC0415 - as above

    engine = postgres_engine(address, 1, None)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()

"""Databases on a PostgreSQL server: copied from a template that is migrated once, and used again.

To copy one takes longer than most tests. So a migrated database that is given back is emptied and
given to the next test, as long as nothing but its rows has changed.
"""

import contextlib
import secrets
from collections.abc import Callable, Iterator
from typing import Final, Self
from urllib.parse import urlsplit

import asyncpg
from anyio.from_thread import BlockingPortal, start_blocking_portal

_LARGEST: Final = 48 * 1024 * 1024
"""Bytes of a database that is used again; what was deleted still takes room."""

_SHAPE: Final = """
    SELECT (SELECT md5(string_agg(concat(oid, relname, relkind, reltuples >= 0), ',' ORDER BY oid))
            FROM pg_class WHERE relnamespace = 'public'::regnamespace),
           (SELECT md5(string_agg(concat(attrelid, attname, atttypid, atttypmod), ','
                                  ORDER BY attrelid, attnum))
            FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
            WHERE relnamespace = 'public'::regnamespace),
           (SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_constraint),
           (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_db_role_setting)
"""
"""What a database is like beside its rows: another one after something was altered or analysed."""

_OTHERS: Final = """
    SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
"""Ends connections that were left behind, and waits for up to five seconds until they have."""

_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
_ROWS: Final = "SELECT json_agg({0}) FROM {0}"
_CLEAR: Final = "DELETE FROM {0}"
_FILL: Final = "INSERT INTO {0} SELECT * FROM json_populate_recordset(null::{0}, $rows${1}$rows$)"
_SEQUENCES: Final = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'"


class Databases:
    """Creates and drops databases on the server of ``url``, whose user may do so.

    A context manager: one connection stays open inside it, on a thread of its own, so that it
    works with or without a running event loop. The template is made when first needed, by calling
    ``migrate`` with the address of an empty database.
    """

    def __init__(self, url: str, migrate: Callable[[str], None]) -> None:
        self._url = urlsplit(url)
        self._migrate = migrate
        self._template = ""
        self._shape = ""
        self._emptying = ""
        self._free: list[str] = []
        self._emptiers: dict[str, asyncpg.Connection[asyncpg.Record]] = {}
        self._stack = contextlib.ExitStack()
        self._portal: BlockingPortal
        self._connection: asyncpg.Connection[asyncpg.Record]

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._portal = stack.enter_context(start_blocking_portal())
            self._connection = self._portal.call(asyncpg.connect, self._url.geturl())
            stack.callback(self._portal.call, self._close)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    @contextlib.contextmanager
    def migrated(self) -> Iterator[str]:
        """Give the address of a database with every migration applied and nothing kept in it."""
        template = self._migrated_template()
        name = self._free.pop() if self._free else self._stack.enter_context(self.copied(template))
        try:
            yield self._address(name)
        finally:
            if self._portal.call(self._emptied, name):
                self._free.append(name)
            else:
                self._drop(name)

    @contextlib.contextmanager
    def empty(self) -> Iterator[str]:
        """Give the address of a database with nothing in it, dropped afterwards."""
        with self.copied("template0") as name:
            yield self._address(name)

    @contextlib.contextmanager
    def copied(self, template: str) -> Iterator[str]:
        """Give the name of a copy of another database, dropped afterwards."""
        name = f"divan_test_{secrets.token_hex(6)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield name
        finally:
            self._drop(name)

    def _migrated_template(self) -> str:
        if not self._template:
            name = self._stack.enter_context(self.copied("template0"))
            self._migrate(self._address(name))
            self._portal.call(self._look, name)
            self._template = name
        return self._template

    async def _look(self, name: str) -> None:
        """Find out what a migrated database is like, and how it becomes so again."""
        connection = await asyncpg.connect(self._address(name))
        try:
            tables = [row[0] for row in await connection.fetch(_TABLES)]
            sequences = [row[0] for row in await connection.fetch(_SEQUENCES)]
            self._shape = str(await connection.fetchrow(_SHAPE))
            begun = {one: await connection.fetchval(_ROWS.format(one)) for one in tables}
        finally:
            await connection.close()
        steps = [
            "SET session_replication_role = replica",  # no trigger, and no order of foreign keys
            *map(_CLEAR.format, tables),
            *(_FILL.format(one, rows) for one, rows in begun.items() if rows is not None),
            *(f"ALTER SEQUENCE {one} RESTART" for one in sequences),
        ]
        self._emptying = "; ".join(steps)

    async def _emptied(self, name: str) -> bool:
        """Bring a database back to what it was; whether that can be done."""
        try:
            connection = await self._emptier(name)
            await connection.execute(_OTHERS)
            size = await connection.fetchval("SELECT pg_database_size(current_database())")
            if size > _LARGEST or str(await connection.fetchrow(_SHAPE)) != self._shape:
                return False
            await connection.execute(self._emptying)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
            return False  # the test has dropped it or ended us, or we may not do all that
        return True

    async def _emptier(self, name: str) -> "asyncpg.Connection[asyncpg.Record]":
        """The connection that empties a database: a new one would look up every table first."""
        found = self._emptiers.get(name)
        if found is None or found.is_closed():
            found = self._emptiers[name] = await asyncpg.connect(self._address(name))
        return found

    def _drop(self, name: str) -> None:
        if emptier := self._emptiers.pop(name, None):
            self._portal.call(emptier.close)
        self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        self._portal.call(self._connection.execute, statement)

    async def _close(self) -> None:
        await self._connection.close()

    def _address(self, name: str) -> str:
        return self._url._replace(path=f"/{name}").geturl()

"""Fresh databases on a PostgreSQL server, copied from a template that is migrated once."""

import contextlib
import secrets
from collections.abc import Callable, Iterator
from typing import Self
from urllib.parse import urlsplit

import asyncpg
from anyio.from_thread import BlockingPortal, start_blocking_portal


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
        """Give the address of a database with every migration applied, dropped afterwards."""
        with self._database(self._migrated_template()) as name:
            yield self._address(name)

    @contextlib.contextmanager
    def empty(self) -> Iterator[str]:
        """Give the address of a database with nothing in it, dropped afterwards."""
        with self._database("template0") as name:
            yield self._address(name)

    def _migrated_template(self) -> str:
        if not self._template:
            name = self._stack.enter_context(self._database("template0"))
            self._migrate(self._address(name))
            self._template = name
        return self._template

    @contextlib.contextmanager
    def _database(self, template: str) -> Iterator[str]:
        name = f"divan_test_{secrets.token_hex(6)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield name
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        self._portal.call(self._connection.execute, statement)

    async def _close(self) -> None:
        await self._connection.close()

    def _address(self, name: str) -> str:
        return self._url._replace(path=f"/{name}").geturl()

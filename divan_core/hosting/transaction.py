"""The host's transaction, and the part of it that can be undone alone."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection, NestedTransaction, Table
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_scoped_session
from sqlalchemy.orm import Session, SessionTransaction, scoped_session

from divan_core.hosting.write import KeyedWriteMisused

SyncHost: TypeAlias = Session | Connection | scoped_session[Any]
"""Where a synchronous host's transaction is."""

AsyncHost: TypeAlias = AsyncSession | AsyncConnection | async_scoped_session[Any]
"""Where an asynchronous host's transaction is."""

Waiting: TypeAlias = AsyncSession | AsyncConnection

Subject: TypeAlias = Session | Connection
"""What does the work beneath any of them."""

Savepoint: TypeAlias = NestedTransaction | SessionTransaction

ResultT = TypeVar("ResultT")


def of_this_scope(host: SyncHost | AsyncHost) -> Subject | Waiting:
    """The session or connection that the host means.

    Raises:
        TypeError: it is neither.
    """
    found: object = host() if isinstance(host, scoped_session | async_scoped_session) else host
    if isinstance(found, Session | Connection | AsyncSession | AsyncConnection):
        return found
    raise TypeError("Give a session or a connection of SQLAlchemy.")


def beneath(waiting: Waiting) -> Subject:
    """The synchronous session or connection that does the work of an asynchronous one.

    Raises:
        TypeError: the connection is not started.
    """
    if isinstance(waiting, AsyncSession):
        return waiting.sync_session
    if waiting.sync_connection is None:
        raise TypeError("The connection is not started: use it inside `async with`.")
    return waiting.sync_connection


def connection_of(subject: Subject, table: Table) -> Connection:
    """The connection that the host's transaction uses, or will use, for ``table``.

    Raises:
        KeyedWriteMisused: each of its statements is a transaction of its own.
    """
    if isinstance(subject, Connection):
        connection = subject
    else:
        connection = subject.connection(bind_arguments={"clause": table})
    if connection.dialect.name == "postgresql":
        dbapi: Any = connection.connection.dbapi_connection
        if connection.dialect.detect_autocommit_setting(dbapi):
            raise KeyedWriteMisused("A keyed write needs a transaction; this is AUTOCOMMIT.")
    return connection


class OnLoop(AbstractAsyncContextManager[ResultT]):
    """A synchronous context around an asynchronous body: its statements run on the host's loop."""

    def __init__(self, host: Waiting, inner: AbstractContextManager[ResultT]) -> None:
        """Enter and leave ``inner`` where ``host`` may run statements."""
        self._host = host
        self._inner = inner

    async def __aenter__(self) -> ResultT:
        return await self._host.run_sync(lambda _: self._inner.__enter__())

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return await self._host.run_sync(lambda _: self._inner.__exit__(kind, fault, trace))

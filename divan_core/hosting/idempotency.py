"""Writes of a host application that happen once, in the host's own transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    ExitStack,
    contextmanager,
)
from typing import Final, overload

import attrs
from sqlalchemy import Connection, MetaData, Table
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session

from divan_core.errors import IdempotencyKeyMissing, IdempotencyKeyReused, InvalidRequest
from divan_core.hosting.functions import Keyed
from divan_core.hosting.keys import HostKeys, idempotency_table, patience, refusing
from divan_core.hosting.transaction import (
    AsyncHost,
    OnLoop,
    Savepoint,
    Subject,
    SyncHost,
    beneath,
    connection_of,
    of_this_scope,
)
from divan_core.hosting.write import KeyedWrite, KeyedWriteMisused
from divan_core.idempotency.model import KeyScope, StoredAnswer
from divan_core.idempotency.policy import fingerprint, parse_key, payload_of
from divan_core.kernel.clock import Clock
from divan_core.stores.sql.keystatements import Claimed

SHORTEST_SECRET: Final = 32
"""Bytes."""

LONGEST_NAME: Final = 64
"""Characters of a subject and of an operation."""


@attrs.frozen
class _Attempt:
    """One try: the scope of its key, None without one, and the fingerprint of its payload."""

    scope: KeyScope | None
    fingerprint: bytes = b""


class HostIdempotency:
    """Ties a key to what a host writes, in the host's own transaction: both are kept or neither.

    Made once, and used from any number of threads and tasks. It never begins, commits or rolls
    back a transaction of the host; what is undone is undone by a savepoint.
    """

    def __init__(  # noqa: PLR0913 - settings of an object that is made once, by name
        self,
        secret: bytes,
        *,
        table: Table | None = None,
        ttl_s: int = 86_400,
        wait_ms: int = 1000,
        mandatory: bool = False,
        clock: Clock | None = None,
    ) -> None:
        """Keep keys in ``table``, by default in the one that ``divan migrate`` makes.

        Args:
            secret: at least 32 bytes that only the application knows. Payloads are remembered by
                a hash under it, so it must stay the same as long as keys are to be recognised.
            table: one of :func:`idempotency_table`.
            ttl_s: seconds from its completion until a key is as if it had never been used.
            wait_ms: how long to wait for a transaction that holds the key; on SQLite, whose
                writers all wait for each other, for any that writes.
            mandatory: refuse writes without a key.
            clock: replaces the database's own, for tests.
        """
        if len(secret) < SHORTEST_SECRET:
            raise ValueError(f"The secret has at least {SHORTEST_SECRET} bytes.")
        if ttl_s < 1 or wait_ms < 0:
            raise ValueError("ttl_s is at least 1, and wait_ms at least 0.")
        table = idempotency_table(MetaData()) if table is None else table
        self._secret = secret
        self._mandatory = mandatory
        self._keys = HostKeys(table, ttl_s, wait_ms, clock)

    @overload
    def once(
        self,
        session: AsyncHost,
        subject: str,
        operation: str,
        key: str | None,
        payload: object = None,
    ) -> AbstractAsyncContextManager[KeyedWrite]: ...
    @overload
    def once(
        self,
        session: SyncHost,
        subject: str,
        operation: str,
        key: str | None,
        payload: object = None,
    ) -> AbstractContextManager[KeyedWrite]: ...
    def once(
        self,
        session: SyncHost | AsyncHost,
        subject: str,
        operation: str,
        key: str | None,
        payload: object = None,
    ) -> AbstractContextManager[KeyedWrite] | AbstractAsyncContextManager[KeyedWrite]:
        """A block, for ``with`` or ``async with``, that is done once for its key.

        Unless the write is ``replayed``, the block writes over ``session`` and calls ``complete``
        with its answer. Key and effect are kept when the host commits. When the block raises,
        both are undone at once, and the host's transaction goes on as it was before.

        Args:
            session: a session or a connection of SQLAlchemy, synchronous or not. Its transaction
                begins here if it has not begun.
            subject: who acts, in up to 64 characters; keys of two subjects never meet.
            operation: what is done, in up to 64 characters, such as ``orders.place``.
            key: the caller's word for this one time; None does the write unprotected.
            payload: what was asked for, as JSON; the key stands for this and nothing else.

        Raises:
            IdempotencyKeyInvalid, IdempotencyKeyMissing: here, before any statement.
            IdempotencyKeyReused: on entry: the key was used for another payload.
            IdempotencyInProgress: on entry: another transaction has the key, and did not end in
                time; or it ended after this one had begun, under an isolation level that hides it.
            IdempotencyUnavailable: on entry: the key cannot be kept; the table is missing, say.
            KeyedWriteMisused: at the end of the block.
        """
        attempt = self._attempt(subject, operation, key, payload)
        found = of_this_scope(session)
        if isinstance(found, AsyncSession | AsyncConnection):
            return OnLoop(found, self._write(beneath(found), attempt))
        return self._write(found, attempt)

    def keyed(self, operation: str) -> Keyed:
        """Decorate a function of ``(session, subject, payload)``, asynchronous or not.

        What it returns is the answer. The decorated function takes ``key=`` as well, returns a
        :class:`KeyedWrite`, and raises what :meth:`once` raises.
        """
        return Keyed(self.once, operation)

    @overload
    def purge(self, session: AsyncHost, most: int = 1000) -> Awaitable[int]: ...
    @overload
    def purge(self, session: SyncHost, most: int = 1000) -> int: ...
    def purge(self, session: SyncHost | AsyncHost, most: int = 1000) -> int | Awaitable[int]:
        """Delete up to ``most`` expired keys; how many it were. To be awaited like the session."""
        found = of_this_scope(session)
        if isinstance(found, AsyncSession | AsyncConnection):
            return found.run_sync(self._purge, most)
        return self._purge(found, most)

    def _purge(self, subject: Subject, most: int) -> int:
        return self._keys.purge(connection_of(subject, self._keys.table), most)

    def _attempt(self, subject: str, operation: str, key: str | None, payload: object) -> _Attempt:
        for name in (subject, operation):
            if not 0 < len(name) <= LONGEST_NAME or "\0" in name:
                raise ValueError(f"{name!r} has no length of 1 to {LONGEST_NAME}.")
        if key is None:
            if self._mandatory:
                raise IdempotencyKeyMissing
            return _Attempt(None)
        scope = KeyScope(subject, operation, parse_key(key))
        return _Attempt(scope, self._fingerprint(operation, payload))

    def _fingerprint(self, operation: str, payload: object) -> bytes:
        try:
            return fingerprint(self._secret, operation, payload_of(payload))
        except RecursionError as fault:
            raise InvalidRequest("The payload is nested too deeply.") from fault

    @contextmanager
    def _write(self, subject: Subject, attempt: _Attempt) -> Iterator[KeyedWrite]:
        if isinstance(subject, Session):
            subject.flush()  # a fault in what is pending is the host's
        with ExitStack() as undone_alone:
            with refusing():
                connection = connection_of(subject, self._keys.table)
                with patience(connection, self._keys.wait_ms):
                    savepoint: Savepoint = subject.begin_nested()
                    undone_alone.enter_context(savepoint)
                    connection_of(subject, self._keys.table)  # a session begins it only when asked
                    claim = self._claim(connection, attempt)
            write = _opened(claim, attempt)
            yield write
            if not savepoint.is_active:
                raise KeyedWriteMisused("The block ended the transaction that it is a part of.")
            self._answer(connection, attempt, claim, write.body)

    def _claim(self, connection: Connection, attempt: _Attempt) -> Claimed | StoredAnswer | None:
        if attempt.scope is None:
            return None
        return self._keys.claim(connection, attempt.scope, attempt.fingerprint)

    def _answer(
        self,
        connection: Connection,
        attempt: _Attempt,
        claim: Claimed | StoredAnswer | None,
        body: bytes,
    ) -> None:
        if attempt.scope is not None and isinstance(claim, Claimed):
            self._keys.answer(connection, attempt.scope, claim, body)


def _opened(claim: Claimed | StoredAnswer | None, attempt: _Attempt) -> KeyedWrite:
    """The write that the block begins with."""
    if not isinstance(claim, StoredAnswer):
        return KeyedWrite()
    if claim.fingerprint != attempt.fingerprint:
        raise IdempotencyKeyReused
    return KeyedWrite(claim.body)

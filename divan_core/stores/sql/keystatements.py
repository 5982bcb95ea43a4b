"""The statements of idempotency keys, over any table that has the columns of Divan's own.

They run in Divan's units and in a host application's own transactions alike, so how they are
executed is not said here: :meth:`KeyStatements.claiming` gives one after the other to whoever runs
them, waiting or not.
"""

from __future__ import annotations

import functools
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final

import attrs
from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    LargeBinary,
    Select,
    String,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    null,
    select,
    true,
    tuple_,
    union_all,
    update,
)
from sqlalchemy import cast as as_type
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Delete, Insert, Update
from sqlalchemy.types import UserDefinedType

from divan_core.errors import IdempotencyInProgress
from divan_core.idempotency.model import KeyScope, StoredAnswer
from divan_core.kernel.clock import Clock
from divan_core.stores.sql.connection import DialectName
from divan_core.stores.sql.moments import later, now_of, present
from divan_core.stores.sql.spelling import Statement

TRIES: Final = 3
"""How often a key is asked for that is there when it is inserted, and gone when it is read."""

LEAST_WAIT_MS: Final = 1
"""A lock timeout of zero would be none at all."""


@attrs.frozen
class Claimed:
    """The key is this transaction's. ``place`` is where PostgreSQL keeps its row until then.

    With a ``fingerprint`` there is no row yet: it is written with the answer.
    """

    place: str | None = None
    fingerprint: bytes | None = None


Step = tuple[Statement, Mapping[str, Any]]
Claiming = Generator[Step, Sequence[Any] | None, Claimed | StoredAnswer]


@attrs.frozen
class KeyStatements:
    """The statements on one table in one dialect; ``clock`` replaces that of the database.

    ``table`` has the columns of ``tables.IDEMPOTENCY_KEYS``, of the same types and with the same
    primary key. Its name and its schema are its own.
    """

    table: Table
    dialect: DialectName
    clock: Clock | None = None

    def claiming(self, scope: KeyScope, fingerprint: bytes, wait_ms: int) -> Claiming:
        """Take a key for this transaction, or learn what its earlier use answered.

        A generator of statements with their parameters: execute each, and send its first row
        or None. It returns what became of the claim. Almost always there is one statement; a
        second one where the answer was committed while the first one waited, and on SQLite for
        every repeated key.

        On PostgreSQL the statement waits at most ``wait_ms`` for a transaction that holds the
        key, and fails with SQLSTATE 55P03 then. Under SERIALIZABLE and REPEATABLE READ it fails
        with 40001 when the other one was committed meanwhile: run the transaction again.
        The transaction's own ``lock_timeout`` is as before when the statement has ended.

        Raises:
            IdempotencyInProgress: others take the key and give it up again, all the time.
        """
        scoped = _scoped(scope)
        parameters = {**scoped, "given_print": fingerprint, **present(self.clock)}
        if self.dialect == "postgresql":
            parameters["patience"] = str(max(wait_ms, LEAST_WAIT_MS))
        for _ in range(TRIES):
            row = yield claim_statement(self.table, self.dialect, clocked=self._clocked), parameters
            if row is not None and row[0]:
                return Claimed(row[1])
            stored = row[2:4] if row is not None else (None, None)
            if stored[1] is None:
                stored = (yield stored_statement(self.table), scoped) or stored
            if stored[1] is not None:
                return stored_answer(stored)
        raise IdempotencyInProgress

    def answering(self, scope: KeyScope, claimed: Claimed, body: bytes, ttl_s: int) -> Step:
        """Store the answer of a key that this transaction has claimed; one statement."""
        if claimed.fingerprint is not None:
            return self._keeping(scope, claimed.fingerprint, body, ttl_s)
        statement = answer_statement(self.table, self.dialect, clocked=self._clocked)
        return statement, self.answer_parameters(scope, claimed, body, ttl_s)

    def answer_parameters(
        self, scope: KeyScope, claimed: Claimed, body: bytes, ttl_s: int
    ) -> Mapping[str, Any]:
        """The parameters of ``answer_statement``."""
        row = {"place": claimed.place} if self.dialect == "postgresql" else _scoped(scope)
        return {**row, "answer": body, "ttl_ms": ttl_s * 1000, **present(self.clock)}

    def _keeping(self, scope: KeyScope, fingerprint: bytes, body: bytes, ttl_s: int) -> Step:
        statement = keep_statement(self.table, clocked=self._clocked)
        return statement, self.keep_parameters(scope, fingerprint, body, ttl_s)

    def keep_parameters(
        self, scope: KeyScope, fingerprint: bytes, body: bytes, ttl_s: int
    ) -> Mapping[str, Any]:
        """The parameters of ``keep_statement`` and :func:`keep_after`."""
        given = {"given_print": fingerprint, "answer": body, "ttl_ms": ttl_s * 1000}
        return {**_scoped(scope), **given, **present(self.clock)}

    def recalling(self, scope: KeyScope) -> Step:
        """Read what a key's earlier use answered, unless that has expired; a row or none."""
        statement = recall_statement(self.table, self.dialect, clocked=self._clocked)
        return statement, {**_scoped(scope), **present(self.clock)}

    def purging(self, most: int) -> Step:
        """Delete up to ``most`` expired keys; the row count says how many."""
        statement = purge_statement(self.table, self.dialect, clocked=self._clocked)
        return statement, {"most": most, **present(self.clock)}

    @property
    def expired(self) -> Step:
        """How many keys are expired."""
        statement = expired_statement(self.table, self.dialect, clocked=self._clocked)
        return statement, present(self.clock)

    @property
    def _clocked(self) -> bool:
        return self.clock is not None


def stored_answer(row: Sequence[Any]) -> StoredAnswer:
    """What a row of ``stored_statement`` or ``recall_statement`` says."""
    fingerprint, body = row
    return StoredAnswer(bytes(fingerprint), bytes(body))


@functools.cache
def claim_statement(table: Table, dialect: DialectName, *, clocked: bool = False) -> Statement:
    """Insert a key, or replace an expired one. Its row: whether it did, and the row's place.

    On PostgreSQL there is always a row, which goes on with the fingerprint and the body that are
    stored where nothing was claimed; on SQLite there is none then.
    """
    if dialect == "sqlite":
        values = _new_row(table, dialect, clocked=clocked)
        statement = sqlite.insert(table).values(dict(zip(_COLUMNS, values, strict=True)))
        upsert = _over_expired(statement, table, dialect, clocked=clocked)
        return upsert.returning(true().label("claimed"), null().label("place"))
    return _claim_on_postgres(table, clocked=clocked)


@functools.cache
def stored_statement(table: Table) -> Select[Any]:
    """Read a key as this transaction sees it."""
    return select(table.c.fingerprint, table.c.body).where(_the_key(table))


@functools.cache
def recall_statement(table: Table, dialect: DialectName, *, clocked: bool = False) -> Select[Any]:
    """Read a key unless it has expired."""
    alive = table.c.expires_at > now_of(dialect, clocked=clocked)
    return stored_statement(table).where(alive, table.c.body.is_not(None))


@functools.cache
def answer_statement(table: Table, dialect: DialectName, *, clocked: bool = False) -> Update:
    """Give a claimed key its answer and its end.

    PostgreSQL finds the row by its place, not by the index: under SERIALIZABLE, reading a page of
    the index would make this transaction depend on every key that others insert there.
    """
    expires_at = later(now_of(dialect, clocked=clocked), "ttl_ms", dialect)
    given = as_type(bindparam("place", type_=Text()), _Tid())
    found = _the_key(table) if dialect == "sqlite" else given == _PLACE
    answer = bindparam("answer", type_=LargeBinary())
    return update(table).where(found).values(body=answer, expires_at=expires_at)


@functools.cache
def keep_statement(table: Table, *, clocked: bool = False) -> Insert:
    """On SQLite, insert a key with its answer, over what has expired."""
    values = _new_row(table, "sqlite", clocked=clocked)
    row = dict(zip(_COLUMNS, values, strict=True))
    row["body"] = bindparam("answer", type_=LargeBinary())
    row["expires_at"] = later(now_of("sqlite", clocked=clocked), "ttl_ms", "sqlite")
    return _over_expired(sqlite.insert(table).values(row), table, "sqlite", clocked=clocked)


def keep_after(table: Table, before: CTE, *, clocked: bool = False) -> Insert:
    """On PostgreSQL, insert a key that nobody has used with its answer, where ``before`` has a row.

    It fails where somebody has used it, expired or not, and waits for whoever is about to.
    """
    values = dict(zip(_COLUMNS, _new_row(table, "postgresql", clocked=clocked), strict=True))
    values["body"] = bindparam("answer", type_=LargeBinary())
    values["expires_at"] = later(now_of("postgresql", clocked=clocked), "ttl_ms", "postgresql")
    source = select(*values.values()).select_from(before)
    return postgresql.insert(table).from_select(_COLUMNS, source)


def unknown(table: Table) -> ColumnElement[bool]:
    """Whether nobody has used the key, as far as the statement sees."""
    return ~exists(literal_column("1")).where(_the_key(table))


@functools.cache
def expired_statement(table: Table, dialect: DialectName, *, clocked: bool = False) -> Select[int]:
    """How many keys are expired."""
    return select(func.count()).where(table.c.expires_at <= now_of(dialect, clocked=clocked))


@functools.cache
def purge_statement(table: Table, dialect: DialectName, *, clocked: bool = False) -> Delete:
    """Delete expired keys, but those that somebody is just replacing."""
    over = table.c.expires_at <= now_of(dialect, clocked=clocked)
    most = bindparam("most", type_=Integer())
    if dialect == "sqlite":
        key = tuple_(*table.primary_key)
        return delete(table).where(key.in_(select(*table.primary_key).where(over).limit(most)))
    places = select(_PLACE).select_from(table).where(over).limit(most)
    found = func.array(places.with_for_update(skip_locked=True).scalar_subquery())
    return delete(table).where(any_(found) == _PLACE)


_COLUMNS: Final = ("subject", "operation", "key", "fingerprint", "body", "expires_at")


class _Tid(UserDefinedType[str]):
    """PostgreSQL's place of a row: it stays the same until the transaction changes the row."""

    cache_ok = True

    def get_col_spec(self, **_options: object) -> str:
        """Name the type."""
        return "TID"


_PLACE: Final[ColumnElement[str]] = literal_column("ctid", _Tid())
_LOCK_TIMEOUT: Final[ColumnElement[str]] = literal_column("'lock_timeout'", Text())


def _scoped(scope: KeyScope) -> dict[str, Any]:
    return {
        "given_subject": scope.subject,
        "given_operation": scope.operation,
        "given_key": scope.key,
    }


def _the_key(table: Table) -> ColumnElement[bool]:
    return and_(
        *(
            table.c[name] == bindparam(f"given_{name}", type_=String())
            for name in ("subject", "operation", "key")
        )
    )


def _new_row(table: Table, dialect: DialectName, *, clocked: bool) -> list[ColumnElement[Any]]:
    """The columns of a claimed key.

    Until it is answered it has expired: one that is never answered stays unused.
    """
    return [
        bindparam("given_subject", type_=String()),
        bindparam("given_operation", type_=String()),
        bindparam("given_key", type_=String()),
        bindparam("given_print", type_=LargeBinary()),
        as_type(null(), table.c.body.type),
        now_of(dialect, clocked=clocked),
    ]


def _over_expired(
    statement: postgresql.Insert | sqlite.Insert,
    table: Table,
    dialect: DialectName,
    *,
    clocked: bool,
) -> Insert:
    """Let an insert take the place of an expired row."""
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={name: new[name] for name in ("fingerprint", "body", "expires_at")},
        where=table.c.expires_at <= now_of(dialect, clocked=clocked),
    )


def _claim_on_postgres(table: Table, *, clocked: bool) -> Select[Any]:
    """Set the time to wait, claim, read what is stored if that failed, set the time back.

    Each step takes from the one before it, so they come in this order. What is stored is read
    only when the claim failed: under SERIALIZABLE, reading a page of the index makes this
    transaction depend on every key that others insert there.
    """
    patience = _patience()
    source = select(*_new_row(table, "postgresql", clocked=clocked)).select_from(patience)
    statement = postgresql.insert(table).from_select(_COLUMNS, source)
    upsert = _over_expired(statement, table, "postgresql", clocked=clocked)
    claimed = upsert.returning(as_type(_PLACE, Text()).label("place")).cte("claimed")
    outcome = _materialized(
        union_all(
            select(claimed.c.place, _nothing(table, "fingerprint"), _nothing(table, "body")),
            select(as_type(null(), Text()), table.c.fingerprint, table.c.body).where(
                _the_key(table), ~exists(select(literal_column("1")).select_from(claimed))
            ),
        ).cte("outcome")
    )
    restored = func.set_config(_LOCK_TIMEOUT, patience.c.before, true()).label("restored")
    found = (outcome.c.place, outcome.c.fingerprint, outcome.c.body)
    return select(outcome.c.place.is_not(None).label("claimed"), *found, restored).select_from(
        patience.outerjoin(outcome, true())
    )


def _patience() -> CTE:
    """The time to wait as it was, read before it is set."""
    setting = func.current_setting(_LOCK_TIMEOUT).label("before")
    before = _materialized(select(setting).cte("before"))
    wait = bindparam("patience", type_=Text())
    changed = func.set_config(_LOCK_TIMEOUT, wait, true()).label("changed")
    return _materialized(select(before.c.before, changed).cte("patience"))


def _nothing(table: Table, column: str) -> ColumnElement[Any]:
    return as_type(null(), table.c[column].type).label(column)


def _materialized(step: CTE) -> CTE:
    return step.prefix_with("MATERIALIZED")

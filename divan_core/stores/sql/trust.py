"""How much people are trusted, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    String,
    bindparam,
    column,
    delete,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.safety.trust import Before, Change, Merit, Trust
from divan_core.stores.sql.arrays import insert_all
from divan_core.stores.sql.catalogue import OptionalTables
from divan_core.stores.sql.clauses import insert_missing, insert_or_replace
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.safetytables import TRUST, TRUST_CHANGES
from divan_core.stores.sql.types import Id, millis_of

_GET: Final = select(TRUST.c.score, TRUST.c.at).where(
    TRUST.c.user_id == bindparam("of_user", type_=Id())
)


def _known(one: FromClause, user_id: ColumnElement[Any], cause: ColumnElement[Any]) -> Select[Any]:
    """The trust of somebody, and whether a cause has counted; of each row of ``one``."""
    of = TRUST_CHANGES.c
    counted = select(of.cause).where(of.user_id == user_id, of.cause == cause).exists()
    joined = one.outerjoin(TRUST, TRUST.c.user_id == user_id)
    return select(TRUST.c.score, TRUST.c.at, counted).select_from(joined)


_BEFORE: Final = _known(
    select(literal_column("1")).subquery("one"),
    bindparam("of_user", type_=Id()),
    bindparam("of_cause", type_=String()),
)


def _before_each() -> Select[Any]:
    """On PostgreSQL, of each person and cause of two arrays, in their order."""
    arrays: list[BindParameter[Any]] = [
        bindparam("each_user", type_=ARRAY(Id())),
        bindparam("each_cause", type_=ARRAY(String())),
    ]
    each = (
        func.unnest(*arrays)
        .table_valued(column("who", Id()), column("cause", String()), with_ordinality="place")
        .render_derived(name="each")
    )
    return _known(each, each.c.who, each.c.cause).order_by(each.c.place)


_BEFORE_EACH: Final = _before_each()


class SqlTrust:
    """Keeps how much people are trusted, where the database has the tables for it."""

    def __init__(self, connection: SqlConnection, tables: OptionalTables) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection
        self._tables = tables

    async def get(self, user_id: UserId) -> Trust | None:
        """Somebody's trust; None where nothing has changed it yet."""
        if not self._tables.safety:
            return None
        row = await self._connection.run(_GET, {"of_user": user_id})
        return None if row is None else Trust(row[0], millis_of(row[1]))

    async def before(self, *causes: tuple[UserId, str]) -> Sequence[Before]:
        """What there is of each of these people before a cause changes their trust, in order."""
        if not causes or not self._tables.safety:
            return [Before(None, counted=True)] * len(causes)
        people, names = map(list, zip(*causes, strict=True))
        if self._connection.dialect == "postgresql":
            given = {"each_user": people, "each_cause": names}
            rows = await self._connection.rows(_BEFORE_EACH, given)
        else:
            asked = [{"of_user": one, "of_cause": name} for one, name in causes]
            rows = [(await self._connection.rows(_BEFORE, one))[0] for one in asked]
        return [_before(row) for row in rows]

    async def put(self, trust: Mapping[UserId, Trust]) -> None:
        """Keep the trust of each, in place of what it was."""
        if not self._tables.safety:
            return
        rows = [
            {"user_id": who, "score": theirs.score, "at": theirs.at}
            for who, theirs in trust.items()
        ]
        statement = insert_or_replace(TRUST, self._connection.dialect)
        await insert_all(self._connection, statement, rows)

    async def add(self, *changes: tuple[UserId, Change]) -> None:
        """Keep why the trust of each is changed; a cause that has counted stays as it is."""
        if not self._tables.safety:
            return
        rows = [
            {"user_id": who, "cause": one.cause, "merit": one.merit.value, "at": one.at}
            for who, one in changes
        ]
        statement = insert_missing(TRUST_CHANGES, self._connection.dialect)
        await insert_all(self._connection, statement, rows)

    async def counted(self, user_id: UserId, merit: Merit, after: Millis) -> int:
        """How often something has changed it after a moment."""
        of = TRUST_CHANGES.c
        query = select(func.count()).where(
            of.user_id == user_id, of.merit == merit.value, of.at > after
        )
        counted: int = (await self._connection.execute(query)).scalar_one()
        return counted

    async def count_of(self, user_id: UserId) -> int:
        """How many rows there are of somebody."""
        if not self._tables.safety:
            return 0
        changes = select(func.count()).where(TRUST_CHANGES.c.user_id == user_id)
        counted: int = (await self._connection.execute(changes)).scalar_one()
        return counted + (await self.get(user_id) is not None)

    async def remove_of(self, user_id: UserId, most: int) -> int:
        """Delete up to ``most`` of these; how many it were."""
        if not self._tables.safety:
            return 0
        of = TRUST_CHANGES.c
        some = select(of.cause).where(of.user_id == user_id).limit(most)
        changes = delete(TRUST_CHANGES).where(of.user_id == user_id, of.cause.in_(some))
        removed: int = (await self._connection.execute(changes)).rowcount
        if removed < most:
            trust = delete(TRUST).where(TRUST.c.user_id == user_id)
            removed += (await self._connection.execute(trust)).rowcount
        return removed


def _before(row: Sequence[Any]) -> Before:
    score, at, counted = row
    return Before(None if score is None else Trust(score, millis_of(at)), bool(counted))

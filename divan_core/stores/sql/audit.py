"""What is on record, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    bindparam,
    func,
    insert,
    select,
    update,
)

from divan_core.kernel.ids import CampusId, UserId
from divan_core.moderation.chain import Entry, Link
from divan_core.stores.sql.arrays import insert_all
from divan_core.stores.sql.clauses import insert_missing
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.desktables import AUDIT, AUDIT_HEAD

_HEAD: Final = 1
_FIELDS: Final = tuple(column.name for column in AUDIT.c)


class SqlAudit:
    """Keeps what is on record.

    The row of the head is locked, so whoever appends waits for those before, in either isolation:
    a serializable unit that has seen an older head is run again.
    """

    def __init__(self, connection: SqlConnection, *, exists: bool = True) -> None:
        """Work in the transaction of ``connection``; ``exists``: there are such tables."""
        self._connection = connection
        self._exists = exists

    async def head(self) -> Link:
        """The end of the record, which no other unit can move until the end of this one."""
        found = await self._head(_LOCKED)
        if found is not None:
            return found
        first = Link()
        row = {"id": _HEAD, "seq": first.seq, "mac": first.mac}
        await self._connection.execute(insert_missing(AUDIT_HEAD, self._connection.dialect), row)
        return await self._head(_LOCKED) or first

    async def add(self, entries: Sequence[Entry]) -> None:
        """Append these."""
        if not entries:
            return
        rows = [{name: getattr(one, name) for name in _FIELDS} for one in entries]
        moved = {"last_seq": entries[-1].seq, "last_mac": entries[-1].mac}
        await insert_all(self._connection, _ADD, rows)
        await self._connection.later(_MOVE, moved)

    async def end(self) -> Link:
        """The end of the record, for reading."""
        return await self._head(_PLAIN) or Link()

    async def page(
        self, after: int, limit: int, campus_id: CampusId | None = None
    ) -> Sequence[Entry]:
        """Up to ``limit`` entries above a number, ascending."""
        asked = {"after": after, "most": limit}
        if campus_id is None:
            rows = await self._connection.rows(_AFTER, asked)
        else:
            of_campus = asked | {"of_campus": campus_id.bytes}
            rows = await self._connection.rows(_AFTER_OF_CAMPUS, of_campus)
        return [Entry(*row) for row in rows]

    async def about(self, about: str, limit: int) -> Sequence[Entry]:
        """The first ``limit`` entries about something, ascending."""
        query = select(AUDIT).where(AUDIT.c.about == about).order_by(AUDIT.c.seq).limit(limit)
        return [Entry(*tuple(row)) for row in await self._connection.execute(query)]

    async def count_words(self, person_id: UserId) -> int:
        """How many entries hold words about a person."""
        if not self._exists:
            return 0
        query = select(func.count()).select_from(AUDIT).where(*_worded(person_id))
        counted: int = (await self._connection.execute(query)).scalar_one()
        return counted

    async def erase_words(self, person_id: UserId, most: int) -> int:
        """Erase words about a person, with their salt; how many."""
        if not self._exists:
            return 0
        some = select(AUDIT.c.seq).where(*_worded(person_id)).order_by(AUDIT.c.seq).limit(most)
        emptied = update(AUDIT).where(AUDIT.c.seq.in_(some)).values(words=None, salt=None)
        return (await self._connection.execute(emptied)).rowcount

    async def _head(self, query: Select[Any]) -> Link | None:
        row = await self._connection.run(query, {})
        return None if row is None else Link(row[0], bytes(row[1]))


_ADD: Final = insert(AUDIT)
_MOVE: Final = (
    update(AUDIT_HEAD)
    .where(AUDIT_HEAD.c.id == _HEAD)
    .values(
        seq=bindparam("last_seq", type_=AUDIT_HEAD.c.seq.type),
        mac=bindparam("last_mac", type_=AUDIT_HEAD.c.mac.type),
    )
)
_PLAIN: Final = select(AUDIT_HEAD.c.seq, AUDIT_HEAD.c.mac).where(AUDIT_HEAD.c.id == _HEAD)
_LOCKED: Final = _PLAIN.with_for_update()
_AFTER: Final = (
    select(AUDIT)
    .where(AUDIT.c.seq > bindparam("after", type_=BigInteger()))
    .order_by(AUDIT.c.seq)
    .limit(bindparam("most", type_=Integer()))
)
"""Kept for good: all entries are read with it when the record is checked."""
_AFTER_OF_CAMPUS: Final = _AFTER.where(
    AUDIT.c.campus == bindparam("of_campus", type_=AUDIT.c.campus.type)
)


def _worded(person_id: UserId) -> tuple[ColumnElement[bool], ...]:
    return AUDIT.c.person == person_id.bytes, AUDIT.c.words.is_not(None)

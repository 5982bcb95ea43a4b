"""Appeals in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, exists, func, or_, select, update

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.moderation.appealmodel import Appeal, AppealFilter, AppealId, AppealStatus
from divan_core.moderation.model import Case, CaseId
from divan_core.stores.sql.cases import APPEALED, case_of
from divan_core.stores.sql.clauses import insert_or_replace
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.desktables import ACTIONS, APPEALS, CASES

_PLAIN: Final = tuple(column.name for column in APPEALS.c if column.name != "status")
"""What stands in a row as in an appeal."""


class SqlAppeals:
    """Keeps appeals."""

    def __init__(self, connection: SqlConnection, *, exists: bool = True) -> None:
        """Work in the transaction of ``connection``; ``exists``: there is such a table."""
        self._connection = connection
        self._exists = exists

    async def get(self, appeal_id: AppealId) -> Appeal | None:
        """The appeal, or None."""
        found = await self._all(select(APPEALS).where(APPEALS.c.id == appeal_id))
        return found[0] if found else None

    async def put(self, appeal: Appeal) -> None:
        """Keep it, replacing the one of the same id."""
        row = {name: getattr(appeal, name) for name in _PLAIN} | {"status": appeal.status.value}
        upsert = insert_or_replace(APPEALS, self._connection.dialect)
        await self._connection.execute(upsert, row)

    async def of_case(self, case_id: CaseId, limit: int) -> Sequence[Appeal]:
        """The first ``limit`` appeals of a case, by id."""
        query = select(APPEALS).where(APPEALS.c.case_id == case_id)
        return await self._all(query.order_by(APPEALS.c.id).limit(limit))

    async def of_person(
        self, appellant_id: UserId, case_ids: Collection[CaseId]
    ) -> Sequence[Appeal]:
        """Somebody's appeals about these cases, in any order."""
        is_theirs = (APPEALS.c.appellant_id == appellant_id, APPEALS.c.case_id.in_(case_ids))
        return await self._all(select(APPEALS).where(*is_theirs))

    async def by(
        self, appellant_id: UserId, after: AppealId | None, limit: int
    ) -> Sequence[Appeal]:
        """Up to ``limit`` appeals of somebody with an id above ``after``, by id."""
        query = select(APPEALS).where(APPEALS.c.appellant_id == appellant_id)
        query = query if after is None else query.where(APPEALS.c.id > after)
        return await self._all(query.order_by(APPEALS.c.id).limit(limit))

    async def page(
        self, wanted: AppealFilter, before: AppealId | None, limit: int
    ) -> Sequence[Appeal]:
        """Up to ``limit`` appeals that fit, by id descending."""
        query = select(APPEALS).where(*_fitting(wanted)).order_by(APPEALS.c.id.desc()).limit(limit)
        return await self._all(query if before is None else query.where(APPEALS.c.id < before))

    async def tally(self, campus_id: CampusId | None, since: Millis) -> Mapping[AppealStatus, int]:
        """How many wait, and how many were decided how since a moment."""
        if not self._exists:
            return {}
        of = APPEALS.c
        lately = or_(of.status == AppealStatus.OPEN.value, of.resolved_at >= since)
        query = select(of.status, func.count().label("many")).where(lately).group_by(of.status)
        query = query if campus_id is None else query.where(of.campus_id == campus_id)
        rows = await self._connection.execute(query)
        return {AppealStatus(row.status): row.many for row in rows}

    async def urgent(self, admin: UserId, now: Millis, limit: int) -> Sequence[Case]:
        """Up to ``limit`` cases of which an appeal waits and that this admin may take up."""
        of = CASES.c
        query = select(CASES).where(
            APPEALED,
            _is_not(of.owner_id, admin),
            _is_not(of.decided_by, admin),
            or_(of.assigned_to.is_(None), of.assigned_to == admin),
            or_(of.leased_until.is_(None), of.leased_until <= now, of.leased_to == admin),
            ~exists().where(
                ACTIONS.c.case_id == of.id,
                or_(*(ACTIONS.c[name] == admin for name in ("by", "confirmed_by", "person_id"))),
            ),
        )
        rows = await self._connection.execute(
            query.order_by(of.severity.desc(), of.id).limit(limit)
        )
        return [case_of(row) for row in rows]

    async def count_words(self, person_id: UserId) -> int:
        """How many appeals of somebody have a note, or one about their outcome."""
        if not self._exists:
            return 0
        query = select(func.count()).select_from(APPEALS).where(*_worded(person_id))
        counted: int = (await self._connection.execute(query)).scalar_one()
        return counted

    async def erase_words(self, person_id: UserId, most: int) -> int:
        """Remove both from up to ``most`` of these; how many it were."""
        if not self._exists:
            return 0
        some = select(APPEALS.c.id).where(*_worded(person_id)).order_by(APPEALS.c.id).limit(most)
        emptied = update(APPEALS).where(APPEALS.c.id.in_(some))
        emptied = emptied.values(note=None, outcome_note=None)
        return (await self._connection.execute(emptied)).rowcount

    async def _all(self, query: Select[Any]) -> Sequence[Appeal]:
        return [_appeal(row) for row in await self._connection.execute(query)]


def _is_not(column: ColumnElement[Any], user_id: UserId) -> ColumnElement[bool]:
    return or_(column.is_(None), column != user_id)


def _fitting(wanted: AppealFilter) -> list[ColumnElement[bool]]:
    of, found = APPEALS.c, list[ColumnElement[bool]]()
    if wanted.campus_id is not None:
        found.append(of.campus_id == wanted.campus_id)
    if wanted.status is not None:
        found.append(of.status == wanted.status.value)
    if wanted.not_of is not None:
        theirs = exists().where(CASES.c.id == of.case_id, CASES.c.owner_id == wanted.not_of)
        found += [of.appellant_id != wanted.not_of, ~theirs]
    return found


def _worded(person_id: UserId) -> tuple[ColumnElement[bool], ...]:
    said = or_(APPEALS.c.note.is_not(None), APPEALS.c.outcome_note.is_not(None))
    return APPEALS.c.appellant_id == person_id, said


def _appeal(row: Row[Any]) -> Appeal:
    plain = {name: getattr(row, name) for name in _PLAIN}
    return Appeal(**plain, status=AppealStatus(row.status))

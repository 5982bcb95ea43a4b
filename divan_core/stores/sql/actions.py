"""What was done about cases, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, bindparam, func, or_, select, update

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.moderation.actionmodel import (
    UNNOTICED,
    UNTOLD,
    Action,
    ActionId,
    ActionKind,
    Cause,
    End,
    Scope,
)
from divan_core.moderation.model import CaseId, Subject, SubjectKind
from divan_core.stores.sql.clauses import insert_or_replace
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.desktables import ACTIONS
from divan_core.stores.sql.reading import named_rows

_PLAIN = (
    "id",
    "case_id",
    "campus_id",
    "at",
    "person_id",
    "by",
    "until",
    "before",
    "reason",
    "note",
    "ended_at",
    "ended_by",
    "ttl_minutes",
    "confirmed_at",
    "confirmed_by",
)
"""What stands in a row as in an action."""

_IN_FORCE: Final = (
    select(ACTIONS)
    .where(
        ACTIONS.c.target_id == bindparam("of_target", type_=ACTIONS.c.target_id.type),
        ACTIONS.c.target_kind == bindparam("of_kind", type_=ACTIONS.c.target_kind.type),
        ACTIONS.c.ended_at.is_(None),
    )
    .order_by(ACTIONS.c.id)
)


class SqlActions:
    """Keeps what was done about cases."""

    def __init__(self, connection: SqlConnection, *, exists: bool = True) -> None:
        """Work in the transaction of ``connection``; ``exists``: there is such a table."""
        self._connection = connection
        self._exists = exists

    async def get(self, action_id: ActionId) -> Action | None:
        """The action, ended or not, or None."""
        found = await self._all(select(ACTIONS).where(ACTIONS.c.id == action_id))
        return found[0] if found else None

    async def put(self, action: Action) -> None:
        """Keep it, replacing the one of the same id."""
        upsert = insert_or_replace(ACTIONS, self._connection.dialect)
        await self._connection.later(upsert, _row(action))

    async def of_case(self, case_id: CaseId, limit: int) -> Sequence[Action]:
        """The first ``limit`` actions of a case, by id."""
        query = select(ACTIONS).where(ACTIONS.c.case_id == case_id)
        return await self._all(query.order_by(ACTIONS.c.id).limit(limit))

    async def felt_by(
        self, person_id: UserId, before: ActionId | None, limit: int, *, hidden_too: bool
    ) -> Sequence[Action]:
        """Up to ``limit`` actions on somebody that they may know of, by id descending."""
        left_out = UNTOLD if hidden_too else UNTOLD | UNNOTICED
        query = select(ACTIONS).where(
            ACTIONS.c.person_id == person_id,
            ACTIONS.c.kind.not_in(sorted(one.value for one in left_out)),
            or_(ACTIONS.c.scope == Scope.CAMPUS.value, ACTIONS.c.confirmed_at.is_not(None)),
        )
        query = query if before is None else query.where(ACTIONS.c.id < before)
        return await self._all(query.order_by(ACTIONS.c.id.desc()).limit(limit))

    async def in_force(self, target: Subject) -> Sequence[Action]:
        """The actions on a target that have not ended, by id."""
        given = {"of_target": target.id, "of_kind": target.kind.value}
        return [_action(row) for row in await named_rows(self._connection, _IN_FORCE, given)]

    async def due(self, now: Millis, most: int) -> Sequence[Action]:
        """Up to ``most`` actions that end by themselves and whose time has come, by that."""
        query = select(ACTIONS).where(ACTIONS.c.ended_at.is_(None), ACTIONS.c.until <= now)
        return await self._all(query.order_by(ACTIONS.c.until, ACTIONS.c.id).limit(most))

    async def count_words(self, person_id: UserId) -> int:
        """How many actions hold words about a person."""
        if not self._exists:
            return 0
        query = select(func.count()).select_from(ACTIONS).where(*_worded(person_id))
        counted: int = (await self._connection.execute(query)).scalar_one()
        return counted

    async def erase_words(self, person_id: UserId, most: int) -> int:
        """Remove reason and note from up to ``most`` of these; how many it were."""
        if not self._exists:
            return 0
        some = select(ACTIONS.c.id).where(*_worded(person_id)).order_by(ACTIONS.c.id).limit(most)
        emptied = update(ACTIONS).where(ACTIONS.c.id.in_(some)).values(reason=None, note=None)
        return (await self._connection.execute(emptied)).rowcount

    async def _all(self, query: Select[Any]) -> Sequence[Action]:
        return [_action(row) for row in await self._connection.execute(query)]


def _worded(person_id: UserId) -> tuple[ColumnElement[bool], ...]:
    said = or_(ACTIONS.c.reason.is_not(None), ACTIONS.c.note.is_not(None))
    return ACTIONS.c.person_id == person_id, said


def _row(action: Action) -> dict[str, Any]:
    return {name: getattr(action, name) for name in _PLAIN} | {
        "kind": action.kind.value,
        "target_kind": action.target.kind.value,
        "target_id": action.target.id,
        "end": None if action.end is None else action.end.value,
        "scope": action.scope.value,
        "rule_id": None if action.cause is None else action.cause.rule_id,
        "decision_id": None if action.cause is None else action.cause.decision_id,
        "facts": None if action.cause is None else dict(action.cause.facts),
    }


def _action(row: Row[Any]) -> Action:
    return Action(
        **{name: getattr(row, name) for name in _PLAIN},
        kind=ActionKind(row.kind),
        target=Subject(SubjectKind(row.target_kind), row.target_id),
        end=None if row.end is None else End(row.end),
        scope=Scope(row.scope),
        cause=None if row.decision_id is None else Cause(row.decision_id, row.rule_id, row.facts),
    )

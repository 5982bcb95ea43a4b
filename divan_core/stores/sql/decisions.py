"""What was decided by machine, in SQL."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    bindparam,
    delete,
    func,
    or_,
    select,
    tuple_,
)

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.ingress import Written
from divan_core.safety.facts import Facts
from divan_core.safety.pacing import Background, Recall
from divan_core.safety.policies import Decision, Match
from divan_core.safety.verdicts import DecisionId, Period, Place, Verdict
from divan_core.stores.sql.arrays import insert_all
from divan_core.stores.sql.catalogue import OptionalTables
from divan_core.stores.sql.clauses import insert_missing
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.recalling import recalled
from divan_core.stores.sql.safetytables import DECISIONS
from divan_core.stores.sql.types import id_of, millis_of

_OF: Final = DECISIONS.c
_LAST_ID: Final = DecisionId(UUID(int=2**128 - 1))


class SqlDecisions:
    """Keeps what was decided, where the database has the table for it."""

    def __init__(self, connection: SqlConnection, tables: OptionalTables) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection
        self._tables = tables

    async def background(self, *recalls: Recall) -> Background | None:
        """What each wrote in the while before a moment, trust, and the policy in force.

        None without the tables.
        """
        return await recalled(self._connection, recalls) if self._tables.safety else None

    async def add(self, *verdicts: Verdict) -> None:
        """Keep decisions; a second one of the same id is none."""
        statement = insert_missing(DECISIONS, self._connection.dialect)
        await insert_all(self._connection, statement, list(map(_row, verdicts)))

    async def get(self, decision_id: DecisionId) -> Verdict | None:
        """The decision, or None."""
        found = await self._found(select(DECISIONS).where(_OF.id == decision_id))
        return found[0] if found else None

    async def about(
        self, subject_id: UUID, others: Collection[DecisionId], limit: int
    ) -> Sequence[Verdict]:
        """The first decisions about something, and these others, by moment and id."""
        wanted = or_(_OF.subject_id == subject_id, _OF.id.in_(list(others)))
        query = select(DECISIONS).where(wanted).order_by(_OF.at, _OF.id)
        return await self._found(query.limit(limit))

    async def page(self, period: Period, after: Place | None, limit: int) -> Sequence[Verdict]:
        """Up to ``limit`` decisions of a period by moment and id, above a place."""
        if not self._tables.safety:
            return ()
        at, decision_id = after or (Millis(period.since - 1), _LAST_ID)
        given = {"after_at": at, "after_id": decision_id, "until": period.until, "most": limit}
        if period.campus_id is not None:
            given["of_campus"] = period.campus_id
        statement = _page_statement(of_campus=period.campus_id is not None)
        return [_verdict(row) for row in await self._connection.rows(statement, given)]

    async def count(self, period: Period) -> int:
        """How many decisions there are of a period."""
        return await self._counted(*_within(period))

    async def purge(self, before: Millis, most: int) -> int:
        """Delete up to ``most`` decisions of before a moment; how many it were."""
        return await self._removed(most, _OF.at < before)

    async def over(self, before: Millis) -> int:
        """How many of these there are."""
        return await self._counted(_OF.at < before)

    async def count_of(self, author_id: UserId) -> int:
        """How many decisions there are about what somebody wrote."""
        return await self._counted(_OF.author_id == author_id)

    async def remove_of(self, author_id: UserId, most: int) -> int:
        """Delete up to ``most`` of these; how many it were."""
        return await self._removed(most, _OF.author_id == author_id)

    async def _found(self, query: Select[Any]) -> Sequence[Verdict]:
        if not self._tables.safety:
            return ()
        return [_verdict(tuple(row)) for row in await self._connection.execute(query)]

    async def _counted(self, *wanted: ColumnElement[bool]) -> int:
        if not self._tables.safety:
            return 0
        query = select(func.count()).select_from(DECISIONS).where(*wanted)
        counted: int = (await self._connection.execute(query)).scalar_one()
        return counted

    async def _removed(self, most: int, *wanted: ColumnElement[bool]) -> int:
        if not self._tables.safety:
            return 0
        some = select(_OF.id).where(*wanted).order_by(_OF.at, _OF.id).limit(most)
        removed = delete(DECISIONS).where(_OF.id.in_(some))
        return (await self._connection.execute(removed)).rowcount


def _within(period: Period) -> list[ColumnElement[bool]]:
    found = [_OF.at >= period.since, _OF.at < period.until]
    return found if period.campus_id is None else [*found, _OF.campus_id == period.campus_id]


def _row(verdict: Verdict) -> dict[str, Any]:
    written, decision = verdict.written, verdict.decision
    return {
        "id": verdict.id,
        "campus_id": written.campus_id,
        "author_id": written.author_id,
        "subject_kind": written.subject_type,
        "subject_id": written.subject_id,
        "at": verdict.at,
        "print": verdict.print,
        "facts": _facts_row(verdict.facts),
        "version": decision.version,
        "action": decision.action,
        "severity": decision.severity,
        "outcome": _outcome(decision),
    }


def _facts_row(facts: Facts) -> dict[str, Any]:
    """What is known of it, without its words."""
    return {
        "trust": facts.trust,
        "band": facts.band,
        "text": dict(facts.text),
        "image": dict(facts.image),
        "url": dict(facts.url),
        "signals": dict(facts.signals),
    }


def _outcome(decision: Decision) -> dict[str, Any] | None:
    """Why, where there is something to tell: of nearly everything there is nothing."""
    if not decision.matched and not decision.shadow:
        return None
    return {
        "reasons": list(decision.reasons),
        "payload": dict(decision.payload),
        "matched": [_match_row(one) for one in decision.matched],
        "shadow": [_match_row(one) for one in decision.shadow],
    }


def _match_row(match: Match) -> list[Any]:
    evidence = [list(one) for one in match.evidence]
    return [match.rule_id, match.action, match.severity, evidence]


def _match(row: Sequence[Any]) -> Match:
    rule_id, action, severity, evidence = row
    return Match(rule_id, action, severity, tuple((name, value) for name, value in evidence))


def _verdict(row: Sequence[Any]) -> Verdict:
    """A decision of a row, whether SQLAlchemy or the driver has it."""
    found_id, campus_id, author_id, kind, subject_id, at, text_print, facts, *decided = row
    version, action, severity, outcome = decided
    written = Written(kind, id_of(subject_id), UserId(id_of(author_id)), CampusId(id_of(campus_id)))
    return Verdict(
        DecisionId(id_of(found_id)),
        written,
        millis_of(at),
        _facts(kind, facts),
        _decision(version, action, severity, outcome),
        text_print,
    )


def _facts(kind: str, found: str | Mapping[str, Any]) -> Facts:
    """What is known of it, of JSON as SQLite has it, or as PostgreSQL's driver has made of it."""
    of = _decode(found) if isinstance(found, str) else found
    return Facts(kind, of["trust"], of["band"], of["text"], of["image"], of["url"], of["signals"])


def _decision(
    version: str, action: str, severity: int, found: str | Mapping[str, Any] | None
) -> Decision:
    if found is None:
        return Decision(version, action, severity)
    of = _decode(found) if isinstance(found, str) else found
    return Decision(
        version=version,
        action=action,
        severity=severity,
        reasons=tuple(of["reasons"]),
        payload=of["payload"],
        matched=tuple(map(_match, of["matched"])),
        shadow=tuple(map(_match, of["shadow"])),
    )


_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


@functools.cache
def _page_statement(*, of_campus: bool) -> Select[Any]:
    """A page of decisions, of all campuses or of one."""
    after = (bindparam("after_at", type_=_OF.at.type), bindparam("after_id", type_=_OF.id.type))
    query = select(DECISIONS).where(
        tuple_(_OF.at, _OF.id) > tuple_(*after), _OF.at < bindparam("until", type_=_OF.at.type)
    )
    if of_campus:
        query = query.where(_OF.campus_id == bindparam("of_campus", type_=_OF.campus_id.type))
    return query.order_by(_OF.at, _OF.id).limit(bindparam("most", type_=BigInteger()))

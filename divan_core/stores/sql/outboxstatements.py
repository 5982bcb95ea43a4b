"""The statements of the outbox queue. None reads events that are published and not asked for.

``clocked`` statements go by the parameter ``now``, others by the database's clock.
"""

from __future__ import annotations

import functools
from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.sql.dml import Delete, Update
from sqlalchemy.sql.selectable import FromClause, NamedFromClause

from divan_core.kernel.clock import Millis
from divan_core.kernel.delivery import GroupsOfTopics
from divan_core.kernel.ids import CampusId
from divan_core.stores.sql.clauses import one_of, selected
from divan_core.stores.sql.connection import DialectName
from divan_core.stores.sql.moments import later, now_of
from divan_core.stores.sql.tables import HANDLED_EVENTS, OUTBOX

EVENT_COLUMNS: Final = ("id", "topic", "name", "campus_id", "aggregate", "at", "data")

MOST_LEASED: Final = 10_000
"""How many events are leased at a time at most. With more of them, an aggregate of which only later
events are leased, since its first was released alone, might be claimed."""

_ONE: Final = literal_column("1", Integer())
_UNLEASED: Final = {"owner": null(), "leased_until": null()}


@functools.cache
def claim_statement(dialect: DialectName, *, clocked: bool = False) -> Update:
    """Lease the oldest ``most`` of those events whose aggregate nobody holds a lease of.

    Of an aggregate these are always the earliest ones. On PostgreSQL its earliest event is locked
    first and looked at again, so only one of those who claim at the same time gets any of them.
    """
    now = now_of(dialect, clocked=clocked)
    waiting, head = OUTBOX.alias("waiting"), OUTBOX.alias("head")
    first = (
        select(waiting.c.position, waiting.c.aggregate)
        .where(waiting.c.published_at.is_(None), waiting.c.aggregate.not_in(_held(now)))
        .order_by(waiting.c.position)
        .limit(bindparam("most", type_=Integer()))
        .cte("first")
    )
    heads = select(func.min(first.c.position)).group_by(first.c.aggregate)
    locked = (
        select(head.c.aggregate)
        .where(selected(head.c.position, heads, dialect), _free(head, now))
        .with_for_update(skip_locked=True)
        .cte("locked")
    )
    # Compared with true, which hides from PostgreSQL that it could be joined row by row.
    ours = first.c.aggregate.in_(select(locked.c.aggregate)).is_(true())
    mine = select(first.c.position).where(ours)
    return (
        update(OUTBOX)
        .where(selected(OUTBOX.c.position, mine, dialect), _free(OUTBOX, now))
        .values(
            owner=bindparam("to_owner", type_=String()),
            leased_until=later(now, "lease_ms", dialect),
        )
        .returning(OUTBOX.c.position, *(OUTBOX.c[name] for name in EVENT_COLUMNS))
    )


def _held(now: ColumnElement[Millis]) -> Select[str]:
    """The aggregates of which somebody holds a lease.

    PostgreSQL makes a hash of them, as long as it does not expect too many; so it is told, too,
    what follows of itself, that leased events wait.
    """
    leased = OUTBOX.alias("leased")
    running = and_(leased.c.leased_until > now, leased.c.published_at.is_(None))
    return select(leased.c.aggregate).where(running).limit(MOST_LEASED)


def _free(table: NamedFromClause | Table, now: ColumnElement[Millis]) -> ColumnElement[bool]:
    over = or_(table.c.leased_until.is_(None), table.c.leased_until <= now)
    return and_(table.c.published_at.is_(None), over)


@functools.cache
def published_statement(dialect: DialectName, *, clocked: bool = False) -> Update:
    """Mark the events ``among`` that are still the owner's as published."""
    return _owned(dialect).values(published_at=now_of(dialect, clocked=clocked), **_UNLEASED)


@functools.cache
def release_statement(dialect: DialectName) -> Update:
    """Give the events ``among`` that are still the owner's back."""
    return _owned(dialect).values(**_UNLEASED)


def _owned(dialect: DialectName) -> Update:
    owners = OUTBOX.c.owner == bindparam("of_owner", type_=String())
    return update(OUTBOX).where(one_of(OUTBOX.c.id, dialect), owners)


def republish_statement(groups: GroupsOfTopics, campuses: Collection[CampusId] | None) -> Update:
    """Let unsettled events be published again."""
    again = update(OUTBOX).where(OUTBOX.c.published_at.is_not(None), unsettled(groups))
    if campuses is not None:
        again = again.where(OUTBOX.c.campus_id.in_(campuses))
    return again.values(published_at=null())


def retry_statement(topic: str | None) -> Update:
    """Let given-up events be published again, those too that somebody is just publishing."""
    given_up = select(HANDLED_EVENTS.c.event_id).where(HANDLED_EVENTS.c.gave_up.is_not(None))
    again = update(OUTBOX).where(OUTBOX.c.id.in_(given_up))
    if topic is not None:
        again = again.where(OUTBOX.c.topic == topic)
    return again.values(published_at=null(), **_UNLEASED)


def forgive_statement(topic: str | None) -> Delete:
    """Forget that events were given up."""
    known = select(_ONE).where(OUTBOX.c.id == HANDLED_EVENTS.c.event_id)
    if topic is not None:
        known = known.where(OUTBOX.c.topic == topic)
    return delete(HANDLED_EVENTS).where(HANDLED_EVENTS.c.gave_up.is_not(None), known.exists())


def settle_statement(
    groups: GroupsOfTopics, dialect: DialectName, *, clocked: bool = False
) -> Delete:
    """Delete the oldest ``most`` settled events recorded before ``since_ms`` from now."""
    over = (
        select(OUTBOX.c.position)
        .where(
            OUTBOX.c.published_at.is_not(None),
            OUTBOX.c.recorded_at <= later(now_of(dialect, clocked=clocked), "since_ms", dialect),
            ~unsettled(groups),
        )
        .order_by(OUTBOX.c.recorded_at)
        .limit(bindparam("most", type_=Integer()))
    )
    return delete(OUTBOX).where(selected(OUTBOX.c.position, over, dialect))


@functools.cache
def forget_statement(dialect: DialectName, *, clocked: bool = False) -> Delete:
    """Delete the oldest ``most`` handlings before ``since_ms`` from now of events that are gone."""
    key = tuple_(HANDLED_EVENTS.c.event_id, HANDLED_EVENTS.c.consumer_group)
    past = HANDLED_EVENTS.alias("past")
    kept = exists(select(_ONE).where(OUTBOX.c.id == past.c.event_id))
    over = (
        select(past.c.event_id, past.c.consumer_group)
        .where(
            past.c.handled_at <= later(now_of(dialect, clocked=clocked), "since_ms", dialect),
            past.c.gave_up.is_(None),
            ~kept,
        )
        .order_by(past.c.handled_at)
        .limit(bindparam("most", type_=Integer()))
    )
    return delete(HANDLED_EVENTS).where(key.in_(over))


def lag_statement(
    groups: GroupsOfTopics,
    dialect: DialectName,
    latest: int | None = None,
    *,
    clocked: bool = False,
) -> Select[Any]:
    """``waiting``, ``oldest`` (a moment), ``unsettled``, ``given_up`` and ``present``."""
    count = select(func.count(type_=BigInteger()))
    waiting = OUTBOX.c.published_at.is_(None)
    given_up = HANDLED_EVENTS.c.gave_up.is_not(None)
    return select(
        count.where(waiting).scalar_subquery().label("waiting"),
        select(func.min(OUTBOX.c.recorded_at)).where(waiting).scalar_subquery().label("oldest"),
        _count_of_unsettled(groups, latest).scalar_subquery().label("unsettled"),
        count.where(given_up).scalar_subquery().label("given_up"),
        now_of(dialect, clocked=clocked).label("present"),
    )


def _count_of_unsettled(groups: GroupsOfTopics, latest: int | None) -> Select[Any]:
    published = (
        select(OUTBOX.c.id, OUTBOX.c.topic)
        .where(OUTBOX.c.published_at.is_not(None))
        .order_by(OUTBOX.c.recorded_at.desc())
        .limit(latest)
        .subquery()
    )
    count = select(func.count(type_=BigInteger())).select_from(published)
    return count.where(unsettled(groups, published))


def unsettled(groups: GroupsOfTopics, events: FromClause = OUTBOX) -> ColumnElement[bool]:
    """Whether some group of the event's topic has not handled it, or gave it up."""
    missing = (
        and_(events.c.topic == topic, _handling(group, events).is_(None))
        for topic, names in groups.items()
        for group in names
    )
    return or_(false(), *missing)


def _handling(group: str, events: FromClause) -> ColumnElement[Any]:
    """A number when the group has handled the event, else NULL.

    Not EXISTS: PostgreSQL might read everything that was ever handled to make a hash of it.
    """
    handled = HANDLED_EVENTS.alias()
    same = and_(handled.c.event_id == events.c.id, handled.c.consumer_group == group)
    done = select(_ONE).where(same, handled.c.gave_up.is_(None))
    return done.correlate(events).scalar_subquery()

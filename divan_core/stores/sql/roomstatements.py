"""The statements of rooms, each built once for each dialect."""

from __future__ import annotations

import functools
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    case,
    false,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.sql.dml import Insert

from divan_core.stores.sql.chatstatements import (
    CONVERSATION,
    LIMIT,
    TAKEN,
    VIEWER,
    recent_count,
    unread_count,
    upserting,
)
from divan_core.stores.sql.clauses import greater, named_among
from divan_core.stores.sql.connection import DialectName
from divan_core.stores.sql.tables import CONVERSATIONS, MEMBERS, PEOPLE, ROOMS
from divan_core.stores.sql.types import Id, Moment


@functools.cache
def room_statement() -> Select[Any]:
    """A room."""
    return room_with().where(ROOMS.c.id == CONVERSATION)


@functools.cache
def seated_statement() -> Select[Any]:
    """A room, and somebody's membership, whose columns begin with ``member_``."""
    joined = and_(MEMBERS.c.conversation_id == ROOMS.c.id, MEMBERS.c.user_id == VIEWER)
    return room_with(_member()).outerjoin(MEMBERS, joined).where(ROOMS.c.id == CONVERSATION)


@functools.cache
def inside_statement() -> Select[Any]:
    """Who is in one room."""
    columns = (MEMBERS.c.conversation_id, MEMBERS.c.user_id)
    return select(*columns).where(MEMBERS.c.conversation_id == CONVERSATION, TAKEN)


@functools.cache
def rooms_of_statement(dialect: DialectName, *, hiding: bool = False) -> Select[Any]:
    """A page of the rooms that somebody is in, with what they have not read there.

    With ``hiding`` nothing by people ``among`` counts.
    """
    start = greater(MEMBERS.c.read_seq, MEMBERS.c.cleared_seq, dialect)
    of = dialect if hiding else None
    unread = unread_count(MEMBERS, MEMBERS.c.conversation_id, start, of).label("unread")
    return (
        room_with((*_member(), unread))
        .join(MEMBERS, MEMBERS.c.conversation_id == ROOMS.c.id)
        .where(
            MEMBERS.c.user_id == VIEWER,
            MEMBERS.c.seat == literal_column("'taken'", String()),
            MEMBERS.c.conversation_id < bindparam("before_id", type_=Id()),
            ROOMS.c.closed.is_(false()),
        )
        .order_by(MEMBERS.c.conversation_id.desc())
        .limit(LIMIT)
    )


def _member() -> tuple[ColumnElement[Any], ...]:
    return tuple(column.label(f"member_{column.name}") for column in MEMBERS.c)


def room_with(more: tuple[ColumnElement[Any], ...] = ()) -> Select[Any]:
    """Rooms, with the last number and the last moment of their conversations."""
    last = (CONVERSATIONS.c.last_seq, CONVERSATIONS.c.last_at)
    joined = ROOMS.join(CONVERSATIONS, CONVERSATIONS.c.id == ROOMS.c.id)
    return select(*ROOMS.c, *last, *more).select_from(joined)


@functools.cache
def link_rooms_statement(dialect: DialectName) -> Select[Any]:
    """The open link rooms of a campus, with who of those in them is ``seen`` and ``friendly``."""
    friend = named_among(PEOPLE.c.id, "friends", dialect)
    shown = and_(
        PEOPLE.c.visibility == literal_column("'everyone'", String()),
        PEOPLE.c.ghost_mode.is_(false()),
    )
    there = and_(
        MEMBERS.c.seat == literal_column("'taken'", String()),
        PEOPLE.c.deleted.is_(false()),
        ~named_among(PEOPLE.c.id, "blocked", dialect),
    )
    inside = (
        select(
            func.coalesce(func.sum(case((or_(shown, friend), 1), else_=0)), 0).label("seen"),
            func.coalesce(func.sum(case((friend, 1), else_=0)), 0).label("friendly"),
            MEMBERS.c.conversation_id,
        )
        .join(PEOPLE, PEOPLE.c.id == MEMBERS.c.user_id)
        .join(ROOMS, ROOMS.c.id == MEMBERS.c.conversation_id)
        .where(there, *_linked())
        .group_by(MEMBERS.c.conversation_id)
        .subquery()
    )
    counts = [func.coalesce(inside.c[name], 0).label(name) for name in ("seen", "friendly")]
    recent = recent_count(bindparam("since", type_=Moment())).label("recent")
    return (
        room_with((*counts, recent))
        .outerjoin(inside, inside.c.conversation_id == ROOMS.c.id)
        .where(*_linked())
    )


def _linked() -> tuple[ColumnElement[bool], ...]:
    return (
        ROOMS.c.campus_id == bindparam("campus_id", type_=Id()),
        ROOMS.c.visibility == literal_column("'link'", String()),
        ROOMS.c.closed.is_(false()),
    )


@functools.cache
def seat_statement(dialect: DialectName) -> Insert:
    """Keep a member of a room; where there is one, how far they have come stays as it is."""
    insert = upserting(dialect)(MEMBERS)
    changed = ("role", "seat", "joined_at", "muted_until")
    upsert: Insert = insert.on_conflict_do_update(
        index_elements=list(MEMBERS.primary_key),
        set_={name: insert.excluded[name] for name in changed},
    )
    return upsert

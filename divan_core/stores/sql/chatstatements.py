"""The statements of conversations, each built once for each dialect."""

from __future__ import annotations

import functools
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy import cast as as_type
from sqlalchemy import update as sql_update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert, Update

from divan_core.chat.messages import MOST_UNREAD
from divan_core.chat.model import Veil
from divan_core.stores.sql.clauses import among, greater
from divan_core.stores.sql.connection import DialectName
from divan_core.stores.sql.spelling import Together
from divan_core.stores.sql.tables import CONVERSATIONS, MEMBERS, MESSAGES, ROOMS
from divan_core.stores.sql.types import Id, Moment

_ONE: Final = literal_column("1", Integer())
_ZERO: Final = literal_column("0", BigInteger())
CONVERSATION: Final = bindparam("conversation_id", type_=Id())
VIEWER: Final = bindparam("viewer_id", type_=Id())
SENT_AT: Final = bindparam("sent_at", type_=Moment())
LIMIT: Final = bindparam("most", type_=Integer())

TAKEN: Final = MEMBERS.c.seat == literal_column("'taken'", String())
"""Somebody is part of a conversation now."""

MESSAGE_COLUMNS: Final = tuple(MESSAGES.c)
SENT: Final = ("conversation_id", "seq", "at", "id", "sender_id", "client_id", "body")
REST: Final = ("attachments", "shadowed")
"""The columns of a message that is sent; what comes first of them is given out with its number."""

_CURSORS: Final = ("delivered_seq", "read_seq", "cleared_seq")


@functools.cache
def bump_direct(dialect: DialectName) -> Insert:
    """Give out the next number of a direct conversation, which may begin with it.

    Its row: the number, and the moment of the message. Whoever comes at the same time waits here.
    """
    insert = upserting(dialect)(CONVERSATIONS).values(
        id=CONVERSATION,
        campus_id=bindparam("campus_id", type_=Id()),
        low_id=bindparam("low_id", type_=Id()),
        high_id=bindparam("high_id", type_=Id()),
        created_at=SENT_AT,
        last_seq=_ONE,
        last_at=SENT_AT,
    )
    new = insert.excluded
    later = greater(CONVERSATIONS.c.last_at, new.last_at, dialect)
    upsert: Insert = insert.on_conflict_do_update(
        index_elements=[CONVERSATIONS.c.id],
        set_={"last_seq": CONVERSATIONS.c.last_seq + _ONE, "last_at": later},
    ).returning(CONVERSATIONS.c.last_seq, CONVERSATIONS.c.last_at)
    return upsert


@functools.cache
def bump_room(dialect: DialectName) -> Update:
    """Give out the next number of a room that is open, if the sender may write there.

    Its row as of :func:`bump_direct`.
    """
    before = func.coalesce(CONVERSATIONS.c.last_at, SENT_AT, type_=Moment())
    return (
        sql_update(CONVERSATIONS)
        .where(CONVERSATIONS.c.id == CONVERSATION, *writable())
        .values(last_seq=CONVERSATIONS.c.last_seq + _ONE, last_at=greater(before, SENT_AT, dialect))
        .returning(CONVERSATIONS.c.last_seq, CONVERSATIONS.c.last_at)
    )


def writable() -> tuple[ColumnElement[bool], ...]:
    """Whether the conversation is a room that is open, and its sender may write there."""
    open_room = exists(_ONE).where(ROOMS.c.id == CONVERSATION, ROOMS.c.closed.is_(false()))
    (sender,) = given(("sender_id",))
    muted = MEMBERS.c.muted_until
    may_write = exists(_ONE).where(
        MEMBERS.c.conversation_id == CONVERSATION,
        MEMBERS.c.user_id == sender,
        TAKEN,
        or_(muted.is_(None), muted <= SENT_AT),
    )
    return open_room, may_write


@functools.cache
def send_on_postgres(*, direct: bool) -> Insert:
    """Give out a number, seat the two of a new conversation, and keep the message: in one step."""
    bump = bump_direct("postgresql") if direct else bump_room("postgresql")
    bumped = bump.cte("bumped")
    source = select(
        CONVERSATION, bumped.c.last_seq, bumped.c.last_at, *given(SENT[3:]), *given(REST)
    )
    insert = postgresql.insert(MESSAGES).from_select([*SENT, *REST], source)
    if direct:
        insert = insert.add_cte(_seated(bumped).cte("seated"))
    return insert.returning(MESSAGES.c.seq, MESSAGES.c.at)


def _seated(bumped: FromClause) -> Insert:
    columns = [column.name for column in MEMBERS.c]
    both = union_all(
        *(
            select(*_seat(name)).select_from(bumped).where(bumped.c.last_seq == _ONE)
            for name in ("low_id", "high_id")
        )
    )
    return postgresql.insert(MEMBERS).from_select(columns, both).on_conflict_do_nothing()


def _seat(name: str) -> tuple[ColumnElement[Any], ...]:
    """The columns of a new member of a direct conversation, in the table's order."""
    return (
        CONVERSATION,
        bindparam(name, type_=Id()),
        literal_column("'member'", String()),
        literal_column("'taken'", String()),
        SENT_AT,
        as_type(literal_column("NULL"), MEMBERS.c.muted_until.type),
        _ZERO,
        _ZERO,
        _ZERO,
    )


def given(names: tuple[str, ...]) -> tuple[ColumnElement[Any], ...]:
    """The parameters of these columns of messages."""
    return tuple(bindparam(f"given_{name}", type_=MESSAGES.c[name].type) for name in names)


@functools.cache
def keep_on_sqlite() -> Insert:
    """Keep a message whose number and moment were given out."""
    columns = (*SENT, *REST)
    return sqlite.insert(MESSAGES).values(dict(zip(columns, given(columns), strict=True)))


def _seat_on_sqlite() -> Insert:
    """Seat the two of a conversation whose first message it is."""
    first = bindparam("given_seq", type_=BigInteger()) == _ONE
    both = union_all(*(select(*_seat(name)).where(first) for name in ("low_id", "high_id")))
    return sqlite.insert(MEMBERS).from_select([column.name for column in MEMBERS.c], both)


SEAT_AND_KEEP: Final = Together("seat_and_keep", (_seat_on_sqlite(), keep_on_sqlite()))
"""On SQLite, what follows :func:`bump_direct`."""


def upserting(dialect: DialectName) -> Any:  # noqa: ANN401 - both make inserts that upsert
    """What makes an insert that can upsert."""
    return postgresql.insert if dialect == "postgresql" else sqlite.insert


@functools.cache
def sent_statement() -> Select[Any]:
    """The message that its sender calls so."""
    return select(*MESSAGE_COLUMNS).where(
        MESSAGES.c.conversation_id == CONVERSATION,
        MESSAGES.c.sender_id == bindparam("sender_id", type_=Id()),
        MESSAGES.c.client_id == bindparam("client_id", type_=String(64)),
    )


@functools.cache
def get_statement() -> Select[Any]:
    """The message of an id."""
    return select(*MESSAGE_COLUMNS).where(MESSAGES.c.id == bindparam("message_id", type_=Id()))


@functools.cache
def veil_statement() -> Update:
    """Hide a message, or show it again."""
    found = MESSAGES.c.id == bindparam("message_id", type_=Id())
    return sql_update(MESSAGES).where(found).values(veil=bindparam("to_veil", type_=String(16)))


def visible(viewer: ColumnElement[Any] = VIEWER) -> ColumnElement[bool]:
    """Whether a viewer sees a message: ``Message.shown_to``."""
    removed = literal_column(f"'{Veil.REMOVED.value}'", String())
    theirs = and_(MESSAGES.c.sender_id == viewer, MESSAGES.c.veil.is_distinct_from(removed))
    return or_(_plain(), theirs)


def _plain() -> ColumnElement[bool]:
    """Whether a message is there to everybody of its conversation."""
    return and_(MESSAGES.c.shadowed.is_(false()), MESSAGES.c.veil.is_(None))


@functools.cache
def dialogue_statement() -> Select[Any]:
    """A direct conversation with the cursors of both."""
    return _with_both(CONVERSATIONS).where(CONVERSATIONS.c.id == CONVERSATION)


def _with_both(conversations: FromClause, *more: ColumnElement[Any]) -> Select[Any]:
    low, high = MEMBERS.alias("low"), MEMBERS.alias("high")
    wanted = ("id", "low_id", "high_id", "last_seq", "last_at")
    columns = [conversations.c[name].label(f"dialogue_{name}") for name in wanted]
    cursors = [
        side.c[name].label(f"{side.name}_{name}") for side in (low, high) for name in _CURSORS
    ]
    query = select(*columns, *cursors, *more).select_from(conversations)
    for side in (low, high):
        same = side.c.conversation_id == conversations.c.id
        query = query.join(side, and_(same, side.c.user_id == conversations.c[f"{side.name}_id"]))
    return query


@functools.cache
def dialogues_statement(dialect: DialectName) -> Select[Any]:
    """A page of somebody's direct conversations, each with its last message and what is unread."""
    sides = [_side(name).subquery() for name in ("low_id", "high_id")]
    found = union_all(*(select(side) for side in sides)).subquery("found")
    last = (
        select(func.max(MESSAGES.c.seq))
        .where(MESSAGES.c.conversation_id == found.c.id, MESSAGES.c.seq > found.c.cleared_seq)
        .where(visible())
        .correlate(found)
        .scalar_subquery()
    )
    newest = MESSAGES.alias("newest")
    start = greater(found.c.read_seq, found.c.cleared_seq, dialect)
    unread = unread_count(found, found.c.id, start)
    return (
        _with_both(found, *newest.c, unread.label("unread"))
        .join(newest, and_(newest.c.conversation_id == found.c.id, newest.c.seq == last))
        .order_by(found.c.last_at.desc(), found.c.id.desc())
        .limit(LIMIT)
    )


def _side(name: str) -> Select[Any]:
    """The page of those conversations in which the viewer is the one or the other of the two."""
    own = MEMBERS.alias("own")
    left = exists(_ONE).where(
        MESSAGES.c.conversation_id == CONVERSATIONS.c.id,
        MESSAGES.c.seq > own.c.cleared_seq,
        visible(),
    )
    place = tuple_(CONVERSATIONS.c.last_at, CONVERSATIONS.c.id)
    before = tuple_(bindparam("before_at", type_=Moment()), bindparam("before_id", type_=Id()))
    return (
        select(*CONVERSATIONS.c, own.c.read_seq, own.c.cleared_seq)
        .join(own, own.c.conversation_id == CONVERSATIONS.c.id)
        .where(CONVERSATIONS.c[name] == VIEWER, own.c.user_id == VIEWER, place < before)
        .where(CONVERSATIONS.c.low_id.is_not(None), left)
        .order_by(CONVERSATIONS.c.last_at.desc(), CONVERSATIONS.c.id.desc())
        .limit(LIMIT)
    )


def unread_count(
    source: FromClause,
    conversation_id: ColumnElement[Any],
    start: ColumnElement[Any],
    hiding: DialectName | None = None,
) -> ColumnElement[Any]:
    """How many messages of others there are above a number, up to a hundred.

    With ``hiding``, where that is asked in this dialect, without those by people ``among``.
    """
    shown = _plain() if hiding is None else and_(_plain(), ~among(MESSAGES.c.sender_id, hiding))
    some = (
        select(_ONE.label("one"))
        .select_from(MESSAGES)
        .where(
            MESSAGES.c.conversation_id == conversation_id,
            MESSAGES.c.seq > start,
            MESSAGES.c.sender_id != VIEWER,
            shown,
        )
        .limit(literal_column(str(MOST_UNREAD)))
        .correlate(source)
        .subquery()
    )
    return select(func.count(some.c.one)).scalar_subquery()


@functools.cache
def unread_statement(dialect: DialectName, *, hiding: bool = False) -> Select[Any]:
    """What somebody has not read in a conversation; with ``hiding`` nothing by those ``among``."""
    start = greater(MEMBERS.c.read_seq, MEMBERS.c.cleared_seq, dialect)
    of = dialect if hiding else None
    unread = unread_count(MEMBERS, MEMBERS.c.conversation_id, start, of)
    return select(unread.label("unread")).where(
        MEMBERS.c.conversation_id == CONVERSATION, MEMBERS.c.user_id == VIEWER
    )


@functools.cache
def recent_statement() -> Select[Any]:
    """Where somebody's direct conversations stand, the last written to first."""
    sides = (
        _marks()
        .where(CONVERSATIONS.c[name] == VIEWER, CONVERSATIONS.c.low_id.is_not(None))
        .order_by(CONVERSATIONS.c.last_at.desc(), CONVERSATIONS.c.id.desc())
        .limit(LIMIT)
        .subquery()
        for name in ("low_id", "high_id")
    )
    found = union_all(*(select(side) for side in sides)).subquery()
    return select(found).order_by(found.c.last_at.desc(), found.c.id.desc()).limit(LIMIT)


@functools.cache
def marks_statement(dialect: DialectName) -> Select[Any]:
    """Where those of the conversations ``among`` stand that somebody is part of."""
    return _marks().where(among(CONVERSATIONS.c.id, dialect))


def _marks() -> Select[Any]:
    wanted = (CONVERSATIONS.c.id, CONVERSATIONS.c.last_seq, CONVERSATIONS.c.last_at)
    return (
        select(*wanted, MEMBERS.c.cleared_seq)
        .join(MEMBERS, MEMBERS.c.conversation_id == CONVERSATIONS.c.id)
        .where(MEMBERS.c.user_id == VIEWER)
        .where(TAKEN)
    )


def recent_count(since: ColumnElement[Any]) -> ColumnElement[Any]:
    """How many messages a conversation has had after a moment, which its numbers tell."""
    before = (
        select(MESSAGES.c.seq)
        .where(MESSAGES.c.conversation_id == CONVERSATIONS.c.id, MESSAGES.c.at <= since)
        .order_by(MESSAGES.c.at.desc(), MESSAGES.c.seq.desc())
        .limit(literal_column("1"))
        .correlate(CONVERSATIONS)
        .scalar_subquery()
    )
    counted = CONVERSATIONS.c.last_seq - func.coalesce(before, _ZERO)
    return case((CONVERSATIONS.c.last_at > since, counted), else_=_ZERO)


@functools.cache
def tally_statement() -> Select[Any]:
    """How much is written on each campus."""
    since = bindparam("since", type_=Moment())
    direct = case((CONVERSATIONS.c.low_id.is_not(None), 1), else_=0)
    room = case((ROOMS.c.closed.is_(false()), 1), else_=0)
    each = (
        select(
            CONVERSATIONS.c.campus_id,
            direct.label("direct"),
            room.label("rooms"),
            CONVERSATIONS.c.last_seq,
            recent_count(since).label("recent"),
        )
        .select_from(CONVERSATIONS.outerjoin(ROOMS, ROOMS.c.id == CONVERSATIONS.c.id))
        .subquery()
    )
    return (
        select(
            each.c.campus_id,
            func.sum(each.c.direct).label("direct"),
            func.sum(each.c.rooms).label("rooms"),
            func.sum(each.c.last_seq).label("messages"),
            func.sum(each.c.recent).label("recent"),
        )
        .group_by(each.c.campus_id)
        .order_by(each.c.campus_id)
    )


@functools.cache
def advance_statement(dialect: DialectName) -> Update:
    """Move somebody's cursors on; its row is where they are."""
    moved = {
        name: greater(MEMBERS.c[name], bindparam(f"to_{name}", type_=BigInteger()), dialect)
        for name in _CURSORS
    }
    return (
        sql_update(MEMBERS)
        .where(MEMBERS.c.conversation_id == CONVERSATION, MEMBERS.c.user_id == VIEWER)
        .values(**moved)
        .returning(*(MEMBERS.c[name] for name in _CURSORS))
    )

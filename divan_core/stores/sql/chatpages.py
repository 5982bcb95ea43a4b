"""The statements of pages of messages, each built once for each dialect."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Label,
    LargeBinary,
    Select,
    String,
    Subquery,
    bindparam,
    case,
    column,
    func,
    literal_column,
    not_,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy import cast as as_type
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.types import TypeEngine

from divan_core.chat.model import Veil
from divan_core.stores.sql.chatstatements import (
    CONVERSATION,
    LIMIT,
    MESSAGE_COLUMNS,
    TAKEN,
    VIEWER,
    visible,
)
from divan_core.stores.sql.clauses import among, greater
from divan_core.stores.sql.connection import DialectName
from divan_core.stores.sql.tables import MEMBERS, MESSAGES

ENDLESS: Final = 2**62
"""A number that no message has."""


@functools.cache
def history(dialect: DialectName, *, hiding: bool, inside: bool) -> Select[Any]:
    """Messages, newest first; with ``hiding`` none by those ``among``.

    With ``inside`` only to whoever is part of the conversation now. What the viewer has cleared is
    asked for by a subquery: it is known before the first message is read, so that the index gives
    them in their order.
    """
    cleared = _own(MEMBERS.c.cleared_seq, inside=inside)
    query = _shown().where(
        MESSAGES.c.seq > cleared,
        MESSAGES.c.seq > bindparam("after_seq", type_=BigInteger()),
        MESSAGES.c.seq < bindparam("before_seq", type_=BigInteger()),
    )
    if hiding:
        query = query.where(~among(MESSAGES.c.sender_id, dialect))
    return query.order_by(MESSAGES.c.seq.desc()).limit(LIMIT)


@functools.cache
def editions(dialect: DialectName, *, hiding: bool, inside: bool) -> Select[Any]:
    """The editions of what :func:`history` gives, as one value; NULL for none."""
    query = history(dialect, hiding=hiding, inside=inside)
    page = query.with_only_columns(_edition(dialect), MESSAGES.c.seq).subquery("page")
    if dialect == "postgresql":
        return select(_joined(page))
    # SQLite takes them one by one from what is sorted and limited, and for text.
    whole = func.group_concat(page.c.edition, literal_column("''"))
    return select(as_type(whole, LargeBinary()))


EACH: Final[Mapping[str, TypeEngine[Any]]] = {
    "conversation_id": CONVERSATION.type,
    "viewer_id": VIEWER.type,
    "after_seq": BigInteger(),
    "before_seq": BigInteger(),
    "most": LIMIT.type,
    "inside": Boolean(),
}
"""What is said of each of several excerpts."""


@functools.cache
def editions_of_each() -> Select[Any]:
    """On PostgreSQL, the editions of each excerpt as one value, in their order; NULL for none.

    It is given an array for each of ``EACH``. Nobody is hidden from the viewers.
    """
    arrays = (bindparam(f"each_{name}", type_=ARRAY(kind)) for name, kind in EACH.items())
    columns = (column(*field) for field in EACH.items())
    each = func.unnest(*arrays).table_valued(*columns, with_ordinality="place")
    each = each.render_derived(name="each")
    cleared = select(MEMBERS.c.cleared_seq).where(
        MEMBERS.c.conversation_id == each.c.conversation_id,
        MEMBERS.c.user_id == each.c.viewer_id,
        or_(not_(each.c.inside), TAKEN),
    )
    page = (
        select(_edition("postgresql"), MESSAGES.c.seq)
        .where(
            MESSAGES.c.conversation_id == each.c.conversation_id,
            visible(each.c.viewer_id),
            MESSAGES.c.seq > cleared.correlate(each).scalar_subquery(),
            MESSAGES.c.seq > each.c.after_seq,
            MESSAGES.c.seq < each.c.before_seq,
        )
        .order_by(MESSAGES.c.seq.desc())
        .limit(each.c.most)
        .correlate(each)
        .subquery("page")
    )
    found = select(_joined(page).label("shown")).correlate(each).lateral("found")
    return select(found.c.shown).select_from(each.join(found, true())).order_by(each.c.place)


@functools.cache
def waiting(dialect: DialectName) -> Select[Any]:
    """Messages of others that the viewer's devices do not have, oldest first."""
    known = _own(greater(MEMBERS.c.delivered_seq, MEMBERS.c.cleared_seq, dialect))
    return (
        _shown()
        .where(
            MESSAGES.c.seq > known,
            MESSAGES.c.seq > bindparam("after_seq", type_=BigInteger()),
            MESSAGES.c.sender_id != VIEWER,
        )
        .order_by(MESSAGES.c.seq)
        .limit(LIMIT)
    )


@functools.cache
def after() -> Select[Any]:
    """Messages above a number, oldest first."""
    above = MESSAGES.c.seq > bindparam("after_seq", type_=BigInteger())
    query = select(*MESSAGE_COLUMNS).where(MESSAGES.c.conversation_id == CONVERSATION, above)
    return query.order_by(MESSAGES.c.seq).limit(LIMIT)


@functools.cache
def news_on_postgres() -> Select[Any]:
    """The same, and behind them a row of nothing but an array of who is in the conversation."""
    newest = after().subquery("newest")
    inside = select(func.array_agg(MEMBERS.c.user_id).label("inside")).where(
        MEMBERS.c.conversation_id == CONVERSATION, TAKEN
    )
    nothing = [as_type(null(), column.type).label(column.name) for column in newest.c]
    people = as_type(null(), ARRAY(MEMBERS.c.user_id.type)).label("inside")
    rows = union_all(
        select(*newest.c, people), select(*nothing, inside.scalar_subquery().label("inside"))
    ).subquery("news")
    return select(rows).order_by(rows.c.seq.asc().nulls_last())


def _shown() -> Select[Any]:
    return select(*MESSAGE_COLUMNS).where(MESSAGES.c.conversation_id == CONVERSATION, visible())


def _edition(dialect: DialectName) -> Label[bytes]:
    """The edition of a message that is shown."""
    message_id: ColumnElement[Any] = MESSAGES.c.id
    one, zero = "x'01'", "x'00'"
    if dialect == "postgresql":
        message_id = func.uuid_send(message_id, type_=LargeBinary())
        one, zero = "'\\x01'::bytea", "'\\x00'::bytea"
    tombstoned = literal_column(f"'{Veil.TOMBSTONED.value}'", String())
    mark = case(
        (MESSAGES.c.veil == tombstoned, literal_column(one, LargeBinary())),
        else_=literal_column(zero, LargeBinary()),
    )
    return message_id.op("||")(mark).label("edition")


def _joined(page: Subquery) -> ColumnElement[bytes]:
    """The editions of a page as one value, on PostgreSQL."""
    nothing = literal_column("''::bytea", LargeBinary())
    in_order = aggregate_order_by(nothing, page.c.seq.desc())
    return func.string_agg(page.c.edition, in_order, type_=LargeBinary())


def _own(column: ColumnElement[Any], *, inside: bool = False) -> ColumnElement[Any]:
    """Something of the viewer as a member; NULL for whoever is none, or no longer ``inside``."""
    found = select(column).where(
        MEMBERS.c.conversation_id == CONVERSATION, MEMBERS.c.user_id == VIEWER
    )
    return (found.where(TAKEN) if inside else found).scalar_subquery()

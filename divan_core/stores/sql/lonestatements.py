"""A message with its events and its key as one statement, for PostgreSQL.

Its number is supposed. Where that is wrong, the key is known or the sender may not write, nothing
is kept, and there is no row.
"""

from __future__ import annotations

import functools
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    literal_column,
    select,
)
from sqlalchemy import update as sql_update
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.dml import Insert

from divan_core.stores.sql.chatstatements import CONVERSATION, REST, SENT, given, writable
from divan_core.stores.sql.keystatements import keep_after, unknown
from divan_core.stores.sql.pending import record
from divan_core.stores.sql.tables import CONVERSATIONS, IDEMPOTENCY_KEYS, MESSAGES

_ONE: Final[ColumnElement[int]] = literal_column("1", Integer())


@functools.cache
def standing_statement() -> Select[Any]:
    """Where a conversation stands."""
    wanted = (CONVERSATIONS.c.last_seq, CONVERSATIONS.c.last_at)
    return select(*wanted).where(CONVERSATIONS.c.id == CONVERSATION)


@functools.cache
def lone_statement(*, room: bool, keyed: bool, clocked: bool) -> Select[Any]:
    """Keep a message and all that goes with it, if its number is the next one.

    The conversation's row comes first, and everything else follows from it. Its own row is the id
    of the message.
    """
    bumped = _bumped(room=room, keyed=keyed)
    steps = [_kept(bumped).cte("kept"), record(clocked=clocked, after=bumped).cte("recorded")]
    if keyed:
        steps.append(keep_after(IDEMPOTENCY_KEYS, bumped, clocked=clocked).cte("keyed"))
    return select(*given(("id",))).select_from(bumped).add_cte(*steps)


def _bumped(*, room: bool, keyed: bool) -> CTE:
    seq, at = given(("seq", "at"))
    conditions: list[ColumnElement[bool]] = [
        CONVERSATIONS.c.id == CONVERSATION,
        CONVERSATIONS.c.last_seq == seq - _ONE,
        CONVERSATIONS.c.last_at <= at,
        *(writable() if room else ()),
        *((unknown(IDEMPOTENCY_KEYS),) if keyed else ()),
    ]
    update = sql_update(CONVERSATIONS).where(*conditions).values(last_seq=seq, last_at=at)
    return update.returning(_ONE.label("one")).cte("bumped")


def _kept(bumped: CTE) -> Insert:
    columns = (*SENT, *REST)
    names = tuple(name for name in columns if name != "conversation_id")
    source = select(CONVERSATION, *given(names)).select_from(bumped)
    return postgresql.insert(MESSAGES).from_select(columns, source)

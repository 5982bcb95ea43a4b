"""The statements that hand over messages: what somebody is and was in conversations, and some."""

from __future__ import annotations

import functools
from typing import Any, Final

from sqlalchemy import BigInteger, Select, bindparam, select, tuple_

from divan_core.stores.sql.chatstatements import LIMIT, MESSAGE_COLUMNS, VIEWER
from divan_core.stores.sql.several import Several
from divan_core.stores.sql.tables import CONVERSATIONS, MEMBERS, MESSAGES, ROOMS
from divan_core.stores.sql.types import Id

SOME: Final = Several(MESSAGES.c.id, select(*MESSAGE_COLUMNS))
"""Messages of several ids."""


@functools.cache
def parts_statement() -> Select[Any]:
    """A page of what somebody is or was in conversations."""
    wanted = ("low_id", "high_id", "last_seq", "last_at")
    conversation = [CONVERSATIONS.c[name].label(f"talk_{name}") for name in wanted]
    joined = MEMBERS.join(CONVERSATIONS, CONVERSATIONS.c.id == MEMBERS.c.conversation_id)
    return (
        select(*MEMBERS.c, *conversation, ROOMS.c.name.label("room_name"))
        .select_from(joined.outerjoin(ROOMS, ROOMS.c.id == CONVERSATIONS.c.id))
        .where(MEMBERS.c.user_id == VIEWER)
        .where(MEMBERS.c.conversation_id > bindparam("after_id", type_=Id()))
        .order_by(MEMBERS.c.conversation_id)
        .limit(LIMIT)
    )


@functools.cache
def written_statement() -> Select[Any]:
    """A page of what somebody wrote, by way of the conversations that they are or were part of."""
    after_id = bindparam("after_id", type_=Id())
    place = tuple_(MESSAGES.c.conversation_id, MESSAGES.c.seq)
    return (
        select(*MESSAGE_COLUMNS)
        .join(MEMBERS, MEMBERS.c.conversation_id == MESSAGES.c.conversation_id)
        .where(MEMBERS.c.user_id == VIEWER, MEMBERS.c.conversation_id >= after_id)
        .where(MESSAGES.c.sender_id == VIEWER)
        .where(place > tuple_(after_id, bindparam("after_seq", type_=BigInteger())))
        .order_by(MESSAGES.c.conversation_id, MESSAGES.c.seq)
        .limit(LIMIT)
    )

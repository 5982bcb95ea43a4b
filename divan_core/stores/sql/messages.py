"""Conversations and their messages in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import attrs
from sqlalchemy import Executable, Row

from divan_core.chat.model import (
    Attachment,
    Content,
    ConversationId,
    Cursors,
    Dialogue,
    DialogueSummary,
    Draft,
    Mark,
    Message,
    MessageId,
    Pair,
    Tally,
    Veil,
    Window,
)
from divan_core.errors import NotFound
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.stores.sql import chatstatements as statements
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.spelling import Statement
from divan_core.stores.sql.types import millis_of

_LAST_MOMENT: Final = Millis(253_402_300_799_999)
"""The end of the year 9999, after which PostgreSQL's driver knows no moments."""
_LAST_ID: Final = UUID(int=2**128 - 1)


class SqlMessages:
    """Keeps conversations with their messages."""

    def __init__(self, connection: SqlConnection) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection

    async def send(self, draft: Draft, pair: Pair, campus_id: CampusId) -> Message:
        """Keep a message between two people, in a conversation that may be new."""
        people = {"low_id": pair.low, "high_id": pair.high}
        given = {**_given(draft), **people, "campus_id": campus_id}
        if self._connection.dialect == "postgresql":
            return await self._whole(draft, statements.send_on_postgres(direct=True), given)
        row = await self._bumped(statements.bump_direct("sqlite"), given)
        if row[0] == 1:
            seats = [{**given, "user_id": one} for one in people.values()]
            await self._connection.run(statements.seat_on_sqlite(), seats)
        return await self._kept(draft, given, row)

    async def send_to_room(self, draft: Draft) -> Message:
        """Keep a message in a room."""
        given = _given(draft)
        if self._connection.dialect == "postgresql":
            return await self._whole(draft, statements.send_on_postgres(direct=False), given)
        row = await self._bumped(statements.bump_room("sqlite"), given)
        return await self._kept(draft, given, row)

    async def sent(
        self, conversation_id: ConversationId, sender: UserId, client_id: str
    ) -> Message | None:
        """The message that its sender calls so, or None."""
        given = {"sender_id": sender, "client_id": client_id}
        rows = await self._rows(statements.sent_statement(), conversation_id, **given)
        return _message(rows[0]) if rows else None

    async def get(self, message_id: MessageId) -> Message | None:
        """The message of this id, whoever may see it, or None."""
        given = {"message_id": message_id}
        row = (await self._connection.execute(statements.get_statement(), given)).first()
        return _message(row) if row else None

    async def veil(self, message_id: MessageId, veil: Veil | None) -> None:
        """Hide a message, if there is one, as staff has decided, or show it again with None."""
        given = {"message_id": message_id, "to_veil": None if veil is None else veil.value}
        await self._connection.execute(statements.veil_statement(), given)

    async def history(self, conversation_id: ConversationId, window: Window) -> Sequence[Message]:
        """The messages that a window shows, newest first."""
        hiding = bool(window.hidden)
        query = statements.history_statement(self._connection.dialect, hiding=hiding)
        given = {**_window(window), **({"among": list(window.hidden)} if hiding else {})}
        given["before_seq"] = statements.ENDLESS if window.before is None else window.before
        return [_message(row) for row in await self._rows(query, conversation_id, **given)]

    async def waiting(self, conversation_id: ConversationId, window: Window) -> Sequence[Message]:
        """Those that others wrote and the viewer's devices do not have, oldest first."""
        query = statements.waiting_statement(self._connection.dialect)
        rows = await self._rows(query, conversation_id, **_window(window))
        return [_message(row) for row in rows]

    async def dialogue(self, pair: Pair) -> Dialogue | None:
        """The conversation of two people, or None where nobody has written."""
        rows = await self._rows(statements.dialogue_statement(), pair.conversation_id)
        return _dialogue(rows[0]) if rows else None

    async def dialogues(
        self, viewer: UserId, before: tuple[Millis, ConversationId] | None, limit: int
    ) -> Sequence[DialogueSummary]:
        """Up to ``limit`` of somebody's direct conversations, the last written to first."""
        at, last_id = before or (_LAST_MOMENT, _LAST_ID)
        given = {"viewer_id": viewer, "before_at": at, "before_id": last_id, "most": limit}
        query = statements.dialogues_statement(self._connection.dialect)
        rows = await self._connection.execute(query, given)
        return [DialogueSummary(_dialogue(row), _message(row), row.unread) for row in rows]

    async def after(
        self, conversation_id: ConversationId, seq: int, limit: int
    ) -> Sequence[Message]:
        """Up to ``limit`` messages above a number, oldest first, whoever may see them."""
        query = statements.after_statement()
        rows = await self._rows(query, conversation_id, after_seq=seq, most=limit)
        return [_message(row) for row in rows]

    async def recent(self, viewer: UserId, limit: int) -> Sequence[Mark]:
        """Where somebody's direct conversations stand, the last written to first."""
        given = {"viewer_id": viewer, "most": limit}
        rows = await self._connection.execute(statements.recent_statement(), given)
        return [_mark(row) for row in rows]

    async def marks(
        self, viewer: UserId, conversations: Sequence[ConversationId]
    ) -> Sequence[Mark]:
        """Where those of these conversations stand that somebody is part of."""
        given = {"viewer_id": viewer, "among": list(conversations)}
        query = statements.marks_statement(self._connection.dialect)
        return [_mark(row) for row in await self._connection.execute(query, given)]

    async def tally(self, since: Millis) -> Sequence[Tally]:
        """How much is written on each campus where anything is, by id."""
        rows = await self._connection.execute(statements.tally_statement(), {"since": since})
        return [
            Tally(
                CampusId(row.campus_id), row.direct, row.rooms, int(row.messages), int(row.recent)
            )
            for row in rows
        ]

    async def unread(self, conversation_id: ConversationId, viewer: UserId) -> int:
        """How many messages of others somebody has not read, up to a hundred."""
        query = statements.unread_statement(self._connection.dialect)
        rows = await self._rows(query, conversation_id, viewer_id=viewer)
        return int(rows[0].unread) if rows else 0

    async def advance(
        self, conversation_id: ConversationId, user_id: UserId, cursors: Cursors
    ) -> Cursors | None:
        """Move somebody's cursors on; where they are now."""
        moved = {
            f"to_{name}_seq": getattr(cursors, name) for name in ("delivered", "read", "cleared")
        }
        given = {"conversation_id": conversation_id, "viewer_id": user_id, **moved}
        statement = statements.advance_statement(self._connection.dialect)
        row = await self._connection.run(statement, given)
        return None if row is None else Cursors(*row)

    async def _whole(self, draft: Draft, statement: Statement, given: Mapping[str, Any]) -> Message:
        row = await self._connection.run(statement, given)
        if row is None:
            raise NotFound
        return _numbered(draft, row)

    async def _bumped(self, statement: Statement, given: Mapping[str, Any]) -> Sequence[Any]:
        row = await self._connection.run(statement, given)
        if row is None:
            raise NotFound
        return row

    async def _kept(self, draft: Draft, given: Mapping[str, Any], row: Sequence[Any]) -> Message:
        message = _numbered(draft, row)
        numbered = {
            "given_conversation_id": message.conversation_id,
            "given_seq": message.seq,
            "given_at": message.at,
        }
        await self._connection.run(statements.keep_on_sqlite(), {**given, **numbered})
        return message

    async def _rows(
        self, query: Executable, conversation_id: ConversationId, **given: object
    ) -> Sequence[Row[Any]]:
        parameters = {"conversation_id": conversation_id, **given}
        return (await self._connection.execute(query, parameters)).all()


def _given(draft: Draft) -> dict[str, Any]:
    attachments = [_attachment_row(one) for one in draft.content.attachments]
    return {
        "conversation_id": draft.conversation_id,
        "sent_at": draft.at,
        "given_id": draft.id,
        "given_sender_id": draft.sender,
        "given_client_id": draft.client_id,
        "given_body": draft.content.body,
        "given_attachments": attachments or None,
        "given_shadowed": draft.shadowed,
    }


def _attachment_row(attachment: Attachment) -> dict[str, Any]:
    return attrs.asdict(attachment, filter=lambda _, value: value is not None)


def _window(window: Window) -> dict[str, Any]:
    return {"viewer_id": window.viewer, "after_seq": window.after, "most": window.limit}


def _numbered(draft: Draft, row: Sequence[Any]) -> Message:
    """A draft with the number and the moment that a row of the driver gives."""
    seq, at = row
    return Message(
        id=draft.id,
        conversation_id=draft.conversation_id,
        seq=seq,
        sender=draft.sender,
        at=millis_of(at),
        content=draft.content,
        client_id=draft.client_id,
        shadowed=draft.shadowed,
    )


def _message(row: Row[Any]) -> Message:
    attachments = tuple(Attachment(**one) for one in row.attachments or ())
    return Message(
        id=MessageId(row.id),
        conversation_id=ConversationId(row.conversation_id),
        seq=row.seq,
        sender=UserId(row.sender_id),
        at=row.at,
        content=Content(row.body, attachments),
        client_id=row.client_id,
        shadowed=row.shadowed,
        veil=None if row.veil is None else Veil(row.veil),
    )


def _mark(row: Row[Any]) -> Mark:
    return Mark(ConversationId(row.id), row.last_seq, row.cleared_seq)


def _dialogue(row: Row[Any]) -> Dialogue:
    return Dialogue(
        pair=Pair(row.dialogue_low_id, row.dialogue_high_id),
        last_seq=row.dialogue_last_seq,
        last_at=row.dialogue_last_at,
        low=Cursors(row.low_delivered_seq, row.low_read_seq, row.low_cleared_seq),
        high=Cursors(row.high_delivered_seq, row.high_read_seq, row.high_cleared_seq),
    )

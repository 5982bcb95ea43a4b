"""Conversations and their messages in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import attrs
import msgspec
from sqlalchemy import Executable, Row

from divan_core.chat.model import (
    Attachment,
    Content,
    ConversationId,
    Cursors,
    Dialogue,
    DialogueSummary,
    Draft,
    Editions,
    Excerpt,
    Mark,
    Message,
    MessageId,
    Pair,
    Part,
    Tally,
    Veil,
    Window,
)
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.stores.sql import chatexports, chatpages
from divan_core.stores.sql import chatstatements as statements
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.foresight import Foresight, Standing
from divan_core.stores.sql.lone import Lone
from divan_core.stores.sql.rooms import member_of
from divan_core.stores.sql.roomstatements import inside_statement
from divan_core.stores.sql.spelling import Statement, Together
from divan_core.stores.sql.types import id_of, millis_of

_LAST_MOMENT: Final = Millis(253_402_300_799_999)
"""The end of the year 9999, after which PostgreSQL's driver knows no moments."""
_LAST_ID: Final = UUID(int=2**128 - 1)
_FIRST_ID: Final = UUID(int=0)


class SqlMessages:
    """Keeps conversations with their messages."""

    def __init__(self, connection: SqlConnection, suppose: Foresight | Lone | None = None) -> None:
        """Work in the transaction of ``connection``.

        What numbers are given out is remembered by what can ``suppose`` them, or is supposed now.
        """
        self._connection = connection
        self._lone = suppose if isinstance(suppose, Lone) else None
        self._foresight = suppose if isinstance(suppose, Foresight) else None

    async def send(self, draft: Draft, pair: Pair, campus_id: CampusId) -> Message:
        """Keep a message between two people, in a conversation that may be new."""
        people = {"low_id": pair.low, "high_id": pair.high}
        given = {**_given(draft), **people, "campus_id": campus_id}
        if self._lone is not None:
            return await self._lone.send(draft, given, room=False)
        if self._connection.dialect == "postgresql":
            statement = statements.send_on_postgres(direct=True)
            return self._remembered(draft, await self._connection.run(statement, given) or ())
        row = await self._connection.run(statements.bump_direct("sqlite"), given) or ()
        return await self._kept(draft, given, row, statements.SEAT_AND_KEEP)

    async def send_to_room(self, draft: Draft) -> Message | None:
        """Keep a message in a room, if its sender may write there."""
        given = _given(draft)
        if self._lone is not None:
            return await self._lone.send(draft, given, room=True)
        if self._connection.dialect == "postgresql":
            row = await self._connection.run(statements.send_on_postgres(direct=False), given)
            return None if row is None else self._remembered(draft, row)
        row = await self._connection.run(statements.bump_room("sqlite"), given)
        if row is None:
            return None
        return await self._kept(draft, given, row, statements.keep_on_sqlite())

    async def sent(
        self, conversation_id: ConversationId, sender: UserId, client_id: str
    ) -> Message | None:
        """The message that its sender calls so, or None."""
        given = {"sender_id": sender, "client_id": client_id}
        found = await self._found(statements.sent_statement(), conversation_id, **given)
        return found[0] if found else None

    async def get(self, message_id: MessageId) -> Message | None:
        """The message of this id, whoever may see it, or None."""
        given = {"message_id": message_id}
        row = await self._connection.run(statements.get_statement(), given)
        return None if row is None else _messages([row], ConversationId(id_of(row[0])))[0]

    async def some(self, message_ids: Sequence[MessageId]) -> Sequence[Message]:
        """Those of these messages that there are, in any order."""
        rows = await chatexports.SOME.found(self._connection, message_ids)
        return [_messages([row], ConversationId(id_of(row[0])))[0] for row in rows]

    async def veil(self, message_id: MessageId, veil: Veil | None) -> None:
        """Hide a message, if there is one, as staff has decided, or show it again with None."""
        given = {"message_id": message_id, "to_veil": None if veil is None else veil.value}
        await self._connection.later(statements.veil_statement(), given)

    async def history(self, conversation_id: ConversationId, window: Window) -> Sequence[Message]:
        """The messages that a window shows, newest first."""
        hiding = bool(window.hidden)
        query = chatpages.history(self._connection.dialect, hiding=hiding, inside=window.inside)
        if hiding and self._connection.dialect == "sqlite":
            rows = await self._written_out(query, conversation_id, window)
            return [_message(row) for row in rows]
        return await self._found(query, conversation_id, **_page(window))

    async def editions(self, excerpts: Sequence[Excerpt]) -> Sequence[Editions]:
        """Those of the messages that ``history`` gives of each."""
        if self._connection.dialect == "sqlite":
            return [await self._editions(*one) for one in excerpts]
        plain = [one for one in excerpts if not one[1].hidden]
        query = chatpages.editions_of_each()
        found = iter(await self._connection.rows(query, _arrays(plain)) if plain else ())
        return [
            await self._editions(*one) if one[1].hidden else Editions(next(found)[0] or b"")
            for one in excerpts
        ]

    async def _editions(self, conversation_id: ConversationId, window: Window) -> Editions:
        hiding = bool(window.hidden)
        query = chatpages.editions(self._connection.dialect, hiding=hiding, inside=window.inside)
        if hiding and self._connection.dialect == "sqlite":
            rows: Sequence[Sequence[Any]] = await self._written_out(query, conversation_id, window)
        else:
            given = _page(window)
            given["conversation_id"] = conversation_id
            rows = await self._connection.rows(query, given)
        return Editions(rows[0][0] or b"")

    async def _written_out(
        self, query: Executable, conversation_id: ConversationId, window: Window
    ) -> Sequence[Row[Any]]:
        """The rows where a list is written out, which is another statement for each length."""
        return await self._rows(query, conversation_id, **_page(window))

    async def waiting(self, conversation_id: ConversationId, window: Window) -> Sequence[Message]:
        """Those that others wrote and the viewer's devices do not have, oldest first."""
        query = chatpages.waiting(self._connection.dialect)
        return await self._found(query, conversation_id, **_window(window))

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

    async def news(
        self, conversation_id: ConversationId, after: int, limit: int
    ) -> tuple[Sequence[Message], frozenset[UserId]]:
        """Up to ``limit`` messages above a number, oldest first, and who is in the conversation."""
        given = {"conversation_id": conversation_id, "after_seq": after, "most": limit}
        if self._connection.dialect == "sqlite":  # in this order: see the port
            found = await self._connection.rows(chatpages.after(), given)
            seats = await self._connection.rows(inside_statement(), given)
            people = [user_id for _, user_id in seats]
        else:
            *found, last = await self._connection.rows(chatpages.news_on_postgres(), given)
            people = last[-1] or []
            found = [row[:-1] for row in found]
        inside = frozenset(UserId(id_of(one)) for one in people)
        return _messages(found, conversation_id), inside

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

    async def parts(
        self, user_id: UserId, after: ConversationId | None, limit: int
    ) -> Sequence[Part]:
        """Up to ``limit`` conversations that somebody is or was part of, by id."""
        given = {"viewer_id": user_id, "after_id": after or _FIRST_ID, "most": limit}
        rows = await self._connection.execute(chatexports.parts_statement(), given)
        return [_part(row) for row in rows]

    async def written(
        self, user_id: UserId, after: tuple[ConversationId, int] | None, limit: int
    ) -> Sequence[Message]:
        """Up to ``limit`` messages that somebody wrote, by conversation and number."""
        after_id, seq = after or (_FIRST_ID, 0)
        given = {"viewer_id": user_id, "after_id": after_id, "after_seq": seq, "most": limit}
        rows = await self._connection.execute(chatexports.written_statement(), given)
        return [_message(row) for row in rows]

    async def tally(self, since: Millis) -> Sequence[Tally]:
        """How much is written on each campus where anything is, by id."""
        rows = await self._connection.execute(statements.tally_statement(), {"since": since})
        return [
            Tally(
                CampusId(row.campus_id), row.direct, row.rooms, int(row.messages), int(row.recent)
            )
            for row in rows
        ]

    async def unread(
        self,
        conversation_id: ConversationId,
        viewer: UserId,
        hidden: Collection[UserId] = frozenset(),
    ) -> int:
        """How many messages of others somebody has not read, up to a hundred."""
        query = statements.unread_statement(self._connection.dialect, hiding=bool(hidden))
        given = {"among": list(hidden)} if hidden else {}
        rows = await self._rows(query, conversation_id, viewer_id=viewer, **given)
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

    def _remembered(self, draft: Draft, row: Sequence[Any]) -> Message:
        message = _numbered(draft, row)
        if self._foresight is not None:
            self._foresight.saw(message.conversation_id, Standing(message.seq, message.at))
        return message

    async def _kept(
        self,
        draft: Draft,
        given: Mapping[str, Any],
        row: Sequence[Any],
        keeping: Statement | Together,
    ) -> Message:
        message = _numbered(draft, row)
        numbered = {
            "given_conversation_id": message.conversation_id,
            "given_seq": message.seq,
            "given_at": message.at,
        }
        await self._connection.rows(keeping, {**given, **numbered})
        return message

    async def _found(
        self, query: Statement, conversation_id: ConversationId, **given: object
    ) -> Sequence[Message]:
        parameters = {"conversation_id": conversation_id, **given}
        return _messages(await self._connection.rows(query, parameters), conversation_id)

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


def _attachments(found: str | Sequence[Mapping[str, Any]]) -> tuple[Attachment, ...]:
    """Attachments as JSON, which SQLite has, or as PostgreSQL's driver has made of it."""
    if isinstance(found, str):
        return _decode_attachments(found)
    return tuple(Attachment(**one) for one in found)


_decode_attachments: Final = msgspec.json.Decoder(tuple[Attachment, ...]).decode


def _window(window: Window) -> dict[str, Any]:
    return {"viewer_id": window.viewer, "after_seq": window.after, "most": window.limit}


def _page(window: Window) -> dict[str, Any]:
    given = _window(window)
    given["before_seq"] = chatpages.ENDLESS if window.before is None else window.before
    if window.hidden:
        given["among"] = list(window.hidden)
    return given


def _arrays(excerpts: Sequence[Excerpt]) -> dict[str, list[Any]]:
    """The parameters of each excerpt, by the names of the arrays that have them."""
    given = [
        {"conversation_id": talk, **_page(window), "inside": window.inside}
        for talk, window in excerpts
    ]
    return {f"each_{name}": [one[name] for one in given] for name in chatpages.EACH}


def _numbered(draft: Draft, row: Sequence[Any]) -> Message:
    """A draft with the number and the moment that a row of the driver gives."""
    seq, at = row
    return Message.of(draft, seq, millis_of(at))


def _message(row: Row[Any]) -> Message:
    """A message of a row as SQLAlchemy has it."""
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


def _messages(rows: Sequence[Sequence[Any]], conversation_id: ConversationId) -> Sequence[Message]:
    """Messages of one conversation, of rows as the driver has them."""
    senders: dict[Any, UserId] = {}  # a page has few
    return [
        Message(
            MessageId(id_of(message_id)),
            conversation_id,
            seq,
            senders.get(sender) or senders.setdefault(sender, UserId(id_of(sender))),
            millis_of(at),
            Content(body, _attachments(attachments) if attachments else ()),
            client_id,
            bool(shadowed),
            None if veil is None else Veil(veil),
        )
        for _, seq, message_id, sender, client_id, body, attachments, at, shadowed, veil in rows
    ]


def _mark(row: Row[Any]) -> Mark:
    return Mark(ConversationId(row.id), row.last_seq, row.cleared_seq)


def _part(row: Row[Any]) -> Part:
    direct = row.talk_low_id is not None
    return Part(
        member=member_of(row),
        last_seq=row.talk_last_seq,
        last_at=row.talk_last_at,
        pair=Pair(row.talk_low_id, row.talk_high_id) if direct else None,
        named=row.room_name,
    )


def _dialogue(row: Row[Any]) -> Dialogue:
    return Dialogue(
        pair=Pair(row.dialogue_low_id, row.dialogue_high_id),
        last_seq=row.dialogue_last_seq,
        last_at=row.dialogue_last_at,
        low=Cursors(row.low_delivered_seq, row.low_read_seq, row.low_cleared_seq),
        high=Cursors(row.high_delivered_seq, row.high_read_seq, row.high_cleared_seq),
    )

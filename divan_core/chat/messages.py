"""What crosses the border of direct conversations, and the events of every conversation."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import attrs
from msgspec import UNSET, Meta, UnsetType

from divan_core.chat.model import MAX_ATTACHMENTS, MAX_BODY, Attachment, ConversationId
from divan_core.kernel.ids import CampusId, RoomId, UserId
from divan_core.kernel.values import value

__all__ = [
    "CHAT",
    "ROOMS",
    "AcknowledgeDelivery",
    "AcknowledgeReading",
    "Acknowledged",
    "Attachment",
    "ChatStats",
    "ConversationId",
    "ConversationView",
    "ConversationsQuery",
    "MessageView",
    "MessagesQuery",
    "OutboxQuery",
    "PeerQuery",
    "PeerView",
    "SendMessage",
    "Typing",
]

CHAT: Final = "chat"
"""The topic of what happens in direct conversations."""

ROOMS: Final = "rooms"
"""The topic of what happens in rooms."""

MESSAGE_SENT: Final = "message.sent"
ROOM_CREATED: Final = "room.created"
ROOM_JOINED: Final = "room.joined"
ROOM_LEFT: Final = "room.left"
ROOM_KICKED: Final = "room.kicked"
ROOM_CHANGED: Final = "room.changed"
"""The names of the events. They have ids and numbers, never what anybody wrote."""

MESSAGE_NOTICE: Final = "message"
"""The notice that a conversation has come to a number."""

VEIL_NOTICE: Final = "veil"
"""The notice that staff has hidden a message, or shows it again."""

MEMBERS_NOTICE: Final = "members"
"""The notice that who is in a room, or as what, has changed."""

DELIVERED: Final = "chat:delivered"
READ: Final = "chat:read"
TYPING: Final = "chat:typing"
ROOM_TYPING: Final = "room:typing"
"""Notices that are told as they are, under their names."""

MOST_LISTED: Final = 200
MOST_UNREAD: Final = 100
"""Unread messages are counted up to here; this many means so many or more."""

LastSeq = Annotated[int, Meta(ge=0, le=2**53)]
Limit = Annotated[int, Meta(ge=1, le=MOST_LISTED)]
Body = Annotated[str, Meta(min_length=1, max_length=MAX_BODY)]
ClientMessageId = Annotated[str, Meta(min_length=1, max_length=64)]
Attachments = Annotated[tuple[Attachment, ...], Meta(max_length=MAX_ATTACHMENTS)]


@attrs.frozen
class SendMessage:
    """Write to somebody.

    ``client_msg_id`` is the sender's own name for the message: sent again, it is the same one.
    """

    to_user_id: UserId
    body: Body
    client_msg_id: ClientMessageId | None = None
    attachments: Attachments = ()


@value
class MessageView:
    """A message, to those who are part of its conversation. ``created_at`` is RFC 3339.

    ``recipient_id`` is there in direct conversations, ``room_id`` in rooms. ``notice`` tells the
    sender that staff has hidden it from all others.
    """

    message_id: str
    client_msg_id: str | None
    seq: int
    conversation_id: ConversationId
    sender_id: UserId
    body: str
    attachments: tuple[Attachment, ...]
    created_at: str
    recipient_id: UserId | UnsetType = UNSET
    room_id: RoomId | UnsetType = UNSET
    notice: Literal["tombstoned"] | UnsetType = UNSET


@attrs.frozen
class ConversationsQuery:
    """A page of one's direct conversations."""

    limit: Limit = 20
    cursor: str | None = None


@value
class MessagesQuery:
    """A page of the messages with somebody.

    Only those whose number is above ``after_seq`` and below ``before_seq``, where given.
    """

    user_id: UserId
    limit: Limit = 50
    cursor: str | None = None
    after_seq: LastSeq | None = None
    before_seq: LastSeq | None = None


@attrs.frozen
class OutboxQuery:
    """A page of what somebody wrote that one has not acknowledged."""

    user_id: UserId
    limit: Limit = 50
    cursor: str | None = None


@attrs.frozen
class AcknowledgeDelivery:
    """One's devices have what somebody wrote, up to this number."""

    user_id: UserId
    delivered_seq: LastSeq


@attrs.frozen
class AcknowledgeReading:
    """One has read what somebody wrote, up to this number."""

    user_id: UserId
    read_seq: LastSeq


@attrs.frozen
class PeerQuery:
    """The conversation with somebody."""

    user_id: UserId


@attrs.frozen
class Acknowledged:
    """How far one has come in a conversation."""

    conversation_id: ConversationId
    delivered_seq: int
    read_seq: int


@attrs.frozen
class Typing:
    """One is typing to somebody, or has stopped."""

    peer_id: UserId
    active: bool = True


@attrs.frozen
class ChatStats:
    """How much is written on a campus, for operators: numbers, and nothing of anybody."""

    campus_id: CampusId
    conversations: int
    rooms: int
    messages: int
    messages_24h: int


@attrs.frozen
class PeerView:
    """The other one of a direct conversation.

    All but the id is null for people who are gone, and for those one has a block with. ``online``
    is false for whoever hides.
    """

    user_id: UserId
    handle: str | None = None
    display_name: str | None = None
    avatar_url: str | None = None
    online: bool | None = None


@attrs.frozen
class ConversationView:
    """A direct conversation as one of the two sees it.

    ``delivered_seq`` and ``read_seq`` are how far the viewer has come; the peer's are null where
    the peer does not tell. ``unread_count`` counts to 100.
    """

    conversation_id: ConversationId
    peer: PeerView
    last_seq: int
    last_message: MessageView
    unread_count: int
    delivered_seq: int
    read_seq: int
    peer_delivered_seq: int | None
    peer_read_seq: int | None

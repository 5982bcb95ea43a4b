"""What may be written, by whom to whom, and how it is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import UNSET

from divan_core.chat.messages import (
    Acknowledged,
    ConversationView,
    MessageView,
    PeerView,
    SendMessage,
)
from divan_core.chat.model import (
    MAX_ATTACHMENTS,
    MAX_BODY,
    Attachment,
    Content,
    ConversationId,
    Cursors,
    DialogueSummary,
    Message,
    Veil,
    ulid,
)
from divan_core.chat.roommessages import SendRoomMessage
from divan_core.errors import (
    FieldError,
    IdempotencyKeyReused,
    NotFound,
    NotFriends,
    ValidationFailed,
)
from divan_core.kernel.clock import rfc3339
from divan_core.kernel.ids import CampusId, RoomId, UserId
from divan_core.kernel.texts import is_text
from divan_core.kernel.visibility import PersonCard, Relations, Surface, can_see


def content_of(command: SendMessage | SendRoomMessage) -> Content:
    """What a command says.

    Raises:
        ValidationFailed: it is empty or too long, or holds what no text can be: NUL, or half of a
            character; or a name, an address or an id with control characters.
    """
    faults = list(_faults(command))
    if faults:
        raise ValidationFailed(errors=faults)
    return Content(command.body, command.attachments)


def _faults(command: SendMessage | SendRoomMessage) -> Iterator[FieldError]:
    if not 1 <= len(command.body) <= MAX_BODY:
        yield FieldError("$.body", f"must have 1 to {MAX_BODY} characters")
    if len(command.attachments) > MAX_ATTACHMENTS:
        yield FieldError("$.attachments", f"must be at most {MAX_ATTACHMENTS}")
    if not is_text(command.body):
        yield FieldError("$.body", "must be text without NUL")
    if command.client_msg_id is not None and not command.client_msg_id.isprintable():
        yield FieldError("$.client_msg_id", "must be printable")
    for place, attachment in enumerate(command.attachments):
        yield from _attachment_faults(f"$.attachments[{place}]", attachment)


def _attachment_faults(path: str, attachment: Attachment) -> Iterator[FieldError]:
    for name in ("media_type", "attachment_id", "file_name", "url"):
        text = getattr(attachment, name)
        if text is not None and not text.isprintable():
            yield FieldError(f"{path}.{name}", "must be printable")


def is_there(
    viewer: UserId, campus_id: CampusId, relations: Relations, card: PersonCard | None
) -> bool:
    """Whether a conversation with this person, which exists, goes on.

    It does with people who hide, and ends with those who are gone and by a block.
    """
    if card is None or card.campus_id != campus_id:
        return False
    return can_see(viewer, relations, card, Surface.CONVERSATION)


def is_reachable(
    viewer: UserId, campus_id: CampusId, relations: Relations, card: PersonCard | None
) -> bool:
    """Whether there is such a person to begin a conversation with."""
    if card is None or card.campus_id != campus_id:
        return False
    return can_see(viewer, relations, card, Surface.CHAT)


def check_recipient(relations: Relations, card: PersonCard) -> None:
    """Refuse what its recipient does not want to get, conversation or not.

    Raises:
        NotFriends: they want messages of friends only.
    """
    if card.chat_from == "friends" and card.user_id not in relations.friends:
        raise NotFriends("This person takes messages of friends only.")


def check_acknowledged(seq: int, last_seq: int, name: str) -> None:
    """Refuse to acknowledge what has not been written.

    Raises:
        ValidationFailed: ``seq`` is beyond the last message.
    """
    if seq > last_seq:
        fault = FieldError(f"$.{name}", f"the last message is {last_seq}")
        raise ValidationFailed(errors=[fault])


def receipts(cursors: Cursors, own: PersonCard) -> Iterator[tuple[str, int]]:
    """What others are told of how far somebody has come: reading only by those who let them."""
    if cursors.delivered:
        yield "delivered", cursors.delivered
    if cursors.read and own.read_receipts:
        yield "read", cursors.read


def check_same(message: Message | None, content: Content) -> Message:
    """The message that was sent before under the same name, where it says the same.

    Raises:
        IdempotencyKeyReused: it says something else.
        NotFound: it is gone.
    """
    if message is None:
        raise NotFound
    if message.content != content:
        raise IdempotencyKeyReused("Use a new client_msg_id; the first message stands.")
    return message


def message_view(
    message: Message, *, recipient: UserId | None = None, room_id: RoomId | None = None
) -> MessageView:
    """A message of a direct conversation, to ``recipient``, or of a room."""
    content = message.content
    return MessageView(  # by position: a page has fifty
        ulid(message.id),
        message.client_id,
        message.seq,
        message.conversation_id,
        message.sender,
        content.body,
        content.attachments,
        rfc3339(message.at),
        UNSET if recipient is None else recipient,
        UNSET if room_id is None else room_id,
        "tombstoned" if message.veil is Veil.TOMBSTONED else UNSET,
    )


def direct_views(
    messages: Sequence[Message], one: UserId, other: UserId
) -> tuple[MessageView, ...]:
    """Messages between two people."""
    own = one.int  # UUIDs are compared by Python code
    return tuple(
        [message_view(msg, recipient=other if msg.sender.int == own else one) for msg in messages]
    )


def room_views(messages: Sequence[Message], room_id: RoomId) -> tuple[MessageView, ...]:
    """Messages in a room."""
    return tuple([message_view(one, room_id=room_id) for one in messages])


def peer_view(user_id: UserId, card: PersonCard | None, *, online: bool) -> PeerView:
    """Who somebody is; ``card`` is None where it is not to be told."""
    if card is None:
        return PeerView(user_id)
    return PeerView(user_id, card.handle, card.display_name, card.avatar_url, online)


def conversation_view(
    summary: DialogueSummary, viewer: UserId, card: PersonCard | None, *, online: bool = False
) -> ConversationView:
    """A direct conversation in the viewer's list.

    ``card`` is None where nothing more is told of the peer; nor is how far they have come then.
    """
    dialogue = summary.dialogue
    peer = dialogue.peer_of(viewer)
    own, theirs = dialogue.cursors_of(viewer), dialogue.cursors_of(peer)
    (last,) = direct_views((summary.last,), viewer, peer)
    return ConversationView(
        conversation_id=dialogue.id,
        peer=peer_view(peer, card, online=online),
        last_seq=summary.last.seq,
        last_message=last,
        unread_count=summary.unread,
        delivered_seq=own.delivered,
        read_seq=own.read,
        peer_delivered_seq=None if card is None else theirs.delivered,
        peer_read_seq=theirs.read if card is not None and card.read_receipts else None,
    )


def acknowledged(conversation_id: ConversationId, cursors: Cursors) -> Acknowledged:
    """How far somebody has come."""
    return Acknowledged(conversation_id, cursors.delivered, cursors.read)


def sent_data(message: Message, **more: object) -> Mapping[str, Any]:
    """What the event of a message holds: ids and its number, nothing of what it says."""
    ids = {
        "conversation_id": str(message.conversation_id),
        "message_id": ulid(message.id),
        "seq": message.seq,
        "sender_id": str(message.sender),
    }
    return {**ids, **({"shadowed": True} if message.shadowed else {}), **more}

"""What crosses the border of rooms."""

from __future__ import annotations

from typing import Annotated, Literal

import attrs
from msgspec import UNSET, Meta, UnsetType

from divan_core.chat.messages import Attachments, Body, ClientMessageId, LastSeq, Limit
from divan_core.kernel.ids import RoomId, UserId
from divan_core.kernel.values import value

RoomName = Annotated[str, Meta(min_length=1, max_length=80)]
PresetName = Literal["2-4", "4-6", "12+"]
VisibilityName = Literal["link", "private"]
RoleName = Literal["owner", "moderator", "member"]
LONGEST_MUTE_MINUTES = 525_600


@attrs.frozen
class CreateRoom:
    """Open a room, with friends in it from the beginning."""

    name: RoomName
    preset: PresetName
    visibility: VisibilityName
    member_ids: Annotated[tuple[UserId, ...], Meta(max_length=250)] = ()


@attrs.frozen
class RoomView:
    """A room's card; what is left out where the viewer is not in it is theirs alone.

    ``member_count`` counts those whom the viewer may see, and the viewer. ``unread_count`` counts
    to 100. ``muted_until`` is there while the viewer may only read. Times are RFC 3339.
    """

    id: RoomId
    name: str
    preset: str
    visibility: str
    capacity: int
    member_count: int
    created_at: str
    role: RoleName | UnsetType = UNSET
    muted_until: str | UnsetType = UNSET
    last_seq: int | UnsetType = UNSET
    read_seq: int | UnsetType = UNSET
    unread_count: int | UnsetType = UNSET


@attrs.frozen
class RoomsQuery:
    """A page of the rooms one is in."""

    limit: Limit = 20
    cursor: str | None = None


@attrs.frozen
class RoomQuery:
    """One room."""

    room_id: RoomId


@attrs.frozen
class RosterQuery:
    """A page of who is in a room."""

    room_id: RoomId
    limit: Limit = 20
    cursor: str | None = None


@attrs.frozen
class RosterEntry:
    """Somebody in a room, to those who are in it too. ``online`` is false for whoever hides."""

    user_id: UserId
    handle: str
    display_name: str
    avatar_url: str | None
    role: RoleName
    is_friend: bool
    online: bool
    joined_at: str
    muted_until: str | UnsetType = UNSET


@attrs.frozen
class AddMember:
    """Bring somebody into a room."""

    room_id: RoomId
    user_id: UserId


@attrs.frozen
class SetRole:
    """Make somebody in a room a moderator or a member, or its owner in one's own place."""

    room_id: RoomId
    user_id: UserId
    role: RoleName


@attrs.frozen
class MuteMember:
    """Let somebody in a room only read, for so many minutes; 0 ends it."""

    room_id: RoomId
    user_id: UserId
    minutes: Annotated[int, Meta(ge=0, le=LONGEST_MUTE_MINUTES)]


@attrs.frozen
class KickMember:
    """Put somebody out of a room; they can return only when they are added."""

    room_id: RoomId
    user_id: UserId


@attrs.frozen
class SendRoomMessage:
    """Write to everybody in a room.

    ``client_msg_id`` is the sender's own name for the message: sent again, it is the same one.
    """

    room_id: RoomId
    body: Body
    client_msg_id: ClientMessageId | None = None
    attachments: Attachments = ()


@value
class RoomMessagesQuery:
    """A page of the messages in a room.

    Only those whose number is above ``after_seq`` and below ``before_seq``, where given.
    """

    room_id: RoomId
    limit: Limit = 50
    cursor: str | None = None
    after_seq: LastSeq | None = None
    before_seq: LastSeq | None = None


@attrs.frozen
class RoomTyping:
    """One is typing in a room, or has stopped."""

    room_id: RoomId
    active: bool = True


@attrs.frozen
class ReadRoom:
    """One has read what was written in a room, up to this number."""

    room_id: RoomId
    read_seq: LastSeq

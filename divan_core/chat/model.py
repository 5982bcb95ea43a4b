"""Conversations, who is part of them, and the messages in them."""

from __future__ import annotations

import enum
import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from operator import attrgetter
from typing import Annotated, Any, Final, NewType, TypeAlias, cast
from uuid import UUID

import attrs
from msgspec import Meta

from divan_core.errors import InvalidInput
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, RoomId, UserId
from divan_core.kernel.values import value

ConversationId = NewType("ConversationId", UUID)
"""A conversation of two people, or a room: the id of a room is that of its conversation."""

MessageId = NewType("MessageId", UUID)
"""A message. Told as a ULID, which is another way to write the same 128 bits."""

Edition = NewType("Edition", bytes)
"""A message as it is told: the 16 bytes of its id, and a 1 where a notice is told with it, else 0.

What has the same edition reads the same, to whoever may see it and for ever.
"""

Editions = NewType("Editions", bytes)
"""Those of several messages, one after the other: a page is asked for, and known again, by one."""

MAX_BODY: Final = 4000
"""The longest message, in characters."""

MAX_ATTACHMENTS: Final = 10

MEDIA_TYPE: Final = r"^((image|video|audio)/[a-z0-9][a-z0-9.+-]*|application/pdf)$"
"""What can be attached."""

ADDRESS: Final = r"^https://[^\s/]+(/\S*)?$"

_ULID: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS: Final = tuple(one + other for one in _ULID for other in _ULID)
"""What ten bits are written as: a page of messages has fifty ids."""
_FIFTY_BITS: Final = 2**50 - 1
_TWENTY_BITS: Final = 2**20 - 1
_DIRECT: Final = b"divan direct"
_NOTICED: Final = b"\x01"
_PLAIN: Final = b"\x00"
_EDITION_BYTES: Final = 17


def ulid(message_id: MessageId) -> str:
    """A message's id as 26 letters and digits (github.com/ulid/spec).

    A UUIDv7 begins with the same 48 bits of milliseconds as a ULID, so both sort by time.
    """
    return _written(message_id.int)


@functools.lru_cache(maxsize=16_384)
def _written(number: int) -> str:
    """Remembered because it is asked for several times, by the answer, the event and readers."""
    two = _PAIRS
    high, middle, low = number >> 70, number >> 20 & _FIFTY_BITS, number & _TWENTY_BITS
    return (
        f"{two[high >> 50]}{two[high >> 40 & 1023]}{two[high >> 30 & 1023]}"
        f"{two[high >> 20 & 1023]}{two[high >> 10 & 1023]}{two[high & 1023]}"
        f"{two[middle >> 40]}{two[middle >> 30 & 1023]}{two[middle >> 20 & 1023]}"
        f"{two[middle >> 10 & 1023]}{two[middle & 1023]}{two[low >> 10]}{two[low & 1023]}"
    )


@value
class Pair:
    """Two different people; ``low`` has the smaller id."""

    low: UserId
    high: UserId

    @classmethod
    def of(cls, one: UserId, other: UserId) -> Pair:
        """The two, in whichever order they are given.

        Raises:
            InvalidInput: they are the same person.
        """
        if one.int == other.int:  # UUIDs are compared by Python code
            raise InvalidInput("Nobody can write to themselves.")
        return cls(one, other) if one.int < other.int else cls(other, one)

    @property
    def conversation_id(self) -> ConversationId:
        """The conversation of the two, known before it exists, so that nobody has to look it up.

        A UUIDv8 (RFC 9562) of a hash of both ids. It opens nothing: who may read a conversation
        is decided by who is part of it.
        """
        return _conversation_of(self.low.int, self.high.int)


@functools.lru_cache(maxsize=16_384)
def _conversation_of(low: int, high: int) -> ConversationId:
    """Remembered because whoever talks asks for it with every page, message and receipt."""
    ids = low.to_bytes(16, "big") + high.to_bytes(16, "big")
    digest = bytearray(hashlib.blake2b(ids, digest_size=16, person=_DIRECT).digest())
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return ConversationId(UUID(bytes=bytes(digest)))


@attrs.frozen
class Attachment:
    """What is told of a file that goes with a message; the file itself is elsewhere."""

    media_type: Annotated[str, Meta(max_length=127, pattern=MEDIA_TYPE)]
    attachment_id: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    file_name: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    size_bytes: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    url: Annotated[str, Meta(max_length=2000, pattern=ADDRESS)] | None = None


@value
class Content:
    """What somebody says: their words, of 1 to 4000 characters, and at most ten attachments."""

    body: str
    attachments: tuple[Attachment, ...] = ()

    def __repr__(self) -> str:
        """Tell nothing of it: this may stand in a log."""
        return "Content()"


@value
class Draft:
    """A message that has no number yet.

    ``client_id`` is its sender's own name for it, used once in a conversation. A ``shadowed`` one
    is shown to nobody but its sender.
    """

    id: MessageId
    conversation_id: ConversationId
    sender: UserId
    at: Millis
    content: Content
    client_id: str | None = None
    shadowed: bool = False


class Veil(enum.Enum):
    """What staff has decided about a message.

    ``TOMBSTONED``: only its sender sees it, with a notice. ``SHADOWED``: only its sender sees it,
    as ever. ``REMOVED``: nobody sees it.
    """

    TOMBSTONED = "tombstoned"
    SHADOWED = "shadowed"
    REMOVED = "removed"


@value
class Message:
    """A message of a conversation. The first one has ``seq`` 1, and no number is left out.

    ``at`` never goes back from one number to the next. ``veil`` is None where staff has decided
    nothing.
    """

    id: MessageId
    conversation_id: ConversationId
    seq: int
    sender: UserId
    at: Millis
    content: Content
    client_id: str | None = None
    shadowed: bool = False
    veil: Veil | None = None

    @classmethod
    def of(cls, draft: Draft, seq: int, at: Millis) -> Message:
        """A draft with the number and the moment that it was given."""
        return cls(
            id=draft.id,
            conversation_id=draft.conversation_id,
            seq=seq,
            sender=draft.sender,
            at=at,
            content=draft.content,
            client_id=draft.client_id,
            shadowed=draft.shadowed,
        )

    @property
    def edition(self) -> Edition:
        """How it is told to whoever may see it."""
        if self.veil is Veil.TOMBSTONED:
            return Edition(self.id.bytes + _NOTICED)
        return plain_edition(self.id)

    def shown_to(self, viewer: UserId) -> bool:
        """Whether somebody who is part of the conversation may see it."""
        if self.sender.int == viewer.int:  # UUIDs are compared by Python code, and pages are long
            return self.veil is not Veil.REMOVED
        return self.veil is None and not self.shadowed


def plain_edition(message_id: MessageId) -> Edition:
    """The edition of a message about which nothing was decided."""
    return Edition(message_id.int.to_bytes(16, "big") + _PLAIN)  # as UUID.bytes in half the time


def editions_of(messages: Sequence[Message]) -> Editions:
    """The editions of messages, in a tenth of the time where nothing was decided about any."""
    if not messages or any(map(_veil, messages)):
        return Editions(b"".join(one.edition for one in messages))
    ids = map(_bytes_of, map(_number, messages), repeat(16), repeat("big"))
    return Editions(_PLAIN.join(ids) + _PLAIN)


def each_of(editions: Editions) -> list[Edition]:
    """The edition of each of several messages."""
    length = _EDITION_BYTES
    return [Edition(editions[at : at + length]) for at in range(0, len(editions), length)]


_veil: Final[attrgetter[Veil | None]] = attrgetter("veil")
_number: Final[attrgetter[int]] = attrgetter("id.int")
_bytes_of: Final[Callable[[int, int, str], bytes]] = cast("Any", int.to_bytes)


class Role(enum.Enum):
    """What somebody is in a room."""

    OWNER = "owner"
    MODERATOR = "moderator"
    MEMBER = "member"


class Seat(enum.Enum):
    """Whether somebody is part of a conversation: they are, have left, or were put out."""

    TAKEN = "taken"
    LEFT = "left"
    KICKED = "kicked"


@attrs.frozen
class Cursors:
    """How far somebody has come in a conversation; each only ever grows.

    ``delivered`` is the last number their devices have, ``read`` the last they have read, and
    ``cleared`` the last they have deleted for themselves.
    """

    delivered: int = 0
    read: int = 0
    cleared: int = 0


@attrs.frozen
class Member:
    """Somebody who is or was part of a conversation."""

    conversation_id: ConversationId
    user_id: UserId
    joined_at: Millis
    role: Role = Role.MEMBER
    seat: Seat = Seat.TAKEN
    muted_until: Millis | None = None
    cursors: Cursors = Cursors()

    @property
    def inside(self) -> bool:
        """Whether they are part of it now."""
        return self.seat is Seat.TAKEN

    def muted_at(self, now: Millis) -> bool:
        """Whether they may only read."""
        return self.muted_until is not None and now < self.muted_until


class Preset(enum.Enum):
    """How many people a room is for."""

    FEW = "2-4"
    SOME = "4-6"
    MANY = "12+"

    @property
    def capacity(self) -> int:
        """How many people can be in it."""
        return _CAPACITY[self]


_CAPACITY: Final[Mapping[Preset, int]] = {Preset.FEW: 4, Preset.SOME: 6, Preset.MANY: 250}


class RoomVisibility(enum.Enum):
    """Who can join a room: everybody of the campus, or those who are added."""

    LINK = "link"
    PRIVATE = "private"


@attrs.frozen
class Room:
    """A conversation of several people of one campus. ``members`` are those who are in it now.

    One that everybody has left is ``closed`` and as if it had never been.
    """

    id: RoomId
    campus_id: CampusId
    name: str
    preset: Preset
    visibility: RoomVisibility
    created_at: Millis
    members: int = 0
    closed: bool = False
    last_seq: int = 0
    last_at: Millis | None = None

    @property
    def conversation_id(self) -> ConversationId:
        """Its conversation."""
        return ConversationId(self.id)


@attrs.frozen
class Dialogue:
    """A direct conversation, and how far each of the two has come."""

    pair: Pair
    last_seq: int
    last_at: Millis
    low: Cursors
    high: Cursors

    @property
    def id(self) -> ConversationId:
        """Its conversation."""
        return self.pair.conversation_id

    def cursors_of(self, user_id: UserId) -> Cursors:
        """How far one of the two has come."""
        return self.low if user_id == self.pair.low else self.high

    def peer_of(self, user_id: UserId) -> UserId:
        """The other one."""
        return self.pair.high if user_id == self.pair.low else self.pair.low


@attrs.frozen
class DialogueSummary:
    """A direct conversation in one of the two's list; ``unread`` counts to a hundred."""

    dialogue: Dialogue
    last: Message
    unread: int


@attrs.frozen
class RoomSummary:
    """A room in the list of somebody who is in it; ``unread`` counts to a hundred."""

    room: Room
    member: Member
    unread: int


@attrs.frozen
class Mark:
    """Where a conversation stands to somebody in it: its last number, and what they cleared."""

    conversation_id: ConversationId
    last_seq: int
    cleared: int


@attrs.frozen
class Part:
    """What somebody is in a conversation, or was: a direct one of ``pair``, or a room ``named`` so.

    ``last_seq`` and ``last_at`` are the conversation's.
    """

    member: Member
    last_seq: int
    last_at: Millis | None
    pair: Pair | None = None
    named: str | None = None


@attrs.frozen
class Tally:
    """How much is written on a campus: numbers, and nothing of anybody.

    ``recent`` messages are those since a moment.
    """

    campus_id: CampusId
    direct: int
    rooms: int
    messages: int
    recent: int


@attrs.frozen
class OpenRoom:
    """A link room as somebody outside sees it.

    ``members`` are those they may see, ``friends`` those of them who are theirs, and ``recent``
    the messages since a moment.
    """

    room: Room
    members: int
    friends: int
    recent: int


@value
class Window:
    """Which messages of a conversation somebody is shown, at most ``limit``.

    Those with a number above ``after`` and below ``before``, by nobody who is ``hidden`` from the
    viewer; what is shadowed is shown to its sender alone. With ``inside``, none to whoever is no
    longer part of it.
    """

    viewer: UserId
    limit: int
    after: int = 0
    before: int | None = None
    hidden: frozenset[UserId] = frozenset()
    inside: bool = False


Excerpt: TypeAlias = tuple[ConversationId, Window]
"""A conversation, and what is to be shown of it."""

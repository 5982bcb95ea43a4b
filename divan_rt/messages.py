"""What only sockets say: subscriptions, their updates, and acknowledgements.

Everything else that travels here are the core's own messages.
"""

from __future__ import annotations

from typing import Annotated, Final

import attrs
from msgspec import Meta

from divan_core.activities.messages import ActivityView
from divan_core.chat.messages import ConversationId, MessageView
from divan_core.chat.roommessages import RoomView
from divan_core.codec.problems import Problem
from divan_core.kernel.ids import CampusId, RoomId, UserId
from divan_core.moderation.messages import CaseView
from divan_core.presence.messages import NearbyPerson, Radius

MAX_SEQ: Final = 2**53 - 1
"""The largest whole number that JavaScript counts exactly."""


@attrs.frozen
class SubscribeNearby:
    """Keep me told of everyone within ``radius_m`` metres.

    ``since_seq`` is the last ``seq`` seen before the connection was lost.
    """

    radius_m: Radius
    campus_id: CampusId | None = None
    since_seq: Annotated[int, Meta(ge=0, le=MAX_SEQ)] | None = None


@attrs.frozen
class UnsubscribeNearby:
    """Enough."""


@attrs.frozen
class Subscribed:
    """Everyone nearby at ``seq``; updates count on from there."""

    seq: int
    radius_m: int
    items: tuple[NearbyPerson, ...]
    ok: bool = True


@attrs.frozen
class NearbyUpdate:
    """What changed from ``seq - 1`` to ``seq``. ``updated`` items replace those of the same id."""

    seq: int
    radius_m: int
    added: tuple[NearbyPerson, ...]
    removed: tuple[UserId, ...]
    updated: tuple[NearbyPerson, ...]


@attrs.frozen
class NearbyResync:
    """Everyone nearby at ``seq``, in place of updates that were not sent."""

    seq: int
    radius_m: int
    items: tuple[NearbyPerson, ...]


@attrs.frozen
class HeartbeatReceived:
    """The heartbeat counts from ``ts``, the server's epoch milliseconds."""

    ts: int
    ok: bool = True


@attrs.frozen
class SubscribeSelf:
    """Tell me what happens to me."""


@attrs.frozen
class Reload:
    """Something may have been missed: read the lists again."""


@attrs.frozen
class AcknowledgePeer:
    """My devices have what somebody wrote, up to this number."""

    peer_id: UserId
    delivered_seq: Annotated[int, Meta(ge=0, le=MAX_SEQ)]


@attrs.frozen
class JoinRoom:
    """Tell me what is written in a room that I am in, from after ``since_seq`` where given."""

    room_id: RoomId
    since_seq: Annotated[int, Meta(ge=0, le=MAX_SEQ)] | None = None


@attrs.frozen
class LeaveRoom:
    """Tell me no more of a room; I stay in it."""

    room_id: RoomId


@attrs.frozen
class Sent:
    """The message as it was kept; ``replayed`` where it was sent before."""

    message: MessageView
    replayed: bool
    ok: bool = True


@attrs.frozen
class Joined:
    """The room, which one is told of from now on."""

    room: RoomView
    ok: bool = True


@attrs.frozen
class JoinedActivity:
    """The activity, which one is told everything of from now on."""

    activity: ActivityView
    ok: bool = True


@attrs.frozen
class MembersChanged:
    """Who has come into a room or gone, or has another role there or may only read.

    ``change`` is ``joined``, ``left``, ``kicked`` or ``changed``.
    """

    room_id: RoomId
    change: str
    user_ids: tuple[UserId, ...]


@attrs.frozen
class WatchQueue:
    """Tell me what happens to the cases that I may see."""


@attrs.frozen
class QueueWatched:
    """One is told from now on of the cases of ``campus_id``; null stands for every campus."""

    campus_id: CampusId | None
    ok: bool = True


@attrs.frozen
class CaseChanged:
    """What has happened to a case, by the name of its event, and how the case is now."""

    change: str
    case: CaseView


@attrs.frozen
class MessageChanged:
    """Staff has hidden a message, or shows it again; ``shown``: one still sees it, so read it anew.

    ``conversation_id`` of a room is its id.
    """

    conversation_id: ConversationId
    seq: int
    shown: bool


@attrs.frozen
class Done:
    """It is done, and there is nothing more to say."""

    ok: bool = True


@attrs.frozen
class Refused:
    """It is not done."""

    error: Problem
    ok: bool = False

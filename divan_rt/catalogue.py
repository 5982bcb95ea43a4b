"""Every event that the server sends, as a table: for the reference, and for whoever makes clients.

What clients send stands in the tables of the namespaces.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from divan_core.activities.messages import ENDED, ROUND, SCORE, UPDATE, ActivityView
from divan_core.chat.messages import DELIVERED, READ, ROOM_TYPING, TYPING, MessageView
from divan_core.chat.messages import Typing as TypingView
from divan_core.moderation.appealmessages import APPEAL_UPDATE, OwnAppeal
from divan_core.moderation.watching import CASE_NEW, CASE_UPDATE
from divan_core.presence.messages import HeartbeatAccepted
from divan_core.social.messages import (
    FRIEND_UPDATE,
    INVITE_NEW,
    INVITE_UPDATE,
    FriendUpdate,
    ListedInvite,
)
from divan_rt.messages import (
    CaseChanged,
    MembersChanged,
    MessageChanged,
    NearbyResync,
    NearbyUpdate,
    Reload,
)
from divan_rt.packet import ACTIVITIES, CHAT, MOD, PRESENCE, ROOMS, SOCIAL


@attrs.frozen
class Told:
    """One event that sockets are sent.

    ``view`` is the class of what it holds, or the names of its members where there is no class.
    """

    namespace: str
    name: str
    view: type[Any] | tuple[str, ...]
    about: str


TOLD: Final = (
    Told(PRESENCE, "presence:ack", HeartbeatAccepted, "A heartbeat of this socket counts."),
    Told(PRESENCE, "nearby:update", NearbyUpdate, "The list has changed."),
    Told(PRESENCE, "nearby:resync", NearbyResync, "The whole list, in place of updates not sent."),
    Told(SOCIAL, INVITE_NEW, ListedInvite, "Somebody invites you."),
    Told(SOCIAL, INVITE_UPDATE, ListedInvite, "An invite was accepted, declined or cancelled."),
    Told(SOCIAL, FRIEND_UPDATE, FriendUpdate, "A friendship began, or you have ended one."),
    Told(SOCIAL, APPEAL_UPDATE, OwnAppeal, "Your appeal was decided."),
    Told(SOCIAL, "social:reload", Reload, "Something may have been missed."),
    Told(CHAT, "chat:message", MessageView, "Somebody wrote to you."),
    Told(CHAT, "chat:echo", MessageView, "You wrote, from another device."),
    Told(CHAT, DELIVERED, ("peer_id", "delivered_seq"), "What you wrote has come up to here."),
    Told(CHAT, READ, ("peer_id", "read_seq"), "What you wrote is read up to here."),
    Told(CHAT, TYPING, TypingView, "Somebody is typing to you, or has stopped."),
    Told(CHAT, "chat:changed", MessageChanged, "Staff has hidden a message, or shows it again."),
    Told(ROOMS, "room:message", MessageView, "Somebody wrote into a room, you included."),
    Told(ROOMS, "room:members", MembersChanged, "Somebody came, went, or has another role."),
    Told(ROOMS, ROOM_TYPING, ("room_id", "user_id", "active"), "Somebody is typing in a room."),
    Told(ROOMS, "room:changed", MessageChanged, "Staff has hidden a message, or shows it again."),
    Told(ACTIVITIES, UPDATE, ActivityView, "A game of yours has changed, joined or not."),
    Told(ACTIVITIES, ROUND, ("activity_id", "round", "state", "game"), "A round opens or is over."),
    Told(ACTIVITIES, SCORE, ("activity_id", "round", "scores"), "Scores have changed."),
    Told(ACTIVITIES, ENDED, ("activity_id", "state", "winner_id", "scores"), "A game is over."),
    Told(ACTIVITIES, "activities:reload", Reload, "Something may have been missed."),
    Told(MOD, CASE_NEW, CaseChanged, "Somebody was the first to report something."),
    Told(MOD, CASE_UPDATE, CaseChanged, "Something has happened to a case."),
    Told(MOD, "mod:reload", Reload, "Something may have been missed."),
)
"""In the order of the namespaces."""

"""What events of other contexts tell of that counts on leaderboards. Pure.

What people did with each other counts for whoever did it; written to or invited, somebody counts as
well, once for each other person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final
from uuid import UUID

import attrs

from divan_core.activities.messages import ACTIVITIES, ACTIVITY_COMPLETED
from divan_core.chat.messages import CHAT, MESSAGE_SENT, ROOM_CREATED, ROOM_JOINED, ROOMS
from divan_core.kernel.events import Event
from divan_core.kernel.ids import RoomId, UserId
from divan_core.kernel.values import value
from divan_core.leaderboards.model import DeedKind
from divan_core.leaderboards.scoring import Feat, Told
from divan_core.moderation.messages import subject_uuid
from divan_core.social.messages import FRIENDSHIP_BEGUN, INVITE_ACCEPTED, SOCIAL


@value
class Tidings:
    """What an event tells of that counts, and what it is about besides people.

    It counts for nothing while staff hides the message, or has removed the room, that it is about.
    """

    told: Told
    message_id: UUID | None = None
    room_id: RoomId | None = None

    @property
    def about(self) -> Iterator[UUID]:
        """Whom and what it is about, but for messages, which are their senders'."""
        for one in self.told.feats:
            yield one.user_id
            if one.peer_id is not None:
                yield one.peer_id
        if self.room_id is not None:
            yield self.room_id

    def unless(self, hidden: frozenset[UUID]) -> Told:
        """What to keep, if these messages and rooms are hidden.

        What somebody did is kept to count again; whoever was written to has no part in it.
        """
        subject = self.message_id or self.room_id
        if subject is None or subject not in hidden:
            return self.told
        own = (one for one in self.told.feats if one.cause == subject)
        return attrs.evolve(self.told, feats=tuple(attrs.evolve(one, hidden=True) for one in own))


def tidings_of(event: Event) -> Tidings | None:
    """What an event tells of that counts; None for nothing."""
    read = _READ.get(event.topic)
    return None if read is None else read(event)


def _of_social(event: Event) -> Tidings | None:
    """An invite was accepted, or two people became friends."""
    data = event.data
    if event.name == INVITE_ACCEPTED:
        sender, recipient = _person(data["sender_id"]), _person(data["recipient_id"])
        invite = Feat(sender, DeedKind.INVITE, recipient, recipient)
        return _tidings(event, invite, Feat(recipient, DeedKind.INVITER, sender, sender))
    if event.name == FRIENDSHIP_BEGUN:
        low, high = _person(data["low_id"]), _person(data["high_id"])
        friend = Feat(low, DeedKind.FRIEND, high, high)
        return _tidings(event, friend, Feat(high, DeedKind.FRIEND, low, low))
    return None


def _of_chat(event: Event) -> Tidings | None:
    """Somebody wrote to somebody. What only its sender sees counts for nobody."""
    message_id = _message(event)
    if message_id is None:
        return None
    sender, recipient = _person(event.data["sender_id"]), _person(event.data["recipient_id"])
    direct = Feat(sender, DeedKind.DIRECT, message_id, recipient)
    known = Feat(recipient, DeedKind.SENDER, sender, sender)
    return _tidings(event, direct, known, message_id=message_id)


def _of_room(event: Event) -> Tidings | None:
    """Somebody wrote into a room, made one, or came into one.

    Who is there by themselves has done something: being put into a room is no deed.
    """
    message_id = _message(event)
    if message_id is not None:
        feat = Feat(_person(event.data["sender_id"]), DeedKind.ROOM_MESSAGE, message_id)
        return _tidings(event, feat, message_id=message_id)
    kind = _SEATS.get(event.name)
    if kind is None or event.data["by_id"] not in event.data["user_ids"]:
        return None
    room_id = RoomId(UUID(event.data["room_id"]))
    return _tidings(event, Feat(_person(event.data["by_id"]), kind, room_id), room_id=room_id)


def _of_activity(event: Event) -> Tidings | None:
    """Some people played to the end, and one may have won. Alone, nobody plays."""
    if event.name != ACTIVITY_COMPLETED:
        return None
    players = list(dict.fromkeys(map(_person, event.data.get("players", ()))))
    activity_id = UUID(event.data["activity_id"])
    if len(players) < _FEWEST:
        return None
    beside = dict(zip(players, players[1:] + players[:1], strict=True))
    feats = [Feat(one, DeedKind.PLAYED, activity_id, beside[one]) for one in players]
    winner = event.data.get("winner_id")
    if winner is not None and _person(winner) in beside:
        won = _person(winner)
        feats.append(Feat(won, DeedKind.WON, activity_id, beside[won]))
    return _tidings(event, *feats)


_FEWEST: Final = 2
_SEATS: Final = {ROOM_CREATED: DeedKind.CREATED, ROOM_JOINED: DeedKind.JOINED}
_READ: Final[Mapping[str, Callable[[Event], Tidings | None]]] = {
    SOCIAL: _of_social,
    CHAT: _of_chat,
    ROOMS: _of_room,
    ACTIVITIES: _of_activity,
}


def _tidings(
    event: Event, *feats: Feat, message_id: UUID | None = None, room_id: RoomId | None = None
) -> Tidings:
    return Tidings(Told(event.campus_id, event.at, feats), message_id, room_id)


def _message(event: Event) -> UUID | None:
    """The message that an event tells of, if others than its sender see it."""
    if event.name != MESSAGE_SENT or event.data.get("shadowed"):
        return None
    return subject_uuid(event.data.get("message_id", ""))


def _person(text: str) -> UserId:
    return UserId(UUID(text))

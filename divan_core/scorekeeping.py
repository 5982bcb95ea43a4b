"""What events of other contexts mean for leaderboards.

What people did with each other counts for whoever did it; written to or invited, somebody counts as
well, once for each other person. Nothing counts of what staff has hidden, and nothing that was done
by or with somebody who is banned, as long as that lasts: friends that one makes of oneself give
nothing once they are found out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

from divan_core.activities.messages import ACTIVITY_COMPLETED
from divan_core.chat.messages import MESSAGE_SENT, ROOM_CREATED, ROOM_JOINED
from divan_core.chat.model import MessageId
from divan_core.kernel.events import Event
from divan_core.kernel.ids import CampusId, RoomId, UserId
from divan_core.kernel.visibility import Standing
from divan_core.leaderboards.model import DeedKind
from divan_core.leaderboards.scoring import Feat, Scoring
from divan_core.moderation.actionmodel import ActionKind
from divan_core.moderation.messages import subject_uuid
from divan_core.moderation.model import Subject, SubjectKind
from divan_core.social.messages import FRIENDSHIP_BEGUN, INVITE_ACCEPTED
from divan_core.stores.bundle import StoreUnit


class CampusCensus:
    """A :class:`~divan_core.leaderboards.ports.Census` over campuses and people."""

    async def timezone(self, unit: StoreUnit, campus_id: CampusId) -> str | None:
        """By which IANA time zone clocks of a campus go."""
        campus = await unit.campuses.get(campus_id)
        return None if campus is None else campus.timezone

    async def standings(
        self, unit: StoreUnit, people: Collection[UserId]
    ) -> Mapping[UserId, Standing]:
        """How those of these people stand who exist."""
        return {one.id: one.standing for one in await unit.people.get_many(list(people))}

    async def campuses(
        self, unit: StoreUnit, after: CampusId | None, limit: int
    ) -> Sequence[tuple[CampusId, str]]:
        """Up to ``limit`` campuses by id, with their time zones."""
        return [(one.id, one.timezone) for one in await unit.campuses.page(after, limit)]


class Scorekeeping:
    """Handlers of events, in locking units. What they do not know is nothing to them.

    They mark the days that have changed, which a job adds up.
    """

    def __init__(self, scoring: Scoring[StoreUnit]) -> None:
        """Keep deeds by ``scoring``."""
        self._scoring = scoring

    async def of_social(self, unit: StoreUnit, event: Event) -> None:
        """An invite was accepted, or two people became friends."""
        data = event.data
        if event.name == INVITE_ACCEPTED:
            sender, recipient = _person(data["sender_id"]), _person(data["recipient_id"])
            feats = (
                Feat(sender, DeedKind.INVITE, recipient, recipient),
                Feat(recipient, DeedKind.INVITER, sender, sender),
            )
        elif event.name == FRIENDSHIP_BEGUN:
            low, high = _person(data["low_id"]), _person(data["high_id"])
            feats = (
                Feat(low, DeedKind.FRIEND, high, high),
                Feat(high, DeedKind.FRIEND, low, low),
            )
        else:
            return
        await self._scoring.hold(unit, *(one.user_id for one in feats))
        await self._noted(unit, event, feats)

    async def of_chat(self, unit: StoreUnit, event: Event) -> None:
        """Somebody wrote to somebody. What only its sender sees counts for nobody."""
        message_id = subject_uuid(event.data.get("message_id", ""))
        if event.name != MESSAGE_SENT or event.data.get("shadowed") or message_id is None:
            return
        sender, recipient = _person(event.data["sender_id"]), _person(event.data["recipient_id"])
        await self._scoring.hold(unit, sender, recipient)
        if await _is_hidden(unit, message_id):
            feats = [Feat(sender, DeedKind.DIRECT, message_id, recipient, hidden=True)]
        else:
            feats = [
                Feat(sender, DeedKind.DIRECT, message_id, recipient),
                Feat(recipient, DeedKind.SENDER, sender, sender),
            ]
        await self._noted(unit, event, feats)

    async def of_room(self, unit: StoreUnit, event: Event) -> None:
        """Somebody wrote into a room, made one, or came into one."""
        if event.name == MESSAGE_SENT:
            await self._of_room_message(unit, event)
            return
        if event.name not in {ROOM_CREATED, ROOM_JOINED}:
            return
        room_id, by = RoomId(UUID(event.data["room_id"])), _person(event.data["by_id"])
        await self._scoring.hold(unit, by, room_id)
        hidden = await _is_removed(unit, room_id)
        await self._noted(unit, event, list(_seats(event, room_id, hidden=hidden)))

    async def of_activity(self, unit: StoreUnit, event: Event) -> None:
        """Some people played to the end, and one may have won. Alone, nobody plays."""
        if event.name != ACTIVITY_COMPLETED:
            return
        players = list(dict.fromkeys(map(_person, event.data.get("players", ()))))
        activity_id = UUID(event.data["activity_id"])
        if len(players) < _FEWEST:
            return
        beside = dict(zip(players, players[1:] + players[:1], strict=True))
        feats = [Feat(one, DeedKind.PLAYED, activity_id, beside[one]) for one in players]
        winner = event.data.get("winner_id")
        if winner is not None and _person(winner) in beside:
            won = _person(winner)
            feats.append(Feat(won, DeedKind.WON, activity_id, beside[won]))
        await self._scoring.hold(unit, *players)
        await self._noted(unit, event, feats)

    async def of_action(self, unit: StoreUnit, event: Event) -> None:
        """Staff, or a rule, has hidden something or somebody, or shows them again.

        How they stand now decides, whichever of their actions this one is.
        """
        kind, _, target = str(event.data.get("target", "")).partition(":")
        if kind == SubjectKind.USER.value:
            await self._scoring.shun(unit, _person(target))
        elif kind == SubjectKind.MESSAGE.value:
            await self._veiled(unit, UUID(target))
        elif kind == SubjectKind.ROOM.value:
            room_id = RoomId(UUID(target))
            await self._scoring.hold(unit, room_id)
            deeds = await unit.deeds.about_room(room_id)
            removed = await _is_removed(unit, room_id)
            await self._scoring.hide(unit, deeds, hidden=removed)

    async def _veiled(self, unit: StoreUnit, message_id: UUID) -> None:
        message = await unit.messages.get(MessageId(message_id))
        if message is None:
            return
        await self._scoring.hold(unit, message.sender)
        hidden = await _is_hidden(unit, message_id)
        await self._scoring.hide_message(unit, message.sender, message_id, hidden=hidden)

    async def _of_room_message(self, unit: StoreUnit, event: Event) -> None:
        message_id = subject_uuid(event.data.get("message_id", ""))
        if event.data.get("shadowed") or message_id is None:
            return
        sender = _person(event.data["sender_id"])
        await self._scoring.hold(unit, sender)
        hidden = await _is_hidden(unit, message_id)
        feat = Feat(sender, DeedKind.ROOM_MESSAGE, message_id, hidden=hidden)
        await self._noted(unit, event, (feat,))

    async def _noted(self, unit: StoreUnit, event: Event, feats: Sequence[Feat]) -> None:
        await self._scoring.note(unit, event.campus_id, event.at, feats)


_FEWEST: Final = 2


def _seats(event: Event, room_id: RoomId, *, hidden: bool) -> Iterator[Feat]:
    """Who has made a room, or come into it by themselves: being put into one is no deed."""
    by = _person(event.data["by_id"])
    kind = DeedKind.CREATED if event.name == ROOM_CREATED else DeedKind.JOINED
    if str(by) in event.data["user_ids"]:
        yield Feat(by, kind, room_id, hidden=hidden)


async def _is_hidden(unit: StoreUnit, message_id: UUID) -> bool:
    """Whether staff has hidden a message."""
    message = await unit.messages.get(MessageId(message_id))
    return message is None or message.veil is not None


async def _is_removed(unit: StoreUnit, room_id: RoomId) -> bool:
    actions = await unit.actions.in_force(Subject(SubjectKind.ROOM, room_id))
    return any(one.kind is ActionKind.REMOVE and one.in_force for one in actions)


def _person(text: str) -> UserId:
    return UserId(UUID(text))

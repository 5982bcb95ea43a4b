"""Telling people's sockets what happened: from an event to notices, from a notice to a view."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias
from uuid import UUID

import msgspec

from divan_core.kernel.actor import Actor
from divan_core.kernel.audience import Audience
from divan_core.kernel.events import Event
from divan_core.kernel.ids import UserId
from divan_core.kernel.notices import PersonNotice
from divan_core.kernel.units import Units
from divan_core.kernel.visibility import PersonCard, Surface
from divan_core.social import policy
from divan_core.social.lists import listed_invite
from divan_core.social.messages import (
    FRIEND_UPDATE,
    FRIENDSHIP_BEGUN,
    FRIENDSHIP_ENDED,
    INVITE_NEW,
    INVITE_SENT,
    INVITE_UPDATE,
    SOCIAL,
    FriendUpdate,
    ListedInvite,
)
from divan_core.social.model import Invite, InviteId, InviteState
from divan_core.social.ports import SocialUnit
from divan_core.social.tools import View

SocialView: TypeAlias = ListedInvite | FriendUpdate

_INVITE: Final = "invite."


async def notices_of(unit: SocialUnit, event: Event) -> tuple[PersonNotice, ...]:
    """Who is to be told of an event of the topic ``social``.

    Whoever ends a friendship is, on their other devices; whoever is removed never is, so that a
    removal, a block and a disappearance look alike.
    """
    if event.name.startswith(_INVITE):
        invite = await unit.invites.get(InviteId(UUID(event.data["invite_id"])))
        return () if invite is None else tuple(_of_invite(event, invite))
    return tuple(_of_friendship(event))


def _of_invite(event: Event, invite: Invite) -> Iterator[PersonNotice]:
    """One that was sent and is answered already is told by what follows."""
    new, is_open = event.name == INVITE_SENT, invite.state is InviteState.OPEN
    if new is not is_open:
        return
    data = msgspec.to_builtins(invite)
    for user_id in (invite.recipient,) if new else (invite.sender, invite.recipient):
        name = INVITE_NEW if new else INVITE_UPDATE
        yield PersonNotice(event.campus_id, user_id, SOCIAL, name, data)


def _of_friendship(event: Event) -> Iterator[PersonNotice]:
    data = event.data
    pairs = ((data["low_id"], data["high_id"]), (data["high_id"], data["low_id"]))
    for one, other in pairs:
        if event.name == FRIENDSHIP_BEGUN:
            told = {"user_id": other, "state": "accepted"}
        elif event.name == FRIENDSHIP_ENDED and data["by_id"] == one:
            told = {"user_id": other, "state": "removed"}
        else:
            continue
        yield PersonNotice(event.campus_id, UserId(UUID(one)), SOCIAL, FRIEND_UPDATE, told)


class Telling:
    """What a notice shows its person at the moment at which it is delivered."""

    def __init__(self, units: Units[SocialUnit], audience: Audience) -> None:
        """See through ``audience``, and the present relations of the two in ``units``."""
        self._units = units
        self._audience = audience

    async def shown(self, notice: PersonNotice) -> SocialView | None:
        """What to send; None for what this version does not know or its person may not see.

        Raises:
            StoreUnavailable: whether it may be seen cannot be found out.
        """
        try:
            if notice.name == FRIEND_UPDATE:
                return await self._friend(notice, msgspec.convert(notice.data, FriendUpdate))
            return await self._invite(notice, msgspec.convert(notice.data, Invite))
        except msgspec.ValidationError:
            return None

    async def _invite(self, notice: PersonNotice, invite: Invite) -> ListedInvite | None:
        received = notice.user_id == invite.recipient
        other, surface = invite.recipient, Surface.OUTBOX
        if received:
            other, surface = invite.sender, Surface.INBOX
        _, card = await self._look(notice, other, surface)
        return None if card is None else listed_invite(invite, card)

    async def _friend(self, notice: PersonNotice, update: FriendUpdate) -> FriendUpdate | None:
        if update.state == "removed":
            return update
        view, card = await self._look(notice, update.user_id, Surface.FRIENDS)
        if card is None or card.user_id not in view.relations.friends:  # it has ended since
            return None
        return FriendUpdate(
            update.user_id, update.state, card.handle, card.display_name, card.avatar_url
        )

    async def _look(
        self, notice: PersonNotice, other: UserId, surface: Surface
    ) -> tuple[View, PersonCard | None]:
        """The relations of the two as they are in the database now, and the other's card."""
        me = Actor(notice.user_id, notice.campus_id)
        await self._audience.refresh(me.campus_id)
        between = await self._units.read(lambda unit: unit.invites.between(me.user_id, other))
        view = View(me, policy.relations_of(between, other))
        return view, view.shown(await self._audience.card(other), surface)

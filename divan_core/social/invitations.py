"""Sending invites, and replying to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import attrs

from divan_core.errors import InviteClosed, InviteExpired, NotFound
from divan_core.kernel.actor import Actor
from divan_core.kernel.gate import Act, check_verdict
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.once import Attempt, Done, KeyGiven
from divan_core.kernel.units import Units
from divan_core.kernel.visibility import Surface
from divan_core.social import policy
from divan_core.social.messages import InviteView, SendInvite
from divan_core.social.model import Invite, InviteId, Reply
from divan_core.social.ports import SocialUnit
from divan_core.social.tools import SocialTools, View, keep, lock, seen, view_of

SEND_INVITE: Final = "invites.send"


class _MakesFriends(Exception):
    """The unit would begin a friendship, which has to be announced before."""


class Invitations:
    """The life of invites. The promises are those of ``Social``."""

    def __init__(self, units: Units[SocialUnit], tools: SocialTools) -> None:
        """Keep invites through ``units``."""
        self._units = units
        self._tools = tools

    async def send(self, actor: Actor, command: SendInvite, key: KeyGiven) -> Done[InviteView]:
        """Send one. The answer to an earlier request is for whoever may still see the recipient."""
        policy.check_invite(command)
        tools, view = self._tools, await view_of(self._tools.audience, actor)
        check_verdict(await tools.gate.ask(actor, Act.INVITE))
        ask = await self._meant(view, command)
        attempt = Attempt(actor, SEND_INVITE, command, InviteView, key, tools.limit.invite)
        done = await self._sent(attempt, ask)
        if done.replayed and not ask.seen:
            raise NotFound
        return done

    async def _sent(self, attempt: Attempt[InviteView], ask: policy.Ask) -> Done[InviteView]:
        """Send, and announce a friendship only where one begins."""
        tools, actor = self._tools, attempt.actor
        try:
            body = self._inviting(actor.campus_id, ask, announced=False)
            return await tools.once.once(attempt, body)
        except _MakesFriends:
            pass
        async with tools.audience.changing(actor.campus_id, ask.people):
            body = self._inviting(actor.campus_id, ask, announced=True)
            return await tools.once.once(attrs.evolve(attempt, limit=None), body)

    async def reply(self, actor: Actor, invite_id: InviteId, reply: Reply) -> InviteView:
        """Accept, decline or cancel.

        Whoever cancels an invite to somebody who hides by now does so, and is not told.
        """
        found = await self._units.read(lambda unit: unit.invites.get(invite_id))
        invite = policy.check_reply(found, reply, actor.user_id)
        cancels = reply is Reply.CANCEL
        other, surface = invite.sender, Surface.INBOX
        if cancels:
            other, surface = invite.recipient, Surface.OUTBOX
        visible = await seen(self._tools.audience, actor, other, surface) is not None
        if not (visible or cancels):
            raise NotFound
        try:
            answer = await self._replied(actor, invite, reply)
        except (InviteClosed, InviteExpired):
            if visible:
                raise
            raise NotFound from None
        if not visible:
            raise NotFound
        return policy.invite_view(answer)

    async def _replied(self, actor: Actor, invite: Invite, reply: Reply) -> Invite:
        """The invite after the reply; a friendship is announced before it begins."""
        body = self._replying(actor, invite, reply)
        if reply is not Reply.ACCEPT:
            return await self._units.write(body, locking=True)
        people = (invite.sender, invite.recipient)
        async with self._tools.audience.changing(actor.campus_id, people):
            return await self._units.write(body, locking=True)

    def _replying(
        self, actor: Actor, invite: Invite, reply: Reply
    ) -> Callable[[SocialUnit], Awaitable[Invite]]:
        tools, now = self._tools, self._tools.clock.now()

        async def body(unit: SocialUnit) -> Invite:
            await lock(unit, invite.sender, invite.recipient)
            current = policy.check_reply(await unit.invites.get(invite.id), reply, actor.user_id)
            between = await unit.invites.between(invite.sender, invite.recipient)
            outcome = policy.after_reply(between, current, reply, now)
            await keep(unit, tools, actor.campus_id, outcome)
            return outcome.answer or current

        return body

    async def _meant(self, view: View, command: SendInvite) -> policy.Ask:
        """What a command asks: the invite, and whether its recipient can be seen."""
        tools, actor = self._tools, view.viewer
        target, surface = command.to_user_id, Surface.INVITE
        if target is None:
            target, surface = await self._named(command.to_handle or ""), Surface.INVITE_BY_HANDLE
        invite_id = InviteId(tools.ids.uuid())
        invite = policy.new_invite(invite_id, actor.user_id, target, tools.clock.now())
        card = view.shown(await tools.audience.card(target), surface)
        return policy.Ask(invite, seen=card is not None)

    async def _named(self, handle: str) -> UserId:
        """Whose handle it is; nobody's new id where it is nobody's.

        So the way to the refusal is that of somebody who hides, with all that is asked and counted.
        """

        async def body(unit: SocialUnit) -> Mapping[str, UserId]:
            return await unit.people.handles((handle,))

        found = await self._units.read(body)
        return found.get(handle) or UserId(self._tools.ids.uuid())

    def _inviting(
        self, campus_id: CampusId, ask: policy.Ask, *, announced: bool
    ) -> Callable[[SocialUnit], Awaitable[InviteView]]:
        async def body(unit: SocialUnit) -> InviteView:
            await lock(unit, *ask.people)
            outcome = policy.after_invite(await unit.invites.between(*ask.people), ask)
            if outcome.begun is not None and not announced:
                raise _MakesFriends
            await keep(unit, self._tools, campus_id, outcome)
            return policy.invite_view(outcome.answer or ask.invite)

        return body

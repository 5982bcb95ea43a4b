"""The social graph for programs without an event loop."""

from __future__ import annotations

from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import UserId
from divan_core.kernel.once import Done, KeyGiven
from divan_core.kernel.paging import Page
from divan_core.social.messages import (
    FriendsQuery,
    InviteId,
    InvitesQuery,
    InviteView,
    ListedInvite,
    ListedPerson,
    MutualQuery,
    SendInvite,
)
from divan_core.social.service import Social
from divan_core.sync.waiting import Waiting


class SyncSocial:
    """:class:`~divan_core.social.service.Social`, waiting for each answer."""

    def __init__(self, service: Social, waiting: Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def block(self, actor: Actor, target: UserId) -> None:
        """See ``Social.block``."""
        self._run(self._service.block, actor, target)

    def invite(
        self, actor: Actor, command: SendInvite, *, idempotency_key: KeyGiven = None
    ) -> Done[InviteView]:
        """See ``Social.invite``."""
        return self._run(self._service.invite, actor, command, idempotency_key=idempotency_key)

    def accept(self, actor: Actor, invite_id: InviteId) -> InviteView:
        """See ``Social.accept``."""
        return self._run(self._service.accept, actor, invite_id)

    def decline(self, actor: Actor, invite_id: InviteId) -> InviteView:
        """See ``Social.decline``."""
        return self._run(self._service.decline, actor, invite_id)

    def cancel(self, actor: Actor, invite_id: InviteId) -> InviteView:
        """See ``Social.cancel``."""
        return self._run(self._service.cancel, actor, invite_id)

    def inbox(self, actor: Actor, query: InvitesQuery) -> Page[ListedInvite]:
        """See ``Social.inbox``."""
        return self._run(self._service.inbox, actor, query)

    def outbox(self, actor: Actor, query: InvitesQuery) -> Page[ListedInvite]:
        """See ``Social.outbox``."""
        return self._run(self._service.outbox, actor, query)

    def friends(self, actor: Actor, query: FriendsQuery) -> Page[ListedPerson]:
        """See ``Social.friends``."""
        return self._run(self._service.friends, actor, query)

    def mutual(self, actor: Actor, query: MutualQuery) -> Page[ListedPerson]:
        """See ``Social.mutual``."""
        return self._run(self._service.mutual, actor, query)

    def unblock(self, actor: Actor, target: UserId) -> None:
        """See ``Social.unblock``."""
        self._run(self._service.unblock, actor, target)

    def remove(self, actor: Actor, target: UserId) -> None:
        """See ``Social.remove``."""
        self._run(self._service.remove, actor, target)

    def befriend(self, actor: Actor, other: UserId) -> None:
        """See ``Social.befriend``."""
        self._run(self._service.befriend, actor, other)

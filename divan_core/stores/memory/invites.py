"""Invites in memory."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from divan_core.errors import InviteExists
from divan_core.kernel.ids import UserId
from divan_core.kernel.units import UnitMisused
from divan_core.social.model import Between, Invite, InviteId, InviteState
from divan_core.stores.memory.accounts import AccountRecords
from divan_core.stores.memory.changes import Changes
from divan_core.stores.memory.social import SocialRecords


@attrs.define
class InviteRecords:
    """All invites, and which one is open from whom to whom."""

    invites: dict[InviteId, Invite] = attrs.field(factory=dict)
    open: dict[tuple[UserId, UserId], InviteId] = attrs.field(factory=dict)


class MemoryInvites:
    """Keeps invites."""

    def __init__(
        self,
        records: InviteRecords,
        social: SocialRecords,
        accounts: AccountRecords,
        changes: Changes,
    ) -> None:
        """Work on ``records`` of those in ``accounts``; how to undo it goes into ``changes``."""
        self._records = records
        self._social = social
        self._accounts = accounts
        self._changes = changes

    async def between(self, one: UserId, other: UserId) -> Between:
        """What stands between two people."""
        relations = self._social.of(one)
        found = (self._records.open.get(pair) for pair in ((one, other), (other, one)))
        return Between(
            friends=other in relations.friends,
            blocked=other in relations.blocked,
            invites=tuple(self._records.invites[each] for each in found if each),
        )

    async def put(self, invites: Sequence[Invite]) -> None:
        """Keep these, replacing those that have the same id; the open ones last."""
        self._changes.begin()
        for invite in sorted(invites, key=lambda one: one.state is InviteState.OPEN):
            self._require(invite.sender, invite.recipient)
            self._close(invite.id)
            self._changes.set(self._records.invites, invite.id, invite)
            if invite.state is InviteState.OPEN:
                self._open(invite)

    async def of(self, user_id: UserId, most: int) -> Sequence[Invite]:
        """Up to ``most`` invites by or to a person, whatever their state, by id."""
        known = self._records.invites.values()
        found = [one for one in known if user_id in {one.sender, one.recipient}]
        return sorted(found, key=lambda one: one.id)[:most]

    async def count_of(self, user_id: UserId) -> int:
        """How many invites there are by or to a person."""
        return len(await self.of(user_id, len(self._records.invites)))

    async def remove_of(self, user_id: UserId, most: int) -> int:
        """Remove up to ``most`` invites by or to a person; how many it were."""
        self._changes.begin()
        found = await self.of(user_id, most)
        for invite in found:
            self._close(invite.id)
            self._changes.drop(self._records.invites, invite.id)
        return len(found)

    def _close(self, invite_id: InviteId) -> None:
        before = self._records.invites.get(invite_id)
        if before is not None and before.state is InviteState.OPEN:
            self._changes.drop(self._records.open, (before.sender, before.recipient))

    def _open(self, invite: Invite) -> None:
        pair = (invite.sender, invite.recipient)
        if pair in self._records.open:
            raise self._changes.failed(InviteExists())
        self._changes.set(self._records.open, pair, invite.id)

    def _require(self, *people: UserId) -> None:
        if any(user_id not in self._accounts.people for user_id in people):
            raise self._changes.failed(UnitMisused("Somebody of an invite does not exist."))

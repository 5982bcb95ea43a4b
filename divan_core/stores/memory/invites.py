"""Invites in memory."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice

import attrs

from divan_core.errors import InviteExists
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.kernel.units import UnitMisused
from divan_core.social.model import Between, Invite, InviteId, InviteState, Way
from divan_core.stores.memory.accounts import AccountRecords
from divan_core.stores.memory.changes import Changes
from divan_core.stores.memory.ordered import OrderedIds
from divan_core.stores.memory.social import SocialRecords

Numbers = defaultdict[UserId, OrderedIds[InviteId]]


@attrs.define
class InviteRecords:
    """All invites, which one is open from whom to whom, and each person's open ones."""

    invites: dict[InviteId, Invite] = attrs.field(factory=dict)
    open: dict[tuple[UserId, UserId], InviteId] = attrs.field(factory=dict)
    received: Numbers = attrs.field(factory=lambda: defaultdict(OrderedIds))
    sent: Numbers = attrs.field(factory=lambda: defaultdict(OrderedIds))

    def newest(self, user_id: UserId, way: Way, before: InviteId | None) -> Iterator[InviteId]:
        """The open invites of a person with an id below ``before``, by id descending."""
        chosen = {Way.RECEIVED: (self.received,), Way.SENT: (self.sent,)}
        found = (one.get(user_id) for one in chosen.get(way, (self.received, self.sent)))
        return heapq.merge(*(one.below(before) for one in found if one), reverse=True)


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

    async def get(self, invite_id: InviteId) -> Invite | None:
        """The invite, in whatever state, or None."""
        return self._records.invites.get(invite_id)

    async def open(
        self, user_id: UserId, way: Way, now: Millis, before: InviteId | None, limit: int
    ) -> Sequence[Invite]:
        """Up to ``limit`` invites that can be answered ``now``, by id descending."""
        ids = self._records.newest(user_id, way, before)
        found = (self._records.invites[one] for one in ids)
        return list(islice((one for one in found if one.open_at(now)), limit))

    async def put(self, invites: Sequence[Invite]) -> None:
        """Keep these, replacing those that have the same id; the open ones last."""
        self._changes.begin()
        for invite in sorted(invites, key=lambda one: one.state is InviteState.OPEN):
            self._require(invite.sender, invite.recipient)
            self._close(invite.id)
            self._changes.set(self._records.invites, invite.id, invite)
            if invite.state is InviteState.OPEN:
                self._open(invite)

    async def expire(self, now: Millis, most: int) -> int:
        """Close up to ``most`` open invites whose time is over; how many it were."""
        opened = (self._records.invites[one] for one in self._records.open.values())
        over = sorted((one for one in opened if not one.open_at(now)), key=_end)[:most]
        await self.put([attrs.evolve(one, state=InviteState.EXPIRED) for one in over])
        return len(over)

    async def overdue(self, now: Millis) -> int:
        """How many open invites there are whose time is over."""
        opened = (self._records.invites[one] for one in self._records.open.values())
        return sum(not one.open_at(now) for one in opened)

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
            self._records.sent[before.sender].discard(invite_id, self._changes)
            self._records.received[before.recipient].discard(invite_id, self._changes)

    def _open(self, invite: Invite) -> None:
        pair = (invite.sender, invite.recipient)
        if pair in self._records.open:
            raise self._changes.failed(InviteExists())
        self._changes.set(self._records.open, pair, invite.id)
        self._records.sent[invite.sender].add(invite.id, self._changes)
        self._records.received[invite.recipient].add(invite.id, self._changes)

    def _require(self, *people: UserId) -> None:
        if any(user_id not in self._accounts.people for user_id in people):
            raise self._changes.failed(UnitMisused("Somebody of an invite does not exist."))


def _end(invite: Invite) -> tuple[int, InviteId]:
    return invite.expires_at, invite.id

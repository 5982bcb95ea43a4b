"""Units of work in memory.

A unit runs to its end in one turn of the event loop, so that nothing comes between its steps:
units are serialised, and what they read is a snapshot.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import cached_property
from typing import TypeVar

import attrs
from anyio.lowlevel import checkpoint

from divan_core.kernel.clock import Clock
from divan_core.kernel.events import Event
from divan_core.kernel.ids import UserId
from divan_core.kernel.units import run_through
from divan_core.kernel.visibility import PersonCard, Relations
from divan_core.stores.bundle import RelationalStores
from divan_core.stores.memory.accounts import (
    AccountRecords,
    MemoryCampuses,
    MemoryPeople,
    card_of,
)
from divan_core.stores.memory.actions import ActionRecords, MemoryActions
from divan_core.stores.memory.activities import ActivityRecords, MemoryActivities
from divan_core.stores.memory.appeals import AppealRecords, Desk, MemoryAppeals
from divan_core.stores.memory.audit import AuditRecords, MemoryAudit
from divan_core.stores.memory.auth import (
    AuthRecords,
    MemoryLogins,
    MemoryRegistrations,
    MemorySessions,
)
from divan_core.stores.memory.cases import CaseRecords, MemoryCases
from divan_core.stores.memory.changes import Changes
from divan_core.stores.memory.conversations import ConversationRecords
from divan_core.stores.memory.decisions import Beside, DecisionRecords, MemoryDecisions
from divan_core.stores.memory.deeds import DeedRecords, MemoryDeeds
from divan_core.stores.memory.erasures import ErasureRecords, MemoryErasures
from divan_core.stores.memory.invites import InviteRecords, MemoryInvites
from divan_core.stores.memory.keys import KeyRecords, MemoryKeys, MemoryKeyStore
from divan_core.stores.memory.messages import MemoryMessages
from divan_core.stores.memory.outbox import (
    MemoryHandledEvents,
    MemoryOutbox,
    MemoryOutboxQueue,
    OutboxRecords,
)
from divan_core.stores.memory.policies import MemoryPolicies, PolicyRecords
from divan_core.stores.memory.restrictions import MemoryRestrictions, RestrictionRecords
from divan_core.stores.memory.rooms import MemoryRooms
from divan_core.stores.memory.scores import MemoryScores, ScoreRecords
from divan_core.stores.memory.search import MemoryPeopleIndex
from divan_core.stores.memory.social import MemoryRelations, SocialRecords
from divan_core.stores.memory.trust import MemoryTrust, TrustRecords
from divan_core.stores.memory.upkeep import MemoryIndexUpkeep
from divan_core.stores.past import of_past
from divan_core.system import SystemClock

ResultT = TypeVar("ResultT")


@attrs.define
class MemoryRecords:
    """Everything that is kept."""

    accounts: AccountRecords = attrs.field(factory=AccountRecords)
    social: SocialRecords = attrs.field(factory=SocialRecords)
    invites: InviteRecords = attrs.field(factory=InviteRecords)
    auth: AuthRecords = attrs.field(factory=AuthRecords)
    erasures: ErasureRecords = attrs.field(factory=ErasureRecords)
    conversations: ConversationRecords = attrs.field(factory=ConversationRecords)
    activities: ActivityRecords = attrs.field(factory=ActivityRecords)
    actions: ActionRecords = attrs.field(factory=ActionRecords)
    appeals: AppealRecords = attrs.field(factory=AppealRecords)
    cases: CaseRecords = attrs.field(factory=CaseRecords)
    audit: AuditRecords = attrs.field(factory=AuditRecords)
    restrictions: RestrictionRecords = attrs.field(factory=RestrictionRecords)
    policies: PolicyRecords = attrs.field(factory=PolicyRecords)
    decisions: DecisionRecords = attrs.field(factory=DecisionRecords)
    trust: TrustRecords = attrs.field(factory=TrustRecords)
    deeds: DeedRecords = attrs.field(factory=DeedRecords)
    scores: ScoreRecords = attrs.field(factory=ScoreRecords)
    keys: KeyRecords = attrs.field(factory=KeyRecords)
    outbox: OutboxRecords = attrs.field(factory=OutboxRecords)


class MemoryUnit:
    """The repositories of one unit, each made when it is asked for."""

    def __init__(self, records: MemoryRecords, clock: Clock, changes: Changes) -> None:
        """Work on ``records``, and remember in ``changes`` how to take it back."""
        self._records = records
        self._clock = clock
        self._changes = changes
        self.outbox = MemoryOutbox(records.outbox, clock, changes)

    @property
    def locks(self) -> MemoryLocks:
        """Names that one unit at a time can hold."""
        return MemoryLocks()

    @property
    def campuses(self) -> MemoryCampuses:
        """Campuses."""
        return MemoryCampuses(self._records.accounts, self._changes)

    @property
    def people(self) -> MemoryPeople:
        """People."""
        return MemoryPeople(self._records.accounts, self._changes)

    @property
    def relations(self) -> MemoryRelations:
        """Friendships and blocks."""
        records = self._records
        return MemoryRelations(records.social, records.accounts, self._changes)

    @property
    def invites(self) -> MemoryInvites:
        """Invites."""
        records = self._records
        return MemoryInvites(records.invites, records.social, records.accounts, self._changes)

    @property
    def logins(self) -> MemoryLogins:
        """How people sign in."""
        records = self._records
        return MemoryLogins(records.auth, records.accounts, self._changes)

    @property
    def registrations(self) -> MemoryRegistrations:
        """Who waits to be verified."""
        records = self._records
        return MemoryRegistrations(records.auth, records.accounts, self._changes)

    @property
    def sessions(self) -> MemorySessions:
        """Who is signed in."""
        records = self._records
        return MemorySessions(records.auth, records.accounts, self._changes)

    @property
    def erasures(self) -> MemoryErasures:
        """How far erasures have come."""
        records = self._records
        return MemoryErasures(records.erasures, records.accounts, self._changes)

    @property
    def messages(self) -> MemoryMessages:
        """Conversations and their messages."""
        records = self._records
        return MemoryMessages(records.conversations, records.accounts, self._changes)

    @property
    def rooms(self) -> MemoryRooms:
        """Rooms, and who is in them."""
        records = self._records
        return MemoryRooms(records.conversations, records.accounts, self._changes)

    @property
    def activities(self) -> MemoryActivities:
        """Activities."""
        return MemoryActivities(self._records.activities, self._records.accounts, self._changes)

    @property
    def actions(self) -> MemoryActions:
        """What was done about cases."""
        records = self._records
        return MemoryActions(records.actions, records.cases, self._changes)

    @property
    def appeals(self) -> MemoryAppeals:
        """Appeals."""
        records = self._records
        return MemoryAppeals(records.appeals, Desk(records.cases, records.actions), self._changes)

    @property
    def cases(self) -> MemoryCases:
        """Cases, and the reports that they gather."""
        return MemoryCases(self._records.cases, self._changes)

    @property
    def audit(self) -> MemoryAudit:
        """What is on record."""
        return MemoryAudit(self._records.audit, self._changes)

    @property
    def restrictions(self) -> MemoryRestrictions:
        """Who is restricted to what."""
        records = self._records
        return MemoryRestrictions(records.restrictions, records.accounts, self._changes)

    @property
    def policies(self) -> MemoryPolicies:
        """Policies of moderation."""
        records = self._records
        return MemoryPolicies(records.policies, records.accounts, self._changes)

    @property
    def decisions(self) -> MemoryDecisions:
        """What was decided by machine."""
        records = self._records
        beside = Beside(records.trust, records.policies)
        return MemoryDecisions(records.decisions, beside, self._changes)

    @property
    def trust(self) -> MemoryTrust:
        """How much people are trusted."""
        return MemoryTrust(self._records.trust, self._changes)

    @property
    def deeds(self) -> MemoryDeeds:
        """What counts on leaderboards."""
        return MemoryDeeds(self._records.deeds, self._changes)

    @property
    def scores(self) -> MemoryScores:
        """Leaderboards."""
        return MemoryScores(self._records.scores, self._changes)

    @cached_property
    def keys(self) -> MemoryKeys:
        """Idempotency keys."""
        return MemoryKeys(self._records.keys, self._clock, self._changes)

    @property
    def handled(self) -> MemoryHandledEvents:
        """What consumer groups have handled."""
        return MemoryHandledEvents(self._records.outbox, self._clock, self._changes)


class MemoryLocks:
    """Locks where a unit is alone anyway."""

    async def take(self, *names: str) -> None:
        """Go on."""


class MemoryUnits:
    """Runs units of work as ``kernel/units.py`` promises; durable as long as the process lives."""

    def __init__(
        self, records: MemoryRecords, clock: Clock, recorded: Callable[[Sequence[Event]], object]
    ) -> None:
        """Work on ``records``; ``recorded`` is told what a unit has recorded."""
        self._records = records
        self._clock = clock
        self._recorded = recorded

    async def write(
        self,
        body: Callable[[MemoryUnit], Awaitable[ResultT]],
        *,
        locking: bool = False,
        brief: bool = False,
    ) -> ResultT:
        """Run ``body``; what it did is kept when it returns, and taken back when it raises."""
        del locking, brief  # units are alone
        await checkpoint()
        return self._run(body, Changes(reading=False))

    async def read(self, body: Callable[[MemoryUnit], Awaitable[ResultT]]) -> ResultT:
        """Run ``body``; what it writes is an error."""
        await checkpoint()
        return self._run(body, Changes(reading=True))

    look = read

    async def past(self, body: Callable[[MemoryUnit], Awaitable[ResultT]]) -> ResultT:
        """Run ``body`` on what may be read as it was."""
        return await self.read(of_past(body))

    def _run(self, body: Callable[[MemoryUnit], Awaitable[ResultT]], changes: Changes) -> ResultT:
        unit = MemoryUnit(self._records, self._clock, changes)
        try:
            result = run_through(body(unit))
            changes.confirm()
        except BaseException:
            changes.take_back()
            raise
        if unit.outbox.events:
            self._recorded(unit.outbox.events)
        return result


class MemoryPeopleSource:
    """Cards and relations of those in memory."""

    def __init__(self, records: MemoryRecords) -> None:
        """Read ``records``."""
        self._records = records

    async def cards(self, people: Collection[UserId]) -> dict[UserId, PersonCard]:
        """The cards of those who exist."""
        known = self._records.accounts.people
        return {user_id: card_of(known[user_id]) for user_id in people if user_id in known}

    async def relations(self, user_id: UserId) -> Relations:
        """The person's friends and blocks; empty for an unknown id."""
        return self._records.social.of(user_id)

    async def relations_of(self, people: Collection[UserId]) -> dict[UserId, Relations]:
        """The same of many."""
        return {user_id: self._records.social.of(user_id) for user_id in people}

    async def friends_of(self, people: Collection[UserId]) -> dict[UserId, Sequence[int]]:
        """The friends of many, as numbers."""
        friends = self._records.social.friends
        return {user_id: [one.int for one in friends.get(user_id, ())] for user_id in people}

    async def circle(self, user_id: UserId) -> tuple[Relations, dict[UserId, Sequence[int]]]:
        """The person's relations, and the friends of their friends."""
        relations = self._records.social.of(user_id)
        return relations, await self.friends_of(relations.friends)


def open_memory(clock: Clock | None = None) -> RelationalStores:
    """Stores of their own with nothing in them, by the machine's clock or another."""
    clock = clock or SystemClock()
    records = MemoryRecords()
    outbox = MemoryOutboxQueue(records.outbox, clock)
    return RelationalStores(
        units=MemoryUnits(records, clock, outbox.recorded),
        people=MemoryPeopleSource(records),
        search=MemoryPeopleIndex(records.accounts.search),
        search_upkeep=MemoryIndexUpkeep(records.accounts),
        keys=MemoryKeyStore(records.keys, clock),
        outbox=outbox,
    )

"""The stores of one deployment, as a frozen set of ports.

Swapping one is one line: ``attrs.evolve(stores, presence=MyPresence())``.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol, runtime_checkable

import attrs

from divan_core.accounts.ports import CampusRepository, PersonRepository
from divan_core.activities.ports import ActivityRepository
from divan_core.auth.ports import LoginRepository, RegistrationRepository, SessionRepository
from divan_core.chat.ports import MessageRepository, RoomRepository
from divan_core.discovery.ports import PeopleIndex, PeopleIndexUpkeep, PeopleRoll, PresenceSignals
from divan_core.erasure.ports import ErasureRepository
from divan_core.idempotency.ports import KeyRepository, KeyStore
from divan_core.kernel.audience import ChangeJournal, PeopleSource
from divan_core.kernel.delivery import EventBus, OutboxQueue
from divan_core.kernel.events import HandledEvents, Outbox
from divan_core.kernel.limits import RateLimits
from divan_core.kernel.notices import PersonNotices
from divan_core.kernel.telemetry import Readings
from divan_core.kernel.turnstile import Turnstile
from divan_core.kernel.units import Locks, Units
from divan_core.leaderboards.ports import DeedRepository, ScoreRepository
from divan_core.moderation.ports import (
    ActionRepository,
    AppealRepository,
    AuditRepository,
    CaseRepository,
)
from divan_core.presence.ports import PresenceIndex, PresenceNotices
from divan_core.safety.ports import (
    DecisionRepository,
    PolicyRepository,
    RestrictionRepository,
    TrustRepository,
)
from divan_core.social.ports import InviteRepository, RelationRepository

REPLICA: Final = "replica"
"""What the health of a replica is told as; it may be away, and everything works."""


@attrs.frozen
class ReplicaAddress:
    """Where a replica of the database is, and how many seconds old what it has may be."""

    url: str
    lag_s: float = 5.0


class StoreUnit(Protocol):
    """The repositories of one transaction."""

    @property
    def locks(self) -> Locks:
        """Names that one unit at a time can hold."""
        ...

    @property
    def campuses(self) -> CampusRepository:
        """Campuses."""
        ...

    @property
    def people(self) -> PersonRepository:
        """People."""
        ...

    @property
    def relations(self) -> RelationRepository:
        """Friendships and blocks."""
        ...

    @property
    def invites(self) -> InviteRepository:
        """Invites."""
        ...

    @property
    def logins(self) -> LoginRepository:
        """How people sign in."""
        ...

    @property
    def registrations(self) -> RegistrationRepository:
        """Who waits to be verified."""
        ...

    @property
    def sessions(self) -> SessionRepository:
        """Who is signed in."""
        ...

    @property
    def erasures(self) -> ErasureRepository:
        """How far erasures have come."""
        ...

    @property
    def messages(self) -> MessageRepository:
        """Conversations and their messages."""
        ...

    @property
    def rooms(self) -> RoomRepository:
        """Rooms, and who is in them."""
        ...

    @property
    def activities(self) -> ActivityRepository:
        """Games between two people."""
        ...

    @property
    def audit(self) -> AuditRepository:
        """What is on record."""
        ...

    @property
    def actions(self) -> ActionRepository:
        """What was done about cases."""
        ...

    @property
    def appeals(self) -> AppealRepository:
        """Appeals."""
        ...

    @property
    def cases(self) -> CaseRepository:
        """Cases, and the reports that they gather."""
        ...

    @property
    def restrictions(self) -> RestrictionRepository:
        """Who is restricted to what."""
        ...

    @property
    def policies(self) -> PolicyRepository:
        """Policies of moderation."""
        ...

    @property
    def decisions(self) -> DecisionRepository:
        """What was decided by machine."""
        ...

    @property
    def trust(self) -> TrustRepository:
        """How much people are trusted."""
        ...

    @property
    def deeds(self) -> DeedRepository:
        """What counts on leaderboards."""
        ...

    @property
    def scores(self) -> ScoreRepository:
        """Leaderboards."""
        ...

    @property
    def keys(self) -> KeyRepository:
        """Idempotency keys."""
        ...

    @property
    def outbox(self) -> Outbox:
        """The events of this unit."""
        ...

    @property
    def handled(self) -> HandledEvents:
        """What consumer groups have handled."""
        ...


@attrs.frozen
class StoreHealth:
    """One dependency's answer to a probe. ``latency_ms`` is the probe's own duration."""

    ok: bool
    latency_ms: float
    detail: Mapping[str, str] = attrs.field(factory=dict)


class StoreLifecycle(Protocol):
    """Opens what a store needs, tells how it is, and closes it."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """Connections, threads and background tasks exist inside the context.

        Raises:
            ConfigurationError: on entry, when the store can never work as configured.
        """
        ...

    async def health(self) -> Mapping[str, StoreHealth]:
        """Probe each dependency within a second; never raises."""
        ...


@runtime_checkable
class Measured(Protocol):
    """A lifecycle that also tells operators figures."""

    def tell(self, readings: Readings) -> None:
        """Say what its store has come to."""
        ...


@attrs.frozen
class RelationalStores:
    """What must last: accounts, the social graph, conversations, keys, and events until settled.

    ``search_roll`` is there where search is worth a copy in the process that asks.
    """

    units: Units[StoreUnit]
    people: PeopleSource
    search: PeopleIndex
    search_upkeep: PeopleIndexUpkeep
    keys: KeyStore
    outbox: OutboxQueue
    lifecycle: tuple[StoreLifecycle, ...] = ()
    search_roll: PeopleRoll | None = None


@attrs.frozen
class LiveStores:
    """What lives for a minute, and what processes tell each other."""

    journal: ChangeJournal
    limits: RateLimits
    turnstile: Turnstile
    presence: PresenceIndex
    signals: PresenceSignals
    notices: PresenceNotices
    person_notices: PersonNotices
    bus: EventBus
    lifecycle: tuple[StoreLifecycle, ...] = ()


@attrs.frozen
class Stores:
    """Every port a deployment needs, and what keeps them running, in opening order."""

    units: Units[StoreUnit]
    people: PeopleSource
    search: PeopleIndex
    search_upkeep: PeopleIndexUpkeep
    keys: KeyStore
    outbox: OutboxQueue
    journal: ChangeJournal
    limits: RateLimits
    turnstile: Turnstile
    presence: PresenceIndex
    signals: PresenceSignals
    notices: PresenceNotices
    person_notices: PersonNotices
    bus: EventBus
    lifecycle: tuple[StoreLifecycle, ...] = ()
    search_roll: PeopleRoll | None = None

    @classmethod
    def of(cls, relational: RelationalStores, live: LiveStores) -> Stores:
        """Both halves together."""
        return cls(
            units=relational.units,
            people=relational.people,
            search=relational.search,
            search_upkeep=relational.search_upkeep,
            keys=relational.keys,
            outbox=relational.outbox,
            journal=live.journal,
            limits=live.limits,
            turnstile=live.turnstile,
            presence=live.presence,
            signals=live.signals,
            notices=live.notices,
            person_notices=live.person_notices,
            bus=live.bus,
            lifecycle=relational.lifecycle + live.lifecycle,
            search_roll=relational.search_roll,
        )

"""What deciding by machine needs from a store, and from others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.events import Outbox
from divan_core.kernel.ids import UserId
from divan_core.kernel.units import Locks
from divan_core.safety.model import KeptPolicy, PolicyId, Restriction, RestrictionId
from divan_core.safety.pacing import Background, Recall
from divan_core.safety.trust import Before, Change, Merit, Trust
from divan_core.safety.verdicts import DecisionId, Period, Place, Verdict, Writing

UnitT_contra = TypeVar("UnitT_contra", contravariant=True)


class RestrictionRepository(Protocol):
    """Keeps who is restricted to what: ``unit.restrictions``.

    Whoever writes here wraps the unit in ``Audience.changing(campus, (person,))``, so that the gate
    of every process knows in its very next answer. Where the database has no tables of moderation,
    nobody is restricted, and writing raises ``StoreUnavailable``.
    """

    async def put(self, restriction: Restriction) -> None:
        """Keep it, replacing the one of the same id. The person exists."""
        ...

    async def get(self, restriction_id: RestrictionId) -> Restriction | None:
        """The restriction, lifted or ended ones included, or None."""
        ...

    async def lift(self, restriction_id: RestrictionId, at: Millis) -> Restriction | None:
        """End it at this moment; what it is now. None where there is none, or it was lifted."""
        ...

    async def of(self, user_id: UserId, at: Millis) -> Sequence[Restriction]:
        """Those of a person that have not ended at this moment, by (since, id).

        Those that begin later are among them. One statement.
        """
        ...

    async def every(
        self, user_id: UserId, after: RestrictionId | None, limit: int
    ) -> Sequence[Restriction]:
        """Up to ``limit`` restrictions of a person with an id above ``after``, by id.

        Lifted and ended ones included. One statement.
        """
        ...

    async def purge(self, before: Millis, most: int) -> int:
        """Delete up to ``most`` that ended, or were lifted, before a moment; how many it were."""
        ...

    async def over(self, before: Millis) -> int:
        """How many of these there are."""
        ...


class PolicyRepository(Protocol):
    """Keeps policies: ``unit.policies``. Where the database has no tables of moderation, none."""

    async def add(self, policy: KeptPolicy) -> None:
        """Keep a new one, which is not active. Its author exists.

        Raises:
            PolicyExists: there is one of this version; nothing of the unit is kept.
        """
        ...

    async def get(self, policy_id: PolicyId) -> KeptPolicy | None:
        """The policy, or None."""
        ...

    async def page(self, before: PolicyId | None, limit: int) -> Sequence[KeptPolicy]:
        """Up to ``limit`` policies by id descending, below ``before``. One statement."""
        ...

    async def active(self) -> KeptPolicy | None:
        """The one that is active, or None. One statement."""
        ...

    async def activate(self, policy_id: PolicyId | None, by: UserId, at: Millis) -> None:
        """From now on this one is active and no other; none at all where that is None.

        It exists. The unit holds a lock under which nobody else does the same.
        """
        ...


class DecisionRepository(Protocol):
    """Keeps what was decided by machine: ``unit.decisions``. It has ids and numbers, no words.

    Where the database has no tables of moderation, nothing is decided.
    """

    async def background(self, *recalls: Recall) -> Background | None:
        """What deciding goes by: of each what they wrote in the while before a moment, and trust.

        None where nothing can be kept. A span begins after the moment that it goes back to, and
        ends with this one. One statement for all where the database is another process.
        """
        ...

    async def add(self, *verdicts: Verdict) -> None:
        """Keep decisions; a second one of the same id is none. One statement."""
        ...

    async def get(self, decision_id: DecisionId) -> Verdict | None:
        """The decision, or None."""
        ...

    async def about(
        self, subject_id: UUID, others: Collection[DecisionId], limit: int
    ) -> Sequence[Verdict]:
        """The first ``limit`` decisions about something, and these ``others``, by moment and id."""
        ...

    async def page(self, period: Period, after: Place | None, limit: int) -> Sequence[Verdict]:
        """Up to ``limit`` decisions of a period by moment and id, above a place. One statement."""
        ...

    async def count(self, period: Period) -> int:
        """How many decisions there are of a period."""
        ...

    async def purge(self, before: Millis, most: int) -> int:
        """Delete up to ``most`` decisions of before a moment; how many it were."""
        ...

    async def over(self, before: Millis) -> int:
        """How many of these there are."""
        ...

    async def count_of(self, author_id: UserId) -> int:
        """How many decisions there are about what somebody wrote."""
        ...

    async def remove_of(self, author_id: UserId, most: int) -> int:
        """Delete up to ``most`` of these; how many it were."""
        ...


class TrustRepository(Protocol):
    """Keeps how much people are trusted, and why: ``unit.trust``."""

    async def get(self, user_id: UserId) -> Trust | None:
        """Somebody's trust; None where nothing has changed it yet."""
        ...

    async def before(self, *causes: tuple[UserId, str]) -> Sequence[Before]:
        """What there is of each of these people before a cause changes their trust, in order.

        One statement where the database is another process.
        """
        ...

    async def put(self, trust: Mapping[UserId, Trust]) -> None:
        """Keep the trust of each, in place of what it was. One statement."""
        ...

    async def add(self, *changes: tuple[UserId, Change]) -> None:
        """Keep why the trust of each is changed; a cause that has counted stays as it is.

        No two have the same cause for the same person. One statement.
        """
        ...

    async def counted(self, user_id: UserId, merit: Merit, after: Millis) -> int:
        """How often something has changed it after a moment."""
        ...

    async def count_of(self, user_id: UserId) -> int:
        """How many rows there are of somebody."""
        ...

    async def remove_of(self, user_id: UserId, most: int) -> int:
        """Delete up to ``most`` of these; how many it were."""
        ...


class DecidingUnit(Protocol):
    """What deciding uses of a unit of work."""

    @property
    def locks(self) -> Locks:
        """Names that one unit at a time can hold."""
        ...

    @property
    def policies(self) -> PolicyRepository:
        """Policies."""
        ...

    @property
    def decisions(self) -> DecisionRepository:
        """What was decided."""
        ...

    @property
    def trust(self) -> TrustRepository:
        """How much people are trusted."""
        ...

    @property
    def outbox(self) -> Outbox:
        """The events of this unit."""
        ...


@attrs.frozen
class Author:
    """What is known of somebody: since when they are here, and whether their address is theirs."""

    since: Millis
    verified: bool = False


@attrs.frozen
class Reported:
    """What is known of a case: whose its subject is, and who reports what is theirs.

    ``crowd`` is how many different people did so since a moment whose word has weight.
    """

    owner_id: UserId | None
    crowd: int = 0


class Witness(Protocol[UnitT_contra]):
    """What other contexts know of what is decided about; asked in the unit that decides."""

    async def writings(
        self, unit: UnitT_contra, subject_type: str, subjects: Collection[UUID]
    ) -> Mapping[UUID, Writing]:
        """What these of one type say now; those that are gone are left out. Few statements."""
        ...

    async def authors(
        self, unit: UnitT_contra, people: Sequence[UserId]
    ) -> Mapping[UserId, Author]:
        """Who these are; those who are gone are left out. Few statements, however many."""
        ...

    async def reported(self, unit: UnitT_contra, case_id: UUID, since: Millis) -> Reported | None:
        """What is known of a case, and who has reported its owner since a moment, or None."""
        ...

    async def reporters(self, unit: UnitT_contra, case_id: UUID) -> Sequence[tuple[UUID, UserId]]:
        """The reports of a case with who sent them; of a very large crowd the first ones."""
        ...

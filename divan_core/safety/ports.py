"""What deciding by machine needs from a store, and from others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.safety.model import KeptPolicy, PolicyId, Restriction, RestrictionId


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

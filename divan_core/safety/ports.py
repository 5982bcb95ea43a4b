"""What deciding by machine needs from a store, and from others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.safety.model import Restriction, RestrictionId


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

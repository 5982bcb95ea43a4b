"""What discovery needs from a store, and from others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from divan_core.discovery.model import Entry, Wanted
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.values import value


@value
class Resembling:
    """People whom a query fits less well: those of the second and of the third tier."""

    inside: Sequence[Entry]
    similar: Sequence[Entry]


class PeopleIndex(Protocol):
    """Finds people of a campus by their names.

    Only those who show themselves to everyone: visibility ``everyone``, no ghost, neither
    deleted nor banned nor shadowed. What a unit of work has committed is found by the next call.
    Tiers and the order of their cut are those of ``discovery.policy``: ``tier_of`` and ``fit``.

    Every method raises ``StoreUnavailable`` when the store does not answer in time.
    """

    async def beginning(self, campus_id: CampusId, wanted: Wanted, most: int) -> Sequence[Entry]:
        """The first ``most`` people of the first tier, in the order of its cut. One statement."""
        ...

    async def resembling(self, campus_id: CampusId, wanted: Wanted, most: int) -> Resembling:
        """The first ``most`` people of the second and of the third tier, each in order.

        Nobody is in two tiers. One statement.
        """
        ...


@value
class IndexState:
    """How many people show themselves to everyone, and how many of them search knows."""

    shown: int
    indexed: int


@value
class Reindexed:
    """What a portion of reindexing did: people looked at, those found wrong, and the last one."""

    seen: int
    mended: int
    last: UserId | None


class PeopleIndexUpkeep(Protocol):
    """Looks after the index, which units that change people keep by themselves.

    Every method raises ``StoreUnavailable`` when the store does not answer in time.
    """

    async def state(self) -> IndexState:
        """How complete the index is. Counts everybody."""
        ...

    async def reindex(self, after: UserId | None, most: int) -> Reindexed:
        """Make the rows of up to ``most`` people anew, in the order of their ids, all campuses.

        Others may write and search meanwhile. ``last`` is None when nobody is left.
        """
        ...

    async def tidy(self) -> None:
        """Remove what belongs to nobody, and bring the index into its quickest form."""
        ...

    async def purge(self, most: int) -> int:
        """Look at up to ``most`` names that somebody has given up, and forget those nobody has.

        How many were looked at.
        """
        ...

"""What erasure needs from a store, and from whoever keeps something of people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from divan_core.erasure.model import Erasure, Leaver
from divan_core.kernel.ids import UserId

UnitT_contra = TypeVar("UnitT_contra", contravariant=True)


class ErasureRepository(Protocol):
    """Keeps how far erasures have come."""

    async def get(self, user_id: UserId) -> Erasure | None:
        """The person's erasure, finished or not, or None."""
        ...

    async def put(self, erasure: Erasure) -> None:
        """Keep it, replacing that of the same person, who exists."""
        ...

    async def waiting(self, most: int) -> Sequence[Erasure]:
        """Up to ``most`` that are not finished, those first that began first."""
        ...


class Step(Protocol[UnitT_contra]):
    """One thing to remove of somebody who leaves. Doing it again does no harm.

    ``name`` stays the same for ever: it stands in erasures that wait.
    """

    @property
    def name(self) -> str:
        """What is removed, in a word or two."""
        ...

    async def count(self, unit: UnitT_contra, leaver: Leaver) -> int:
        """How much there is to remove."""
        ...

    async def touched(self, unit: UnitT_contra, leaver: Leaver) -> Sequence[UserId]:
        """Others who will look different once the next portion is removed."""
        ...

    async def remove(self, unit: UnitT_contra, leaver: Leaver, touched: Sequence[UserId]) -> int:
        """Remove a portion, where others are involved that of ``touched``; 0 once all is gone."""
        ...


class Outside(Protocol):
    """Something that is kept elsewhere than in the database."""

    async def __call__(self, leaver: Leaver) -> None:
        """Forget it. Doing it again does no harm.

        Raises:
            StoreUnavailable: it is to be tried again.
        """
        ...


class Departure(Protocol[UnitT_contra]):
    """Whoever keeps the people."""

    async def depart(self, unit: UnitT_contra, leaver: Leaver) -> None:
        """Let nothing of the person's own be left but their id; nobody sees them from now on.

        Raises:
            NotFound: there is no such person.
        """
        ...

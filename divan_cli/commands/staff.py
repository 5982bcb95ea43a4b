"""As whom operators look at the desk."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:  # loading it takes as long as all the rest of a command
    from divan_core.kernel.actor import Actor


def operator() -> Actor:
    """Whoever has the database: nobody of it, and free to see all campuses."""
    from divan_core.kernel.actor import ADMIN, Actor
    from divan_core.kernel.ids import CampusId, UserId

    nobody = UUID(int=0)
    return Actor(UserId(nobody), CampusId(nobody), frozenset({ADMIN}))

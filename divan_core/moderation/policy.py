"""Pure rules of the desk."""

from __future__ import annotations

from divan_core.errors import NotAllowed
from divan_core.kernel.actor import ADMIN, MODERATOR, Actor
from divan_core.kernel.ids import CampusId


def check_staff(actor: Actor) -> CampusId | None:
    """The campus to which a member of staff is limited; None for all of them.

    Raises:
        NotAllowed: the actor is not of the staff.
    """
    if ADMIN in actor.roles:
        return None
    if MODERATOR in actor.roles:
        return actor.campus_id
    raise NotAllowed("This is for staff.")

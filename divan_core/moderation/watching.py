"""What sockets are told of cases: staff of all that happens, whoever appealed of the outcome."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final
from uuid import UUID

import attrs

from divan_core.errors import NotAllowed, NotFound
from divan_core.kernel.actor import Actor
from divan_core.kernel.events import Event
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.notices import PersonNotice
from divan_core.kernel.units import Units
from divan_core.moderation import policy
from divan_core.moderation.appealmessages import APPEAL_RESOLVED, APPEAL_UPDATE, OWN
from divan_core.moderation.messages import REPORT_RECEIVED, CaseView
from divan_core.moderation.model import Case, CaseId
from divan_core.moderation.ports import DeskUnit

MOD: Final = "mod"
"""The topic of notices about cases, and so the namespace (``/mod``)."""

CASE_NEW: Final = "case:new"
CASE_UPDATE: Final = "case:update"
"""The names of notices, and what sockets are sent."""

NOBODY: Final = UserId(UUID(int=0))
"""Whom these notices are for: no one person, but whoever watches."""


async def notices_of(_unit: object, event: Event) -> tuple[PersonNotice, ...]:
    """What is to be told of an event about a case: that something happened to it, in ids.

    A case is new with its first report, whatever else has come in before this is told. Whoever
    appealed is told apart, and of nothing but that it was decided.
    """
    is_new = event.name == REPORT_RECEIVED and event.data["reports"] == 1
    data = {"case_id": event.data["case_id"], "change": event.name}
    name = CASE_NEW if is_new else CASE_UPDATE
    watchers = PersonNotice(event.campus_id, NOBODY, MOD, name, data)
    return (watchers, *_outcomes(event))


def _outcomes(event: Event) -> Iterator[PersonNotice]:
    if event.name == APPEAL_RESOLVED:
        appellant, told = UserId(UUID(event.data["appellant_id"])), event.data["appeal_id"]
        data = {"appeal_id": told}
        yield PersonNotice(event.campus_id, appellant, OWN, APPEAL_UPDATE, data)


@attrs.frozen
class Watched:
    """A case as it is now; whether somebody is told of it, nothing but :meth:`shown_to` decides."""

    view: CaseView
    _case: Case

    def shown_to(self, actor: Actor) -> bool:
        """Whether an actor may see the case, as ``GET /cases/{id}`` has it."""
        try:
            policy.check_case(actor, self._case)
        except (NotAllowed, NotFound):
            return False
        return True


class Watching:
    """Reads once for everybody of a process who watches the queue."""

    def __init__(self, units: Units[DeskUnit]) -> None:
        """Read through ``units``."""
        self._units = units

    def scope(self, actor: Actor) -> CampusId | None:
        """The campus whose cases somebody may watch; None for all of them.

        Raises:
            NotAllowed: the actor is not of the staff.
        """
        return policy.check_staff(actor)

    async def cases(self, case_ids: Collection[UUID]) -> dict[UUID, Watched]:
        """These cases as they are now, by id; those that are not there are left out.

        Raises:
            StoreUnavailable: they cannot be read now.
        """

        async def body(unit: DeskUnit) -> Sequence[Case]:
            return await unit.cases.get_many({CaseId(one) for one in case_ids})

        found = await self._units.look(body)
        return {one.id: Watched(policy.case_view(one), one) for one in found}

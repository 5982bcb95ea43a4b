"""What the services of the desk are built from, and what they share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import attrs

from divan_core.errors import InvalidCursor
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Clock
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.ids import CampusId, Ids
from divan_core.kernel.limits import Limit
from divan_core.kernel.once import Once
from divan_core.kernel.paging import CursorSealer
from divan_core.kernel.trail import Deed, Trail
from divan_core.moderation.model import Case
from divan_core.moderation.ports import Decided, DeskUnit, People, Subjects
from divan_core.moderation.pseudonyms import Pseudonyms

_ID_BYTES = 16


@attrs.frozen
class DeskTools:
    """What the services are built from, besides their store.

    ``limit`` is how often one person may report. ``candid`` are the campuses that tell people of
    what was to go unnoticed, too.
    """

    subjects: Subjects
    people: People
    decided: Decided
    once: Once[DeskUnit]
    trail: Trail[DeskUnit]
    clock: Clock
    ids: Ids
    sealer: CursorSealer
    pseudonyms: Pseudonyms
    limit: Limit
    candid: frozenset[CampusId] = frozenset()


def event(tools: DeskTools, topic: str, name: str, case: Case) -> Event:
    """That something happened to a case; ids and names, nothing of what anybody said."""
    return Event(
        id=EventId(tools.ids.uuid()),
        topic=topic,
        name=name,
        campus_id=case.campus_id,
        aggregate=case.about,
        at=tools.clock.now(),
        data={
            "case_id": str(case.id),
            "subject_type": case.subject.kind.value,
            "subject_id": str(case.subject.id),
            "status": case.status.value,
            "severity": case.standing.severity,
            "reports": case.standing.reports,
        },
    )


def deed(
    tools: DeskTools, actor: Actor | None, name: str, case: Case, words: str | None = None
) -> Deed:
    """That somebody did something with a case, or nobody: a rule."""
    data: Mapping[str, Any] = {
        "subject_type": case.subject.kind.value,
        "subject_id": str(case.subject.id),
        "status": case.status.value,
        "severity": case.standing.severity,
        "assigned_to": None if case.hold.assigned_to is None else str(case.hold.assigned_to),
    }
    return Deed(
        action=name,
        about=case.about,
        at=tools.clock.now(),
        campus_id=case.campus_id,
        actor_id=None if actor is None else actor.user_id,
        person_id=case.owner_id,
        data=data,
        words=words,
    )


@attrs.frozen
class Place:
    """A position in a list by id, that only its viewer can use, for this list alone."""

    sealer: CursorSealer
    binding: bytes

    def open(self, cursor: str | None) -> UUID | None:
        """The id after which to go on; None at the beginning.

        Raises:
            InvalidCursor: it is not of this list.
        """
        if cursor is None:
            return None
        position = self.sealer.open(cursor, self.binding)
        if len(position) != _ID_BYTES:
            raise InvalidCursor("Start again without a cursor.")
        return UUID(bytes=position)

    def seal(self, last: UUID) -> str:
        """The cursor of what comes after an id."""
        return self.sealer.seal(last.bytes, self.binding)

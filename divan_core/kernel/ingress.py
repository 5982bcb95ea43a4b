"""What people write, on its way to whoever decides about it by machine: the event that tells of it.

Every context whose writing others see records one with the write itself. It has ids only: what was
written is read by whoever decides, as it stands then.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from divan_core.kernel.clock import Millis
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.values import value

INGRESS: Final = "mod:ingress"
"""The topic of what people write."""

WRITTEN: Final = "content.written"
"""Something was written, or written anew."""


@value
class Written:
    """Something that somebody wrote.

    That is a ``message``, the name of a ``room``, a ``turn`` of a game, or what a ``user`` tells of
    themselves.
    """

    subject_type: str
    subject_id: UUID
    author_id: UserId
    campus_id: CampusId


def ingress(written: Written, event_id: UUID, at: Millis) -> Event:
    """That something was written. Of one author it stays in order."""
    return Event(
        id=EventId(event_id),
        topic=INGRESS,
        name=WRITTEN,
        campus_id=written.campus_id,
        aggregate=f"person:{written.author_id}",
        at=at,
        data={
            "subject_type": written.subject_type,
            "subject_id": str(written.subject_id),
            "author_id": str(written.author_id),
        },
    )

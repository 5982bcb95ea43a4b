"""What was done and stays on record: deeds, and the trail that they are written into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId

UnitT_contra = TypeVar("UnitT_contra", contravariant=True)

LONGEST_ABOUT = 128
"""The longest name of what a deed is about, in characters."""


@attrs.frozen
class Deed:
    """Something that somebody decided, named in the past tense: ``case.dismissed``.

    ``about`` is what it was done to (``case:<id>``); ``campus_id`` is None where it concerns all
    campuses, ``actor_id`` where nobody did it but a rule. ``data`` is JSON of ids, numbers and
    names, never of people's own words. Those are in ``words``, which can be erased without a
    trace of what they were when ``person_id``, whom they are about, is erased.
    """

    action: str
    about: str = attrs.field(validator=attrs.validators.max_len(LONGEST_ABOUT))
    at: Millis
    campus_id: CampusId | None = None
    actor_id: UserId | None = None
    person_id: UserId | None = None
    data: Mapping[str, Any] = attrs.field(factory=dict)
    words: str | None = attrs.field(default=None, repr=False)


class Trail(Protocol[UnitT_contra]):
    """Writes deeds down in the transaction that does them."""

    async def append(self, unit: UnitT_contra, *deeds: Deed) -> None:
        """Record these, in this order, after all that is on record.

        From here to its end the unit is alone with the record, so it is the last thing it does.
        """
        ...

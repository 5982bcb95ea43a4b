"""What presence needs from a store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from divan_core.kernel.clock import Millis
from divan_core.kernel.geo import CampusArea
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.limits import Limit
from divan_core.presence.model import (
    Cell,
    Heard,
    Neighbourhood,
    Notice,
    PersonKey,
    PresenceRecord,
    Reach,
    Rule,
)


class PresenceIndex(Protocol):
    """Keeps presence records and finds people by public cell. One round trip per call.

    A person is found in their record's cell exactly while :meth:`PresenceRecord.online`; expiry is
    a comparison with ``now``, never a timer. Records are dropped after ``keep_until``; when the
    person was last heard is kept for a day.

    Every method raises ``StoreUnavailable`` when the store does not answer in time.
    """

    async def amend(
        self, key: PersonKey, rule: Rule, now: Millis, limit: Limit | None = None
    ) -> PresenceRecord:
        """Apply a rule to the person's record, as one step against all processes and devices.

        The rule may run more than once. With a ``limit`` one action of the person is admitted and
        remembered in the same step; refused ones are not remembered. Moves between public cells
        (arriving and leaving included) go out as notices.

        Raises:
            RateLimited: the limit is reached; the record is unchanged.
            DivanError: the rule's own refusal, after its record is kept.
        """
        ...

    async def around(
        self, key: PersonKey, reach: Reach, now: Millis, *, since: bytes, limit: Limit | None = None
    ) -> Neighbourhood:
        """Who is around this person, and the journal's news after the position ``since``.

        With a ``limit`` one action is admitted and remembered, unless there is no live presence.
        A pair of a cell and its people that is the same object as in an earlier answer costs less
        to list, so stores do well to keep pairs while the same people are there.

        Raises:
            RateLimited: the limit is reached.
        """
        ...

    async def record(self, key: PersonKey, now: Millis) -> PresenceRecord | None:
        """The person's record, or None where nothing is kept any more."""
        ...

    async def heard(
        self, campus_id: CampusId, people: Collection[UserId], now: Millis
    ) -> Mapping[UserId, Heard]:
        """When these were last heard within a day; the others are left out."""
        ...

    async def sweep(self, campus_id: CampusId, now: Millis) -> None:
        """Drop what has ended, and send the notices of those whose last lease ran out."""
        ...

    async def everybody(self, campus_id: CampusId, now: Millis) -> Mapping[UserId, Cell]:
        """Everyone online and their public cell: for operators and simulations, never for people.

        Costs as much as there are people online.
        """
        ...


class PresenceNotices(Protocol):
    """Tells every process what may change somebody's answer."""

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[Notice]]:
        """All notices from now on, from every process, this one included.

        The backlog is bounded: whoever reads too slowly gets one ``NoticesLost`` instead.
        """
        ...


class CampusAreas(Protocol):
    """Where campuses are."""

    def kept(self, campus_id: CampusId) -> CampusArea | None:
        """The campus's area if it is known here, which nobody needs to await; else None."""
        ...

    async def area(self, campus_id: CampusId) -> CampusArea | None:
        """The campus's area, or None if there is no such campus."""
        ...

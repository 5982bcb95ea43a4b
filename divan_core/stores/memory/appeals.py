"""Appeals in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import attrs

from divan_core.errors import AlreadyAppealed
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.units import UnitMisused
from divan_core.moderation.appealmodel import Appeal, AppealFilter, AppealId, AppealStatus
from divan_core.moderation.model import Case, CaseId
from divan_core.stores.memory.actions import ActionRecords
from divan_core.stores.memory.cases import CaseRecords
from divan_core.stores.memory.changes import Changes


@attrs.define
class AppealRecords:
    """All appeals."""

    appeals: dict[AppealId, Appeal] = attrs.field(factory=dict)


@attrs.frozen
class Desk:
    """What appeals are about."""

    cases: CaseRecords
    actions: ActionRecords


class MemoryAppeals:
    """Keeps appeals."""

    def __init__(self, records: AppealRecords, desk: Desk, changes: Changes) -> None:
        """Work on ``records`` about what is in ``desk``; how to undo it goes into ``changes``."""
        self._records = records
        self._cases = desk.cases.cases
        self._actions = desk.actions.actions
        self._changes = changes

    async def get(self, appeal_id: AppealId) -> Appeal | None:
        """The appeal, or None."""
        return self._records.appeals.get(appeal_id)

    async def put(self, appeal: Appeal) -> None:
        """Keep it, replacing the one of the same id."""
        self._changes.begin()
        if appeal.case_id not in self._cases:
            raise self._changes.failed(UnitMisused("An appeal's case does not exist."))
        alike = (appeal.case_id, appeal.appellant_id)
        if any(
            (one.case_id, one.appellant_id) == alike and one.id != appeal.id for one in self._all()
        ):
            raise self._changes.failed(AlreadyAppealed())
        self._changes.set(self._records.appeals, appeal.id, appeal)

    async def of_case(self, case_id: CaseId, limit: int) -> Sequence[Appeal]:
        """The first ``limit`` appeals of a case, by id."""
        return [one for one in self._all() if one.case_id == case_id][:limit]

    async def of_person(
        self, appellant_id: UserId, case_ids: Collection[CaseId]
    ) -> Sequence[Appeal]:
        """Somebody's appeals about these cases, in any order."""
        theirs = (one for one in self._all() if one.appellant_id == appellant_id)
        return [one for one in theirs if one.case_id in case_ids]

    async def by(
        self, appellant_id: UserId, after: AppealId | None, limit: int
    ) -> Sequence[Appeal]:
        """Up to ``limit`` appeals of somebody with an id above ``after``, by id."""
        theirs = (one for one in self._all() if one.appellant_id == appellant_id)
        return [one for one in theirs if after is None or one.id > after][:limit]

    async def page(
        self, wanted: AppealFilter, before: AppealId | None, limit: int
    ) -> Sequence[Appeal]:
        """Up to ``limit`` appeals that fit, by id descending."""
        found = [
            one
            for one in reversed(self._all())
            if (before is None or one.id < before)
            and wanted.fits(one, self._cases[one.case_id].owner_id)
        ]
        return found[:limit]

    async def tally(self, campus_id: CampusId | None, since: Millis) -> Mapping[AppealStatus, int]:
        """How many wait, and how many were decided how since a moment."""
        here = (one for one in self._all() if campus_id in {None, one.campus_id})
        return Counter(
            one.status
            for one in here
            if one.is_open or (one.resolved_at is not None and one.resolved_at >= since)
        )

    async def urgent(self, admin: UserId, now: Millis, limit: int) -> Sequence[Case]:
        """Up to ``limit`` cases of which an appeal waits and that this admin may take up."""
        involved = {
            one.case_id
            for one in self._actions.values()
            if admin in {one.by, one.confirmed_by, one.person_id}
        }
        found = (
            one
            for one in self._cases.values()
            if one.appeal_open
            and one.id not in involved
            and admin not in {one.owner_id, one.decided_by}
            and one.hold.is_free(admin, now)
        )
        return sorted(found, key=lambda one: (-one.standing.severity, one.id))[:limit]

    async def count_words(self, person_id: UserId) -> int:
        """How many appeals of somebody have a note, or one about their outcome."""
        return len(self._worded(person_id))

    async def erase_words(self, person_id: UserId, most: int) -> int:
        """Remove both from up to ``most`` of these; how many it were."""
        self._changes.begin()
        found = self._worded(person_id)[:most]
        for one in found:
            emptied = attrs.evolve(one, note=None, outcome_note=None)
            self._changes.set(self._records.appeals, one.id, emptied)
        return len(found)

    def _all(self) -> list[Appeal]:
        return sorted(self._records.appeals.values(), key=lambda one: one.id)

    def _worded(self, person_id: UserId) -> list[Appeal]:
        return [
            one
            for one in self._all()
            if one.appellant_id == person_id and (one.note, one.outcome_note) != (None, None)
        ]

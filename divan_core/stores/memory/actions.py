"""What was done about cases, in memory."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.kernel.units import UnitMisused
from divan_core.moderation.actionmodel import UNNOTICED, UNTOLD, Action, ActionId
from divan_core.moderation.model import CaseId, Subject
from divan_core.stores.memory.cases import CaseRecords
from divan_core.stores.memory.changes import Changes


@attrs.define
class ActionRecords:
    """All actions."""

    actions: dict[ActionId, Action] = attrs.field(factory=dict)


class MemoryActions:
    """Keeps what was done about cases."""

    def __init__(self, records: ActionRecords, cases: CaseRecords, changes: Changes) -> None:
        """Work on ``records`` about those in ``cases``; how to undo it goes into ``changes``."""
        self._records = records
        self._cases = cases
        self._changes = changes

    async def get(self, action_id: ActionId) -> Action | None:
        """The action, ended or not, or None."""
        return self._records.actions.get(action_id)

    async def put(self, action: Action) -> None:
        """Keep it, replacing the one of the same id."""
        self._changes.begin()
        if action.case_id not in self._cases.cases:
            raise self._changes.failed(UnitMisused("An action's case does not exist."))
        self._changes.set(self._records.actions, action.id, action)

    async def of_case(self, case_id: CaseId, limit: int) -> Sequence[Action]:
        """The first ``limit`` actions of a case, by id."""
        return [one for one in self._all() if one.case_id == case_id][:limit]

    async def felt_by(
        self, person_id: UserId, before: ActionId | None, limit: int, *, hidden_too: bool
    ) -> Sequence[Action]:
        """Up to ``limit`` actions on somebody that they may know of, by id descending."""
        left_out = UNTOLD if hidden_too else UNTOLD | UNNOTICED
        found = [
            one
            for one in reversed(self._all())
            if one.person_id == person_id
            and one.begun
            and one.kind not in left_out
            and (before is None or one.id < before)
        ]
        return found[:limit]

    async def in_force(self, target: Subject) -> Sequence[Action]:
        """The actions on a target that have not ended, by id."""
        return [one for one in self._all() if one.target == target and one.end is None]

    async def due(self, now: Millis, most: int) -> Sequence[Action]:
        """Up to ``most`` actions that end by themselves and whose time has come, by that."""
        due = [
            (one.until, one.id, one)
            for one in self._all()
            if one.end is None and one.until is not None and one.until <= now
        ]
        return [one for _, _, one in sorted(due, key=lambda each: each[:2])[:most]]

    async def count_words(self, person_id: UserId) -> int:
        """How many actions hold words about a person."""
        return len(self._worded(person_id))

    async def erase_words(self, person_id: UserId, most: int) -> int:
        """Remove reason and note from up to ``most`` of these; how many it were."""
        self._changes.begin()
        found = self._worded(person_id)[:most]
        for one in found:
            emptied = attrs.evolve(one, reason=None, note=None)
            self._changes.set(self._records.actions, one.id, emptied)
        return len(found)

    def _all(self) -> Sequence[Action]:
        return sorted(self._records.actions.values(), key=lambda one: one.id)

    def _worded(self, person_id: UserId) -> Sequence[Action]:
        return [
            one
            for one in self._all()
            if one.person_id == person_id and (one.reason, one.note) != (None, None)
        ]

"""What was decided by machine, in memory."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import partial
from uuid import UUID

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.safety.pacing import REPEAT_MS, Background, Known, Lately, Recall
from divan_core.safety.verdicts import DecisionId, Period, Place, Verdict
from divan_core.stores.memory.changes import Changes
from divan_core.stores.memory.policies import PolicyRecords
from divan_core.stores.memory.trust import TrustRecords


def _places() -> defaultdict[UserId, list[Place]]:
    return defaultdict(list)


@attrs.define
class DecisionRecords:
    """All decisions; where each stands among all of them, and among those about its author."""

    decisions: dict[DecisionId, Verdict] = attrs.field(factory=dict)
    order: list[Place] = attrs.field(factory=list)
    by_author: defaultdict[UserId, list[Place]] = attrs.field(factory=_places)


@attrs.frozen
class Beside:
    """What else deciding goes by."""

    trust: TrustRecords
    policies: PolicyRecords


class MemoryDecisions:
    """Keeps what was decided."""

    def __init__(self, records: DecisionRecords, others: Beside, changes: Changes) -> None:
        """Work on ``records``, beside ``others``; how to undo it goes into ``changes``."""
        self._records = records
        self._others = others
        self._changes = changes

    async def background(self, *recalls: Recall) -> Background:
        """What each wrote in the while before a moment, trust, and the policy in force."""
        trust, active = self._others.trust.trust, self._others.policies.active
        known = (Known(self._lately(one), trust.get(one.author_id)) for one in recalls)
        return Background(tuple(known), None if active is None else active.id)

    def _lately(self, recall: Recall) -> Lately:
        theirs = self._records.by_author.get(recall.author_id, [])
        first = bisect_left(theirs, (Millis(recall.at - recall.longest + 1),))
        until = bisect_left(theirs, (Millis(recall.at + 1),))
        found = [self._records.decisions[one] for _, one in theirs[first:until]]
        same = [one for one in found if recall.print is not None and one.print == recall.print]
        kind = [one.at for one in found if one.written.subject_type == recall.subject_type]
        return Lately(
            sum(one.at > recall.at - REPEAT_MS for one in same),
            tuple(sum(at > recall.at - span for at in kind) for span in recall.spans),
        )

    async def add(self, *verdicts: Verdict) -> None:
        """Keep decisions; a second one of the same id is none."""
        self._changes.begin()
        for one in verdicts:
            self._add(one)

    def _add(self, verdict: Verdict) -> None:
        if verdict.id in self._records.decisions:
            return
        self._changes.set(self._records.decisions, verdict.id, verdict)
        for places in self._places(verdict):
            insort(places, _place(verdict))
            self._changes.did(partial(places.remove, _place(verdict)))

    async def get(self, decision_id: DecisionId) -> Verdict | None:
        """The decision, or None."""
        return self._records.decisions.get(decision_id)

    async def about(
        self, subject_id: UUID, others: Collection[DecisionId], limit: int
    ) -> Sequence[Verdict]:
        """The first decisions about something, and these others, by moment and id."""
        found = [
            one
            for one in self._records.decisions.values()
            if one.written.subject_id == subject_id or one.id in others
        ]
        return sorted(found, key=_place)[:limit]

    async def page(self, period: Period, after: Place | None, limit: int) -> Sequence[Verdict]:
        """Up to ``limit`` decisions of a period by moment and id, above a place."""
        order = self._records.order
        first = bisect_left(order, (period.since,))
        if after is not None:
            first = max(first, bisect_right(order, after))
        found = list[Verdict]()
        for number in range(first, len(order)):
            at, decision_id = order[number]
            if at >= period.until or len(found) == limit:
                break
            verdict = self._records.decisions[decision_id]
            if period.campus_id in {None, verdict.written.campus_id}:
                found.append(verdict)
        return found

    async def count(self, period: Period) -> int:
        """How many decisions there are of a period."""
        return len(await self.page(period, None, len(self._records.order)))

    async def purge(self, before: Millis, most: int) -> int:
        """Delete up to ``most`` decisions of before a moment; how many it were."""
        until = bisect_left(self._records.order, (before,))
        return self._remove(self._records.order[: min(until, most)])

    async def over(self, before: Millis) -> int:
        """How many of these there are."""
        return bisect_left(self._records.order, (before,))

    async def count_of(self, author_id: UserId) -> int:
        """How many decisions there are about what somebody wrote."""
        return len(self._records.by_author.get(author_id, ()))

    async def remove_of(self, author_id: UserId, most: int) -> int:
        """Delete up to ``most`` of these; how many it were."""
        return self._remove(self._records.by_author.get(author_id, [])[:most])

    def _remove(self, places: Sequence[Place]) -> int:
        self._changes.begin()
        for _, one in places:
            verdict = self._records.decisions[one]
            self._changes.drop(self._records.decisions, one)
            for kept in self._places(verdict):
                kept.remove(_place(verdict))
                self._changes.did(partial(insort, kept, _place(verdict)))
        return len(places)

    def _places(self, verdict: Verdict) -> tuple[list[Place], list[Place]]:
        return self._records.order, self._records.by_author[verdict.written.author_id]


def _place(verdict: Verdict) -> Place:
    return verdict.at, verdict.id

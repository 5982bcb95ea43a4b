"""How the desk is doing, in numbers."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Clock, Millis
from divan_core.kernel.ids import UserId
from divan_core.kernel.telemetry import Gauge, Telemetry
from divan_core.kernel.units import Units
from divan_core.moderation import policy
from divan_core.moderation.appealmodel import AppealStatus
from divan_core.moderation.messages import Day, DaysQuery, Kpis, Load, Trends, Workload
from divan_core.moderation.model import CaseStatus, Course, Decision, Waiting
from divan_core.moderation.policy import DAY_MS
from divan_core.moderation.ports import AppealUnit

MOST: Final = 100_000
"""So many of the newest cases are counted at most."""

WEEK_MS: Final = 7 * DAY_MS

WAITING: Final = Gauge(
    "divan_cases_waiting", "Cases that wait for staff", ("status",), across="most"
)
OLDEST: Final = Gauge(
    "divan_cases_oldest_seconds", "Age of the oldest case that waits for staff", across="most"
)


class Dashboard:
    """Numbers of the actor's campus; to admins, of all. They may be some seconds old."""

    def __init__(self, units: Units[AppealUnit], clock: Clock) -> None:
        """Read through ``units``."""
        self._units = units
        self._clock = clock

    async def kpis(self, actor: Actor) -> Kpis:
        """How the desk stands now.

        Raises:
            NotAllowed: the actor is not of the staff.
        """
        waiting, courses, now = await self._read(actor, WEEK_MS)
        ends = Counter(one.decision for one in courses if _within(one.decided_at, now, WEEK_MS))
        took = [
            (one.decided_at - one.opened_at) // 1000
            for one in courses
            if one.decided_by is not None  # rules take no time
            and one.decided_at is not None
            and _within(one.decided_at, now, WEEK_MS)
        ]
        appeals = await self._appeals(actor, Millis(now - WEEK_MS))
        oldest = min((one.oldest for one in waiting), default=None)
        return Kpis(
            open=_counted(waiting, CaseStatus.OPEN),
            escalated=_counted(waiting, CaseStatus.ESCALATED),
            unassigned=sum(one.count for one in waiting if one.assigned_to is None),
            oldest_age_s=None if oldest is None else (now - oldest) // 1000,
            opened_24h=sum(_within(one.opened_at, now, DAY_MS) for one in courses),
            decided_24h=sum(_within(one.decided_at, now, DAY_MS) for one in courses),
            actioned_7d=ends[Decision.ACTIONED],
            dismissed_7d=ends[Decision.DISMISSED],
            median_decision_s=round(median(took)) if took else None,
            appeals_open=appeals.get(AppealStatus.OPEN, 0),
            appeals_accepted_7d=appeals.get(AppealStatus.ACCEPTED, 0),
            appeals_rejected_7d=appeals.get(AppealStatus.REJECTED, 0),
        )

    async def trends(self, actor: Actor, query: DaysQuery) -> Trends:
        """The last days, each by itself.

        Raises:
            NotAllowed: the actor is not of the staff.
        """
        _, courses, now = await self._read(actor, query.days * DAY_MS)
        opened = Counter(_day(one.opened_at) for one in courses)
        decided = Counter(
            (_day(one.decided_at), one.decision) for one in courses if one.decided_at is not None
        )
        days = [_day(Millis(now - back * DAY_MS)) for back in reversed(range(query.days))]
        return Trends(
            tuple(
                Day(
                    day=day,
                    opened=opened[day],
                    actioned=decided[day, Decision.ACTIONED],
                    dismissed=decided[day, Decision.DISMISSED],
                )
                for day in days
            )
        )

    async def workload(self, actor: Actor) -> Workload:
        """Who has how much before them, and has decided in the last seven days.

        Raises:
            NotAllowed: the actor is not of the staff.
        """
        waiting, courses, now = await self._read(actor, WEEK_MS)
        before, done = Counter[UserId](), Counter[UserId]()
        for one in waiting:
            if one.assigned_to is not None:
                before[one.assigned_to] += one.count
        for course in courses:
            if course.decided_by is not None and _within(course.decided_at, now, WEEK_MS):
                done[course.decided_by] += 1
        loads = (Load(one, before[one], done[one]) for one in before.keys() | done.keys())
        order = sorted(loads, key=lambda one: (-one.assigned, -one.decided_7d, one.user_id))
        return Workload(tuple(order))

    async def measure(self, telemetry: Telemetry) -> None:
        """Tell operators how much waits for staff, on all campuses together."""
        waiting = await self._units.past(lambda unit: unit.cases.waiting(None))
        for status in (CaseStatus.OPEN, CaseStatus.ESCALATED):
            telemetry.set(WAITING, _counted(waiting, status), status.value)
        now = self._clock.now()
        telemetry.set(OLDEST, (now - min((one.oldest for one in waiting), default=now)) / 1000)

    async def _appeals(self, actor: Actor, since: Millis) -> Mapping[AppealStatus, int]:
        scope = policy.check_staff(actor)
        return await self._units.past(lambda unit: unit.appeals.tally(scope, since))

    async def _read(
        self, actor: Actor, period_ms: int
    ) -> tuple[Sequence[Waiting], Sequence[Course], Millis]:
        scope, now = policy.check_staff(actor), self._clock.now()
        since = Millis(now - period_ms)

        async def body(unit: AppealUnit) -> tuple[Sequence[Waiting], Sequence[Course]]:
            waiting = await unit.cases.waiting(scope)
            return waiting, await unit.cases.courses(scope, since, MOST)

        waiting, courses = await self._units.past(body)
        return waiting, courses, now


def _counted(waiting: Sequence[Waiting], status: CaseStatus) -> int:
    return sum(one.count for one in waiting if one.status is status)


def _within(at: Millis | None, now: Millis, period_ms: int) -> bool:
    return at is not None and at >= now - period_ms


def _day(at: Millis) -> str:
    return dt.datetime.fromtimestamp(at / 1000, dt.UTC).strftime("%Y-%m-%d")

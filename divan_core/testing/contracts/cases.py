"""What stores keep of cases and reports."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import anyio
import attrs
import pytest

from divan_core.errors import AlreadyReported, CaseOpen
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.kernel.units import UnitMisused
from divan_core.moderation.model import (
    Case,
    CaseFilter,
    CaseId,
    CaseStatus,
    Course,
    Decision,
    Hold,
    Reason,
    Report,
    ReportId,
    Standing,
    Subject,
    SubjectKind,
    Waiting,
)
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.clock import START_MS
from divan_core.testing.contracts.samples import campus_id, user_id

NOW = Millis(START_MS)
HOUR_MS = 3_600_000


def case_id(number: int) -> CaseId:
    """The id of case ``number``; higher numbers have higher ids."""
    return CaseId(UUID(int=number << 64 | 7))


def case(number: int = 1, **changes: object) -> Case:
    """Case ``number``, about the person of that number, opened that many milliseconds late."""
    made = Case(
        id=case_id(number),
        campus_id=campus_id(1),
        subject=Subject(SubjectKind.USER, user_id(number)),
        owner_id=user_id(number),
        reason=Reason.SPAM,
        opened_at=Millis(NOW + number),
        reported_at=Millis(NOW + number),
    )
    return attrs.evolve(made, **changes)  # type: ignore[arg-type]  # evolve knows


def over(number: int, **changes: object) -> Case:
    """Case ``number``, dismissed as many hours late."""
    given: dict[str, object] = {
        "status": CaseStatus.DISMISSED,
        "decision": Decision.DISMISSED,
        "decided_by": user_id(50),
        "decided_at": Millis(NOW + number * HOUR_MS),
    }
    return case(number, **(given | changes))


def report(number: int, about: int = 1, by: int = 90, **changes: object) -> Report:
    """Report ``number`` of case ``about`` by a person."""
    made = Report(
        ReportId(UUID(int=number)), case_id(about), user_id(by), Reason.SPAM, 100, NOW, "So."
    )
    return attrs.evolve(made, **changes)  # type: ignore[arg-type]  # evolve knows


async def put(stores: RelationalStores, *cases: Case) -> None:
    """Keep cases, each in a unit of its own."""
    for one in cases:

        async def body(unit: StoreUnit, one: Case = one) -> None:
            await unit.cases.put(one)

        await stores.units.write(body, locking=True)


async def send(stores: RelationalStores, *reports: Report) -> None:
    """Keep reports in one unit."""

    async def body(unit: StoreUnit) -> None:
        for one in reports:
            await unit.cases.report(one)

    await stores.units.write(body, locking=True)


async def numbers(
    stores: RelationalStores, wanted: CaseFilter, before: int | None = None, limit: int = 50
) -> list[int]:
    """The numbers of the cases on a page."""
    last = None if before is None else case_id(before)

    async def body(unit: StoreUnit) -> Sequence[Case]:
        return await unit.cases.page(wanted, last, limit)

    return [one.id.int >> 64 for one in await stores.units.read(body)]


class CasesContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_a_case_comes_back_as_it_was(self, stores: RelationalStores) -> None:
        """Every field of it; and replaced as a whole."""
        whole = over(
            1,
            subject=Subject(SubjectKind.MESSAGE, UUID(int=2**127 + 5)),
            owner_id=None,
            reason=Reason.HARASSMENT,
            standing=Standing(4, 325, 12, 9, brigading=True),
            hold=Hold(user_id(8), user_id(9), Millis(NOW + 5)),
            appeal_open=True,
        )
        for version in (case(1), whole, case(1)):
            await put(stores, version)
            assert await stores.units.read(lambda unit: unit.cases.get(case_id(1))) == version
        assert await stores.units.read(lambda unit: unit.cases.get(case_id(2))) is None

    async def test_several_cases(self, stores: RelationalStores) -> None:
        """Those of some ids that exist."""
        await put(stores, case(1), case(2), over(3))
        wanted = {case_id(number) for number in (1, 3, 4)}
        found = await stores.units.read(lambda unit: unit.cases.get_many(wanted))
        assert sorted(found, key=lambda one: one.id) == [case(1), over(3)]
        assert not await stores.units.read(lambda unit: unit.cases.get_many(()))

    async def test_one_case_of_a_subject_is_live(self, stores: RelationalStores) -> None:
        """Another one is refused, and its unit; a decided one makes room."""
        subject = case(1).subject
        await put(stores, case(1), case(2))
        assert await self.live(stores, subject) == case(1)
        with pytest.raises(CaseOpen):
            await put(stores, case(3, subject=subject))
        await put(stores, case(1, status=CaseStatus.ESCALATED))
        with pytest.raises(CaseOpen):
            await put(stores, case(3, subject=subject))
        await put(stores, over(1), case(3, subject=subject))
        assert await self.live(stores, subject) == case(3, subject=subject)
        await put(stores, over(3, subject=subject, status=CaseStatus.CLOSED))
        assert await self.live(stores, subject) is None
        other = Subject(SubjectKind.ROOM, subject.id)
        assert await self.live(stores, other) is None

    async def test_the_latest_of_a_subject(self, stores: RelationalStores) -> None:
        """Whatever its state; of others there is none."""
        subject = case(1).subject
        assert await self.latest(stores, subject) is None
        for one in (over(1), over(3, subject=subject), case(4, subject=subject), case(9)):
            await put(stores, one)
            expected = over(1) if one.id == case_id(1) else one
            if one.subject == subject:
                assert await self.latest(stores, subject) == expected
        room = Subject(SubjectKind.ROOM, subject.id)
        assert await self.latest(stores, room) is None

    async def latest(self, stores: RelationalStores, subject: Subject) -> Case | None:
        """The newest case about a subject."""
        return await stores.units.read(lambda unit: unit.cases.latest(subject))

    async def test_who_reports_somebody(self, stores: RelationalStores) -> None:
        """Different people, over all cases of theirs, after a moment, whose word has weight."""
        owner = user_id(70)
        await put(stores, case(1, owner_id=owner), case(2, owner_id=owner), case(3))
        later = Millis(NOW + 5)
        await send(
            stores,
            report(1, by=90),
            report(2, by=91, at=later, weight=50),
            report(3, by=92, at=later, weight=49),
            report(4, about=2, by=91, at=later),
            report(5, about=3, by=93, at=later),
        )
        for since, weight, count in ((-1, 1, 3), (-1, 50, 2), (0, 50, 1), (0, 1, 2), (5, 1, 0)):
            moment = Millis(NOW + since)

            async def body(unit: StoreUnit, moment: Millis = moment, weight: int = weight) -> int:
                return await unit.cases.reporters_of(owner, moment, weight)

            assert await stores.units.read(body) == count

    async def test_of_many_at_once_one_is_live(self, stores: RelationalStores) -> None:
        """Whoever comes late is refused, or sees it."""
        subject, refused = case(1).subject, list[int]()

        async def open_one(number: int) -> None:
            try:
                await put(stores, case(number, subject=subject))
            except CaseOpen:
                refused.append(number)

        async with anyio.create_task_group() as tasks:
            for number in range(1, 7):
                tasks.start_soon(open_one, number)
        assert len(refused) == 5
        assert len(await numbers(stores, CaseFilter())) == 1

    async def live(self, stores: RelationalStores, subject: Subject) -> Case | None:
        """The live case about something."""
        return await stores.units.read(lambda unit: unit.cases.live(subject))

    async def test_pages(self, stores: RelationalStores) -> None:
        """The newest first, below an id."""
        await put(stores, *(case(number) for number in range(1, 6)))
        assert await numbers(stores, CaseFilter()) == [5, 4, 3, 2, 1]
        assert await numbers(stores, CaseFilter(), None, 2) == [5, 4]
        assert await numbers(stores, CaseFilter(), 4, 2) == [3, 2]
        assert await numbers(stores, CaseFilter(), 1, 2) == []

    async def test_filters(self, stores: RelationalStores) -> None:
        """Each by itself, and all together."""
        grave = Standing(severity=4)
        await put(
            stores,
            case(1, campus_id=campus_id(2)),
            case(2, standing=grave, hold=Hold(assigned_to=user_id(9))),
            over(3, reason=Reason.NSFW),
            case(4, subject=Subject(SubjectKind.ROOM, UUID(int=4)), owner_id=None),
            over(5, campus_id=campus_id(3), standing=Standing(severity=5), appeal_open=True),
        )
        for found, wanted in (
            ([4, 3, 2], CaseFilter(campus_id=campus_id(1))),
            ([5, 3], CaseFilter(status=CaseStatus.DISMISSED)),
            ([5, 2], CaseFilter(severity_min=2)),
            ([4, 3, 1], CaseFilter(severity_max=3)),
            ([5], CaseFilter(appeal_open=True)),
            ([4, 3, 2, 1], CaseFilter(appeal_open=False)),
            ([2], CaseFilter(assigned_to=user_id(9))),
            ([4], CaseFilter(kind=SubjectKind.ROOM)),
            ([3], CaseFilter(reason=Reason.NSFW)),
            ([5, 4, 3], CaseFilter(opened_from=Millis(NOW + 3))),
            ([2, 1], CaseFilter(opened_before=Millis(NOW + 3))),
            ([5, 4, 3, 1], CaseFilter(not_of=user_id(2))),
            ([2], CaseFilter(ids=(user_id(2),))),
            ([4, 3], CaseFilter(ids=(case_id(3), UUID(int=4)))),
            ([], CaseFilter(ids=())),
            ([2], CaseFilter(campus_id=campus_id(1), severity_min=3, kind=SubjectKind.USER)),
        ):
            assert await numbers(stores, wanted) == found

    async def test_the_most_urgent(self, stores: RelationalStores) -> None:
        """The gravest first, then the oldest; none that is somebody else's or about oneself."""
        me, other = user_id(70), user_id(71)
        lapsed, runs = Millis(NOW - 1), Millis(NOW + 1)
        await put(
            stores,
            case(1),
            case(2, standing=Standing(severity=3)),
            case(3, standing=Standing(severity=3)),
            case(4, standing=Standing(severity=5), owner_id=me),
            case(5, standing=Standing(severity=5), hold=Hold(assigned_to=other)),
            case(6, standing=Standing(severity=5), hold=Hold(None, other, runs)),
            case(7, standing=Standing(severity=4), hold=Hold(me, other, NOW)),
            case(8, hold=Hold(None, me, runs)),
            case(9, hold=Hold(None, other, lapsed)),
            case(10, campus_id=campus_id(2), owner_id=None),
            case(11, status=CaseStatus.ESCALATED),
            over(12, standing=Standing(severity=5)),
        )
        assert await self.urgent(stores, 1) == [7, 2, 3, 1, 8, 9]
        assert await self.urgent(stores, None) == [11, 7, 2, 3, 1, 8, 9, 10]
        assert await self.urgent(stores, 1, 2) == [7, 2]
        assert await self.urgent(stores, 3) == []

    async def urgent(
        self, stores: RelationalStores, campus: int | None, limit: int = 50
    ) -> list[int]:
        """The numbers of what person 70 may take up."""
        scope = None if campus is None else campus_id(campus)

        async def body(unit: StoreUnit) -> Sequence[Case]:
            return await unit.cases.urgent(scope, user_id(70), NOW, limit)

        return [one.id.int >> 64 for one in await stores.units.read(body)]

    async def test_what_is_on_a_desk(self, stores: RelationalStores) -> None:
        """Until the lease ends; the one leased longest."""
        me = user_id(70)
        early = case(1, hold=Hold(None, me, Millis(NOW + 1)))
        late = case(2, hold=Hold(None, me, Millis(NOW + 2)))
        await put(stores, early, late, case(3, hold=Hold(None, user_id(71), Millis(NOW + 9))))
        await put(stores, over(4, hold=Hold(None, me, Millis(NOW + 9))))
        appealed = over(5, hold=Hold(None, me, Millis(NOW + 3)), appeal_open=True)
        await put(stores, appealed)
        for now, held in ((0, appealed), (2, appealed), (3, None)):
            await self.check_held(stores, me, now, held)
        await put(stores, over(5))
        for now, held in ((0, late), (1, late), (2, None)):
            await self.check_held(stores, me, now, held)

    async def check_held(
        self, stores: RelationalStores, me: UserId, now: int, held: Case | None
    ) -> None:
        """See whether this is what somebody has on their desk so many milliseconds late."""
        moment = Millis(NOW + now)
        assert await stores.units.read(lambda unit: unit.cases.held(me, moment)) == held

    async def test_what_is_over(self, stores: RelationalStores) -> None:
        """What was decided before a moment and is not closed, by id."""
        await put(stores, over(1), over(2), over(3), over(4, status=CaseStatus.CLOSED), case(5))
        await put(stores, over(0, appeal_open=True))
        moment = Millis(NOW + 3 * HOUR_MS)
        assert await stores.units.read(lambda unit: unit.cases.over(moment, 9)) == [
            over(1),
            over(2),
        ]
        assert await stores.units.read(lambda unit: unit.cases.over(moment, 1)) == [over(1)]

    async def test_what_waits(self, stores: RelationalStores) -> None:
        """Counted by status, assignee and severity."""
        mine = Hold(assigned_to=user_id(9))
        escalated = case(4, status=CaseStatus.ESCALATED, campus_id=campus_id(2))
        await put(stores, case(1), case(2), case(3, hold=mine), escalated, over(5))
        here = [
            Waiting(CaseStatus.OPEN, None, 1, 2, Millis(NOW + 1)),
            Waiting(CaseStatus.OPEN, user_id(9), 1, 1, Millis(NOW + 3)),
        ]
        there = Waiting(CaseStatus.ESCALATED, None, 1, 1, Millis(NOW + 4))
        found = await stores.units.read(lambda unit: unit.cases.waiting(campus_id(1)))
        assert sorted(found, key=lambda one: one.oldest) == here
        found = await stores.units.read(lambda unit: unit.cases.waiting(None))
        assert sorted(found, key=lambda one: one.oldest) == [*here, there]

    async def test_courses(self, stores: RelationalStores) -> None:
        """Of cases opened or decided since a moment, the newest first."""
        await put(stores, case(1), over(2), over(3, campus_id=campus_id(2)), case(4))
        since = Millis(NOW + 4)
        courses = {
            number: Course(one.opened_at, one.decided_at, one.decision, one.decided_by)
            for number, one in ((2, over(2)), (3, over(3)), (4, case(4)))
        }
        assert await self.courses(stores, None, since) == [courses[4], courses[3], courses[2]]
        assert await self.courses(stores, 1, since) == [courses[4], courses[2]]
        assert await self.courses(stores, None, since, 1) == [courses[4]]

    async def courses(
        self, stores: RelationalStores, campus: int | None, since: Millis, most: int = 50
    ) -> Sequence[Course]:
        """The courses of a campus."""
        scope = None if campus is None else campus_id(campus)

        async def body(unit: StoreUnit) -> Sequence[Course]:
            return await unit.cases.courses(scope, since, most)

        return await stores.units.read(body)

    async def test_reports_of_a_case(self, stores: RelationalStores) -> None:
        """The oldest first; one of each person."""
        await put(stores, case(1), case(2))
        await send(stores, report(2, by=91, note=None), report(1), report(3, about=2))
        found = await stores.units.read(lambda unit: unit.cases.reports(case_id(1), 9))
        assert found == [report(1), report(2, by=91, note=None)]
        found = await stores.units.read(lambda unit: unit.cases.reports(case_id(1), 1))
        assert found == [report(1)]
        with pytest.raises(AlreadyReported):
            await send(stores, report(4, about=2, by=91), report(5))
        found = await stores.units.read(lambda unit: unit.cases.reports(case_id(2), 9))
        assert found == [report(3, about=2)]

    async def test_a_report_has_a_case(self, stores: RelationalStores) -> None:
        """One that exists."""
        with pytest.raises(UnitMisused):
            await send(stores, report(1))

    async def test_reports_of_somebody(self, stores: RelationalStores) -> None:
        """With their cases, the newest first."""
        await put(stores, case(1), over(2), case(3))
        await send(stores, report(1), report(2, about=2), report(3, about=3), report(4, by=91))
        pairs = [
            (report(3, about=3), case(3)),
            (report(2, about=2), over(2)),
            (report(1), case(1)),
        ]
        assert await self.reports_by(stores, None, 9) == pairs
        assert await self.reports_by(stores, 3, 1) == pairs[1:2]

    async def reports_by(
        self, stores: RelationalStores, before: int | None, limit: int
    ) -> Sequence[tuple[Report, Case]]:
        """Reports of person 90."""
        last = None if before is None else ReportId(UUID(int=before))

        async def body(unit: StoreUnit) -> Sequence[tuple[Report, Case]]:
            return await unit.cases.reports_by(user_id(90), last, limit)

        return await stores.units.read(body)

    async def test_how_often_somebody_was_right(self, stores: RelationalStores) -> None:
        """What came of their reports; what waits does not count."""
        upheld = {"status": CaseStatus.CLOSED, "decision": Decision.ACTIONED}
        await put(stores, case(1), over(2), over(3), over(4, **upheld), over(5))
        await send(stores, *(report(number, about=number) for number in range(1, 5)))
        await send(stores, report(5, about=5, by=91))
        for number, counts in ((90, (1, 2)), (91, (0, 1)), (92, (0, 0))):
            someone = user_id(number)

            async def body(unit: StoreUnit, someone: object = someone) -> tuple[int, int]:
                return await unit.cases.upheld_and_dismissed(someone)  # type: ignore[arg-type]  # an id

            assert await stores.units.read(body) == counts

    async def test_notes_are_erased(self, stores: RelationalStores) -> None:
        """Those by somebody, and those about what is theirs; the reports stay."""
        me = user_id(90)
        await put(stores, case(1), case(2, owner_id=me), case(3))
        await send(
            stores,
            report(1),
            report(2, about=2, by=91),
            report(3, about=3, by=91),
            report(4, about=3, note=None),
        )
        assert await stores.units.read(lambda unit: unit.cases.count_notes(me)) == 2
        assert await stores.units.write(lambda unit: unit.cases.erase_notes(me, 1)) == 1
        assert await stores.units.write(lambda unit: unit.cases.erase_notes(me, 5)) == 1
        assert await stores.units.write(lambda unit: unit.cases.erase_notes(me, 5)) == 0
        for number, note in ((1, None), (2, None), (3, "So.")):
            found = await self.of_case(stores, number)
            assert found[0].note == note

    async def of_case(self, stores: RelationalStores, number: int) -> Sequence[Report]:
        """The reports of a case."""
        return await stores.units.read(lambda unit: unit.cases.reports(case_id(number), 9))

"""Reports and cases as a library, on every set of stores."""

from collections.abc import Awaitable
from typing import Any

import anyio
import pytest

from divan_core.chat.messages import SendMessage
from divan_core.chat.roommessages import CreateRoom, RoomQuery, SendRoomMessage
from divan_core.errors import (
    AlreadyReported,
    CaseDecided,
    DivanError,
    InvalidInput,
    NotAllowed,
    NotFound,
)
from divan_core.kernel.actor import ADMIN, MODERATOR, Actor
from divan_core.moderation.messages import (
    AssignCase,
    BatchAction,
    CasesQuery,
    DaysQuery,
    DismissCase,
    EscalateCase,
    OneCase,
    ReportsQuery,
    SendReport,
)
from divan_core.moderation.model import CaseId
from divan_core.social.messages import SendInvite
from tests.library.conftest import CAMPUS, World
from tests.sanctions import sentence

pytestmark = pytest.mark.anyio

DAY_S = 86_400


def about(user: Actor, reason: Any = "spam", note: str | None = None) -> SendReport:
    return SendReport("user", str(user.user_id), reason, note)


def staff(actor: Actor, role: str = MODERATOR) -> Actor:
    return Actor(actor.user_id, actor.campus_id, frozenset({role}))


async def moderator(world: World, name: str = "mod", role: str = MODERATOR) -> Actor:
    return staff(await world.join(name), role)


async def refused(kind: type[DivanError], call: Awaitable[object]) -> None:
    with pytest.raises(kind):
        await call


async def only_case(world: World, mod: Actor) -> Any:
    (case,) = (await world.divan.cases.page(mod, CasesQuery())).items
    return case


async def test_a_case_gathers_reports(world: World) -> None:
    ana, ben, cyd = [await world.join(name) for name in ("ana", "ben", "cyd")]
    mod, reports = await moderator(world), world.divan.reports
    first = (await reports.send(ana, about(cyd, note="Look."))).view
    assert (first.subject_id, first.outcome, first.note) == (str(cyd.user_id), "pending", "Look.")
    await reports.send(ben, about(cyd, "harassment"))
    await refused(AlreadyReported, reports.send(ana, about(cyd, "nsfw")))
    case = await only_case(world, mod)
    assert (case.status, case.reason, case.severity, case.report_count) == (
        "open",
        "harassment",
        3,
        2,
    )
    assert (case.owner_id, case.campus_id) == (cyd.user_id, CAMPUS)
    detail = await world.divan.cases.get(mod, OneCase(case.id))
    assert [one.reporter_id for one in detail.reports] == [ana.user_id, ben.user_id]
    assert detail.content == "Cyd (@cyd)"
    assert detail.timeline == ()


async def test_who_reports_is_told_the_class_of_the_end(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    mod, cases = await moderator(world), world.divan.cases
    await world.divan.reports.send(ana, about(ben))
    case = await only_case(world, mod)
    done = (await cases.dismiss(mod, DismissCase(case.id, "Nothing wrong."))).view
    assert (done.status, done.decision, done.decided_by) == (
        "dismissed",
        "dismissed",
        mod.user_id,
    )
    (mine,) = (await world.divan.reports.mine(ana, ReportsQuery())).items
    assert mine.outcome == "no_action"
    assert (await world.divan.reports.mine(ben, ReportsQuery())).items == ()
    await refused(CaseDecided, cases.dismiss(mod, DismissCase(case.id, "Again.")))
    await refused(CaseDecided, cases.assign(mod, AssignCase(case.id)))
    await world.divan.reports.send(ana, about(ben))
    newest, oldest = (await cases.page(mod, CasesQuery())).items
    assert (newest.status, oldest.id) == ("open", case.id)
    detail = await cases.get(mod, OneCase(case.id))
    (entry,) = detail.timeline
    assert (entry.action, entry.actor_id, entry.reason) == (
        "case.dismissed",
        mod.user_id,
        "Nothing wrong.",
    )
    assert (await world.divan.audit.verify()).ok


async def test_at_once_there_is_one_case_and_one_report_of_each(world: World) -> None:
    people = [await world.join(f"person{number}") for number in range(6)]
    target, mod, again = await world.join("target"), await moderator(world), list[object]()

    async def send(person: Actor) -> None:
        try:
            await world.divan.reports.send(person, about(target))
        except AlreadyReported as fault:
            again.append(fault)

    async with anyio.create_task_group() as tasks:
        for person in people * 2:
            tasks.start_soon(send, person)
    assert len(again) == 6
    case = await only_case(world, mod)
    assert case.report_count == 6
    assert len((await world.divan.cases.get(mod, OneCase(case.id))).reports) == 6


async def test_a_key_makes_one_report(world: World) -> None:
    ana, ben, mod = await world.join("ana"), await world.join("ben"), await moderator(world)
    send = world.divan.reports.send
    first = await send(ana, about(ben), idempotency_key="k")
    again = await send(ana, about(ben), idempotency_key="k")
    assert (again.body, again.replayed) == (first.body, True)
    case = await only_case(world, mod)
    assert case.report_count == 1
    escalate, command = world.divan.cases.escalate, EscalateCase(case.id, "Please.")
    first_act = await escalate(mod, command, idempotency_key="k")
    assert (await escalate(mod, command, idempotency_key="k")).body == first_act.body
    assert (await world.divan.audit.verify()).count == 1


async def test_what_there_is_to_report(world: World) -> None:
    ana, ben, eve = [await world.join(name) for name in ("ana", "ben", "eve")]
    reports, chat = world.divan.reports, world.divan.chat
    said = (await chat.send(ana, SendMessage(ben.user_id, "Hm."))).view
    message = SendReport("message", said.message_id, "abuse")
    await refused(NotFound, reports.send(eve, message))
    await refused(InvalidInput, reports.send(ana, message))
    await reports.send(ben, message)
    created = CreateRoom("Den", "4-6", "link")
    room = (await world.divan.rooms.create(ana, created)).view
    den = SendReport("room", str(room.id), "other")
    await refused(InvalidInput, reports.send(ana, den))
    await reports.send(eve, den)
    await world.divan.rooms.join(ben, RoomQuery(room.id))
    words = await world.divan.rooms.send(ana, SendRoomMessage(room.id, "Hello."))
    in_room = SendReport("message", words.view.message_id, "abuse")
    await refused(NotFound, reports.send(eve, in_room))
    await reports.send(ben, in_room)
    private = (await world.divan.rooms.create(ana, CreateRoom("Lair", "4-6", "private"))).view
    await refused(NotFound, reports.send(eve, SendReport("room", str(private.id), "other")))
    await refused(InvalidInput, reports.send(ana, about(ana)))
    for kind in ("user", "message", "room", "post", "comment", "group"):
        for text in ("x", str(CAMPUS), "01ARZ3NDEKTSV4RRFFQ69G5FAV"):
            await refused(NotFound, reports.send(ana, SendReport(kind, text, "spam")))
    admin = await moderator(world, "root", ADMIN)
    found = (await world.divan.cases.page(admin, CasesQuery())).items
    contents = [(await world.divan.cases.get(admin, OneCase(one.id))).content for one in found]
    assert contents == ["Hello.", "Den", "Hm."]


async def test_people_who_hide_are_there_to_those_they_met(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    for number, meet in enumerate(("nobody", "chat", "invite", "room", "block")):
        hidden = await world.join(f"hidden{number}")
        if meet == "chat":
            await world.divan.chat.send(hidden, SendMessage(ana.user_id, "Hi."))
        if meet == "invite":
            await world.divan.social.invite(hidden, SendInvite(ana.user_id))
        if meet == "room":
            room = (await world.divan.rooms.create(hidden, CreateRoom("R", "4-6", "link"))).view
            await world.divan.rooms.join(ana, RoomQuery(room.id))
        if meet == "block":
            await world.divan.social.block(ana, hidden.user_id)
        await world.divan.social.block(hidden, ana.user_id)
        await world.divan.social.block(hidden, ben.user_id)
        await refused(NotFound, world.divan.reports.send(ben, about(hidden)))
        sent = world.divan.reports.send(ana, about(hidden))
        if meet == "nobody":
            await refused(NotFound, sent)
        else:
            await sent


async def test_the_next_case_is_one_moderators(world: World) -> None:
    ana = await world.join("ana")
    targets = [await world.join(f"target{number}") for number in range(3)]
    one, other = await moderator(world, "one"), await moderator(world, "other")
    cases = world.divan.cases
    assert (await cases.next(one)).case is None
    for target, reason in zip(targets, ("spam", "abuse", "nsfw"), strict=True):
        await world.divan.reports.send(ana, about(target, reason))
    first = (await cases.next(one)).case
    assert first is not None
    assert (first.reason, first.leased_to) == ("abuse", one.user_id)
    assert (await cases.next(one)).case == first
    second = (await cases.next(other)).case
    assert second is not None
    assert second.reason == "nsfw"
    world.clock.advance(15 * 60)
    again = (await cases.next(other)).case
    assert again is not None
    assert (again.id, again.leased_to) == (first.id, other.user_id)
    await cases.escalate(other, EscalateCase(first.id, "Hard."))
    await refused(NotAllowed, cases.dismiss(other, DismissCase(first.id, "No.")))
    root = await moderator(world, "root", ADMIN)
    left = (await cases.next(root)).case
    assert left is not None
    assert (left.id, left.status) == (first.id, "escalated")


async def test_many_who_want_the_next_get_different_ones(world: World) -> None:
    ana, taken = await world.join("ana"), list[Any]()
    for number in range(4):
        await world.divan.reports.send(ana, about(await world.join(f"target{number}")))
    staff_of_it = [await moderator(world, f"mod{number}") for number in range(6)]

    async def take(mod: Actor) -> None:
        taken.append((await world.divan.cases.next(mod)).case)

    async with anyio.create_task_group() as tasks:
        for mod in staff_of_it:
            tasks.start_soon(take, mod)
    ids = [one.id for one in taken if one is not None]
    assert len(ids) == len(set(ids)) == 4


async def test_assigning(world: World) -> None:
    ana, ben, mod = await world.join("ana"), await world.join("ben"), await moderator(world)
    await world.divan.reports.send(ana, about(ben))
    case, cases = await only_case(world, mod), world.divan.cases
    await refused(NotFound, cases.assign(mod, AssignCase(case.id, ana.user_id)))
    done = (await cases.assign(mod, AssignCase(case.id))).view
    assert done.assigned_to == mod.user_id
    other = await moderator(world, "other")
    assert (await cases.next(other)).case is None
    mine = await cases.page(other, CasesQuery(assigned_to=mod.user_id))
    assert [one.id for one in mine.items] == [case.id]


async def test_nobody_sees_a_case_about_themselves(world: World) -> None:
    ana, mod = await world.join("ana"), await moderator(world)
    await world.divan.reports.send(ana, about(mod))
    assert (await world.divan.cases.page(mod, CasesQuery())).items == ()
    assert (await world.divan.cases.next(mod)).case is None
    case = await only_case(world, await moderator(world, "other"))
    await refused(NotFound, world.divan.cases.get(mod, OneCase(case.id)))
    await refused(NotFound, world.divan.cases.dismiss(mod, DismissCase(case.id, "Me?")))


async def test_a_hundred_newcomers_who_report_somebody_do_nothing(world: World) -> None:
    target, mod = await world.join("target"), await moderator(world)
    before = await world.divan.audience.card(target.user_id)
    for number in range(100):
        await world.divan.reports.send(
            await world.join(f"newcomer{number}"), about(target, "abuse")
        )
    await world.divan.drain()
    case = await only_case(world, mod)
    assert (case.status, case.severity, case.report_count) == ("open", 3, 100)
    assert case.brigading
    assert await world.divan.audience.card(target.user_id) == before


async def test_batches(world: World) -> None:
    ana, mod, cases = await world.join("ana"), await moderator(world), world.divan.cases
    for number in range(3):
        await world.divan.reports.send(ana, about(await world.join(f"target{number}")))
    ids = tuple(one.id for one in (await cases.page(mod, CasesQuery())).items)
    await cases.dismiss(mod, DismissCase(ids[1], "Done."))
    unknown = CaseId(CAMPUS)
    for dry_run in (True, False):
        command = BatchAction((*ids, unknown), "dismiss", "All of it.", dry_run=dry_run)
        results = (await cases.batch(mod, command)).view.results
        codes = [None if one.error is None else one.error.code for one in results]
        assert codes == [None, "case_decided", None, "not_found"]
        states = [one.status for one in (await cases.page(mod, CasesQuery())).items]
        assert states.count("dismissed") == (1 if dry_run else 3)
    assert (await world.divan.audit.verify()).count == 3
    bad = BatchAction(ids, "assign", "So.", payload={"assignee_id": "x"})
    await refused(InvalidInput, cases.batch(mod, bad))


async def test_filters_pages_and_export(world: World) -> None:
    ana, mod, cases = await world.join("ana"), await moderator(world), world.divan.cases
    for number in range(5):
        target = await world.join(f"target{number}")
        await world.divan.reports.send(ana, about(target, "spam" if number % 2 else "abuse"))
    first = await cases.page(mod, CasesQuery(limit=2))
    rest = await cases.page(mod, CasesQuery(limit=5, cursor=first.cursor))
    assert len({one.id for one in first.items + rest.items}) == 5
    assert rest.cursor is None
    assert len((await cases.page(mod, CasesQuery(reason="spam"))).items) == 2
    assert len((await cases.page(mod, CasesQuery(severity_min=3))).items) == 3
    (named,) = (await cases.page(mod, CasesQuery(q="target3"))).items
    assert named.subject_id == str(world.people["target3"].user_id)
    assert (await cases.page(mod, CasesQuery(q="nobody"))).items == ()
    lines = (await cases.export(mod, CasesQuery(reason="spam"))).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("id,campus_id,subject_type")


async def test_cases_close_after_thirty_days(world: World) -> None:
    ana, mod, cases = await world.join("ana"), await moderator(world), world.divan.cases
    await world.divan.reports.send(ana, about(await world.join("ben")))
    case = await only_case(world, mod)
    await cases.dismiss(mod, DismissCase(case.id, "No."))
    world.clock.advance(30 * DAY_S)
    assert await cases.close_over(9) == 0
    world.clock.advance(1)
    assert await cases.close_over(9) == 1
    assert await cases.close_over(9) == 0
    detail = await cases.get(mod, OneCase(case.id))
    assert (detail.case.status, detail.case.decision) == ("closed", "dismissed")
    assert [(one.action, one.actor_id) for one in detail.timeline] == [
        ("case.dismissed", mod.user_id),
        ("case.closed", None),
    ]


async def test_the_dashboard(world: World) -> None:
    ana, mod, desk = await world.join("ana"), await moderator(world), world.divan.desk
    assert (await desk.kpis(mod)).oldest_age_s is None
    for number in range(3):
        await world.divan.reports.send(ana, about(await world.join(f"target{number}")))
    first, second, _ = (await world.divan.cases.page(mod, CasesQuery())).items
    world.clock.advance(60)
    await world.divan.cases.dismiss(mod, DismissCase(first.id, "No."))
    await world.divan.cases.assign(mod, AssignCase(second.id))
    kpis = await desk.kpis(mod)
    assert (kpis.open, kpis.unassigned, kpis.opened_24h, kpis.decided_24h) == (2, 1, 3, 1)
    assert (kpis.dismissed_7d, kpis.median_decision_s, kpis.oldest_age_s) == (1, 60, 60)
    days = (await desk.trends(mod, DaysQuery(days=2))).days
    assert [(one.opened, one.actioned, one.dismissed) for one in days] == [(0, 0, 0), (3, 0, 1)]
    (load,) = (await desk.workload(mod)).staff
    assert (load.user_id, load.assigned, load.decided_7d) == (mod.user_id, 1, 1)


async def test_what_waits_is_measured(world: World) -> None:
    ana, mod, divan = await world.join("ana"), await moderator(world), world.divan
    await divan.desk.measure(divan.metrics)
    assert figures(world) == [0, 0, 0]
    for number in range(2):
        await divan.reports.send(ana, about(await world.join(f"target{number}")))
    world.clock.advance(60)
    first, _ = (await divan.cases.page(mod, CasesQuery())).items
    await divan.cases.escalate(mod, EscalateCase(first.id, "See."))
    await divan.desk.measure(divan.metrics)
    assert figures(world) == [60, 1, 1]


def figures(world: World) -> list[float]:
    """For how long the oldest waits, and how many of each status do."""
    levels = world.divan.metrics.snapshot().levels
    cases = {one.name: one for one in levels if one.name.startswith("divan_cases")}
    found = {(name, *key): n for name, one in cases.items() for key, n in levels[one].items()}
    return [number for _, number in sorted(found.items())]


async def test_erasing_somebody_removes_their_words(world: World) -> None:
    ana, ben, mod = await world.join("ana"), await world.join("ben"), await moderator(world)
    await world.divan.reports.send(ana, about(ben, note="Ben is rude."))
    case = await only_case(world, mod)
    await world.divan.cases.dismiss(mod, DismissCase(case.id, "Ben is not rude."))
    await world.divan.personal.erase(ben.user_id)
    detail = await world.divan.cases.get(mod, OneCase(case.id))
    assert [one.note for one in detail.reports] == [None]
    assert [(one.reason, one.erased) for one in detail.timeline] == [(None, True)]
    assert detail.content is None
    assert (await world.divan.audit.verify()).ok


async def test_the_banned_can_be_reported_by_those_they_met(world: World) -> None:
    from divan_core.kernel.visibility import Standing  # noqa: PLC0415 - of this test alone

    ana, ben = await world.join("ana"), await world.join("ben")
    await world.divan.chat.send(ben, SendMessage(ana.user_id, "Hi."))
    await sentence(world.divan, ben, Standing.BANNED)
    await world.divan.reports.send(ana, about(ben))

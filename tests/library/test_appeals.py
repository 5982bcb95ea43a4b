"""Appeals and statements of reasons as a library, on every set of stores."""

from uuid import UUID

import anyio
import attrs
import pytest

from divan_core import Settings
from divan_core.accounts.messages import CreatePerson
from divan_core.chat.messages import MessagesQuery, SendMessage
from divan_core.chat.roommessages import CreateRoom, RoomQuery, SendRoomMessage
from divan_core.errors import (
    AlreadyAppealed,
    AppealClosed,
    AppealResolved,
    Banned,
    CaseDecided,
    Muted,
    NotAllowed,
    NotFound,
    OwnDecision,
)
from divan_core.kernel.actor import ADMIN, Actor
from divan_core.kernel.ids import CampusId
from divan_core.moderation.actionmessages import RevertAction
from divan_core.moderation.appealmessages import (
    AppealsQuery,
    OneAppeal,
    ResolveAppeal,
    SendAppeal,
)
from divan_core.moderation.appealmodel import AppealId
from divan_core.moderation.messages import (
    AssignCase,
    CasesQuery,
    DismissCase,
    OneCase,
    ReportsQuery,
    SendReport,
)
from divan_core.moderation.model import CaseId
from divan_core.moderation.sanctionmessages import SanctionsQuery
from tests.library.conftest import CAMPUS, ROOMY, World
from tests.library.desk import WHY, Scene, a_scene, refused

pytestmark = pytest.mark.anyio

DAY_S = 86_400


@pytest.fixture
async def scene(world: World) -> Scene:
    return await a_scene(world)


async def test_an_accepted_appeal_takes_everything_back(scene: Scene) -> None:
    divan, case = scene.world.divan, await scene.case()
    before = await divan.audience.card(scene.ben.user_id)
    await scene.act(case, "ban")
    await scene.act(case, "restrict_invites", ttl_minutes=1)
    scene.world.clock.advance(60)
    await divan.actions.expire(9)
    await scene.act(case, "mute", ttl_minutes=60)
    await scene.act(case, "warn")
    await refused(Banned, divan.accounts.actor(scene.ben.user_id))
    appeal = await scene.appeal(case)
    assert (appeal.status, appeal.note) == ("open", WHY)
    assert await scene.status(case) == ("actioned", True)
    assert (await divan.desk.kpis(scene.mod)).appeals_open == 1
    done = await scene.resolve(appeal, "accepted", note="You did not.")
    kpis = await divan.desk.kpis(scene.mod)
    assert (kpis.appeals_open, kpis.appeals_accepted_7d, kpis.appeals_rejected_7d) == (0, 1, 0)
    assert (done.status, done.case_status, done.resolver_id) == (
        "accepted",
        "closed",
        scene.root.user_id,
    )
    assert await divan.accounts.actor(scene.ben.user_id) == scene.ben
    assert await divan.audience.card(scene.ben.user_id) == before
    await divan.chat.send(scene.ben, SendMessage(scene.ana.user_id, "Hello."))
    ends = [one.end for one in await scene.told()]
    assert ends == ["reverted", "reverted", "expired", "reverted"]
    assert {one.appeal and one.appeal.outcome_note for one in await scene.told()} == {
        "You did not."
    }
    detail = await divan.cases.get(scene.rita, OneCase(case.id))
    assert [one.action for one in detail.timeline] == [
        *["action.applied"] * 2,
        "action.expired",
        *["action.applied"] * 2,
        "appeal.opened",
        *["action.reverted"] * 3,
        "appeal.resolved",
        "case.closed",
    ]
    (view,) = detail.appeals
    assert (view.appellant.handle, view.note, view.resolver_id) == (
        "ben",
        WHY,
        scene.root.user_id,
    )
    (report,) = (await divan.reports.mine(scene.ana, ReportsQuery())).items
    assert report.outcome == "no_action"
    assert (await divan.audit.verify()).ok


async def test_a_rejected_appeal_changes_nothing(scene: Scene) -> None:
    divan, case = scene.world.divan, await scene.case()
    await scene.act(case, "mute")
    appeal = await scene.appeal(case)
    done = await scene.resolve(appeal, "rejected", note="It was you.")
    assert (done.status, done.case_status) == ("rejected", "closed")
    await refused(Muted, divan.chat.send(scene.ben, SendMessage(scene.ana.user_id, "Hm.")))
    (told,) = await scene.told()
    assert told.appeal is not None
    assert (told.end, told.may_appeal, told.appeal.status, told.appeal.outcome_note) == (
        None,
        False,
        "rejected",
        "It was you.",
    )
    await refused(AlreadyAppealed, scene.appeal(case))
    (report,) = (await divan.reports.mine(scene.ana, ReportsQuery())).items
    assert report.outcome == "action_taken"


async def test_a_new_report_opens_a_new_case(scene: Scene) -> None:
    case = await scene.case()
    await scene.act(case, "warn")
    newer = await scene.case()
    assert newer.id != case.id
    await scene.resolve(await scene.appeal(case), "rejected")
    assert (await scene.case(subject_id=scene.cyd.user_id)).id not in {case.id, newer.id}
    assert await scene.status(newer) == ("open", False)


async def test_who_may_appeal_against_what(scene: Scene) -> None:
    divan, case = scene.world.divan, await scene.case()
    nobodys = SendAppeal(case.id, WHY)
    await refused(NotFound, divan.appeals.send(scene.ben, nobodys))
    await scene.act(case, "shadow_hide")
    await scene.act(case, "none")
    await refused(NotFound, divan.appeals.send(scene.ben, nobodys))
    assert await scene.told() == ()
    (warned,) = await scene.act(case, "warn")
    for other in (scene.ana, scene.mod, scene.root):
        await refused(NotFound, divan.appeals.send(other, nobodys))
    unknown = SendAppeal(CaseId(CAMPUS), WHY)
    await refused(NotFound, divan.appeals.send(scene.ben, unknown))
    revert = RevertAction(case.id, warned.id, "A mistake.")
    await divan.actions.revert(scene.mod, revert)
    await refused(AppealClosed, scene.appeal(case))
    await scene.act(case, "mute", ttl_minutes=1)
    scene.world.clock.advance(60)
    await divan.actions.expire(9)
    await scene.appeal(case)
    await refused(AlreadyAppealed, scene.appeal(case))


async def test_a_dismissed_case_is_none_to_whom_it_is_about(scene: Scene) -> None:
    case = await scene.case()
    await scene.world.divan.cases.dismiss(scene.mod, DismissCase(case.id, "No."))
    await refused(NotFound, scene.appeal(case))


async def test_who_may_decide(scene: Scene) -> None:
    divan, case = scene.world.divan, await scene.case()
    acting = attrs.evolve(scene.mod, roles=frozenset({ADMIN}))
    ben = attrs.evolve(scene.ben, roles=frozenset({ADMIN}))
    await scene.act(case, "mute")
    appeal = await scene.appeal(case)
    for kind, who in (
        (NotAllowed, scene.mod),
        (NotAllowed, scene.cyd),
        (OwnDecision, acting),
        (NotFound, ben),
    ):
        await refused(kind, scene.resolve(appeal, "rejected", who))
    await refused(NotFound, divan.appeals.get(ben, OneAppeal(appeal.id)))
    nothing = attrs.evolve(appeal, id=AppealId(CAMPUS))
    await refused(NotFound, scene.resolve(nothing, "rejected"))
    assert (await divan.appeals.page(ben, AppealsQuery())).items == ()
    await scene.resolve(appeal, "rejected")
    await refused(AppealResolved, scene.resolve(appeal, "accepted", scene.rita))
    (listed,) = (await divan.appeals.page(scene.mod, AppealsQuery())).items
    assert listed == await divan.appeals.get(scene.mod, OneAppeal(appeal.id))
    elsewhere = attrs.evolve(scene.mod, campus_id=CampusId(UUID(int=9)))
    assert (await divan.appeals.page(elsewhere, AppealsQuery())).items == ()
    await refused(NotFound, divan.appeals.get(elsewhere, OneAppeal(appeal.id)))
    await refused(NotAllowed, divan.appeals.page(scene.cyd, AppealsQuery()))


async def test_of_two_admins_at_once_one_decides(scene: Scene) -> None:
    case, outcomes = await scene.case(), list[str]()
    await scene.act(case, "ban")
    appeal = await scene.appeal(case)

    async def decide(who: Actor, status: str) -> None:
        try:
            outcomes.append((await scene.resolve(appeal, status, who)).status)
        except AppealResolved:
            outcomes.append("late")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(decide, scene.root, "accepted")
        tasks.start_soon(decide, scene.rita, "rejected")
    assert sorted(outcomes) in (["accepted", "late"], ["late", "rejected"])
    (told,) = await scene.told()
    assert told.appeal is not None
    assert told.appeal.status in outcomes
    assert (told.end == "reverted") is ("accepted" in outcomes)
    assert (await scene.world.divan.audit.verify()).ok


async def test_of_many_appeals_at_once_one_is_kept(scene: Scene) -> None:
    case, late = await scene.case(), list[object]()
    await scene.act(case, "ban")

    async def send() -> None:
        try:
            await scene.appeal(case)
        except AlreadyAppealed as fault:
            late.append(fault)

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(send)
    assert len(late) == 3


async def test_writes_have_keys(scene: Scene) -> None:
    divan, case = scene.world.divan, await scene.case()
    await scene.act(case, "ban")
    command = SendAppeal(case.id, WHY)
    first = await divan.appeals.send(scene.ben, command, idempotency_key="k")
    again = await divan.appeals.send(scene.ben, command, idempotency_key="k")
    assert (again.body, again.replayed) == (first.body, True)
    ruling = ResolveAppeal(first.view.id, "accepted")
    done = await divan.appeals.resolve(scene.root, ruling, idempotency_key="k")
    replay = await divan.appeals.resolve(scene.root, ruling, idempotency_key="k")
    assert (replay.body, replay.replayed) == (done.body, True)


async def test_appeals_are_in_the_queue(scene: Scene) -> None:
    divan, case = scene.world.divan, await scene.case()
    await divan.cases.assign(scene.mod, AssignCase(case.id))
    await scene.act(case, "mute")
    assert (await divan.cases.next(scene.root)).case is None
    await scene.appeal(case)
    acting = attrs.evolve(scene.mod, roles=frozenset({ADMIN}))
    assert (await divan.cases.next(acting)).case is None
    other = await scene.case(subject_id=scene.cyd.user_id)
    taken = (await divan.cases.next(scene.root)).case
    assert taken is not None
    assert (taken.id, taken.appeal_open, taken.leased_to) == (case.id, True, scene.root.user_id)
    assert (await divan.cases.next(scene.root)).case == taken
    next_one = (await divan.cases.next(scene.rita)).case
    assert next_one is not None
    assert next_one.id == other.id
    waiting = await divan.cases.page(scene.mod, CasesQuery(appeal_open=True))
    assert [one.id for one in waiting.items] == [case.id]
    assert (await divan.cases.assign(scene.rita, AssignCase(case.id))).view.appeal_open
    await refused(NotAllowed, divan.cases.assign(scene.mod, AssignCase(case.id)))
    await refused(CaseDecided, scene.act(case, "mute"))
    again = SendReport("user", str(scene.ben.user_id), "spam")
    await divan.reports.send(scene.cyd, again)
    assert await scene.status(case) == ("actioned", True)


async def test_a_case_does_not_close_while_an_appeal_waits(scene: Scene) -> None:
    cases, case = scene.world.divan.cases, await scene.case()
    await scene.act(case, "mute")
    appeal = await scene.appeal(case)
    scene.world.clock.advance(31 * DAY_S)
    assert await cases.close_over(9) == 0
    await scene.resolve(appeal, "rejected")
    assert await cases.close_over(9) == 0
    assert await scene.status(case) == ("closed", False)


async def test_a_closed_case_is_over(scene: Scene) -> None:
    case = await scene.case()
    await scene.act(case, "mute")
    scene.world.clock.advance(30 * DAY_S + 1)
    (told,) = await scene.told()
    assert told.may_appeal
    assert await scene.world.divan.cases.close_over(9) == 1
    (told,) = await scene.told()
    assert not told.may_appeal
    await refused(AppealClosed, scene.appeal(case))


async def test_everybody_concerned_has_an_appeal(scene: Scene) -> None:
    divan = scene.world.divan
    room = (await divan.rooms.create(scene.rita, CreateRoom("Den", "4-6", "link"))).view
    for one in (scene.ben, scene.cyd):
        await divan.rooms.join(one, RoomQuery(room.id))
    targets = (scene.ben.user_id, scene.cyd.user_id)
    for outcome in ("rejected", "accepted"):
        case = await scene.case("room", room.id)
        await scene.act(case, "mute", targets=targets)
        await refused(NotFound, scene.appeal(case, scene.rita))
        first = await scene.appeal(case)
        if outcome == "accepted":
            second = await scene.appeal(case, scene.cyd)
            await scene.resolve(first, outcome)
            await refused(AppealResolved, scene.resolve(second, outcome))
            (told, *_) = await scene.told(scene.cyd)
            assert told.appeal is not None
            assert (told.appeal.status, told.appeal.outcome_note) == ("accepted", None)
            await divan.rooms.send(scene.cyd, SendRoomMessage(room.id, "Hm."))
        else:
            await scene.resolve(first, outcome)
            assert await scene.status(case) == ("actioned", False)
            second = await scene.appeal(case, scene.cyd)
            await scene.resolve(second, "accepted")
        assert await scene.status(case) == ("closed", False)


async def test_a_statement_of_reasons(scene: Scene) -> None:
    divan = scene.world.divan
    said = (await divan.chat.send(scene.ben, SendMessage(scene.ana.user_id, "Rude."))).view
    case = await scene.case("message", said.message_id)
    await scene.act(case, "tombstone", note="For staff.")
    await scene.act(case, "mute", ttl_minutes=60)
    mute, tombstone = await scene.told()
    assert (tombstone.action, tombstone.subject_type, tombstone.subject_id) == (
        "tombstone",
        "message",
        said.message_id,
    )
    assert (tombstone.facts, tombstone.reason, tombstone.automatic) == (
        "abuse",
        "Because of that.",
        False,
    )
    assert (tombstone.until, tombstone.end, tombstone.may_appeal, tombstone.appeal) == (
        None,
        None,
        True,
        None,
    )
    assert mute.until is not None
    assert tombstone.by == mute.by
    assert str(tombstone.by).startswith("mod-")
    for secret in (str(scene.mod.user_id), "For staff.", str(scene.ana.user_id)):
        assert secret not in repr(await scene.told())
    assert await scene.told(scene.ana) == ()
    page = await divan.sanctions.mine(scene.ben, SanctionsQuery(limit=1))
    rest = await divan.sanctions.mine(scene.ben, SanctionsQuery(limit=1, cursor=page.cursor))
    assert (page.items, rest.items, rest.cursor) == ((mute,), (tombstone,), None)
    (author,) = (await divan.chat.messages(scene.ben, MessagesQuery(scene.ana.user_id))).items
    assert author.notice == "tombstoned"


@pytest.mark.parametrize(
    "settings", [Settings(env="test", limit=ROOMY, candid_campuses=(str(CAMPUS),))]
)
async def test_a_candid_campus_tells_what_goes_unnoticed_elsewhere(scene: Scene) -> None:
    case = await scene.case()
    await scene.act(case, "shadow_hide")
    (told,) = await scene.told()
    assert (told.action, told.may_appeal) == ("shadow_hide", True)
    await scene.resolve(await scene.appeal(case), "accepted")
    (told,) = await scene.told()
    assert told.end == "reverted"


async def test_events_have_ids_and_no_words(scene: Scene) -> None:
    divan, case = scene.world.divan, await scene.case()
    await scene.act(case, "ban")
    appeal = await scene.appeal(case)
    await scene.resolve(appeal, "accepted", note="Sorry about this.")
    detail = await divan.cases.get(scene.rita, OneCase(case.id))
    deeds = {one.action: one for one in detail.timeline}
    assert deeds["appeal.resolved"].data["appeal_status"] == "accepted"
    assert deeds["appeal.resolved"].reason == "Sorry about this."
    assert deeds["appeal.opened"].reason is None


async def test_words_go_with_the_person(scene: Scene) -> None:
    divan, case = scene.world.divan, await scene.case()
    await scene.act(case, "mute")
    await scene.resolve(await scene.appeal(case), "rejected", note="It was you.")
    await divan.personal.erase(scene.ben.user_id)
    detail = await divan.cases.get(scene.rita, OneCase(case.id))
    (appeal,) = detail.appeals
    assert (appeal.note, appeal.outcome_note, appeal.appellant.handle) == (None, None, None)
    assert "It was you." not in repr(detail)
    assert (await divan.audit.verify()).ok


async def test_an_export_has_what_was_decided_about_somebody(scene: Scene) -> None:
    divan = scene.world.divan
    made = await divan.accounts.create_person(CreatePerson(CAMPUS, "eve", "Eve", email="e@x.org"))
    eve = await divan.accounts.actor(made.user_id)
    case = await scene.case(subject_id=eve.user_id)
    (limited,) = await scene.act(case, "restrict_create", ttl_minutes=5)
    await scene.act(case, "shadow_hide")
    await scene.act(case, "mute")
    await divan.actions.revert(scene.mod, RevertAction(case.id, limited.id, "A mistake."))
    await scene.resolve(await scene.appeal(case, eve), "rejected")
    found = await divan.personal.export("e@x.org")
    assert found.standing == "active"
    assert found.sanctions == await scene.told(eve)
    assert [one.action for one in found.sanctions] == ["mute", "restrict_create"]
    assert [(one.note, one.outcome_note) for one in found.appeals] == [(WHY, "So.")]
    assert [(one.restraint, one.lifted_at is None) for one in found.restrictions] == [
        ("restrict_create", False),
        ("mute", True),
    ]
    assert str(scene.mod.user_id) not in repr(found)

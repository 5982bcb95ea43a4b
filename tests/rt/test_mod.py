"""``/mod``: staff hear what happens to cases that they may see, and nobody else hears anything."""

import json
from typing import Any
from uuid import UUID

import anyio
import attrs
import pytest
from typed_settings import SecretStr

from divan_core.accounts.messages import CreateCampus, CreatePerson
from divan_core.errors import StoreUnavailable
from divan_core.kernel.actor import ADMIN, MODERATOR, Actor
from divan_core.kernel.ids import CampusId
from divan_core.kernel.notices import NoticesLost, PersonNotice
from divan_core.kernel.visibility import Standing
from divan_core.moderation.actionmessages import ApplyAction, RevertAction
from divan_core.moderation.appealmessages import ResolveAppeal, SendAppeal
from divan_core.moderation.messages import (
    AssignCase,
    CasesQuery,
    CaseView,
    DismissCase,
    EscalateCase,
    SendReport,
)
from divan_core.settings import JwtSettings
from divan_core.stores.bundle import StoreUnit
from divan_core.stores.factories import memory_stores
from divan_core.testing.clock import ManualClock
from tests.rt.raw import RawClient
from tests.rt.test_endings import sentence
from tests.rt.test_handshake import SECRET, token_of
from tests.rt.told import ToldClient
from tests.rt.world import CAMPUS, PATIENCE_S, SLOW_TICK, World, a_world, ids_of

pytestmark = pytest.mark.anyio

MOD = "/mod"
ELSEWHERE = CampusId(UUID(int=0xE1))
EVENTS = ("case:new", "case:update", "mod:reload")


class ModClient(ToldClient):
    """``out`` is set once it is not connected any more."""

    def __init__(self) -> None:
        super().__init__(MOD, EVENTS)
        self.out = anyio.Event()
        self.sio.on("disconnect", lambda *_: self.out.set(), namespace=MOD)


def staff(actor: Actor, role: str = MODERATOR) -> Actor:
    return attrs.evolve(actor, roles=frozenset({role}))


def credentials(actor: Actor) -> dict[str, str]:
    """Those of development, with the actor's roles."""
    roles = ",".join(actor.roles)
    return {"token": f"uid:{actor.user_id};campus:{actor.campus_id};roles:{roles}"}


async def watching(world: World, actor: Actor, auth: object = None) -> ModClient:
    client = ModClient()
    await client.enter(world, auth or credentials(actor))
    assert (await client.call("queue:watch"))["ok"]
    return client


async def refusal(world: World, auth: object) -> dict[str, Any]:
    """The problem that a connection with these credentials is refused with."""
    async with RawClient.open(world.url) as client:
        assert (await client.frame())[0] == "0"
        await client.send(f"40{MOD},{json.dumps(auth)}")
        answer = await client.frame()
        assert answer.startswith(f"44{MOD},"), answer
        found: dict[str, Any] = json.loads(answer.removeprefix(f"44{MOD},"))["data"]
        return found


async def settled(world: World, *clients: ModClient) -> None:
    """Everything that has happened was told, and everything told is here."""
    await world.divan.drain()
    for _ in range(200):
        await anyio.lowlevel.checkpoint()
    for client in clients:
        answer = await client.call("settle")
        assert answer["error"]["code"] == "not_found"


async def reported(world: World, by: Actor, whom: Actor, note: str | None = None) -> CaseView:
    report = SendReport("user", str(whom.user_id), "spam", note)
    await world.divan.reports.send(by, report)
    return await newest(world)


async def newest(world: World) -> CaseView:
    everybody = Actor(by_nobody(), CAMPUS, frozenset({ADMIN}))
    return (await world.divan.cases.page(everybody, CasesQuery())).items[0]


def by_nobody() -> Any:
    return UUID(int=0xAD)


async def elsewhere(world: World, name: str) -> Actor:
    accounts = world.divan.accounts
    await accounts.create_campus(CreateCampus("Elsewhere", 1, 1, id=ELSEWHERE))
    person = await accounts.create_person(CreatePerson(ELSEWHERE, name, name.title()))
    return await accounts.actor(person.user_id)


async def give_role(world: World, actor: Actor, *roles: str) -> None:
    """Change the roles on somebody's record."""

    async def body(unit: StoreUnit) -> None:
        person = await unit.people.get(actor.user_id)
        assert person is not None
        await unit.people.put((attrs.evolve(person, roles=frozenset(roles)),))

    async with world.divan.audience.changing(actor.campus_id, (actor.user_id,)):
        await world.divan.stores.units.write(body)


async def test_the_life_of_a_case(world: World) -> None:
    ana, ben, cyd, mod = [await world.join(name) for name in ("ana", "ben", "cyd", "mod")]
    mod, divan = staff(mod), world.divan
    client = await watching(world, mod)
    case = await reported(world, ana, cyd, "She wrote me things.")
    (new,) = await client.hears("case:new")
    assert (new["change"], new["case"]["id"]) == ("report.received", str(case.id))
    assert (new["case"]["status"], new["case"]["report_count"]) == ("open", 1)
    await reported(world, ben, cyd, "Me too.")
    (again,) = await client.hears("case:update")
    assert (again["change"], again["case"]["report_count"]) == ("report.received", 2)
    await divan.cases.assign(mod, AssignCase(case.id))
    (assigned,) = await client.hears("case:update")
    assert (assigned["change"], assigned["case"]["assigned_to"]) == (
        "case.assigned",
        str(mod.user_id),
    )
    done = await divan.actions.apply(mod, ApplyAction(case.id, "mute", "Unkind words."))
    (muted,) = await client.hears("case:update")
    assert (muted["change"], muted["case"]["status"]) == ("action.applied", "actioned")
    action = done.view.actions[0]
    await divan.actions.revert(mod, RevertAction(case.id, action.id, "A mistake."))
    (undone,) = await client.hears("case:update")
    assert undone["change"] == "action.reverted"
    for told in (new, again, assigned, muted, undone):
        text = json.dumps(told)
        assert not any(word in text for word in ("wrote", "too", "Unkind", "mistake", "cyd"))
    await settled(world, client)
    assert client.told == []


@pytest.mark.parametrize("end", ["escalated", "dismissed"])
async def test_other_ends(world: World, end: str) -> None:
    ana, cyd, mod = [await world.join(name) for name in ("ana", "cyd", "mod")]
    case = await reported(world, ana, cyd)
    await world.divan.drain()
    client = await watching(world, staff(mod))
    if end == "escalated":
        await world.divan.cases.escalate(staff(mod), EscalateCase(case.id, "Too grave."))
    else:
        await world.divan.cases.dismiss(staff(mod), DismissCase(case.id, "Nothing."))
    (told,) = await client.hears("case:update")
    assert (told["change"], told["case"]["status"]) == (f"case.{end}", end)


async def test_appeals(world: World) -> None:
    ana, cyd, mod, boss = [await world.join(name) for name in ("ana", "cyd", "mod", "boss")]
    case = await reported(world, ana, cyd)
    await world.divan.actions.apply(staff(mod), ApplyAction(case.id, "mute", "Unkind words."))
    await world.divan.drain()
    client = await watching(world, staff(mod))
    sent = await world.divan.appeals.send(cyd, SendAppeal(case.id, "I was kind all along."))
    (opened,) = await client.hears("case:update")
    assert (opened["change"], opened["case"]["appeal_open"]) == ("appeal.opened", True)
    await world.divan.appeals.resolve(staff(boss, ADMIN), ResolveAppeal(sent.view.id, "accepted"))
    told = await client.hears(*["case:update"] * 3)
    changes = {one["change"] for one in told}
    assert changes == {"action.reverted", "appeal.resolved", "case.closed"}
    assert {one["case"]["appeal_open"] for one in told} == {False}
    assert "kind" not in str((opened, told))


async def test_a_new_case_is_new_though_more_has_come_in(world: World) -> None:
    """Whoever hears of the first report when there are two still hears of a new case."""
    ana, ben, cyd, mod = [await world.join(name) for name in ("ana", "ben", "cyd", "mod")]
    client = await watching(world, staff(mod))
    async with anyio.create_task_group() as group:
        group.start_soon(reported, world, ana, cyd)
        group.start_soon(reported, world, ben, cyd)
    told = await client.hears("case:new", "case:update")
    assert {one["case"]["id"] for one in told} == {told[0]["case"]["id"]}


async def test_moderators_hear_of_their_campus_admins_of_all(world: World) -> None:
    ana, cyd, mod, boss = [await world.join(name) for name in ("ana", "cyd", "mod", "boss")]
    zoe, yan, far = [await elsewhere(world, name) for name in ("zoe", "yan", "far")]
    here, there = await watching(world, staff(mod)), await watching(world, staff(far))
    everywhere = await watching(world, staff(boss, ADMIN))
    assert (await here.call("queue:watch"))["campus_id"] == str(CAMPUS)
    assert (await everywhere.call("queue:watch"))["campus_id"] is None
    await reported(world, ana, cyd)
    await here.hears("case:new")
    await reported(world, zoe, yan)
    await there.hears("case:new")
    await everywhere.hears("case:new", "case:new")
    await settled(world, here, there, everywhere)
    assert here.told == there.told == everywhere.told == []


@pytest.mark.parametrize("role", [MODERATOR, ADMIN])
async def test_nobody_hears_of_a_case_about_themselves(world: World, role: str) -> None:
    ana, mod, other = [await world.join(name) for name in ("ana", "mod", "other")]
    mine, others = await watching(world, staff(mod, role)), await watching(world, staff(other))
    await reported(world, ana, mod)
    await others.hears("case:new")
    await settled(world, mine)
    assert mine.told == []


async def test_others_are_refused(world: World) -> None:
    ana = await world.join("ana")
    assert (await refusal(world, ids_of(ana)))["code"] == "forbidden"
    assert (await refusal(world, credentials(staff(ana, "staff.other"))))["status"] == 403
    assert (await refusal(world, None))["code"] == "unauthenticated"
    assert (await refusal(world, {"token": "nonsense"}))["status"] == 401


async def test_who_does_not_watch_hears_nothing(world: World) -> None:
    ana, cyd, mod = [await world.join(name) for name in ("ana", "cyd", "mod")]
    client = ModClient()
    await client.enter(world, credentials(staff(mod)))
    await reported(world, ana, cyd)
    await settled(world, client)
    assert client.told == []
    assert (await client.call("queue:watch", {"since": 1}))["ok"]
    await reported(world, cyd, ana)
    await client.hears("case:new")


async def test_whoever_loses_the_role_hears_nothing_and_is_put_out(world: World) -> None:
    """At once, though the beat that puts them out comes later; other namespaces go on."""
    ana, cyd, mod, other = [await world.join(name) for name in ("ana", "cyd", "mod", "other")]
    await give_role(world, mod, MODERATOR)
    client, others = await watching(world, mod, ids_of(mod)), await watching(world, staff(other))
    presence = await world.client(mod)
    await give_role(world, mod)
    await reported(world, ana, cyd)
    await others.hears("case:new")
    await settled(world, client)
    assert client.told == []
    answer = await client.call("queue:watch")
    assert answer["error"]["code"] == "forbidden"
    await world.tick()
    with anyio.fail_after(PATIENCE_S):
        await client.out.wait()
    await presence.settle()
    await settled(world, others)
    assert (await refusal(world, ids_of(mod)))["code"] == "forbidden"


async def test_a_banned_moderator_is_out(world: World) -> None:
    mod = await world.join("mod")
    client = await watching(world, staff(mod))
    await sentence(world, mod, Standing.BANNED)
    await world.tick()
    with anyio.fail_after(PATIENCE_S):
        await client.out.wait()


async def test_an_admin_who_becomes_a_moderator_hears_of_one_campus_only(world: World) -> None:
    ana, cyd, mod = [await world.join(name) for name in ("ana", "cyd", "mod")]
    zoe, yan = [await elsewhere(world, name) for name in ("zoe", "yan")]
    await give_role(world, mod, ADMIN)
    client = await watching(world, mod, ids_of(mod))
    await reported(world, zoe, yan)
    await client.hears("case:new")
    await give_role(world, mod, MODERATOR)
    await reported(world, yan, zoe)
    await reported(world, ana, cyd)
    (told,) = await client.hears("case:new")
    assert told["case"]["campus_id"] == str(CAMPUS)


async def test_the_roles_of_a_token_end_with_it() -> None:
    clock = ManualClock()
    jwt = JwtSettings(secret=SecretStr(SECRET), leeway_s=0)
    settings = attrs.evolve(SLOW_TICK, jwt=jwt)
    async with a_world(memory_stores(clock), clock, settings) as world:
        ana, cyd, mod = [await world.join(name) for name in ("ana", "cyd", "mod")]
        await give_role(world, mod, MODERATOR)
        client = await watching(world, mod, {"token": token_of(mod, clock, seconds=60)})
        clock.advance(61)
        await reported(world, ana, cyd)
        await settled(world, client)
        assert client.told == []
        await world.tick()
        with anyio.fail_after(PATIENCE_S):
            await client.out.wait()


async def test_a_store_that_is_away_means_reload_and_puts_nobody_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, cyd, mod = [await world.join(name) for name in ("ana", "cyd", "mod")]
    client, quiet = await watching(world, staff(mod)), ModClient()
    await quiet.enter(world, credentials(staff(mod)))

    async def away(*_args: object) -> None:
        raise StoreUnavailable

    case = await reported(world, ana, cyd)
    await client.hears("case:new")
    data = {"case_id": str(case.id), "change": "report.received"}
    notice = PersonNotice(CAMPUS, by_nobody(), "mod", "case:update", data)
    with monkeypatch.context() as patch:
        patch.setattr(world.divan.audience, "refresh", away)
        await world.divan.stores.person_notices.publish(notice)
        assert await client.hears("mod:reload") == [{}]
        await world.tick()
    await settled(world, client, quiet)
    await world.server._teller.hear(NoticesLost())  # noqa: SLF001 - as a broken connection would
    assert await client.hears("mod:reload") == [{}]
    assert quiet.told == []


async def test_a_bug_in_one_change_ends_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ana, ben, cyd, mod = [await world.join(name) for name in ("ana", "ben", "cyd", "mod")]
    client = await watching(world, staff(mod))

    async def broken(*_args: object) -> None:
        raise LookupError

    with monkeypatch.context() as patch:
        patch.setattr(world.divan.watching, "cases", broken)
        await reported(world, ana, cyd)
        await client.hears("mod:reload")
    assert "changes of cases could not be told" in caplog.text
    await reported(world, ben, cyd)
    await client.hears("case:update")


@pytest.mark.parametrize(
    "changes",
    [{"topic": "chat"}, {"name": "case:melted"}, {"data": {}}, {"data": {"case_id": "x"}}],
)
async def test_notices_of_other_versions_are_passed_over(
    world: World, changes: dict[str, Any]
) -> None:
    client = await watching(world, staff(await world.join("mod")))
    data = {"case_id": str(UUID(int=1)), "change": "report.received"}
    notice = PersonNotice(CAMPUS, by_nobody(), "mod", "case:update", data)
    for one in (notice, attrs.evolve(notice, **changes)):
        await world.divan.stores.person_notices.publish(one)
    await settled(world, client)
    assert client.told == []


async def test_of_many_changes_at_once_it_is_told_that_there_were_many(world: World) -> None:
    ana, cyd, mod = [await world.join(name) for name in ("ana", "cyd", "mod")]
    client = await watching(world, staff(mod))
    case = await reported(world, ana, cyd)
    await client.hears("case:new")
    data = {"case_id": str(case.id), "change": "case.assigned"}
    notice = PersonNotice(CAMPUS, by_nobody(), "mod", "case:update", data)
    for _ in range(201):
        world.server._watch.hear(notice)  # noqa: SLF001 - in one turn of the event loop
    await client.hears("mod:reload")


async def test_events_are_counted(world: World) -> None:
    client = await watching(world, staff(await world.join("mod")))
    answers = [await client.call("queue:watch") for _ in range(30)]
    assert [one["ok"] for one in answers] == [True] * 29 + [False]
    assert answers[-1]["error"]["code"] == "rate_limited"

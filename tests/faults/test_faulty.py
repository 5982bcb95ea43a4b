"""Every operation and every event says so when its stores do not answer, as is documented."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

import attrs
import httpx2
import pytest
from typed_settings import SecretStr

from divan_core.accounts.messages import CreatePerson
from divan_core.auth.messages import CreateAccount, SignIn
from divan_core.chat.roommessages import CreateRoom, RoomQuery
from divan_core.kernel.actor import ADMIN, Actor
from divan_core.kernel.ids import RoomId, UserId
from divan_core.moderation.actionmessages import ApplyAction
from divan_core.moderation.messages import CasesQuery, SendReport
from divan_core.safety.views import DEFAULT_ID
from divan_core.settings import ObsSettings, Settings
from divan_core.social.messages import InviteId, SendInvite
from divan_core.stores.calls import BUNDLE_CALLS
from divan_core.stores.factories import memory_stores
from divan_core.testing.clock import ManualClock
from divan_core.testing.faulty import FaultyStores
from divan_http.operation import Operation
from divan_http.routes import document, table
from tests.faults.plays import Plays, plays_of
from tests.http.peopled import UNLIMITED
from tests.http.world import World, open_world
from tests.rt.world import LiveClient, a_world, heartbeat_json

pytestmark = pytest.mark.anyio

TOKEN: Final = "open sesame"
OBS: Final = ObsSettings(metrics_public=True, admin_token=SecretStr(TOKEN))
SETTINGS: Final = Settings(env="test", limit=UNLIMITED, obs=OBS)
MOD: Final = "/api/mod/v1"
BECAUSE: Final = {"reason": "Because."}
POLICY: Final = {"version": 1, "rules": []}
CODES: Final = {"store_unavailable", "idempotency_unavailable"}
NEEDS_NOTHING: Final = {
    "document.openapi",
    "health.live",
    "health.startup",
    "metrics.read",
    "ops.trace_test",
}
REPORTS: Final = {"health.idempotency", "health.ready"}
"""They tell what they found, which is no problem document."""

Input = Mapping[str, Any]

GIVEN: Final[Mapping[str, Callable[[World], Input]]] = {
    "presence.heartbeat": lambda world: {"json": world.fix()},
    "presence.lookup": lambda world: {"params": {"user_ids": str(world.ben)}},
    "proximity.nearby": lambda _world: {"params": {"radius_m": 200}},
    "accounts.change_privacy": lambda _world: {"json": {"ghost_mode": False}},
    "accounts.change_profile": lambda _world: {"json": {"display_name": "Ana"}},
    "search.users": lambda _world: {"params": {"q": "ben"}},
    "search.rooms": lambda _world: {"params": {"q": "ben"}},
    "invites.send": lambda world: {"json": {"to_user_id": str(world.ben)}},
    "chat.send": lambda world: {"json": {"to_user_id": str(world.ben), "body": "hello"}},
    "chat.deliver": lambda _world: {"json": {"delivered_seq": 0}},
    "chat.read": lambda _world: {"json": {"read_seq": 0}},
    "rooms.create": lambda _world: {"json": {"name": "Den", "preset": "2-4", "visibility": "link"}},
    "rooms.add": lambda world: {"json": {"user_id": str(world.ben)}},
    "rooms.set_role": lambda _world: {"json": {"role": "moderator"}},
    "rooms.mute": lambda _world: {"json": {"minutes": 0}},
    "rooms.send": lambda _world: {"json": {"body": "hello"}},
    "policies.create": lambda _world: {"json": POLICY},
    "policies.backtest": lambda _world: {
        "json": {
            "policy": {"version": 1, "rules": []},
            "from": "2026-01-01",
            "to": "2026-01-02",
        }
    },
    "policies.dry_run": lambda _world: {"json": {"event": {"subject_type": "post"}}},
    "rooms.read": lambda _world: {"json": {"read_seq": 0}},
    "reports.send": lambda world: {"json": reported(world.ben)},
    "cases.escalate": lambda _world: {"json": BECAUSE},
    "cases.dismiss": lambda _world: {"json": BECAUSE},
    "cases.assign": lambda _world: {"json": {}},
    "cases.actions": lambda _world: {"json": {"action": "warn"} | BECAUSE},
    "cases.confirm": lambda _world: {"json": {}},
    "cases.revert": lambda _world: {"json": BECAUSE},
    "appeals.resolve": lambda _world: {"json": {"status": "rejected"}},
    "appeals.send": lambda _world: {"json": {"case_id": "", "note": "It was not me."}},
    "cases.batch_action": lambda world: {
        "json": {"case_ids": [str(world.campus)], "action": "assign"} | BECAUSE
    },
}
"""Valid input, where an operation needs some; people in a path are Ben, invites fit the reply, and
Ben is in the room, which is another one for leaving."""

ROWS: Final = sorted(table(dev=True), key=lambda row: row.name == "presence.offline")
"""Every operation; the one after which others have nothing to tell comes last."""

DOCUMENT: Final = document(dev=True)


@attrs.frozen
class Faulty:
    """A world whose stores can be made to fail."""

    stores: FaultyStores
    world: World
    invites: Mapping[str, InviteId]
    signing_in: Mapping[str, Input]
    rooms: Mapping[str, RoomId]
    cases: Mapping[str, str]
    actions: Mapping[str, str]
    own_case_id: str
    appeal_id: str
    plays: Plays

    async def ask(self, row: Operation) -> httpx2.Response:
        """Send an operation valid input; the answer is a documented one."""
        given = GIVEN[row.name](self.world) if row.name in GIVEN else {}
        given = self.signing_in.get(row.name, self.plays.given.get(row.name, given))
        if row.name == "appeals.send":
            given = {"json": given["json"] | {"case_id": self.own_case_id}}
        path = row.path.format(
            user_id=self.world.ben,
            invite_id=self.invites.get(row.name),
            room_id=self.rooms.get(row.name, self.rooms["rooms"]),
            policy_id=DEFAULT_ID,
            case_id=self.cases.get(row.name),
            action_id=self.actions.get(row.name),
            appeal_id=self.appeal_id,
            scope="overall",
            peer_id=self.plays.peer_id,
            activity_id=self.plays.ids.get(row.name),
        )
        answer = await as_staff(self.world, row.method, path, **given)
        described = DOCUMENT["paths"][row.path][row.method.lower()]["responses"]
        assert str(answer.status_code) in described, row.name
        return answer


@pytest.fixture
async def faulty() -> AsyncIterator[Faulty]:
    stores = FaultyStores()
    async with open_world(SETTINGS, stores.stores) as world:
        await world.beat()
        await world.beat(world.ben)
        cases = dict(await cases_of(world))
        cases["cases.confirm"], proposed = await proposed_by_zoe(world)
        yield Faulty(
            stores,
            world,
            await invites_of(world),
            await signing_in(world),
            await rooms_of(world),
            cases,
            {
                "cases.revert": await warned(world, cases["cases.revert"]),
                "cases.confirm": proposed,
            },
            await warned_of_ana(world),
            await appeal_of_ben(world),
            await plays_of(world),
        )
        stores.mend()


async def invites_of(world: World) -> Mapping[str, InviteId]:
    """An invite for each reply of Ana's."""
    accounts, found = world.divan.accounts, dict[str, InviteId]()
    ana = await accounts.actor(world.ana)
    for reply in ("accept", "decline", "cancel"):
        other = await accounts.create_person(CreatePerson(world.campus, reply, f"To {reply}"))
        ends = [await accounts.actor(other.user_id), ana][:: -1 if reply == "cancel" else 1]
        done = await world.divan.social.invite(ends[0], SendInvite(ends[1].user_id))
        found[f"invites.{reply}"] = done.view.id
    return found


async def signing_in(world: World) -> Mapping[str, Input]:
    """Valid input of everything about signing in."""
    auth, password = world.divan.auth, "plum under seven bridges"
    eve = CreateAccount("eve@x.org", "eve", "Eve", world.campus, password)
    await auth.create_account(eve)
    await auth.verify_account(eve.email, password)
    tokens = [await auth.sign_in(SignIn(eve.email, password)) for _ in range(2)]
    form = {
        "email": "fay@x.org",
        "password": password,
        "handle": "fay",
        "display_name": "Fay",
        "campus_id": str(world.campus),
    }
    answer = await world.client.post("/auth/register", json=form)
    assert answer.status_code == 202
    await auth.send_mail(9)
    return {
        "auth.register": {"json": form | {"email": "gus@x.org", "handle": "gus"}},
        "auth.verify": {"json": {"token": world.letters.token("fay@x.org")}},
        "auth.token": {"json": {"email": eve.email, "password": password}},
        "auth.refresh": {"json": {"refresh_token": tokens[0].refresh_token}},
        "auth.logout": {"json": {"refresh_token": tokens[1].refresh_token}},
    }


async def rooms_of(world: World) -> Mapping[str, RoomId]:
    """A room of Ana's with Ben in it for most operations, and one that she can leave."""
    accounts, rooms, found = world.divan.accounts, world.divan.rooms, dict[str, RoomId]()
    ana, ben = [await accounts.actor(one) for one in (world.ana, world.ben)]
    for name in ("rooms", "rooms.leave"):
        found[name] = (await rooms.create(ana, CreateRoom("Den", "2-4", "link"))).view.id
        await rooms.join(ben, RoomQuery(found[name]))
    return found


async def as_staff(world: World, method: str, path: str, **given: Any) -> httpx2.Response:
    """Ask as Ana, who may do everything."""
    headers = world.headers(X_User_Roles="staff.admin", X_Admin_Token=TOKEN)
    return await world.client.request(method, path, headers=headers, **given)


def reported(user_id: UserId) -> dict[str, str]:
    """A report of somebody."""
    return {"subject_type": "user", "subject_id": str(user_id), "reason_code": "spam"}


async def cases_of(world: World) -> Mapping[str, str]:
    """A case for each thing that can be done about one."""
    accounts, found = world.divan.accounts, dict[str, str]()
    for name in ("get", "assign", "escalate", "dismiss", "actions", "revert"):
        other = await accounts.create_person(
            CreatePerson(world.campus, f"x{name}", f"Whom they {name}")
        )
        await as_staff(world, "POST", f"{MOD}/reports", json=reported(other.user_id))
        answer = await as_staff(world, "GET", f"{MOD}/cases", params={"q": f"x{name}"})
        (case,) = answer.json()["items"]
        found[f"cases.{name}"] = case["id"]
    return found


async def warned(world: World, case_id: str) -> str:
    """Something done about a case, which can be taken back."""
    path = f"{MOD}/cases/{case_id}/actions"
    answer = await as_staff(world, "POST", path, json={"action": "warn"} | BECAUSE)
    return str(answer.json()["actions"][0]["id"])


async def proposed_by_zoe(world: World) -> tuple[str, str]:
    """A case, and the ban of the whole deployment that Zoe has proposed."""
    other = await world.divan.accounts.create_person(CreatePerson(world.campus, "far", "Far"))
    await as_staff(world, "POST", f"{MOD}/reports", json=reported(other.user_id))
    zoe = Actor(world.zoe, world.elsewhere, frozenset({ADMIN}))
    (case,) = (await world.divan.cases.page(zoe, CasesQuery(q="far"))).items
    command = ApplyAction(case.id, "ban", "Because.", scope="deployment")
    (action,) = (await world.divan.actions.apply(zoe, command)).view.actions
    return str(case.id), str(action.id)


async def warned_of_ana(world: World) -> str:
    """The case about which Ana was warned, by Zoe."""
    report = SendReport("user", str(world.ana), "spam")
    await world.divan.reports.send(await world.divan.accounts.actor(world.ben), report)
    return await warned_by_zoe(world, world.ana)


async def appeal_of_ben(world: World) -> str:
    """What Ben has to say about a warning by Zoe."""
    report = SendReport("user", str(world.ben), "spam")
    await world.divan.reports.send(await world.divan.accounts.actor(world.ana), report)
    case_id = await warned_by_zoe(world, world.ben)
    headers, said = world.headers(world.ben), {"case_id": case_id, "note": "It was not me."}
    answer = await world.client.post(f"{MOD}/appeals", json=said, headers=headers)
    return str(answer.json()["id"])


async def warned_by_zoe(world: World, user_id: UserId) -> str:
    """The case about somebody, after Zoe of the other campus has warned them."""
    zoe = Actor(world.zoe, world.elsewhere, frozenset({ADMIN}))
    (case,) = (await world.divan.cases.page(zoe, CasesQuery(q=str(user_id)))).items
    await world.divan.actions.apply(zoe, ApplyAction(case.id, "warn", "Because."))
    return str(case.id)


async def test_the_input_is_valid(faulty: Faulty) -> None:
    for row in ROWS:
        answer = await faulty.ask(row)
        assert answer.status_code == row.status, (row.name, answer.text)


async def test_with_no_store_at_all(faulty: Faulty) -> None:
    faulty.stores.fail()
    for row in ROWS:
        answer = await faulty.ask(row)
        if row.name in NEEDS_NOTHING:
            assert answer.status_code == 200
        elif row.name in REPORTS:
            assert (answer.status_code, answer.json()["status"]) == (503, "down")
        else:
            assert is_refused(answer), row.name


@pytest.mark.parametrize("port", BUNDLE_CALLS)
async def test_with_one_store_missing(faulty: Faulty, port: str) -> None:
    """Whatever it has done by then, an operation works, or says that it does not."""
    faulty.stores.fail(port)
    for row in ROWS:
        answer = await faulty.ask(row)
        assert is_performed(row, answer) or is_refused(answer), (row.name, answer.text)


def is_performed(row: Operation, answer: httpx2.Response) -> bool:
    """Whether an operation answered as it does, be it that something is missing."""
    if row.name in REPORTS:
        told = "ok" if answer.status_code == 200 else "down"
        return bool(answer.json()["status"] == told)
    return answer.status_code == row.status


def is_refused(answer: httpx2.Response) -> bool:
    """Whether an answer is the refusal that OpenAPI promises."""
    found = answer.json()
    return (
        answer.status_code == found["status"] == 503
        and found["code"] in CODES
        and answer.headers["retry-after"] == str(found["retry_after"]) == "1"
    )


def test_every_refusal_is_documented() -> None:
    for row in ROWS:
        described = DOCUMENT["paths"][row.path][row.method.lower()]["responses"]
        if row.name not in NEEDS_NOTHING | REPORTS:
            assert "Retry-After" in described["503"]["headers"]
            assert "store_unavailable" in described["503"]["description"]


@pytest.mark.parametrize("port", [None, *BUNDLE_CALLS])
async def test_socket_events(port: str | None) -> None:
    clock = ManualClock()
    faulty = FaultyStores(memory_stores(clock))
    async with a_world(faulty.stores, clock) as world:
        ana, ben = await world.join("ana"), await world.join("ben")
        client = await world.client(ana)
        await client.beat(0)
        await world.beat(ben, 40)
        faulty.fail(*[port] if port else [])
        answers = [await is_answered(client, *event) for event in events(clock)]
        if port is None:
            assert answers == [False, False, True]
        faulty.mend()
        assert [await is_answered(client, *event) for event in events(clock)] == [True] * 3


def events(clock: ManualClock) -> list[tuple[str, object]]:
    return [
        ("presence:heartbeat", heartbeat_json(clock, 5)),
        ("nearby:subscribe", {"radius_m": 200}),
        ("nearby:unsubscribe", None),
    ]


async def is_answered(client: LiveClient, event: str, payload: object) -> bool:
    """Whether an event was performed; where not, the refusal is the one that it should be."""
    answer = await client.call(event, payload)
    if answer["ok"]:
        return True
    problem = answer["error"]
    assert (problem["status"], problem["retry_after"]) == (503, 1)
    assert problem["code"] in CODES
    return False

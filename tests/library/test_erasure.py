"""Erasing somebody: nothing of them is left, whatever was killed on the way."""

import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import asyncpg
import attrs
import pytest
from typed_settings import SecretStr

from divan_core import Divan, Settings
from divan_core.accounts.messages import ChangePrivacy, ChangeProfile, CreateCampus, CreatePerson
from divan_core.auth.messages import RefreshToken, Register, SignIn, VerifyEmail
from divan_core.chat.messages import Attachment, PeerQuery, SendMessage
from divan_core.chat.roommessages import CreateRoom, RoomQuery, RoomsQuery, SendRoomMessage
from divan_core.erasure.model import Holding
from divan_core.errors import NotAuthenticated, NotFound, StoreUnavailable, UnknownUser
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import CampusId, UserId
from divan_core.personal import talk
from divan_core.personal.steps import STEPS
from divan_core.presence.messages import Heartbeat, NearbyQuery
from divan_core.social.messages import SendInvite
from divan_core.stores.bundle import Stores
from divan_core.stores.factories import embedded_stores
from divan_core.testing.clock import ManualClock
from divan_core.testing.faults import FaultPoints, Raise
from divan_core.testing.mail import Letters, quick_hasher
from tests.library.conftest import KINDS, stores_of
from tests.servers.forked import ran
from tests.servers.sqlite import migrated

pytestmark = pytest.mark.anyio

CAMPUS = CampusId(UUID(int=0xCA))
NOBODY = UserId(UUID(int=0))
PASSWORD = "plum under seven bridges"
SETTINGS = Settings(env="test", secret_key=SecretStr("s" * 32), workers_enabled=False)
TRACES = ("Eve Personal", "eve.personal", "personal@", "Zymurgy", "yodelling", "eve.png")
"""What is Eve's alone."""


@attrs.define
class Scene:
    """Eve, who has something of everything, and others."""

    divan: Divan
    letters: Letters
    clock: ManualClock
    eve: UserId = NOBODY
    token: str = ""
    others: dict[str, Actor] = attrs.field(factory=dict)

    async def set_up(self) -> None:
        divan = self.divan
        await divan.accounts.create_campus(CreateCampus("Here", 45.5, -73.6, id=CAMPUS))
        for name in ("ana", "ben", "cyd", "dan"):
            made = await divan.accounts.create_person(CreatePerson(CAMPUS, name, name.title()))
            self.others[name] = await divan.accounts.actor(made.user_id)
        register = Register("personal@x.org", PASSWORD, "eve.personal", "Eve Personal", CAMPUS)
        await divan.auth.register(register)
        await divan.auth.send_mail(9)
        token = self.letters.token("personal@x.org")
        self.eve = (await divan.auth.verify(VerifyEmail(token))).user_id
        await divan.auth.register(attrs.evolve(register, handle="eve.personal2"))
        self.token = (await divan.auth.sign_in(SignIn("personal@x.org", PASSWORD))).refresh_token
        eve = await divan.accounts.actor(self.eve)
        await divan.accounts.change_profile(
            eve,
            ChangeProfile(
                avatar_url="https://x.org/eve.png", major="Zymurgy", passions=("yodelling",)
            ),
        )
        await divan.accounts.change_privacy(eve, ChangePrivacy(blur_distance_m=50))
        await divan.social.befriend(eve, self.others["ana"].user_id)
        await divan.social.block(eve, self.others["ben"].user_id)
        await divan.social.block(self.others["ben"], self.eve)
        invite = SendInvite(self.others["cyd"].user_id)
        await divan.social.invite(eve, invite, idempotency_key="a-key")
        await divan.social.invite(self.others["dan"], SendInvite(self.eve))
        ana = self.others["ana"].user_id
        for name, members in (("Den", (ana,)), ("Solo", ())):
            await divan.rooms.create(eve, CreateRoom(name, "2-4", "link", members))
        for who in (eve, self.others["ana"]):
            beat = Heartbeat(45.5, -73.6, 5.0, "phone", self.clock.now())
            await divan.presence.heartbeat(who, beat)


@asynccontextmanager
async def scene_on(stores: Stores, clock: ManualClock) -> AsyncIterator[Scene]:
    letters = Letters()
    async with Divan.open(
        SETTINGS, stores=stores, clock=clock, hasher=quick_hasher(), mailer=letters
    ) as divan:
        yield Scene(divan, letters, clock)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def stores(kind: str, request: pytest.FixtureRequest, clock: ManualClock) -> Stores:
    return stores_of(kind, request, clock)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def everything(kind: str, scene: Scene, request: pytest.FixtureRequest) -> str:
    """All that the database holds, as text."""
    if kind == "memory":
        return repr(scene.divan.stores.units._records)  # type: ignore[attr-defined]  # noqa: SLF001
    if kind.startswith("sqlite"):
        path = request.getfixturevalue("tmp_path") / "divan.sqlite3"
        with contextlib.closing(sqlite3.connect(path)) as file:
            return "\n".join(file.iterdump())
    connection = await asyncpg.connect(request.getfixturevalue("postgres_url"))
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    rows = [await connection.fetch(f'SELECT * FROM "{one[0]}"') for one in tables]  # noqa: S608
    await connection.close()
    return repr(rows)


async def assert_gone(kind: str, scene: Scene, request: pytest.FixtureRequest) -> None:
    divan, eve = scene.divan, scene.eve
    text = await everything(kind, scene, request)
    assert not [trace for trace in TRACES if trace in text]
    with pytest.raises(UnknownUser):
        await divan.accounts.actor(eve)
    with pytest.raises(NotAuthenticated):
        await divan.auth.refresh(RefreshToken(scene.token))
    with pytest.raises(NotAuthenticated):
        await divan.auth.sign_in(SignIn("personal@x.org", PASSWORD))
    for other in scene.others.values():
        assert eve not in (await divan.stores.people.relations(other.user_id)).friends
        assert eve not in (await divan.audience.relations(other.user_id)).friends
        assert eve not in (await divan.audience.relations(other.user_id)).blocked
    near = await divan.presence.nearby(scene.others["ana"], NearbyQuery(radius_m=200))
    assert not near.items
    assert not (await divan.presence.status(Actor(eve, CAMPUS))).online
    again = Register("personal@x.org", PASSWORD, "eve.personal", "New Eve", CAMPUS)
    await divan.auth.register(again)


async def test_nothing_is_left(
    kind: str, stores: Stores, clock: ManualClock, request: pytest.FixtureRequest
) -> None:
    async with scene_on(stores, clock) as scene:
        await scene.set_up()
        text = await everything(kind, scene, request)
        assert [trace for trace in TRACES if trace in text] == list(TRACES)
        plan = await scene.divan.personal.plan("Personal@x.org", "Eve.Personal")
        assert plan.user_id == scene.eve
        assert not plan.begun
        assert {one.kind: one.count for one in plan.holdings} == {
            "sessions": 1,
            "friends and blocks": 2,
            "invites": 2,
            "rooms": 2,
            "activities": 0,
            "notes of reports": 0,
            "words of actions": 0,
            "words of appeals": 0,
            "words on record": 0,
            "decisions": 0,
            "trust": 0,
            "deeds": 0,
            "scores": 0,
            "stored answers": 1,
            "mailbox": 1,
            "person": 1,
        }
        told: list[tuple[str, int]] = []
        await scene.divan.personal.erase(scene.eve, lambda step, done: told.append((step, done)))
        assert dict(told)["friends and blocks"] == 2
        (den,) = (await scene.divan.rooms.mine(scene.others["ana"], RoomsQuery())).items
        assert (den.name, den.role, den.member_count) == ("Den", "owner", 1)
        await assert_gone(kind, scene, request)
        await scene.divan.personal.erase(scene.eve)
        assert await scene.divan.personal.sweep(9) == 0
        with pytest.raises(NotFound):
            await scene.divan.personal.export("nobody@x.org")


async def test_both_must_match(stores: Stores, clock: ManualClock) -> None:
    async with scene_on(stores, clock) as scene:
        await scene.set_up()
        for email, handle in (("personal@x.org", "ana"), ("nobody@x.org", "eve.personal")):
            with pytest.raises(NotFound):
                await scene.divan.personal.plan(email, handle)


POINTS = sorted(
    point
    for point in FaultPoints.points()
    if point.rpartition(":")[0]
    in {
        "erasures.put",
        "people.put",
        "sessions.remove_of",
        "relations.part",
        "invites.remove_of",
        "rooms.put",
        "keys.remove_of",
        "presence.amend",
        "limits.forget",
        "registrations.remove",
        "logins.remove",
        "logins.put",
        "units.write",
    }
)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("kind", ["memory"], indirect=True)
async def test_whatever_fails_is_gone_on_with(
    kind: str, stores: Stores, clock: ManualClock, point: str, request: pytest.FixtureRequest
) -> None:
    """At every point and every time that it is reached, until none is reached any more."""
    faults = FaultPoints()
    async with scene_on(faults.around(stores), clock) as scene:
        await scene.set_up()
        failures, passes = 0, 0
        while True:
            faults.arm(point, Raise(StoreUnavailable()), after=passes)
            try:
                await scene.divan.personal.erase(scene.eve)
                break
            except StoreUnavailable:
                failures, passes = failures + 1, 0 if failures % 2 else 1
                assert failures < 200
                faults.disarm()
                if failures > 60:
                    await scene.divan.personal.sweep(9)
        faults.disarm()
        await scene.divan.personal.sweep(9)
        assert failures
        scene.divan.stores = attrs.evolve(scene.divan.stores, units=stores.units)
        await assert_gone(kind, scene, request)


KILLED = """
import sys, anyio
from pathlib import Path
from divan_core import Divan
from divan_core.kernel.ids import UserId
from divan_core.stores.factories import embedded_stores
from divan_core.testing.clock import ManualClock
from divan_core.testing.faults import FaultPoints, Kill
from tests.library.test_erasure import SETTINGS
from uuid import UUID

async def main():
    faults, path, eve, after = FaultPoints(), *sys.argv[1:]
    clock = ManualClock()
    stores = faults.around(embedded_stores(Path(path), clock))
    async with Divan.open(SETTINGS, stores=stores, clock=clock) as divan:
        faults.arm("units.write:after", Kill(), after=int(after))
        await divan.personal.erase(UserId(UUID(eve)))

anyio.run(main)
"""


@pytest.mark.parametrize("after", [0, 2, 5, 9])
@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
async def test_a_killed_process_is_continued(
    kind: str, clock: ManualClock, after: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """By the worker of the next one; whoever leaves is gone for everybody from the first unit."""
    path = migrated(tmp_path / "divan.sqlite3")
    async with scene_on(embedded_stores(path, clock), clock) as scene:
        await scene.set_up()
        eve, token = scene.eve, scene.token
    done = ran(KILLED, path, eve, after, environment=dict(os.environ), timeout_s=60)
    assert done.returncode == -9, done.stderr
    async with scene_on(embedded_stores(path, clock), clock) as scene:
        scene.eve, scene.token = eve, token
        with pytest.raises(UnknownUser):
            await scene.divan.accounts.actor(eve)
        plan = await scene.divan.personal.plan("personal@x.org", "whatever")
        assert plan.begun
        assert plan.holdings[-1] == Holding("person", 0)
        assert await scene.divan.personal.sweep(9) == 1
        founder = CreateCampus("Here", 45.5, -73.6, id=CAMPUS)
        await scene.divan.accounts.create_campus(founder)
        ana = await scene.divan.accounts.create_person(CreatePerson(CAMPUS, "zoe", "Zoe"))
        scene.others["ana"] = await scene.divan.accounts.actor(ana.user_id)
        beat = Heartbeat(45.5, -73.6, 5.0, "phone", clock.now())
        await scene.divan.presence.heartbeat(scene.others["ana"], beat)
        await assert_gone(kind, scene, request)


async def test_an_export_holds_everything(stores: Stores, clock: ManualClock) -> None:
    async with scene_on(stores, clock) as scene:
        await scene.set_up()
        found = await scene.divan.personal.export("PERSONAL@x.org")
        assert found.account.handle == "eve.personal"
        assert (found.account.email, found.account.email_verified) == ("personal@x.org", True)
        assert found.account.passions == ("yodelling",)
        assert found.login.has_password
        assert len(found.login.sessions) == 1
        assert found.friends == (scene.others["ana"].user_id,)
        assert found.blocked == (scene.others["ben"].user_id,)
        assert {one.to_user_id for one in found.invites} == {
            scene.others["cyd"].user_id,
            scene.eve,
        }
        assert found.presence.online
        assert found.stored_answers == 1


async def test_an_export_holds_what_they_wrote_and_no_words_of_others(
    stores: Stores, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what they deleted for themselves, and where they are no more."""
    monkeypatch.setattr(talk, "PAGE", 2)
    async with scene_on(stores, clock) as scene:
        await scene.set_up()
        chat, rooms, ana = scene.divan.chat, scene.divan.rooms, scene.others["ana"]
        eve = await scene.divan.accounts.actor(scene.eve)
        file = Attachment("image/png", file_name="me.png")
        sent = [(await chat.send(eve, SendMessage(ana.user_id, "one", None, (file,)))).view]
        await chat.send(ana, SendMessage(eve.user_id, "a secret of ana"))
        sent += [(await chat.send(eve, SendMessage(ana.user_id, f"more {n}"))).view for n in (1, 2)]
        await chat.delete(eve, PeerQuery(ana.user_id))
        mine = {one.name: one.id for one in (await rooms.mine(eve, RoomsQuery())).items}
        for name in ("Den", "Solo"):
            command = SendRoomMessage(mine[name], f"in {name}")
            sent.append((await rooms.send(eve, command)).view)
        await rooms.send(ana, SendRoomMessage(mine["Den"], "a secret of ana"))
        for room_id in mine.values():
            await rooms.leave(eve, RoomQuery(room_id))
        found = await scene.divan.personal.export("personal@x.org")
        assert "a secret of ana" not in repr(found)
        expected = sorted(sent, key=lambda one: (one.conversation_id, one.seq))
        assert list(found.messages) == expected
        (conversation,) = found.conversations
        assert (conversation.peer_id, conversation.last_seq) == (ana.user_id, 4)
        assert (conversation.read_seq, conversation.cleared_seq) == (4, 4)
        assert {one.name: (one.room_id, one.state, one.role) for one in found.rooms} == {
            name: (room_id, "left", "member") for name, room_id in mine.items()
        }


def test_steps_keep_their_names() -> None:
    """They stand in erasures that wait: a new name would begin them anew."""
    names = [step.name for step in STEPS]
    assert names == [
        "sessions",
        "friends and blocks",
        "invites",
        "rooms",
        "activities",
        "notes of reports",
        "words of actions",
        "words of appeals",
        "words on record",
        "decisions",
        "trust",
        "deeds",
        "scores",
        "stored answers",
    ]

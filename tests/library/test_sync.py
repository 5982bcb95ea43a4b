"""Divan for synchronous programs: the same service, from any thread."""

import inspect
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest

from divan_core import Settings, SyncDivan, memory_stores
from divan_core.accounts.messages import (
    ChangePrivacy,
    ChangeProfile,
    CreateCampus,
    CreatePerson,
    ListQuery,
)
from divan_core.accounts.service import Accounts
from divan_core.activities.service import Activities
from divan_core.auth.messages import CreateAccount, RefreshToken, Register, SignIn, VerifyEmail
from divan_core.chat.messages import MessagesQuery, SendMessage
from divan_core.chat.roommessages import CreateRoom, RoomQuery, RoomsQuery, SendRoomMessage
from divan_core.chat.rooms import Rooms
from divan_core.chat.service import Chat
from divan_core.discovery.messages import DiscoverQuery
from divan_core.discovery.service import Discovery
from divan_core.errors import PresenceRequired, ValidationFailed
from divan_core.kernel.actor import MODERATOR, Actor
from divan_core.moderation.actions import Actions
from divan_core.moderation.appeals import Appeals
from divan_core.moderation.cases import Cases
from divan_core.moderation.dashboard import Dashboard
from divan_core.moderation.reports import Reports
from divan_core.moderation.sanctions import Sanctions
from divan_core.presence.messages import GoOffline, Heartbeat, LookupQuery, NearbyQuery
from divan_core.presence.service import Presence
from divan_core.safety.messages import Backtest
from divan_core.safety.service import Policies
from divan_core.social.service import Social
from divan_core.sync import (
    SyncAccounts,
    SyncActions,
    SyncActivities,
    SyncAppeals,
    SyncCases,
    SyncChat,
    SyncDashboard,
    SyncDiscovery,
    SyncPolicies,
    SyncPresence,
    SyncReports,
    SyncRooms,
    SyncSanctions,
    SyncSocial,
)
from divan_core.testing.clock import ManualClock
from divan_core.testing.mail import Letters, quick_hasher


@pytest.fixture
def divan() -> Iterator[SyncDivan]:
    clock = ManualClock()
    with SyncDivan.open(Settings(env="test"), stores=memory_stores(clock), clock=clock) as divan:
        yield divan


def join(divan: SyncDivan, *handles: str) -> list[Actor]:
    campus = divan.accounts.create_campus(CreateCampus("Test", 45.5, -73.5))
    assert divan.accounts.campuses(ListQuery()).items == (campus,)
    accounts = divan.accounts
    return [
        accounts.actor(accounts.create_person(CreatePerson(campus.id, one, one)).user_id)
        for one in handles
    ]


def beat(divan: SyncDivan, actor: Actor) -> None:
    divan.presence.heartbeat(actor, Heartbeat(45.5, -73.5, 5.0, "phone", 1_790_000_000_000))


def test_every_use_case_of_requests_is_there() -> None:
    internal = {
        "admit",
        "forget",
        "online",
        "refresh",
        "shown",
        "surroundings",
        "sweep",
        "sweep_all",
    }
    internal |= {"stats", "close_over", "expire", "every", "appeals", "in_force", "catalogue"}
    internal |= {"enforce", "enforce_all", "around", "afterwards"}  # what workers do with decisions
    internal |= {"backtest_all", "measure"}
    internal |= {"settle_due", "purge"}  # what workers do with activities
    internal |= {"keep"}  # what workers do with names
    for service, waiting in (
        (Accounts, SyncAccounts),
        (Social, SyncSocial),
        (Presence, SyncPresence),
        (Activities, SyncActivities),
        (Chat, SyncChat),
        (Rooms, SyncRooms),
        (Discovery, SyncDiscovery),
        (Reports, SyncReports),
        (Cases, SyncCases),
        (Actions, SyncActions),
        (Appeals, SyncAppeals),
        (Sanctions, SyncSanctions),
        (Dashboard, SyncDashboard),
        (Policies, SyncPolicies),
    ):
        for name, method in vars(service).items():
            if inspect.iscoroutinefunction(method) and not name.startswith("_"):
                assert hasattr(waiting, name) or name in internal, name


def test_a_whole_story(divan: SyncDivan) -> None:
    ana, ben = join(divan, "ana", "ben")
    with pytest.raises(PresenceRequired):
        divan.presence.nearby(ana, NearbyQuery(radius_m=50))
    beat(divan, ana)
    beat(divan, ben)
    query = NearbyQuery(radius_m=50)
    assert [one.handle for one in divan.presence.nearby(ana, query).items] == ["ben"]
    (seen,) = divan.presence.lookup(ana, LookupQuery((ben.user_id,))).items
    assert seen.online
    assert [one.handle for one in divan.discovery.people(ana, DiscoverQuery()).items] == ["ben"]
    assert divan.discovery.rooms(ana, DiscoverQuery()).items == ()
    divan.social.befriend(ana, ben.user_id)
    divan.social.remove(ana, ben.user_id)
    divan.social.block(ana, ben.user_id)
    assert divan.presence.nearby(ben, query).items == ()
    divan.social.unblock(ana, ben.user_id)
    divan.accounts.change_profile(ben, ChangeProfile(display_name="Benjamin"))
    assert divan.accounts.me(ben).display_name == "Benjamin"
    assert divan.accounts.change_privacy(ben, ChangePrivacy(ghost_mode=True)).ghost_mode
    divan.presence.offline(ana, GoOffline())
    assert not divan.presence.status(ana).online


def test_a_conversation_and_a_room(divan: SyncDivan) -> None:
    ana, ben = join(divan, "ana", "ben")
    sent = divan.chat.send(ana, SendMessage(ben.user_id, "hello"), idempotency_key="k")
    assert divan.chat.messages(ben, MessagesQuery(ana.user_id)).items == (sent.view,)
    room = divan.rooms.create(ana, CreateRoom("Den", "2-4", "link")).view
    assert divan.rooms.join(ben, RoomQuery(room.id)).member_count == 2
    divan.rooms.send(ben, SendRoomMessage(room.id, "hi"))
    (listed,) = divan.rooms.mine(ana, RoomsQuery()).items
    assert listed.unread_count == 1


def test_calls_come_from_any_thread(divan: SyncDivan) -> None:
    people = join(divan, *(f"user{number}" for number in range(20)))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda actor: beat(divan, actor), people))
        found = list(
            pool.map(
                lambda actor: divan.presence.nearby(actor, NearbyQuery(radius_m=100)).items, people
            )
        )
    assert {len(items) for items in found} == {19}


def test_people_sign_in_and_leave() -> None:
    letters = Letters()
    opened = SyncDivan.open(
        Settings(env="test"), stores=memory_stores(), hasher=quick_hasher(), mailer=letters
    )
    with opened as divan:
        campus = divan.accounts.create_campus(CreateCampus("Here", 45.5, -73.6))
        eve = CreateAccount("eve@x.org", "eve", "Eve", campus.id, "plum under seven bridges")
        made = divan.auth.create_account(eve)
        assert divan.auth.verify_account("eve@x.org", "another good password") == made
        tokens = divan.auth.sign_in(SignIn("eve@x.org", "another good password"))
        tokens = divan.auth.refresh(RefreshToken(tokens.refresh_token))
        divan.auth.sign_out(RefreshToken(tokens.refresh_token))
        assert divan.personal.export("eve@x.org").account.handle == "eve"
        assert divan.personal.plan("eve@x.org", "eve").user_id == divan.auth.find("eve@x.org")
        divan.personal.erase(made.user_id)
        form = Register("eve@x.org", "plum under seven bridges", "eve", "Eve", campus.id)
        assert divan.auth.register(form).status == "pending_verification"
        with pytest.raises(ValidationFailed):
            divan.auth.verify(VerifyEmail("no code"))


def test_a_policy_is_tried_on_the_past(divan: SyncDivan) -> None:
    (ana,) = join(divan, "ana")
    staff = attrs.evolve(ana, roles=frozenset({MODERATOR}))
    policy = {"version": "next", "default_action": "none", "rules": []}
    view = divan.policies.backtest(staff, Backtest(policy, "2026-01-01", "2026-12-31"))
    assert view.events == 0

"""Whoever is hidden is byte for byte like whoever does not exist: every route, every way to hide.

A row of ``PROBES`` is what Ana asks about somebody, and of whom the answer may tell her that there
is somebody. Of everybody else it is compared with the answer about nobody, headers included. To
cover a new route, add a line.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from typing import Any, Final
from uuid import UUID, uuid4

import attrs
import msgspec
import pytest

from divan_core.accounts.messages import ChangePrivacy, CreatePerson
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import UserId
from divan_core.kernel.notices import PersonNotice
from divan_core.kernel.visibility import Standing
from divan_core.settings import LimitSettings, Settings
from divan_core.social.messages import SendInvite
from tests.http.world import World, open_world, settled
from tests.sanctions import sentence

pytestmark = pytest.mark.anyio


@attrs.define
class Subject:
    """Somebody, or nobody at all: the ids and the name that Ana can ask about."""

    user_id: UUID = attrs.field(factory=uuid4)
    handle: str = attrs.field(factory=lambda: f"somebody{uuid4().hex[:12]}")
    invite_id: UUID = attrs.field(factory=uuid4)
    actor: Actor | None = None

    @property
    def names(self) -> dict[str, str]:
        return {
            "user_id": str(self.user_id),
            "handle": self.handle,
            "invite_id": str(self.invite_id),
        }


@attrs.frozen
class Probe:
    """Requests by Ana, the last of which is answered with what is compared.

    ``before`` is what there was between the two before anybody hid: nothing, an invite ``sent``
    by Ana or ``received`` by her, or a ``friendship``. ``tells`` are those of ``HIDING`` of whom
    she may learn that they exist.
    """

    name: str
    requests: tuple[str, ...]
    tells: Collection[str] = frozenset({"plain"})
    before: str = ""
    json: Mapping[str, str] | None = None


async def plain(_world: World, _one: Subject) -> None:
    """Hide nothing."""


async def blocked(world: World, one: Subject) -> None:
    await world.divan.social.block(await ana_of(world), UserId(one.user_id))


async def blocker(world: World, one: Subject) -> None:
    assert one.actor is not None
    await world.divan.social.block(one.actor, world.ana)


def privacy(**fields: Any) -> Callable[[World, Subject], Awaitable[None]]:
    async def hide(world: World, one: Subject) -> None:
        assert one.actor is not None
        await world.divan.accounts.change_privacy(one.actor, ChangePrivacy(**fields))

    return hide


def standing(now: Standing) -> Callable[[World, Subject], Awaitable[None]]:
    async def hide(world: World, one: Subject) -> None:
        assert one.actor is not None
        await sentence(world.divan, one.actor, now)

    return hide


HIDING: Final[Mapping[str, Callable[[World, Subject], Awaitable[None]]]] = {
    "plain": plain,
    "other campus": plain,
    "blocked": blocked,
    "blocker": blocker,
    "ghost": privacy(ghost_mode=True),
    "friends only": privacy(visibility="friends"),
    "none": privacy(visibility="none"),
    "shadowed": standing(Standing.SHADOWED),
    "banned": standing(Standing.BANNED),
    "deleted": standing(Standing.DELETED),
}

NEVER: Final = frozenset[str]()
TO_FRIENDS: Final = frozenset({"plain", "friends only"})
HIDDEN_FROM_OTHERS: Final = TO_FRIENDS | {"ghost", "none"}
"""Who has shown themselves to Ana before: her friends, and those who have asked her."""

LOOKUP: Final = "GET /presence/lookup?user_ids={user_id}"
NEARBY: Final = "GET /proximity/nearby?radius_m=200"
PLAY: Final = "POST /activities/with/{user_id}"
BLOCK: Final = "POST /friends/{user_id}/block"

PROBES: Final = (
    Probe("nearby", (NEARBY,)),
    Probe("nearby a friend", (NEARBY,), TO_FRIENDS, "friendship"),
    Probe("lookup", (LOOKUP,)),
    Probe("lookup of a friend", (LOOKUP,), TO_FRIENDS, "friendship"),
    Probe("streak", ("GET /leaderboards/streaks/{user_id}",)),
    Probe("streak of a friend", ("GET /leaderboards/streaks/{user_id}",), TO_FRIENDS, "friendship"),
    Probe("invite", ("POST /invites/send",), json={"to_user_id": "{user_id}"}),
    Probe("by handle", ("POST /invites/send",), TO_FRIENDS, json={"to_handle": "{handle}"}),
    Probe("again", ("POST /invites/send",), {"plain"}, "sent", {"to_user_id": "{user_id}"}),
    Probe(
        "invite a friend",
        ("POST /invites/send",),
        HIDDEN_FROM_OTHERS,
        "friendship",
        {"to_user_id": "{user_id}"},
    ),
    Probe("play", (PLAY,), json={"kind": "rps"}),
    Probe("play with a friend", (PLAY,), HIDDEN_FROM_OTHERS, "friendship", {"kind": "rps"}),
    Probe("block", (BLOCK,), NEVER),
    Probe("unblock", ("POST /friends/{user_id}/unblock",), NEVER),
    Probe("remove", ("POST /friends/{user_id}/remove",), NEVER),
    Probe("remove a friend", ("POST /friends/{user_id}/remove",), NEVER, "friendship"),
    Probe("mutual", ("GET /friends/{user_id}/mutual",)),
    Probe(
        "mutual of a friend", ("GET /friends/{user_id}/mutual",), HIDDEN_FROM_OTHERS, "friendship"
    ),
    Probe("friends", ("GET /friends/list",), NEVER),
    Probe("friends with one", ("GET /friends/list",), HIDDEN_FROM_OTHERS, "friendship"),
    Probe("blocked", (BLOCK, "GET /friends/list?filter=blocked"), TO_FRIENDS | {"blocked"}),
    Probe("pending", ("GET /friends/list?filter=pending",), TO_FRIENDS, "sent"),
    Probe("asked", ("GET /friends/list?filter=pending",), HIDDEN_FROM_OTHERS, "received"),
    Probe("inbox", ("GET /invites/inbox",), HIDDEN_FROM_OTHERS, "received"),
    Probe("outbox", ("GET /invites/outbox",), TO_FRIENDS, "sent"),
    Probe("accept", ("POST /invites/{invite_id}/accept",), HIDDEN_FROM_OTHERS, "received"),
    Probe("decline", ("POST /invites/{invite_id}/decline",), HIDDEN_FROM_OTHERS, "received"),
    Probe("cancel", ("POST /invites/{invite_id}/cancel",), TO_FRIENDS, "sent"),
    Probe("cancel again", ("POST /invites/{invite_id}/cancel",) * 2, TO_FRIENDS, "sent"),
    Probe(
        "cancel and look",
        ("POST /invites/{invite_id}/cancel", "GET /invites/outbox"),
        NEVER,
        "sent",
    ),
)

ROOMY: Final = LimitSettings(invite_per_minute=1000, block_per_minute=1000)


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[World]:
    """What serves them all: to make it takes longer than a probe."""
    async with open_world(Settings(env="test", limit=ROOMY)) as made:
        yield made


@pytest.fixture
async def world(server: World) -> World:
    """On a campus of her own, Ana has a friend, Ben, and is online."""
    made = attrs.evolve(server, **await settled(server.divan, uuid4().hex[:12]))
    await made.divan.social.befriend(await ana_of(made), made.ben)
    await made.beat()
    return made


async def ana_of(world: World) -> Actor:
    return await world.divan.accounts.actor(world.ana)


async def somebody(world: World, hiding: str, before: str) -> Subject:
    """Somebody new beside Ana, and a friend of Ben; in the end they hide."""
    campus = world.elsewhere if hiding == "other campus" else world.campus
    accounts, one = world.divan.accounts, Subject()
    account = await accounts.create_person(CreatePerson(campus, one.handle, "Some Body"))
    one.user_id, one.actor = account.user_id, await accounts.actor(account.user_id)
    if campus == world.campus:
        await world.divan.social.befriend(one.actor, world.ben)
        await world.beat(account.user_id)
        await history(world, one, before)
    await HIDING[hiding](world, one)
    return one


async def history(world: World, one: Subject, before: str) -> None:
    social, ana = world.divan.social, await ana_of(world)
    assert one.actor is not None
    if before == "friendship":
        await social.befriend(ana, one.actor.user_id)
    elif before == "sent":
        one.invite_id = (await social.invite(ana, SendInvite(one.actor.user_id))).view.id
    elif before == "received":
        one.invite_id = (await social.invite(one.actor, SendInvite(ana.user_id))).view.id


async def answer(world: World, probe: Probe, one: Subject) -> object:
    """All of the last answer that can be told apart, with the ids that Ana gave left out."""
    given = probe.json and {name: text.format(**one.names) for name, text in probe.json.items()}
    answers = []
    for request in probe.requests:
        method, _, target = request.format(**one.names).partition(" ")
        headers = world.headers(X_Request_Id="the-same")
        answers.append(await world.client.request(method, target, json=given, headers=headers))
    found = answers[-1]
    text = found.text
    for name in one.names.values():
        text = text.replace(name, "...")
    return found.status_code, text, sorted(found.headers.multi_items())


@pytest.mark.parametrize("hiding", HIDING)
@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
async def test_hidden_is_as_nobody(world: World, probe: Probe, hiding: str) -> None:
    about_nobody = await answer(world, probe, Subject())
    about_somebody = await answer(world, probe, await somebody(world, hiding, probe.before))
    assert (about_somebody != about_nobody) == (hiding in probe.tells)


def invite_of(sender: UUID, recipient: UUID) -> dict[str, object]:
    return {
        "id": str(uuid4()),
        "sender": str(sender),
        "recipient": str(recipient),
        "created_at": 1,
        "expires_at": 2,
    }


Notice = Callable[[UUID, UUID], dict[str, object]]
"""A notice's content, of whom it is told and whom it is about."""

TOLD: Final[Mapping[str, tuple[str, Notice, Collection[str], str]]] = {
    "invite from": ("invite:new", lambda me, one: invite_of(one, me), HIDDEN_FROM_OTHERS, ""),
    "reply to": ("invite:update", lambda me, one: invite_of(one, me), HIDDEN_FROM_OTHERS, ""),
    "reply from": ("invite:update", invite_of, TO_FRIENDS, ""),
    "reply of a friend": ("invite:update", invite_of, HIDDEN_FROM_OTHERS, "friendship"),
    "no friend": (
        "friend:update",
        lambda _, one: {"user_id": str(one), "state": "accepted"},
        NEVER,
        "",
    ),
    "friend": (
        "friend:update",
        lambda _, one: {"user_id": str(one), "state": "accepted"},
        HIDDEN_FROM_OTHERS,
        "friendship",
    ),
}


@pytest.mark.parametrize("hiding", HIDING)
@pytest.mark.parametrize("told", TOLD)
async def test_nothing_is_told_of_the_hidden(world: World, told: str, hiding: str) -> None:
    name, content, tells, before = TOLD[told]
    one = await somebody(world, hiding, before)
    notice = PersonNotice(world.campus, world.ana, "social", name, content(world.ana, one.user_id))
    view = await world.divan.social.shown(notice)
    assert (view is not None) == (hiding in tells)
    if view is not None:
        assert one.handle in msgspec.json.encode(view).decode()
    nobody = attrs.evolve(notice, data=content(world.ana, uuid4()))
    assert await world.divan.social.shown(nobody) is None

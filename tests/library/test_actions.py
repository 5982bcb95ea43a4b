"""Actions as a library, on every set of stores: each with its inverse, on every path that reads."""

from collections.abc import Awaitable, Sequence
from typing import Any
from uuid import UUID

import attrs
import pytest

from divan_core.chat.messages import (
    ConversationsQuery,
    MessagesQuery,
    MessageView,
    OutboxQuery,
    SendMessage,
)
from divan_core.chat.roommessages import (
    CreateRoom,
    RoomMessagesQuery,
    RoomQuery,
    RoomsQuery,
    RosterQuery,
    SendRoomMessage,
)
from divan_core.codec.reader import encode
from divan_core.discovery.messages import SearchQuery
from divan_core.errors import (
    AccountLimited,
    Banned,
    CaseDecided,
    DivanError,
    InvalidInput,
    Muted,
    NotAllowed,
    NotFound,
)
from divan_core.kernel.actor import ADMIN, MODERATOR, Actor
from divan_core.kernel.ids import UserId
from divan_core.moderation.actionmessages import ActionView, ApplyAction, RevertAction
from divan_core.moderation.messages import (
    CasesQuery,
    CaseView,
    DismissCase,
    EscalateCase,
    OneCase,
    SendReport,
)
from divan_core.presence.messages import LookupQuery
from divan_core.social.messages import FriendsQuery, SendInvite
from tests.library.conftest import World
from tests.library.pages import page_of

pytestmark = pytest.mark.anyio


@attrs.define
class Scene:
    """Ben, who writes to Ana and to a room of his with Ana and Cyd in it, and a moderator."""

    world: World
    ana: Actor
    ben: Actor
    cyd: Actor
    mod: Actor
    message: MessageView
    in_room: MessageView
    room: Any

    async def case(self, kind: Any, subject_id: object) -> CaseView:
        """The case that Ana's report makes."""
        await self.world.divan.reports.send(self.ana, SendReport(kind, str(subject_id), "abuse"))
        return (await self.world.divan.cases.page(self.mod, CasesQuery())).items[0]

    async def act(self, case: CaseView, action: Any, **more: Any) -> ActionView:
        """Do something."""
        command = ApplyAction(case.id, action, "Because.", **more)
        return (await self.world.divan.actions.apply(self.mod, command)).view.actions[0]

    async def undo(self, case: CaseView, action: ActionView) -> ActionView:
        """Take it back."""
        command = RevertAction(case.id, action.id, "A mistake.")
        return (await self.world.divan.actions.revert(self.mod, command)).view

    async def seen(self) -> list[bytes]:
        """All that the three read of each other, byte for byte."""
        found = list[bytes]()
        for viewer in (self.ana, self.ben, self.cyd):
            for read in self.reads(viewer):
                try:
                    found.append(encode(await read))
                except DivanError as refusal:
                    found.append(refusal.code.encode())
        return found

    def reads(self, viewer: Actor) -> Sequence[Awaitable[object]]:
        """Every path that reads."""
        divan = self.world.divan
        others = [one for one in (self.ana, self.ben, self.cyd) if one != viewer]
        ids = tuple(one.user_id for one in others)
        return [
            divan.accounts.actor(viewer.user_id),
            divan.chat.conversations(viewer, ConversationsQuery()),
            *(page_of(divan, viewer, MessagesQuery(one)) for one in ids),
            *(divan.chat.outbox(viewer, OutboxQuery(one)) for one in ids),
            divan.rooms.mine(viewer, RoomsQuery()),
            divan.rooms.card(viewer, RoomQuery(self.room.id)),
            divan.rooms.roster(viewer, RosterQuery(self.room.id)),
            page_of(divan, viewer, RoomMessagesQuery(self.room.id)),
            divan.discovery.search_rooms(viewer, SearchQuery("Den")),
            divan.discovery.search_users(viewer, SearchQuery("ben")),
            divan.presence.lookup(viewer, LookupQuery(ids)),
            divan.social.friends(viewer, FriendsQuery()),
        ]


@pytest.fixture
async def scene(world: World) -> Scene:
    ana, ben, cyd = [await world.join(name) for name in ("ana", "ben", "cyd")]
    mod = await world.join("mod")
    divan = world.divan
    sent = await divan.social.invite(ben, SendInvite(ana.user_id))
    await divan.social.accept(ana, sent.view.id)
    room = (await divan.rooms.create(ben, CreateRoom("Den", "4-6", "link"))).view
    for one in (ana, cyd):
        await divan.rooms.join(one, RoomQuery(room.id))
    await divan.chat.send(ben, SendMessage(ana.user_id, "Before."))
    message = (await divan.chat.send(ben, SendMessage(ana.user_id, "Rude.", "mine"))).view
    in_room = (await divan.rooms.send(ben, SendRoomMessage(room.id, "Ruder."))).view
    staff = Actor(mod.user_id, mod.campus_id, frozenset({MODERATOR}))
    return Scene(world, ana, ben, cyd, staff, message, in_room, room)


async def refused(kind: type[DivanError], call: Awaitable[object]) -> None:
    with pytest.raises(kind):
        await call


ON_SUBJECTS = [
    ("message", "tombstone"),
    ("message", "remove"),
    ("message", "shadow_hide"),
    ("message", "ban"),
    ("message", "mute"),
    ("in_room", "tombstone"),
    ("in_room", "remove"),
    ("in_room", "shadow_hide"),
    ("user", "shadow_hide"),
    ("user", "ban"),
    ("user", "mute"),
    ("user", "restrict_create"),
    ("user", "restrict_invites"),
    ("room", "remove"),
    ("room", "ban"),
]
UNSEEN = {"mute", "restrict_create", "restrict_invites"}


def subject_of(scene: Scene, what: str) -> tuple[str, object]:
    return {
        "message": ("message", scene.message.message_id),
        "in_room": ("message", scene.in_room.message_id),
        "user": ("user", scene.ben.user_id),
        "room": ("room", scene.room.id),
    }[what]


@pytest.mark.parametrize(("what", "action"), ON_SUBJECTS)
async def test_an_action_and_its_inverse_leave_everything_as_it_was(
    scene: Scene, what: str, action: str
) -> None:
    case = await scene.case(*subject_of(scene, what))
    before = await scene.seen()
    done = await scene.act(case, action)
    during = await scene.seen()
    assert (during == before) is (action in UNSEEN)
    assert await scene.act(case, action) == done
    assert await scene.seen() == during
    undone = await scene.undo(case, done)
    assert (undone.end, undone.ended_by) == ("reverted", scene.mod.user_id)
    assert await scene.undo(case, done) == undone
    assert await scene.seen() == before
    assert (await scene.world.divan.audit.verify()).ok
    detail = await scene.world.divan.cases.get(scene.mod, OneCase(case.id))
    assert [one.action for one in detail.timeline] == ["action.applied", "action.reverted"]
    assert (detail.case.status, detail.actions) == ("actioned", (undone,))


@pytest.mark.parametrize(("what", "action"), ON_SUBJECTS)
async def test_an_action_ends_by_itself(scene: Scene, what: str, action: str) -> None:
    case = await scene.case(*subject_of(scene, what))
    before, actions = await scene.seen(), scene.world.divan.actions
    await scene.act(case, action, ttl_minutes=10)
    scene.world.clock.advance(599.999)
    assert await actions.expire(9) == 0
    scene.world.clock.advance(0.001)
    assert await actions.expire(9) == 1
    assert await actions.expire(9) == 0
    assert await scene.seen() == before
    detail = await scene.world.divan.cases.get(scene.mod, OneCase(case.id))
    assert [one.end for one in detail.actions] == ["expired"]
    assert [one.actor_id for one in detail.timeline] == [scene.mod.user_id, None]


async def texts(scene: Scene, viewer: Actor, other: Actor) -> list[tuple[str, object]]:
    page = await page_of(scene.world.divan, viewer, MessagesQuery(other.user_id))
    return [(one.body, one.notice) for one in page.items]


async def test_who_still_sees_a_message(scene: Scene) -> None:
    from msgspec import UNSET  # noqa: PLC0415 - of this test alone

    case = await scene.case("message", scene.message.message_id)
    first, second = ("Before.", UNSET), ("Rude.", UNSET)
    for action, author in (
        ("tombstone", [("Rude.", "tombstoned"), first]),
        ("shadow_hide", [second, first]),
        ("remove", [first]),
    ):
        done = await scene.act(case, action)
        assert await texts(scene, scene.ana, scene.ben) == [first]
        assert await texts(scene, scene.ben, scene.ana) == author
        await scene.undo(case, done)
        assert await texts(scene, scene.ana, scene.ben) == [second, first]


async def test_of_several_the_strongest_is_in_force(scene: Scene) -> None:
    case = await scene.case("message", scene.message.message_id)
    hidden = await scene.act(case, "shadow_hide")
    during = await scene.seen()
    removed = await scene.act(case, "remove")
    assert await texts(scene, scene.ben, scene.ana) == await texts(scene, scene.ana, scene.ben)
    await scene.undo(case, removed)
    assert await scene.seen() == during
    again = await scene.act(case, "remove")
    await scene.undo(case, hidden)
    assert len(await texts(scene, scene.ben, scene.ana)) == 1
    await scene.undo(case, again)
    assert len(await texts(scene, scene.ben, scene.ana)) == 2


async def test_two_cases_ban_one_person(scene: Scene) -> None:
    before = await scene.seen()
    one = await scene.case("message", scene.message.message_id)
    other = await scene.case("user", scene.ben.user_id)
    first, second = await scene.act(one, "ban"), await scene.act(other, "ban")
    assert first.id != second.id
    await scene.undo(one, first)
    await refused(Banned, scene.world.divan.accounts.actor(scene.ben.user_id))
    await scene.undo(other, second)
    assert await scene.seen() == before


async def test_restrictions_are_felt_at_once(scene: Scene) -> None:
    divan, case = scene.world.divan, await scene.case("user", scene.ben.user_id)

    async def say() -> object:
        return await divan.chat.send(scene.ben, SendMessage(scene.ana.user_id, "Hm."))

    async def invite() -> object:
        return await divan.social.invite(scene.ben, SendInvite(scene.cyd.user_id))

    await say()
    muted = await scene.act(case, "mute")
    await refused(Muted, say())
    await scene.undo(case, muted)
    await say()
    limited = await scene.act(case, "restrict_create")
    await refused(AccountLimited, say())
    await scene.undo(case, limited)
    await say()
    limited = await scene.act(case, "restrict_invites", ttl_minutes=1)
    await refused(AccountLimited, invite())
    await say()
    scene.world.clock.advance(60)
    await invite()


async def test_what_can_be_done_about_what(scene: Scene) -> None:
    apply = scene.world.divan.actions.apply
    message = await scene.case("message", scene.message.message_id)
    user = await scene.case("user", scene.ben.user_id)
    room = await scene.case("room", scene.room.id)
    for case, action in (
        (user, "tombstone"),
        (user, "remove"),
        (room, "tombstone"),
        (room, "shadow_hide"),
    ):
        await refused(InvalidInput, apply(scene.mod, ApplyAction(case.id, action, "So.")))  # type: ignore[arg-type]  # each is a name
    wrong = ApplyAction(message.id, "warn", "So.", ttl_minutes=5)
    await refused(InvalidInput, apply(scene.mod, wrong))
    me = (scene.mod.user_id,)
    await refused(InvalidInput, apply(scene.mod, ApplyAction(user.id, "ban", "So.", targets=me)))
    on_it = ApplyAction(message.id, "remove", "So.", targets=(scene.ben.user_id,))
    await refused(InvalidInput, apply(scene.mod, on_it))
    before = await scene.seen()
    for action in ("none", "warn"):
        await scene.act(message, action)
    assert await scene.seen() == before
    assert message.status == "open"


async def test_a_dismissed_case_is_not_acted_on(scene: Scene) -> None:
    divan, case = scene.world.divan, await scene.case("user", scene.ben.user_id)
    await divan.cases.dismiss(scene.mod, DismissCase(case.id, "No."))
    await refused(CaseDecided, divan.actions.apply(scene.mod, ApplyAction(case.id, "ban", "So.")))
    other = await scene.case("user", scene.ben.user_id)
    await divan.cases.escalate(scene.mod, EscalateCase(other.id, "Hard."))
    await refused(NotAllowed, divan.actions.apply(scene.mod, ApplyAction(other.id, "ban", "So.")))
    admin = attrs.evolve(scene.mod, roles=frozenset({ADMIN}))
    await divan.actions.apply(admin, ApplyAction(other.id, "ban", "So."))
    await refused(Banned, divan.accounts.actor(scene.ben.user_id))


async def test_targets(scene: Scene) -> None:
    divan, case = scene.world.divan, await scene.case("room", scene.room.id)
    people = (scene.ben.user_id, scene.cyd.user_id)
    command = ApplyAction(case.id, "mute", "Both.", targets=people)
    done = await divan.actions.apply(scene.mod, command, idempotency_key="k")
    again = await divan.actions.apply(scene.mod, command, idempotency_key="k")
    assert again.body == done.body
    assert [one.target_id for one in done.view.actions] == [str(one) for one in people]
    for one in (scene.ben, scene.cyd):
        await refused(Muted, divan.rooms.send(one, SendRoomMessage(scene.room.id, "Hm.")))
    nobody = ApplyAction(case.id, "ban", "So.", targets=(UserId(UUID(int=5)),))
    await refused(NotFound, divan.actions.apply(scene.mod, nobody))


async def test_what_staff_wrote_goes_with_the_person(scene: Scene) -> None:
    divan, case = scene.world.divan, await scene.case("user", scene.ben.user_id)
    await scene.act(case, "mute", note="For staff.")
    await divan.personal.erase(scene.ben.user_id)
    detail = await divan.cases.get(scene.mod, OneCase(case.id))
    assert [(one.reason, one.note) for one in detail.actions] == [(None, None)]
    assert [(one.reason, one.erased) for one in detail.timeline] == [(None, True)]
    assert (await divan.audit.verify()).ok

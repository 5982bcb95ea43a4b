"""``/social``: what happens to somebody arrives on all their sockets, and on nobody else's."""

import json
from typing import Any, Literal

import anyio
import attrs
import msgspec
import pytest

from divan_core.accounts.messages import ChangePrivacy
from divan_core.errors import StoreUnavailable
from divan_core.kernel.actor import ADMIN, Actor
from divan_core.kernel.notices import NoticesLost, PersonNotice
from divan_core.kernel.visibility import Standing
from divan_core.moderation.actionmessages import ApplyAction
from divan_core.moderation.appealmessages import ResolveAppeal, SendAppeal
from divan_core.moderation.sanctionmessages import SanctionsQuery
from divan_core.social.messages import InviteView, SendInvite
from tests.rt.raw import RawClient
from tests.rt.test_endings import sentence
from tests.rt.test_mod import reported, staff
from tests.rt.told import ToldClient
from tests.rt.world import World, ids_of

pytestmark = pytest.mark.anyio

SOCIAL = "/social"
EVENTS = ("invite:new", "invite:update", "friend:update", "appeal:update", "social:reload")


class SocialClient(ToldClient):
    """A client of ``/social``."""

    def __init__(self) -> None:
        super().__init__(SOCIAL, EVENTS)

    async def connect(self, world: World, actor: Actor, *, listen: bool = True) -> None:
        await self.enter(world, ids_of(actor))
        if listen:
            assert await self.call("subscribe:self") == {"ok": True}


async def social(world: World, actor: Actor, *, listen: bool = True) -> SocialClient:
    client = SocialClient()
    await client.connect(world, actor, listen=listen)
    return client


async def settled(world: World, *clients: SocialClient) -> None:
    """Everything that has happened was told, and everything told is here."""
    await world.divan.drain()
    for _ in range(200):
        await anyio.lowlevel.checkpoint()
    for client in clients:
        answer = await client.call("settle")
        assert answer["error"]["code"] == "not_found"


async def invited(world: World, sender: Actor, recipient: Actor) -> InviteView:
    done = await world.divan.social.invite(sender, SendInvite(recipient.user_id))
    return done.view


def person(actor: Actor, name: str) -> dict[str, Any]:
    return {
        "user_id": str(actor.user_id),
        "handle": name,
        "display_name": name.title(),
        "avatar_url": None,
    }


async def test_an_invite_and_its_acceptance(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    anas, bens, bens_other = [await social(world, one) for one in (ana, ben, ben)]
    view = await invited(world, ana, ben)
    for client in (bens, bens_other):
        (new,) = await client.hears("invite:new")
        assert new == {
            "id": str(view.id),
            "from_user_id": str(ana.user_id),
            "to_user_id": str(ben.user_id),
            "state": "open",
            "created_at": view.created_at,
            "expires_at": view.expires_at,
            "person": person(ana, "ana"),
        }
    await world.divan.social.accept(ben, view.id)
    for client, other in ((anas, person(ben, "ben")), (bens, person(ana, "ana"))):
        update, friend = await client.hears("invite:update", "friend:update")
        assert (update["state"], update["person"]) == ("accepted", other)
        assert friend == {"state": "accepted", **other}
    await bens_other.hears("invite:update", "friend:update")
    await settled(world, anas, bens, bens_other)
    assert anas.told == bens.told == bens_other.told == []


@pytest.mark.parametrize("reply", ["decline", "cancel"])
async def test_other_replies_are_told_to_both(world: World, reply: str) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    anas, bens = await social(world, ana), await social(world, ben)
    view = await invited(world, ana, ben)
    await bens.hears("invite:new")
    act = world.divan.social.decline if reply == "decline" else world.divan.social.cancel
    await act(ben if reply == "decline" else ana, view.id)
    for client in (anas, bens):
        (update,) = await client.hears("invite:update")
        assert update["state"] == f"{reply.rstrip('e')}{'l' if reply == 'cancel' else ''}ed"


async def test_whoever_is_removed_is_not_told(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    await world.divan.social.befriend(ana, ben.user_id)
    await world.divan.drain()
    anas, bens = await social(world, ana), await social(world, ben)
    await world.divan.social.remove(ana, ben.user_id)
    assert await anas.hears("friend:update") == [{"user_id": str(ben.user_id), "state": "removed"}]
    await settled(world, bens)
    assert bens.told == []


async def test_whoever_is_blocked_is_told_nothing(world: World) -> None:
    """Not of the end of the friendship, nor of an invite; and nothing from then on."""
    ana, ben, cyd = [await world.join(name) for name in ("ana", "ben", "cyd")]
    await world.divan.social.befriend(ana, ben.user_id)
    await invited(world, ana, cyd)
    await world.divan.drain()
    bens, cyds = await social(world, ben), await social(world, cyd)
    for target in (ben, cyd):
        await world.divan.social.block(ana, target.user_id)
        await world.divan.social.unblock(ana, target.user_id)
        await world.divan.social.block(ana, target.user_id)
    await settled(world, bens, cyds)
    assert bens.told == cyds.told == []


async def test_a_block_overtakes_what_is_on_its_way(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    bens = await social(world, ben)
    view = await invited(world, ana, ben)
    await bens.hears("invite:new")
    await settled(world, bens)
    data = {
        "id": str(view.id),
        "sender": str(ana.user_id),
        "recipient": str(ben.user_id),
        "created_at": 1,
        "expires_at": 2,
    }
    late = PersonNotice(ben.campus_id, ben.user_id, "social", "invite:new", data)
    await world.divan.stores.person_notices.publish(late)
    await bens.hears("invite:new")
    await world.divan.social.block(ana, ben.user_id)
    await world.divan.stores.person_notices.publish(late)
    await settled(world, bens)
    assert bens.told == []


@pytest.mark.parametrize("standing", [Standing.BANNED, Standing.DELETED, Standing.SHADOWED])
async def test_of_the_sanctioned_nothing_is_told(world: World, standing: Standing) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    bens = await social(world, ben)
    await sentence(world, ana, standing)
    await invited(world, ana, ben)
    await settled(world, bens)
    assert bens.told == []


async def test_a_ghost_who_asks_has_shown_themselves(world: World) -> None:
    ana, ben = await world.join("ana", ghost_mode=True), await world.join("ben")
    anas, bens = await social(world, ana), await social(world, ben)
    view = await invited(world, ana, ben)
    (new,) = await bens.hears("invite:new")
    assert new["person"]["handle"] == "ana"
    await world.divan.social.decline(ben, view.id)
    await anas.hears("invite:update")
    await bens.hears("invite:update")


async def test_a_ghost_who_declines_is_not_told_of(world: World) -> None:
    """As they do not exist for whoever asked them before they hid."""
    ana, ben = await world.join("ana"), await world.join("ben")
    anas, bens = await social(world, ana), await social(world, ben)
    view = await invited(world, ana, ben)
    await bens.hears("invite:new")
    await world.divan.accounts.change_privacy(ben, ChangePrivacy(ghost_mode=True))
    await world.divan.social.decline(ben, view.id)
    await bens.hears("invite:update")
    await settled(world, anas)
    assert anas.told == []


async def test_only_those_who_subscribed_are_told(world: World) -> None:
    ana, ben, cyd = [await world.join(name) for name in ("ana", "ben", "cyd")]
    quiet, strange = await social(world, ben, listen=False), await social(world, cyd)
    await invited(world, ana, ben)
    await settled(world, quiet, strange)
    assert quiet.told == strange.told == []
    assert await quiet.call("subscribe:self") == {"ok": True}
    assert await quiet.call("subscribe:self", {"since": 1}) == {"ok": True}
    await invited(world, cyd, ben)
    await quiet.hears("invite:new")
    await settled(world, quiet)
    assert quiet.told == []


async def test_lost_notices_and_stores_that_do_not_answer_mean_reload(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    bens, quiet = await social(world, ben), await social(world, ben, listen=False)
    await world.server._teller.hear(NoticesLost())  # noqa: SLF001 - as a broken connection would
    assert await bens.hears("social:reload") == [{}]

    async def away(*_args: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(world.divan.audience, "refresh", away)
    notice = PersonNotice(
        ben.campus_id,
        ben.user_id,
        "social",
        "friend:update",
        {"user_id": str(ana.user_id), "state": "accepted"},
    )
    await world.divan.stores.person_notices.publish(notice)
    assert await bens.hears("social:reload") == [{}]
    assert quiet.told == []


@pytest.mark.parametrize(
    "changes",
    [{"topic": "chat"}, {"topic": "presence"}, {"name": "invite:new"}, {"data": {}}],
)
async def test_notices_of_other_versions_are_passed_over(
    world: World, changes: dict[str, Any]
) -> None:
    ben = await world.join("ben")
    bens = await social(world, ben)
    data = {"user_id": str(ben.user_id), "state": "accepted"}
    notice = PersonNotice(ben.campus_id, ben.user_id, "social", "friend:update", data)
    await world.divan.stores.person_notices.publish(attrs.evolve(notice, **changes))
    await settled(world, bens)
    assert bens.told == []


@pytest.mark.parametrize("status", ["accepted", "rejected"])
async def test_the_outcome_of_an_appeal(
    world: World, status: Literal["accepted", "rejected"]
) -> None:
    """Told to whoever appealed, by a pseudonym of whoever decided, and to nobody else."""
    ana, cyd, mod, boss = [await world.join(name) for name in ("ana", "cyd", "mod", "boss")]
    case = await reported(world, ana, cyd)
    await world.divan.actions.apply(staff(mod), ApplyAction(case.id, "mute", "Unkind words."))
    clients = [await social(world, one) for one in (cyd, ana, mod, boss)]
    sent = await world.divan.appeals.send(cyd, SendAppeal(case.id, "I was kind all along."))
    await settled(world, *clients)
    assert clients[0].told == []
    verdict = ResolveAppeal(sent.view.id, status, "We have read it again.")
    await world.divan.appeals.resolve(staff(boss, ADMIN), verdict)
    (told,) = await clients[0].hears("appeal:update")
    (sanction,) = (await world.divan.sanctions.mine(cyd, SanctionsQuery())).items
    assert told == msgspec.to_builtins(sanction.appeal)
    assert (told["status"], told["outcome_note"]) == (status, "We have read it again.")
    assert told["resolved_by"].startswith("mod-")
    await settled(world, *clients)
    assert [one.told for one in clients] == [[]] * 4


async def test_an_appeal_is_told_to_nobody_but_its_person(world: World) -> None:
    """Whatever a notice says, and of whatever version it is."""
    ana, cyd, mod = [await world.join(name) for name in ("ana", "cyd", "mod")]
    case = await reported(world, ana, cyd)
    await world.divan.actions.apply(staff(mod), ApplyAction(case.id, "mute", "Unkind words."))
    sent = await world.divan.appeals.send(cyd, SendAppeal(case.id, "I was kind all along."))
    anas = await social(world, ana)
    for data in ({"appeal_id": str(sent.view.id)}, {"appeal_id": 1}, {}):
        notice = PersonNotice(ana.campus_id, ana.user_id, "social", "appeal:update", data)
        await world.divan.stores.person_notices.publish(notice)
    await settled(world, anas)
    assert anas.told == []


async def test_a_bug_in_one_notice_ends_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    bens = await social(world, ben)
    notice = PersonNotice(
        ben.campus_id,
        ben.user_id,
        "social",
        "friend:update",
        {"user_id": str(ana.user_id), "state": "accepted"},
    )

    async def broken(*_args: object) -> None:
        raise LookupError

    with monkeypatch.context() as patch:
        patch.setattr(world.divan.audience, "refresh", broken)
        await world.divan.stores.person_notices.publish(notice)
        await bens.hears("social:reload")
    assert "a notice could not be shown" in caplog.text
    await invited(world, ana, ben)
    await bens.hears("invite:new")


async def test_a_friendship_that_has_ended_is_not_told_any_more(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    bens = await social(world, ben)
    data = {"user_id": str(ana.user_id), "state": "accepted"}
    late = PersonNotice(ben.campus_id, ben.user_id, "social", "friend:update", data)
    await world.divan.stores.person_notices.publish(late)
    await settled(world, bens)
    assert bens.told == []


async def joined(client: RawClient, namespace: str, auth: object) -> str:
    await client.send(f"40{namespace},{json.dumps(auth)}")
    return await client.frame()


async def test_a_connection_carries_both_namespaces(world: World) -> None:
    """Each with its own handshake; one person's, and with one count of events."""
    ana, ben = await world.join("ana"), await world.join("ben")
    async with RawClient.open(world.url) as client:
        assert (await client.connect(ids_of(ana))).startswith("40/presence,")
        refused = await joined(client, SOCIAL, None)
        assert json.loads(refused.removeprefix("44/social,"))["data"]["code"] == "unauthenticated"
        refused = await joined(client, SOCIAL, ids_of(ben))
        code = json.loads(refused.removeprefix("44/social,"))["data"]["code"]
        assert code == "invalid_credentials"
        assert (await joined(client, SOCIAL, ids_of(ana))).startswith("40/social,")
        for number in range(30):
            namespace = ("/presence", SOCIAL)[number % 2]
            name = ("nearby:unsubscribe", "subscribe:self")[number % 2]
            await client.send(f'42{namespace},{number}["{name}"]')
            assert await client.frame() == f'43{namespace},{number}[{{"ok":true}}]'
        await client.send('42/social,99["subscribe:self"]')
        assert '"code":"rate_limited"' in await client.frame()
        await client.send("41/social,")
        world.clock.advance(10)
        assert (await client.ask('["nearby:unsubscribe"]')) == {"ok": True}
        await sentence(world, ana, Standing.BANNED)
        await world.tick()
        assert await client.is_closed()


async def test_events_of_one_namespace_are_none_of_the_other(world: World) -> None:
    client = await social(world, await world.join("ana"))
    answer = await client.call("nearby:subscribe", {"radius_m": 50})
    assert answer["error"]["code"] == "not_found"

"""The gate before everything that people write, on every set of stores."""

from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import pytest

from divan_core import Divan, Settings
from divan_core.accounts.messages import ChangePrivacy, ChangeProfile
from divan_core.chat.messages import MessagesQuery, SendMessage
from divan_core.chat.roommessages import CreateRoom, SendRoomMessage
from divan_core.errors import AccountLimited, Banned, Muted, StoreUnavailable
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.gate import Act
from divan_core.safety.gate import Gate
from divan_core.safety.model import Restraint, Restriction, RestrictionId
from divan_core.social.messages import SendInvite
from divan_core.stores.bundle import Stores

from .conftest import World

pytestmark = pytest.mark.anyio

Writing = Callable[[], Awaitable[Any]]


async def restrict(divan: Divan, actor: Actor, restraint: Restraint, **changes: Any) -> Restriction:
    """What moderation does."""
    made = Restriction(
        id=RestrictionId(divan.ids.uuid()),
        user_id=actor.user_id,
        campus_id=actor.campus_id,
        restraint=restraint,
        since=divan.clock.now(),
    )
    made = attrs.evolve(made, **changes)
    async with divan.audience.changing(actor.campus_id, (actor.user_id,)):
        await divan.stores.units.write(lambda unit: unit.restrictions.put(made))
    return made


async def lift(divan: Divan, one: Restriction) -> None:
    now = divan.clock.now()
    async with divan.audience.changing(one.campus_id, (one.user_id,)):
        await divan.stores.units.write(lambda unit: unit.restrictions.lift(one.id, now))


async def everything(world: World, actor: Actor, other: Actor) -> list[Writing]:
    """All that somebody can write."""
    divan = world.divan
    room = (await divan.rooms.create(actor, CreateRoom("Den", "2-4", "link"))).view.id
    return [
        lambda: divan.chat.send(actor, SendMessage(other.user_id, "hello")),
        lambda: divan.rooms.send(actor, SendRoomMessage(room, "hello")),
        lambda: divan.rooms.create(actor, CreateRoom("Lair", "2-4", "link")),
        lambda: divan.social.invite(actor, SendInvite(other.user_id)),
        lambda: divan.accounts.change_profile(actor, ChangeProfile(display_name="Anna")),
    ]


async def test_every_writer_asks_the_gate(world: World) -> None:
    """Nothing of what is refused is done; whoever is muted can still protect themselves."""
    ana, ben = await world.join("ana"), await world.join("ben")
    acts = await everything(world, ana, ben)
    await acts[0]()
    mute = await restrict(world.divan, ana, Restraint.MUTE)
    for act in acts:
        with pytest.raises(Muted):
            await act()
    await world.divan.accounts.change_privacy(ana, ChangePrivacy(ghost_mode=False))
    heard = await world.divan.chat.messages(ben, MessagesQuery(ana.user_id))
    assert len(heard.items) == 1
    await lift(world.divan, mute)
    for act in acts:
        await act()


async def test_what_ends_by_itself(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    acts = await everything(world, ana, ben)
    until = Millis(world.clock.now() + 60_000)
    await restrict(world.divan, ana, Restraint.RESTRICT_CREATE, until=until)
    for act in acts:
        with pytest.raises(AccountLimited) as refused:
            await act()
        assert refused.value.retry_after == 60
    world.clock.advance(59.999)
    with pytest.raises(AccountLimited):
        await acts[0]()
    world.clock.advance(0.001)
    await acts[0]()


async def test_others_go_on(world: World) -> None:
    """And whoever may not invite can do all else."""
    ana, ben = await world.join("ana"), await world.join("ben")
    await restrict(world.divan, ana, Restraint.RESTRICT_INVITES)
    with pytest.raises(AccountLimited):
        await world.divan.social.invite(ana, SendInvite(ben.user_id))
    await world.divan.chat.send(ana, SendMessage(ben.user_id, "hello"))
    await world.divan.social.invite(ben, SendInvite(ana.user_id))
    await restrict(world.divan, ana, Restraint.BAN)
    with pytest.raises(Banned):
        await world.divan.chat.send(ana, SendMessage(ben.user_id, "hello"))


async def test_a_shadowed_persons_messages_are_theirs_alone(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    await world.divan.chat.send(ana, SendMessage(ben.user_id, "before"))
    await restrict(world.divan, ana, Restraint.SHADOW)
    await world.divan.chat.send(ana, SendMessage(ben.user_id, "after"))
    for viewer, other, count in ((ana, ben, 2), (ben, ana, 1)):
        page = await world.divan.chat.messages(viewer, MessagesQuery(other.user_id))
        assert len(page.items) == count


async def test_another_process_knows_at_once(
    world: World, stores: Stores, settings: Settings
) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    other = attrs.evolve(stores, lifecycle=())  # what runs already is not opened twice
    quiet = attrs.evolve(settings, workers_enabled=False)
    async with Divan.open(quiet, stores=other, clock=world.clock) as divan:
        hello = SendMessage(ben.user_id, "hello")
        await divan.chat.send(ana, hello)
        mute = await restrict(world.divan, ana, Restraint.MUTE)
        with pytest.raises(Muted):
            await divan.chat.send(ana, hello)
        await lift(world.divan, mute)
        await divan.chat.send(ana, hello)


class Away:
    """Units of a database that is away."""

    async def read(self, _body: object) -> object:
        raise StoreUnavailable

    write = read


async def test_the_gate_fails_closed(world: World) -> None:
    ana = await world.join("ana")
    gate = Gate(Away(), world.divan.audience, world.clock)  # type: ignore[arg-type]
    with pytest.raises(StoreUnavailable):
        await gate.ask(ana, Act.MESSAGE)


class Counted:
    """Units that count what is read."""

    def __init__(self, units: Any) -> None:
        self.reads = 0
        self._units = units

    async def read(self, body: Any) -> Any:
        self.reads += 1
        return await self._units.read(body)

    look = past = read

    async def write(self, body: Any, **how: bool) -> Any:
        return await self._units.write(body, **how)


async def test_what_is_known_is_not_read_again(world: World) -> None:
    """Until it changes, or others take its place; of nobody else's change."""
    divan = world.divan
    ana, ben = await world.join("ana"), await world.join("ben")
    units = Counted(divan.stores.units)
    gate = Gate(units, divan.audience, world.clock, capacity=1)

    async def reads(actor: Actor) -> int:
        before = units.reads
        await divan.audience.refresh(actor.campus_id)
        for act in Act:
            await gate.ask(actor, act)
        return units.reads - before

    assert [await reads(ana), await reads(ana)] == [1, 0]
    await restrict(divan, ben, Restraint.SLOW)
    assert await reads(ana) == 0
    await restrict(divan, ana, Restraint.SLOW)
    assert [await reads(ana), await reads(ana), await reads(ben), await reads(ana)] == [1, 0, 1, 1]

"""Lists made of updates are what ``nearby`` answers, whatever happens."""

import random
from contextlib import suppress

import pytest

from divan_core.accounts.messages import ChangePrivacy
from divan_core.errors import NotFound, PresenceRequired
from divan_core.kernel.actor import Actor
from divan_core.presence.messages import GoOffline
from tests.rt.world import Found, LiveClient, World

pytestmark = pytest.mark.anyio

RADII = (20, 60, 200, 3000)


class Crowd:
    """People who walk, hide, quarrel and fall silent, by the roll of seeded dice."""

    def __init__(self, world: World, seed: int, people: list[Actor]) -> None:
        self.world = world
        self.dice = random.Random(seed)
        self.people = people
        self.places = {one: (self.dice.gauss(0, 60), self.dice.gauss(0, 60)) for one in people}
        self.watchers: dict[Actor, LiveClient] = {}

    async def step(self) -> None:
        self.world.clock.advance(self.dice.choice((5, 10, 20)))
        for one in self.people:
            if self.dice.random() < 0.7:
                await self.walk(one)
        for _ in range(self.dice.randrange(4)):
            deed = self.dice.choice((self.hide, self.quarrel, self.make_friends, self.leave))
            await deed(*self.dice.sample(self.people, 2))

    async def walk(self, one: Actor) -> None:
        east, north = self.places[one]
        place = east + self.dice.uniform(-20, 20), north + self.dice.uniform(-20, 20)
        self.places[one] = place
        if one in self.watchers:
            await self.watchers[one].beat(*place)
        else:
            await self.world.beat(one, *place)

    async def hide(self, one: Actor, _other: Actor) -> None:
        change = ChangePrivacy(
            visibility=self.dice.choice(("everyone", "everyone", "friends", "none")),
            blur_distance_m=self.dice.choice((0, 10, 20, 50, 200)),
            ghost_mode=self.dice.random() < 0.2,
        )
        await self.world.divan.accounts.change_privacy(one, change)

    async def quarrel(self, one: Actor, other: Actor) -> None:
        social = self.world.divan.social
        deed = social.block if self.dice.random() < 0.6 else social.unblock
        await deed(one, other.user_id)

    async def make_friends(self, one: Actor, other: Actor) -> None:
        social = self.world.divan.social
        deed = social.befriend if self.dice.random() < 0.7 else social.remove
        with suppress(NotFound):  # a block stands between them
            await deed(one, other.user_id)

    async def leave(self, one: Actor, _other: Actor) -> None:
        if one not in self.watchers:  # their own list may take some seconds to notice
            await self.world.divan.presence.offline(one, GoOffline())


async def truth(world: World, actor: Actor, radius_m: int) -> Found:
    try:
        return await world.nearby(actor, radius_m)
    except PresenceRequired:
        return {}


@pytest.mark.parametrize("seed", range(4))
async def test_updates_add_up_to_what_nearby_answers(brisk_world: World, seed: int) -> None:
    """What is heard of must be enough: lists are computed unasked only every 80th beat."""
    world = brisk_world
    crowd = Crowd(world, seed, [await world.join(f"walker{number}") for number in range(24)])
    for one in crowd.people:
        await crowd.walk(one)
    radii = dict(zip(crowd.people, RADII, strict=False))
    for viewer, radius_m in radii.items():
        client = crowd.watchers[viewer] = await world.client(viewer)
        assert (await client.subscribe(radius_m))["ok"]
    for _ in range(25):
        await crowd.step()
        await world.tick()
        for viewer, client in crowd.watchers.items():
            assert await client.settle() == await truth(world, viewer, radii[viewer])
    watchers = [crowd.watchers[viewer] for viewer in radii]
    assert all(client.updates for client in watchers[1:])
    assert not any(client.resyncs for client in watchers)


async def test_silence_shows_without_any_word(world: World) -> None:
    """Nobody does anything; a lease just ends."""
    ana, ben = await world.join("ana"), await world.join("ben")
    await world.beat(ben, 40)
    world.clock.advance(60)
    client = await world.client(ana)
    await client.beat(0)
    await client.subscribe(200)
    assert len(client.items) == 1
    world.clock.advance(29)
    await world.tick()
    assert len(await client.settle()) == 1
    world.clock.advance(1)
    await world.tick()
    assert await client.settle() == {}
    assert client.updates[-1]["removed"] == [str(ben.user_id)]


async def test_nothing_is_sent_when_nothing_changed(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    await world.beat(ben, 40)
    client = await world.client(ana)
    await client.beat(0)
    await client.subscribe(200)
    for _ in range(3):
        world.clock.advance(10)
        await world.beat(ben, 40)
        await client.beat(0)
        await world.tick()
    await client.settle()
    assert client.updates == []


async def test_the_list_empties_with_the_viewers_own_lease_and_fills_again(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    client = await world.client(ana)
    await client.beat(0)
    world.clock.advance(60)
    await world.beat(ben, 40)
    await client.subscribe(200)
    assert set(client.items) == {str(ben.user_id)}
    world.clock.advance(30)
    await world.tick()
    assert await client.settle() == {}
    world.clock.advance(10)
    await client.beat(0)
    await world.tick()
    assert set(await client.settle()) == {str(ben.user_id)}


async def test_distances_follow_the_viewers_own_steps(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    await world.beat(ben, 100)
    client = await world.client(ana)
    await client.beat(0)
    await client.subscribe(1000)
    for east in (60, 120, 180):
        world.clock.advance(20)
        await world.beat(ben, 100)
        await client.beat(-east)
        await world.tick()
        assert await client.settle() == await world.nearby(ana, 1000)
    assert len(client.updates) == 3
    assert all(len(update["updated"]) == 1 for update in client.updates)


async def test_sockets_of_one_person_share_a_feed(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    await world.beat(ben, 40)
    phone, laptop = await world.client(ana), await world.client(ana)
    await phone.beat(0)
    first = await phone.subscribe(200)
    await world.divan.social.block(ben, ana.user_id)
    second = await laptop.subscribe(200)  # computes anew, and tells the phone
    assert second["seq"] == first["seq"] + 1
    assert await phone.settle() == await laptop.settle() == {}
    other = await laptop.subscribe(50)
    assert other["seq"] != second["seq"]


async def test_unsubscribing_ends_the_updates(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    client = await world.client(ana)
    await client.beat(0)
    await client.subscribe(200)
    assert await client.call("nearby:unsubscribe") == {"ok": True}
    await world.beat(ben, 40)
    await world.tick()
    await client.settle()
    assert client.updates == []


async def test_the_servers_own_beat_brings_updates(brisk_world: World) -> None:
    """Without a tick of the test's own."""
    world = brisk_world
    ana, ben = await world.join("ana"), await world.join("ben")
    client = await world.client(ana)
    await client.beat(0)
    await client.subscribe(200)
    await world.beat(ben, 40)
    await client.until(lambda: bool(client.updates))
    assert [item["handle"] for item in client.updates[0]["added"]] == ["ben"]

"""Suggestions, as a program that imports the library sees them, on every set of stores."""

import math
import random
from typing import Any

import attrs
import pytest

from divan_core.accounts.messages import ChangePrivacy
from divan_core.discovery.messages import DiscoverQuery, FoundPerson
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import UserId
from divan_core.settings import Settings

from .conftest import CAMPUS, ROOMY, World

pytestmark = pytest.mark.anyio

DAY_MS = 86_400_000
OPEN = {"visibility": "everyone", "ghost_mode": False}


@pytest.fixture
def settings() -> Settings:
    return Settings(env="test", limit=attrs.evolve(ROOMY, enumeration_per_day=100_000))


async def suggested(world: World, actor: Actor, **query: Any) -> tuple[FoundPerson, ...]:
    """One page of suggestions."""
    return (await world.divan.discovery.people(actor, DiscoverQuery(**query))).items


async def names(world: World, actor: Actor, **query: Any) -> list[str]:
    """The handles on one page."""
    return [one.handle for one in await suggested(world, actor, **query)]


async def pages(world: World, actor: Actor, limit: int) -> list[FoundPerson]:
    """All pages, one after the other."""
    found: list[FoundPerson] = []
    cursor = None
    while True:
        page = await world.divan.discovery.people(actor, DiscoverQuery(limit=limit, cursor=cursor))
        assert len(page.items) == limit or page.cursor is None
        found += page.items
        cursor = page.cursor
        if cursor is None:
            return found


async def befriend(world: World, *pairs: tuple[Actor, Actor]) -> None:
    """Make friends."""
    for one, other in pairs:
        await world.divan.social.befriend(one, other.user_id)


@attrs.define
class Crowd:
    """People with random friends, blocks, privacy and presence, and what is known of them."""

    world: World
    dice: random.Random
    people: list[Actor] = attrs.field(factory=list)
    privacy: dict[UserId, dict[str, Any]] = attrs.field(factory=dict)
    friends: dict[UserId, set[UserId]] = attrs.field(factory=dict)
    blocked: dict[UserId, set[UserId]] = attrs.field(factory=dict)
    heard: dict[UserId, int] = attrs.field(factory=dict)

    async def gather(self, count: int) -> None:
        """Let them join and make friends and enemies."""
        for number in range(count):
            privacy = self._draw_privacy()
            actor = await self.world.join(f"person{number}", **privacy)
            self.people.append(actor)
            self.privacy[actor.user_id] = privacy
            self.friends[actor.user_id], self.blocked[actor.user_id] = set(), set()
        for _ in range(count * 2):
            one, other = self.dice.sample(self.people, 2)
            await self.befriend(one, other)
        for _ in range(count // 4):
            one, other = self.dice.sample(self.people, 2)
            await self.block(one, other)

    async def befriend(self, one: Actor, other: Actor) -> None:
        if other.user_id not in self.blocked[one.user_id]:
            await self.world.divan.social.befriend(one, other.user_id)
            self.friends[one.user_id].add(other.user_id)
            self.friends[other.user_id].add(one.user_id)

    async def block(self, one: Actor, other: Actor) -> None:
        await self.world.divan.social.block(one, other.user_id)
        self.friends[one.user_id].discard(other.user_id)
        self.friends[other.user_id].discard(one.user_id)
        self.blocked[one.user_id].add(other.user_id)
        self.blocked[other.user_id].add(one.user_id)

    async def change_privacy(self, one: Actor) -> None:
        self.privacy[one.user_id] = OPEN | self._draw_privacy()
        await self.world.divan.accounts.change_privacy(
            one, ChangePrivacy(**self.privacy[one.user_id])
        )

    async def beat(self, one: Actor) -> None:
        await self.world.beat(one, self.dice.uniform(-60, 60), self.dice.uniform(-60, 60))
        self.heard[one.user_id] = self.world.clock.now()

    def _draw_privacy(self) -> dict[str, Any]:
        hidden = ({"ghost_mode": True}, {"visibility": "friends"}, {"visibility": "none"})
        chosen = self.dice.choice(hidden) if self.dice.random() < 0.25 else {}
        return chosen | {"blur_distance_m": self.dice.choice((0, 0, 50, 200))}

    async def expected(self, viewer: Actor) -> list[tuple[UserId, int]]:
        """Everybody who is suggested, in order, with how many friends they share."""
        now, mine = self.world.clock.now(), self.friends[viewer.user_id]
        cells = await self.world.divan.stores.presence.everybody(CAMPUS, now)
        here = cells.get(viewer.user_id)
        found = []
        for one in self.people:
            shown = self.privacy[one.user_id]
            if (
                one == viewer
                or one.user_id in mine | self.blocked[viewer.user_id]
                or shown.get("ghost_mode")
                or shown.get("visibility", "everyone") != "everyone"
            ):
                continue
            mutual = len(mine & self.friends[one.user_id])
            age = now - self.heard.get(one.user_id, 0)
            there = cells.get(one.user_id)
            near = (
                here is not None
                and there is not None
                and math.dist((here.east, here.north), (there.east, there.north)) <= 50.0
            )
            if mutual or near or age < DAY_MS:
                recency = max(0.0, 1 - age / DAY_MS)
                score = 0.6 * math.log(1 + mutual) + 0.3 * recency + 0.1 * near
                found.append((-round(score, 9), one.user_id.int, one.user_id, mutual))
        return [(user_id, mutual) for _, _, user_id, mutual in sorted(found)]


async def test_suggestions_equal_the_formula_by_brute_force(world: World) -> None:
    """For whoever asks, on pages of any length, and right after whatever has changed."""
    crowd = Crowd(world, random.Random(4))
    await crowd.gather(45)
    for one in crowd.people:
        if crowd.dice.random() < 0.7:
            await crowd.beat(one)
        world.clock.advance(crowd.dice.choice((0, 0.001, 5, 1200)))
    for one in crowd.dice.sample(crowd.people, 12):
        await crowd.beat(one)
    moves = (crowd.change_privacy, crowd.beat)
    for _ in range(25):
        viewer, one, other = crowd.dice.sample(crowd.people, 3)
        await crowd.dice.choice((crowd.befriend, crowd.block))(one, other)
        await crowd.dice.choice(moves)(one)
        world.clock.advance(crowd.dice.choice((0, 1, 20)))
        found = await pages(world, viewer, crowd.dice.choice((1, 2, 5, 7, 50)))
        assert [(one.user_id, one.mutual_friends) for one in found] == await crowd.expected(viewer)
        assert not any(one.is_friend for one in found)

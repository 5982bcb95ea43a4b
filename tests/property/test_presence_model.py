"""Presence on every kind of store against a model that shares no code with Divan.

Any sequence of heartbeats, departures, blocks, friendships and changes of privacy is played on
both.
"""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import anyio
import attrs
import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from divan_core import Divan, Settings, memory_stores
from divan_core.accounts.messages import ChangePrivacy, CreateCampus, CreatePerson
from divan_core.errors import ImplausibleMovement, NotFound, PresenceRequired
from divan_core.kernel.actor import Actor
from divan_core.kernel.geo import LocalFrame, Point
from divan_core.kernel.ids import CampusId
from divan_core.presence.messages import GoOffline, Heartbeat, NearbyQuery
from divan_core.settings import LimitSettings
from divan_core.stores.bundle import Stores
from divan_core.stores.factories import production_stores
from divan_core.testing.clock import ManualClock
from tests.servers.sqlite import migrated
from tests.thorough import examples

CAMPUS = CampusId(UUID(int=0xCA))
CENTRE = Point(45.5, -73.5)
FRAME = LocalFrame(CENTRE)
NAMES = ("ana", "ben", "cyd", "dan")
ROOMY = LimitSettings(
    heartbeat_per_minute=10_000, nearby_per_minute=10_000, block_per_minute=10_000
)

who = st.sampled_from(NAMES)
devices = st.sampled_from(["phone", "laptop"])
metres = st.integers(-150, 150)
radii = st.sampled_from([10, 50, 200])
visibilities = st.sampled_from(["everyone", "friends", "none"])
blurs = st.sampled_from([0, 10, 50, 200])
actions = st.one_of(
    st.tuples(st.just("beat"), who, devices, metres, metres),
    st.tuples(st.just("leave"), who, st.none() | devices),
    st.tuples(st.just("wait"), st.sampled_from([1, 20, 45, 89, 90, 91])),
    st.tuples(st.just("privacy"), who, visibilities, st.booleans(), blurs),
    st.tuples(st.sampled_from(["block", "unblock", "remove", "befriend"]), who, who),
    st.tuples(st.just("look"), who, radii, st.booleans()),
)
stories = st.lists(actions, min_size=5, max_size=40)


@attrs.define
class Model:
    """What must be true, kept as simply as possible."""

    clock: ManualClock
    leases: dict[tuple[str, str], int] = attrs.field(factory=dict)
    places: dict[str, tuple[float, float]] = attrs.field(factory=dict)
    hidden: dict[str, tuple[str, bool, int]] = attrs.field(factory=dict)
    friends: set[frozenset[str]] = attrs.field(factory=set)
    blocks: set[tuple[str, str]] = attrs.field(factory=set)

    def online(self, name: str) -> bool:
        return any(
            until > self.clock.now() for (one, _), until in self.leases.items() if one == name
        )

    def sees(self, viewer: str, other: str) -> bool:
        visibility, ghost, _ = self.hidden.get(other, ("everyone", False, 0))
        if viewer == other or ghost or visibility == "none":
            return False
        if (viewer, other) in self.blocks or (other, viewer) in self.blocks:
            return False
        return visibility == "everyone" or frozenset({viewer, other}) in self.friends


class Story:
    """Plays actions on Divan and on the model, and compares whenever somebody looks."""

    def __init__(self, divan: Divan, clock: ManualClock) -> None:
        self.divan = divan
        self.clock = clock
        self.model = Model(clock)
        self.actors: dict[str, Actor] = {}

    async def begin(self) -> None:
        await self.divan.accounts.create_campus(
            CreateCampus("Test", CENTRE.lat, CENTRE.lon, id=CAMPUS)
        )
        for name in NAMES:
            person = await self.divan.accounts.create_person(CreatePerson(CAMPUS, name, name))
            self.actors[name] = await self.divan.accounts.actor(person.user_id)

    async def play(self, story: list[tuple[Any, ...]]) -> None:
        for action, *values in story:
            await getattr(self, f"_{action}", partial(self._relate, action))(*values)
        for name in NAMES:
            await self._look(name, 200, friends_only=False)

    async def _beat(self, name: str, device: str, east: int, north: int) -> None:
        at, now = FRAME.position(east, north), self.clock.now()
        try:
            await self.divan.presence.heartbeat(
                self.actors[name], Heartbeat(at.lat, at.lon, 50.0, device, now)
            )
        except ImplausibleMovement:
            return
        self.model.leases[name, device] = now + 90_000
        self.model.places[name] = (east, north)

    async def _leave(self, name: str, device: str | None) -> None:
        await self.divan.presence.offline(self.actors[name], GoOffline(device_id=device))
        for key in [(name, one) for one in ("phone", "laptop") if device in {None, one}]:
            self.model.leases.pop(key, None)

    async def _wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    async def _privacy(
        self,
        name: str,
        visibility: Literal["everyone", "friends", "none"],
        ghost: bool,
        blur: Any,
    ) -> None:
        await self.divan.accounts.change_privacy(
            self.actors[name],
            ChangePrivacy(visibility=visibility, ghost_mode=ghost, blur_distance_m=blur),
        )
        self.model.hidden[name] = (visibility, ghost, blur)

    async def _relate(self, action: str, name: str, other: str) -> None:
        if name == other:
            return
        act: Callable[..., Any] = getattr(self.divan.social, action)
        pair = frozenset({name, other})
        if action == "befriend" and not self.model.blocks.isdisjoint(
            {(name, other), (other, name)}
        ):
            with pytest.raises(NotFound):
                await act(self.actors[name], self.actors[other].user_id)
            return
        await act(self.actors[name], self.actors[other].user_id)
        if action == "befriend":
            self.model.friends.add(pair)
        elif action == "unblock":
            self.model.blocks.discard((name, other))
        else:
            self.model.friends.discard(pair)
            if action == "block":
                self.model.blocks.add((name, other))

    async def _look(self, name: str, radius_m: int, friends_only: bool) -> None:
        query = NearbyQuery(radius_m=radius_m, filter="friends" if friends_only else "all")
        try:
            page = await self.divan.presence.nearby(self.actors[name], query)
        except PresenceRequired:
            assert not self.model.online(name)
            return
        assert self.model.online(name)
        seen = [(one.distance_m, one.user_id, one.is_friend) for one in page.items]
        assert seen == await self._expected(name, radius_m, friends_only=friends_only)

    async def _expected(
        self, name: str, radius_m: int, *, friends_only: bool
    ) -> list[tuple[Any, ...]]:
        cells = await self.divan.stores.presence.everybody(CAMPUS, self.clock.now())
        by_name = {one: cells.get(actor.user_id) for one, actor in self.actors.items()}
        expected = []
        for other, cell in by_name.items():
            assert (cell is not None) is self.model.online(other)
            if cell is None or not self.model.sees(name, other):
                continue
            assert cell.size_m == max(25, self.model.hidden.get(other, ("", False, 0))[2])
            friend = frozenset({name, other}) in self.model.friends
            middle = ((cell.column + 0.5) * cell.size_m, (cell.row + 0.5) * cell.size_m)
            away = math.dist(self.model.places[name], middle)
            if away <= max(radius_m, cell.size_m) and (friend or not friends_only):
                cells_away = max(1, math.ceil(away / cell.size_m)) * cell.size_m
                expected.append((away, cells_away, self.actors[other].user_id, friend))
        return [tuple(rest) for _, *rest in sorted(expected, key=lambda one: (one[0], one[2]))]


async def tell(stores: Stores, clock: ManualClock, story: list[tuple[Any, ...]]) -> None:
    settings_ = Settings(env="test", limit=ROOMY)
    async with Divan.open(settings_, stores=stores, clock=clock) as divan:
        told = Story(divan, clock)
        await told.begin()
        await told.play(story)


@settings(max_examples=150, deadline=None)
@given(stories)
def test_in_memory(story: list[tuple[Any, ...]]) -> None:
    clock = ManualClock()
    anyio.run(tell, memory_stores(clock), clock, story)


@settings(
    max_examples=examples(15),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(stories)
def test_in_redis(
    redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
    story: list[tuple[Any, ...]],
) -> None:
    redis.Redis.from_url(redis_url).flushdb()
    clock, folder = ManualClock(), tmp_path_factory.mktemp("story")
    database = f"sqlite:///{migrated(Path(folder) / 'divan.sqlite3')}"
    stores = production_stores(database, redis_url, key=bytes(32), clock=clock)
    anyio.run(tell, stores, clock, story)

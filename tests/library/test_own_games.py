"""A host's own games: played like any other, and no harm to others where they are broken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest

from divan_core import Divan, Settings
from divan_core.accounts.messages import CreateCampus
from divan_core.activities.games.game import (
    AnyGame,
    Json,
    Outcome,
    Setting,
    Silent,
    Standing,
    Step,
    Turn,
)
from divan_core.activities.messages import (
    ActivityId,
    ActivityQuery,
    ActivityView,
    CreateActivity,
    MakeMove,
)
from divan_core.activities.model import IDLE_MS
from divan_core.errors import ConfigurationError, NotFound
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.stores.bundle import Stores
from divan_core.stores.factories import memory_stores
from divan_core.testing.clock import ManualClock
from divan_core.workers.periodic import MOST
from tests.library.conftest import CAMPUS, CENTRE, World

pytestmark = pytest.mark.anyio

FUSE_MS = 60_000
SETTINGS = Settings(env="test", workers_enabled=False)


@attrs.frozen
class NoOptions:
    """There is nothing to choose."""


@attrs.frozen
class Fuse:
    """Who plays, and when it burns down."""

    players: tuple[UserId, UserId]
    burnt_at: Millis


@attrs.frozen
class Stamp:
    """Put it out, which wins."""

    activity_id: ActivityId


class Firework(Silent):
    """Whoever puts it out first wins; left alone, ``burnt`` says what happens."""

    kind = "firework"
    options = NoOptions
    state = Fuse
    moves = {"stamp": Stamp}  # noqa: RUF012 - of a test

    def __init__(self, burnt: Exception | None = None) -> None:
        self._burnt = burnt

    def begin(self, setting: Setting[NoOptions]) -> Step[Fuse]:
        return Step(Fuse(setting.players, Millis(setting.at + FUSE_MS)))

    def apply(self, state: Fuse, turn: Turn) -> Step[Fuse]:
        return Step(state, (), Outcome(turn.player))

    def deadline(self, state: Fuse) -> Millis | None:
        return state.burnt_at

    def expire(self, state: Fuse, now: Millis) -> Step[Fuse]:
        del now
        if self._burnt is not None:
            raise self._burnt
        return Step(state, (), Outcome())

    def standing(self, state: Fuse) -> Standing:
        return Standing(1, dict.fromkeys(state.players, 0))

    def view(self, state: Fuse, viewer: UserId, now: Millis) -> Json:
        return {"left_ms": state.burnt_at - now, "yours": viewer in state.players}


@attrs.frozen
class Scene:
    """Three friends around a Divan with games of its host."""

    world: World
    people: tuple[Actor, Actor, Actor]

    async def lit(self, peer: int = 1, kind: str = "firework", **options: Any) -> ActivityView:
        """A game that the first one has begun with another one."""
        activities, me = self.world.divan.activities, self.people[0]
        command = CreateActivity(self.people[peer].user_id, kind, options)
        made = await activities.create(me, command)
        return await activities.start(me, ActivityQuery(made.view.id))

    async def get(self, activity_id: ActivityId) -> ActivityView:
        return await self.world.divan.activities.get(self.people[0], ActivityQuery(activity_id))


@asynccontextmanager
async def scene(stores: Stores, clock: ManualClock, *games: AnyGame) -> AsyncIterator[Scene]:
    async with Divan.open(SETTINGS, stores=stores, clock=clock, games=games) as divan:
        await divan.accounts.create_campus(CreateCampus("Test", CENTRE.lat, CENTRE.lon, id=CAMPUS))
        world = World(divan, clock)
        ana, ben, cleo = [await world.join(name) for name in ("ana", "ben", "cleo")]
        for other in (ben, cleo):
            await divan.social.befriend(ana, other.user_id)
        yield Scene(world, (ana, ben, cleo))


async def test_it_is_played_like_any_other(clock: ManualClock) -> None:
    async with scene(memory_stores(clock), clock, Firework()) as made:
        divan, match = made.world.divan, (await made.lit()).id
        assert "firework" in divan.activities.kinds
        clock.advance(1)
        assert (await made.get(match)).game == {"left_ms": FUSE_MS - 1000, "yours": True}
        done = await divan.activities.move(made.people[1], MakeMove(match, "stamp"))
        assert (done.view.state, done.view.winner_id) == ("completed", made.people[1].user_id)
        alone = (await made.lit(2)).id
        clock.advance(FUSE_MS / 1000)
        assert await divan.activities.settle_due(MOST) == 1
        assert (await made.get(alone)).state == "completed"


async def test_one_that_fails_expires_and_holds_nobody_up(clock: ManualClock) -> None:
    failure = LookupError("no more fuse")
    async with scene(memory_stores(clock), clock, Firework(failure)) as made:
        activities = made.world.divan.activities
        broken = [(await made.lit(peer)).id for peer in (1, 2)]
        sound = (await made.lit(1, "typing_duel", duration_s=60)).id
        clock.advance(FUSE_MS / 1000)
        with pytest.raises(LookupError):
            await activities.settle_due(MOST)
        for match in broken:
            assert (await made.get(match)).state == "expired"
        stored = await made.world.divan.stores.units.look(lambda unit: unit.activities.get(sound))
        assert stored is not None
        assert not stored.is_open
        assert await activities.settle_due(MOST) == 0


async def test_one_that_was_taken_away_is_left_to_expire(clock: ManualClock) -> None:
    stores = memory_stores(clock)
    async with scene(stores, clock, Firework()) as made:
        match = (await made.lit()).id
        people = made.people
    async with Divan.open(SETTINGS, stores=stores, clock=clock) as divan:
        view = await divan.activities.get(people[0], ActivityQuery(match))
        assert (view.kind, view.state, view.game) == ("firework", "active", None)
        with pytest.raises(NotFound):
            await divan.activities.move(people[0], MakeMove(match, "stamp"))
        clock.advance(IDLE_MS / 1000)
        await divan.activities.settle_due(MOST)
        view = await divan.activities.get(people[0], ActivityQuery(match))
        assert view.state == "expired"


async def test_two_of_one_name_are_refused(clock: ManualClock) -> None:
    with pytest.raises(ConfigurationError):
        async with scene(memory_stores(clock), clock, Firework(), Firework()):
            pass

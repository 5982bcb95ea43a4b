"""The demo as a whole: a Divan of its own, a campus full of people, and the page."""

from __future__ import annotations

import io
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import anyio
import attrs

from divan_cli.asgi import Asgi, serving
from divan_cli.demo.clock import QuickClock
from divan_cli.demo.drawing import Degrees, Draughtsman
from divan_cli.demo.files import Page
from divan_cli.demo.life import BEAT_S, Life
from divan_cli.demo.messages import Relation, SceneView, Visitor, Watcher
from divan_cli.demo.operations import DemoOperations
from divan_cli.demo.scene import Scene
from divan_cli.demo.walkers import Standing
from divan_cli.seed import FRIEND, ME, DemoCampus, demo_campus
from divan_core.bulk.importer import Importer, ImportTools
from divan_core.bulk.lines import PersonLine
from divan_core.divan import Divan
from divan_core.kernel.actor import Actor
from divan_core.settings import Settings
from divan_core.system import SystemClock

SHORTEST_PAUSE_S: Final = 0.1
"""However fast time runs, devices look no more often than this."""


@attrs.frozen
class Cast:
    """Who has which part: the visitor, two who watch, and the crowd."""

    me: PersonLine
    friend: PersonLine
    stranger: PersonLine
    crowd: tuple[PersonLine, ...]

    @classmethod
    def of(cls, campus: DemoCampus) -> Cast:
        """Share out the parts; the stranger is the first who is no friend of the visitor."""
        people = {person.id: person for person in campus.people}
        me, friend = people.pop(ME), people.pop(FRIEND)
        mine = (tie for tie in campus.friendships if ME in {tie.a, tie.b})
        known = {one for tie in mine for one in (tie.a, tie.b)}
        stranger = next(person for person in people.values() if person.id not in known)
        del people[stranger.id]
        return cls(me, friend, stranger, tuple(people.values()))


@asynccontextmanager
async def hosted(scene: Scene, seed: int, speed: float) -> AsyncIterator[Asgi]:
    """The demo's server application, on an embedded database that is gone afterwards."""
    clock = SystemClock() if speed == 1 else QuickClock(SystemClock(), speed)
    campus = demo_campus(_with_a_stranger(scene.people), seed, scene.campus)
    cast = Cast.of(campus)
    with tempfile.TemporaryDirectory(prefix="divan-demo-") as folder:
        settings = Settings(env="dev", data_dir=folder)
        async with Divan.open(settings, clock=clock) as divan:
            await settle(divan, campus)
            asked = DemoOperations(scene_view(divan, scene, cast, speed), Draughtsman(scene.frame))
            lives = await arrivals(divan, scene, cast)
            async with going_on(lives, speed), serving(divan, extra=asked.table()) as app:
                yield Page(app)


def _with_a_stranger(people: int) -> int:
    """How many to invent, so that one can stand aside who is no friend of the visitor."""
    return people + 1


async def settle(divan: Divan, campus: DemoCampus) -> None:
    """Put the campus and its people into the stores."""
    tools = ImportTools(divan.audience, divan.presence, divan.clock)
    await Importer(divan.stores.units, tools).load(io.BytesIO(campus.json_lines()))


async def arrivals(divan: Divan, scene: Scene, cast: Cast) -> tuple[Life, ...]:
    """Let everybody arrive; what they do from now on."""
    companions = scene.plan.companions
    watching = Standing((companions.friend, companions.stranger))
    lives = (
        Life(divan, scene.frame, await _actors(divan, cast.crowd), scene.movement),
        Life(divan, scene.frame, await _actors(divan, (cast.friend, cast.stranger)), watching),
    )
    for life in lives:
        await life.beat()
    return lives


@asynccontextmanager
async def going_on(lives: Iterable[Life], speed: float) -> AsyncIterator[None]:
    """People move inside the context."""
    async with anyio.create_task_group() as tasks:
        for life in lives:
            tasks.start_soon(life.run, max(BEAT_S / speed, SHORTEST_PAUSE_S))
        try:
            yield
        finally:
            tasks.cancel_scope.cancel()


async def _actors(divan: Divan, people: Sequence[PersonLine]) -> list[Actor]:
    return [await divan.accounts.actor(person.id) for person in people]


def scene_view(divan: Divan, scene: Scene, cast: Cast, speed: float) -> SceneView:
    """The scene as the page draws it."""
    draughtsman = Draughtsman(scene.frame)
    companions, me = scene.plan.companions, cast.me
    return SceneView(
        name=scene.campus.name,
        campus_id=scene.campus.id,
        people=scene.people,
        recorded=scene.recorded,
        floor_m=divan.settings.location_floor_m,
        speed=speed,
        me=Visitor(me.id, me.display_name, draughtsman.degrees(scene.plan.start)),
        watchers=(
            _watcher(cast.friend, "friend", draughtsman.degrees(companions.friend)),
            _watcher(cast.stranger, "stranger", draughtsman.degrees(companions.stranger)),
        ),
        drawing=draughtsman.drawing(scene.plan),
    )


def _watcher(person: PersonLine, relation: Relation, place: Degrees) -> Watcher:
    return Watcher(person.id, person.display_name, relation, place)

"""The scene of every benchmark: people on a square kilometre, with limits out of the way."""

from __future__ import annotations

import random
from collections.abc import Sequence
from uuid import UUID

import attrs

from divan_core import Divan, Settings
from divan_core.accounts.messages import CreateCampus, CreatePerson
from divan_core.kernel.actor import Actor
from divan_core.kernel.geo import LocalFrame, Point
from divan_core.kernel.ids import CampusId, UserId
from divan_core.presence.messages import Heartbeat
from divan_core.settings import LimitSettings, LogSettings

CAMPUS = CampusId(UUID(int=0xCA << 64))
CENTRE = Point(45.5048, -73.5772)
UNLIMITED = LimitSettings(
    heartbeat_per_minute=1_000_000,
    nearby_per_minute=1_000_000,
    subscribe_per_minute=1_000_000,
    search_per_minute=1_000_000,
    enumeration_per_day=1_000_000,
    invite_per_minute=1_000_000,
    invite_per_day=1_000_000,
    message_per_minute=1_000_000,
)


def settings() -> Settings:
    """Settings for measuring: no limit is reached, and nothing is logged for a good request."""
    return Settings(env="test", limit=UNLIMITED, log=LogSettings(sampling_rate_info=0.0))


@attrs.frozen
class Walker:
    """Somebody who stands somewhere."""

    user_id: UserId
    at: Point


def walkers(count: int, side_m: float, seed: int = 1) -> list[Walker]:
    """People spread evenly over a square around the centre; the same for the same seed."""
    chance, frame = random.Random(seed), LocalFrame(CENTRE)
    half = side_m / 2
    return [
        Walker(
            UserId(UUID(int=(seed << 64) + number)),
            frame.position(chance.uniform(-half, half), chance.uniform(-half, half)),
        )
        for number in range(1, count + 1)
    ]


async def populate(divan: Divan, people: Sequence[Walker]) -> list[Actor]:
    """Found the campus, add these people and send a first heartbeat for each."""
    radius_m = 50_000
    campus = CreateCampus("Bench", CENTRE.lat, CENTRE.lon, id=CAMPUS, radius_m=radius_m)
    await divan.accounts.create_campus(campus)
    actors = []
    for number, walker in enumerate(people):
        name = f"walker{number}"
        await divan.accounts.create_person(CreatePerson(CAMPUS, name, name, id=walker.user_id))
        actors.append(await divan.accounts.actor(walker.user_id))
    for actor, walker in zip(actors, people, strict=True):
        await beat(divan, actor, walker.at)
    return actors


async def beat(divan: Divan, actor: Actor, at: Point) -> None:
    """One heartbeat."""
    command = Heartbeat(at.lat, at.lon, 10.0, "phone", divan.clock.now())
    await divan.presence.heartbeat(actor, command)

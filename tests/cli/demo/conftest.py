"""A small demo in memory, on a clock that the tests move."""

from collections.abc import AsyncIterator
from typing import Any, cast

import attrs
import httpx2
import pytest

from divan_cli.demo.drawing import Draughtsman
from divan_cli.demo.host import Cast, arrivals, scene_view, settle
from divan_cli.demo.operations import DemoOperations
from divan_cli.demo.scene import Scene, Wishes, scene_of
from divan_cli.seed import demo_campus
from divan_core.divan import Divan
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import UserId
from divan_core.presence.messages import Heartbeat
from divan_core.settings import Settings
from divan_core.stores.factories import memory_stores
from divan_core.testing.clock import ManualClock
from divan_http.app import create_app

PEOPLE = 40


@attrs.frozen
class Demo:
    """A demo whose people stand where they were when it began."""

    divan: Divan
    clock: ManualClock
    scene: Scene
    cast: Cast
    client: httpx2.AsyncClient

    async def get(self, path: str, user_id: UserId | None = None, **query: Any) -> Any:
        """The answer to the visitor, or to somebody else."""
        me = self.cast.me
        headers = {"X-User-Id": str(user_id or me.id), "X-Campus-Id": str(me.campus_id)}
        answer = await self.client.get(path, params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str) -> int:
        """The status of the answer to the visitor."""
        me = self.cast.me
        headers = {"X-User-Id": str(me.id), "X-Campus-Id": str(me.campus_id)}
        return (await self.client.post(path, headers=headers)).status_code

    async def me(self) -> Actor:
        """The visitor."""
        return await self.divan.accounts.actor(self.cast.me.id)

    async def stand(self, east: float, north: float) -> None:
        """Let the visitor send a heartbeat from here."""
        point = self.scene.frame.position(east, north)
        fix = Heartbeat(point.lat, point.lon, 5, "test", self.clock.now())
        await self.divan.presence.heartbeat(await self.me(), fix)


@pytest.fixture
async def demo() -> AsyncIterator[Demo]:
    clock = ManualClock()
    scene = scene_of(Wishes(people=PEOPLE))
    campus = demo_campus(PEOPLE + 1, 1, scene.campus)
    cast_ = Cast.of(campus)
    stores = memory_stores(clock)
    async with Divan.open(Settings(env="test"), stores=stores, clock=clock) as divan:
        await settle(divan, campus)
        asked = DemoOperations(scene_view(divan, scene, cast_, 1), Draughtsman(scene.frame))
        app = create_app(divan, asked.table())
        transport = httpx2.ASGITransport(cast("Any", app))
        await arrivals(divan, scene, cast_)
        async with httpx2.AsyncClient(transport=transport, base_url="http://divan") as client:
            yield Demo(divan, clock, scene, cast_, client)

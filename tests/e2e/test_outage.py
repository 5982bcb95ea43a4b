"""Redis goes away: 503 at once, and everything is right again soon after it is back."""

import time
from pathlib import Path

import anyio
import pytest

from divan_core import Divan, Settings
from divan_core.accounts.messages import ChangePrivacy, CreateCampus, CreatePerson
from divan_core.errors import StoreUnavailable
from divan_core.presence.messages import GoOffline, Heartbeat, NearbyQuery
from divan_core.stores.factories import production_stores
from tests.servers.valkey import RedisServer

pytestmark = pytest.mark.anyio

TIMEOUT_S = 3.0
RECOVERY_S = 5.0


@pytest.mark.parametrize("how", ["stop", "pause"])
async def test_presence_says_so_and_recovers(
    how: str, breakable_redis: RedisServer, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path / 'divan.sqlite3'}"
    stores = production_stores(database, breakable_redis.url, key=bytes(32))
    async with Divan.open(Settings(env="test"), stores=stores) as divan:
        campus = await divan.accounts.create_campus(CreateCampus("Test", 45.5, -73.5))
        person = await divan.accounts.create_person(CreatePerson(campus.id, "ana", "Ana"))
        ana = await divan.accounts.actor(person.user_id)

        async def beat() -> None:
            await divan.presence.heartbeat(
                ana, Heartbeat(45.5, -73.5, 5.0, "phone", divan.clock.now())
            )

        await beat()
        getattr(breakable_redis, how)()
        for call in (
            beat,
            lambda: divan.presence.nearby(ana, NearbyQuery(radius_m=50)),
            lambda: divan.presence.offline(ana, GoOffline()),
            lambda: divan.presence.status(ana),
            lambda: divan.accounts.change_privacy(ana, ChangePrivacy(ghost_mode=True)),
        ):
            began = time.monotonic()
            with pytest.raises(StoreUnavailable) as caught:
                await call()
            assert time.monotonic() - began < TIMEOUT_S
            assert caught.value.retry_after
        assert not (await divan.accounts.me(ana)).privacy.ghost_mode
        health = await divan.health()
        assert not health["redis"].ok
        breakable_redis.restart() if how == "stop" else breakable_redis.resume()
        with anyio.fail_after(RECOVERY_S):
            while True:
                try:
                    await beat()
                    break
                except StoreUnavailable:
                    await anyio.sleep(0.05)
        assert (await divan.presence.nearby(ana, NearbyQuery(radius_m=50))).items == ()
        assert (await divan.health())["redis"].ok

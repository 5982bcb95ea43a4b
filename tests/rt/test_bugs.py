"""A bug in one place: the client learns nothing of it, the log all, and the rest goes on."""

from typing import NoReturn

import pytest

from divan_core.presence.service import Presence
from tests.rt.raw import RawClient
from tests.rt.world import World, ids_of

pytestmark = pytest.mark.anyio


class Bug(Exception):
    pass


async def broken(*_args: object) -> NoReturn:
    raise Bug("secret")


async def test_a_bug_behind_an_event(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = await world.client(await world.join("ana"))
    await client.beat(0)
    monkeypatch.setattr(Presence, "heartbeat", broken)
    answer = await client.call("presence:heartbeat", HEARTBEAT)
    assert (answer["error"]["status"], answer["error"]["code"]) == (500, "internal_error")
    assert "secret" not in str(answer)
    (record,) = [one for one in caplog.records if one.name == "divan.rt"]
    assert record.exc_info is not None
    assert record.exc_info[0] is Bug
    assert record.__dict__["facts"]["request_id"] == answer["error"]["request_id"]


HEARTBEAT = {"lat": 0, "lon": 0, "accuracy_m": 5, "device_id": "x", "ts_client": 0}


async def test_a_bug_behind_a_list(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    client = await world.client(ana)
    await client.beat(0)
    await client.subscribe(200)
    await world.beat(ben, 40)
    feeds = world.server._feeds  # noqa: SLF001 - a list's only way to its people
    right = feeds._compute  # noqa: SLF001 - as above
    monkeypatch.setattr(feeds, "_compute", broken)
    await world.tick()
    assert "a live list could not be computed" in caplog.text
    monkeypatch.setattr(feeds, "_compute", right)
    await world.tick()
    assert len(await client.settle()) == 1


async def test_a_bug_behind_the_beat(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(world.server._sessions, "unwelcome", broken)  # noqa: SLF001 - as above
    assert await world.server.tick() == 0
    assert "a beat of the live lists failed" in caplog.text


async def test_a_bug_behind_the_handshake(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ana = await world.join("ana")
    monkeypatch.setattr(world.divan.identity, "named", broken)
    async with RawClient.open(world.url) as client:
        answer = await client.connect(ids_of(ana))
    assert answer.startswith("44/presence,")
    assert "internal_error" in answer
    assert "secret" not in answer
    assert "secret" in caplog.text

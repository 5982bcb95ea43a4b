"""Whatever a client sends, it is answered or ended, and nobody else notices."""

import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from divan_core.stores.factories import memory_stores
from divan_core.testing.clock import ManualClock
from tests.rt.raw import RawClient
from tests.rt.world import World, a_world, heartbeat_json, ids_of

pytestmark = pytest.mark.anyio

NUMBERS = itertools.count()
NOWHERE = "00000000-0000-0000-0000-000000000001"
DEEP = "[" * 5000 + "]" * 5000


@pytest.fixture(scope="module")
async def world() -> AsyncIterator[World]:
    """One for all of them, because none may leave a trace."""
    clock = ManualClock()
    async with a_world(memory_stores(clock), clock) as made:
        yield made


@pytest.fixture
async def client(world: World) -> AsyncIterator[RawClient]:
    ana = await world.join(f"ana{next(NUMBERS)}")
    async with RawClient.open(world.url) as made:
        assert (await made.connect(ids_of(ana))).startswith("40")
        yield made


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ('["nearby:subscribe"', 400, "bad_request"),
        ("", 400, "bad_request"),
        ("null", 400, "bad_request"),
        ("{}", 400, "bad_request"),
        ("[]", 400, "bad_request"),
        ("[7,{}]", 400, "bad_request"),
        (DEEP, 400, "bad_request"),
        (f'["nearby:subscribe",{DEEP}]', 400, "bad_request"),
        (f'["nearby:subscribe",{{"radius_m":50,"x":{DEEP}}}]', 400, "bad_request"),
        ('["nearby:subscribe",NaN]', 400, "bad_request"),
        ('["connect",{}]', 404, "not_found"),
        ('["disconnect","x"]', 404, "not_found"),
        ('["envelope",{}]', 404, "not_found"),
        ('["","x"]', 404, "not_found"),
        ('["nearby:subscribe"]', 422, "validation_failed"),
        ('["nearby:subscribe",null]', 422, "validation_failed"),
        ('["nearby:subscribe",[]]', 422, "validation_failed"),
        ('["nearby:subscribe","50"]', 422, "validation_failed"),
        ('["nearby:subscribe",{"radius_m":0}]', 422, "validation_failed"),
        ('["nearby:subscribe",{"radius_m":5001}]', 422, "validation_failed"),
        ('["nearby:subscribe",{"radius_m":5.5}]', 422, "validation_failed"),
        ('["nearby:subscribe",{"radius_m":true}]', 422, "validation_failed"),
        ('["nearby:subscribe",{"radius_m":1e400}]', 422, "validation_failed"),
        ('["nearby:subscribe",{"radius_m":50,"since_seq":-1}]', 422, "validation_failed"),
        ('["nearby:subscribe",{"radius_m":50,"campus_id":"here"}]', 422, "validation_failed"),
        (f'["nearby:subscribe",{{"radius_m":50,"campus_id":"{NOWHERE}"}}]', 403, "campus_mismatch"),
        ('["nearby:unsubscribe",[]]', 422, "validation_failed"),
        (f'["nearby:unsubscribe","{"x" * 20_000}"]', 413, "body_too_large"),
        (f'["nearby:unsubscribe",{{"x":"{"é" * 8_300}"}}]', 413, "body_too_large"),
    ],
)
async def test_events_that_are_wrong(client: RawClient, text: str, status: int, code: str) -> None:
    answer = await client.ask(text)
    assert answer["ok"] is False
    assert (answer["error"]["status"], answer["error"]["code"]) == (status, code)
    assert await client.ask('["nearby:unsubscribe"]') == {"ok": True}


async def test_the_faults_of_a_heartbeat_are_named(client: RawClient) -> None:
    answer = await client.ask('["presence:heartbeat",{"lat":91,"lon":"x","accuracy_m":0}]')
    assert answer["error"]["status"] == 422
    assert [fault["path"] for fault in answer["error"]["errors"]] == [
        "$.lat",
        "$.lon",
        "$.accuracy_m",
        "$.device_id",
        "$.ts_client",
    ]


async def test_heartbeats_that_are_not_believed(client: RawClient, world: World) -> None:
    good = heartbeat_json(world.clock, 0)
    for change, code in (
        ({"accuracy_m": 51}, "accuracy_too_low"),
        ({"ts_client": 0}, "clock_skew"),
        ({"lat": 0}, "outside_campus"),
        ({"campus_id": NOWHERE}, "campus_mismatch"),
    ):
        answer = await client.ask(json.dumps(["presence:heartbeat", good | change]))
        assert answer["error"]["code"] == code
    answer = await client.ask(json.dumps(["presence:heartbeat", good]))
    assert answer == {"ok": True, "ts": world.clock.now()}
    assert client.events == [["presence:ack", {"ts": world.clock.now()}]]


async def test_more_arguments_than_one_are_ignored(client: RawClient) -> None:
    assert await client.ask('["nearby:unsubscribe",{},{},[1]]') == {"ok": True}


async def test_unknown_fields_are_ignored(client: RawClient) -> None:
    assert await client.ask('["nearby:unsubscribe",{"colour":"red"}]') == {"ok": True}


async def test_binary_events_are_refused_and_not_waited_for(client: RawClient) -> None:
    await client.send('451-/presence,7["nearby:unsubscribe",{"_placeholder":true,"num":0}]')
    answer = await client.answer(7)
    assert answer["error"]["status"] == 400
    await client.send(b"an attachment")
    assert await client.ask('["nearby:unsubscribe"]') == {"ok": True}


@pytest.mark.parametrize(
    "frame",
    [
        "4",
        "42",
        "42[]",
        "43/presence,1[]",
        "44/presence,{}",
        "45/presence,",
        "459999999999-/presence,[]",
        "46/presence,1[]",
        "47/presence,",
        "4x",
        "4٣/presence,",
        "42/presence",
        "42/presence,x",
        "42/presence," + "9" * 200,
        "42/elsewhere,1[]",
        "4" + "[" * 10_000,
        "4" + '{"sid":' * 5000,
        "5",
        "6",
        b"\x00\x01",
    ],
)
async def test_packets_that_are_none_change_nothing(client: RawClient, frame: str | bytes) -> None:
    await client.send(frame)
    assert await client.ask('["nearby:unsubscribe"]') == {"ok": True}


@pytest.mark.parametrize(
    "frame", ["", "7", "x", "hello", b"", "4" * 70_000, b"4" * 70_000], ids=repr
)
async def test_frames_that_are_none_end_the_connection(
    client: RawClient, world: World, frame: str | bytes
) -> None:
    await client.send(frame)
    assert await client.is_closed()
    other = await world.client(await world.join(f"ben{next(NUMBERS)}"))
    await other.settle()


async def test_leaving_the_namespace_and_coming_back(client: RawClient, world: World) -> None:
    carl = await world.join(f"carl{next(NUMBERS)}")
    await client.send("41/presence,")
    await client.send('42/presence,1["nearby:unsubscribe"]')  # nobody is there to answer
    await client.send(f"40/presence,{json.dumps(ids_of(carl))}")
    assert (await client.frame()).startswith("40/presence,")
    assert await client.ask('["nearby:unsubscribe"]') == {"ok": True}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
names = st.sampled_from(["presence:heartbeat", "nearby:subscribe", "nearby:unsubscribe"])
fields = st.sampled_from(
    ["radius_m", "since_seq", "campus_id", "lat", "lon", "accuracy_m", "device_id", "ts_client"]
)
payloads = st.dictionaries(fields, values) | values


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(name=names | st.text(max_size=20), payload=payloads)
async def test_every_event_is_acknowledged_and_none_is_a_bug(
    client: RawClient, world: World, name: str, payload: Any
) -> None:
    world.clock.advance(1)
    answer = await client.ask(json.dumps([name, payload]))
    assert answer["ok"] is True or answer["error"]["status"] in {400, 403, 404, 409, 413, 422, 429}

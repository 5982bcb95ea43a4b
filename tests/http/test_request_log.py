"""What the log learns of requests, and what it never does."""

import io
import logging
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from divan_core.errors import StoreUnavailable
from divan_core.observability.logs import JsonLines
from divan_core.testing.clock import ManualClock
from divan_http.exchange import Body, Event, Exchange
from divan_http.requestlog import RequestLog
from tests.http.world import World, problem

pytestmark = pytest.mark.anyio


class Lines(io.BytesIO):
    """A stream that gives what was written to it as JSON."""

    def parsed(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Whatever Divan logs."""
    logger, stream = logging.getLogger("divan"), Lines()
    handler = JsonLines(stream, "test")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


@pytest.fixture
def fail_heartbeats(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], None]:
    def with_error(error: Exception) -> None:
        async def heartbeat(*_: object) -> None:
            raise error

        monkeypatch.setattr(world.divan.presence, "heartbeat", heartbeat)

    return with_error


async def test_a_request_is_one_line(world: World, lines: Lines) -> None:
    answer = await world.beat()
    (line,) = lines.parsed()
    assert line.pop("latency_ms") >= 0
    assert line.pop("ts").endswith("Z")
    assert line == {
        "level": "info",
        "msg": "request",
        "service": "divan",
        "env": "test",
        "logger": "divan.http.request",
        "request_id": answer.headers["x-request-id"],
        "trace_id": None,
        "route": "/presence/heartbeat",
        "status": 200,
        "user_id": str(world.ana),
    }


async def test_neither_address_nor_body_nor_credentials_are_logged(
    world: World, lines: Lines
) -> None:
    token = f"uid:{world.ben};campus:{world.campus};roles:secret"
    await world.client.post(
        f"/friends/{world.zoe}/block?q=45.5048", headers={"Authorization": f"Bearer {token}"}
    )
    await world.beat(device_id="my-device")
    await world.client.post("/presence/heartbeat", content=b"45.5048", headers=world.headers())
    logged = lines.getvalue().decode()
    for secret in ("45.5048", str(world.zoe), "secret", "my-device", str(world.campus)):
        assert secret not in logged


async def test_a_dependency_that_is_away_is_logged_each_time(
    world: World, lines: Lines, fail_heartbeats: Callable[[Exception], None]
) -> None:
    fail_heartbeats(StoreUnavailable("Redis is away."))
    for _ in range(3):
        answer = await world.beat()
        assert problem(answer, 503, "store_unavailable")["retry_after"] == 1
        assert answer.headers["retry-after"] == "1"
    assert [line["status"] for line in lines.parsed()] == [503] * 3
    assert {line["level"] for line in lines.parsed()} == {"error"}


async def test_a_bug_tells_the_log_where_and_the_client_nothing(
    world: World, lines: Lines, fail_heartbeats: Callable[[Exception], None]
) -> None:
    fail_heartbeats(RuntimeError("row (lat)=(45.5048) of ana@example.org"))
    found = problem(await world.beat(), 500, "internal_error")
    bug, request = lines.parsed()
    assert bug["level"] == request["level"] == "error"
    assert bug["request_id"] == request["request_id"] == found["request_id"]
    assert bug["exception"][0].startswith("builtins.RuntimeError at ")
    for secret in ("45.5048", "example.org", "RuntimeError"):
        assert secret not in str(found)
    assert "example.org" not in str(bug)


async def test_refusals_are_logged_once_a_second_per_code(world: World, lines: Lines) -> None:
    for _ in range(3):
        for _ in range(5):
            await world.client.get("/me")
            await world.get("/nowhere")
        world.clock.advance(1)
    assert [line["code"] for line in lines.parsed()] == ["unauthenticated", "not_found"] * 3


async def test_refusals_are_logged_on_after_the_clock_went_back(world: World, lines: Lines) -> None:
    for _ in range(2):
        await world.client.get("/me")
        world.clock.advance(-3600)
    assert len(lines.parsed()) == 2


async def nothing() -> Event:
    raise AssertionError


@pytest.mark.parametrize(
    ("rate", "drawn", "logged"),
    [(1.0, 0.999, True), (0.3, 0.29, True), (0.3, 0.3, False), (0.0, 0.0, False)],
)
def test_successes_are_sampled(lines: Lines, rate: float, drawn: float, *, logged: bool) -> None:
    log = RequestLog(ManualClock(), rate, lambda: drawn)
    log.add(Exchange("id", b"", [], {}, frozenset(), 1.0, Body(nothing), status=200), now=1.25)
    assert [line["latency_ms"] for line in lines.parsed()] == [250.0] * logged

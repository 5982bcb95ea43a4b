"""A request leaves no reference cycle behind: collections would stall a server of many sockets."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from divan_core import Divan, Settings, memory_stores
from divan_http.app import create_app
from divan_http.exchange import Asgi

pytestmark = pytest.mark.anyio


class Cycle:
    """Holds the scope and gives out its own methods, as a server's request object does."""

    def __init__(self) -> None:
        self.scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "path": "/health/live",
            "query_string": b"",
            "scheme": "http",
            "headers": [(b"host", b"x")],
        }
        self.status = 0

    async def receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(self, event: dict[str, Any]) -> None:
        self.status = event.get("status", self.status)


async def test_a_request_is_gone_without_a_collection() -> None:
    settings = Settings(env="test", workers_enabled=False)  # what they leave is not the request's
    async with Divan.open(settings, stores=memory_stores()) as divan:
        app = create_app(divan)
        await _asked(app)
        gc.collect()
        gc.disable()
        try:
            for _ in range(10):
                await _asked(app)
            assert gc.collect() < 10
        finally:
            gc.enable()


async def _asked(app: Asgi) -> None:
    cycle = Cycle()
    await app(cycle.scope, cycle.receive, cycle.send)
    assert cycle.status == 200

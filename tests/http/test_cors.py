from collections.abc import AsyncIterator

import pytest

from divan_core.settings import HttpSettings, Settings
from tests.http.world import World, open_world, problem

pytestmark = pytest.mark.anyio

PAGE = "https://app.example.org"
EXPOSED = [
    "x-request-id",
    "retry-after",
    "idempotent-replayed",
    "idempotency-status",
    "idempotency-original-status",
    "traceparent",
]
ASKING = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}


def allowing(*origins: str) -> Settings:
    return Settings(env="test", http=HttpSettings(cors_origins=origins))


@pytest.fixture
async def open_to_page() -> AsyncIterator[World]:
    async with open_world(allowing(PAGE, "https://other.example.org")) as made:
        yield made


async def test_by_default_no_page_may_read(world: World) -> None:
    for method in ("GET", "OPTIONS"):
        answer = await world.client.request(method, "/health/live", headers=ASKING)
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_a_page_that_is_named_may_read(open_to_page: World) -> None:
    for path in ("/health/live", "/nowhere"):
        answer = await open_to_page.client.get(path, headers={"Origin": PAGE})
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert answer.headers["access-control-expose-headers"].split(", ") == EXPOSED
        assert answer.headers["vary"] == "origin"


async def test_another_page_may_not(open_to_page: World) -> None:
    for origin in ({}, {"Origin": "https://evil.example.org"}, {"Origin": "null"}):
        answer = await open_to_page.client.get("/health/live", headers=origin)
        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["vary"] == "origin"


async def test_the_browsers_question_is_answered(open_to_page: World) -> None:
    answer = await open_to_page.client.options("/presence/heartbeat", headers=ASKING)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "POST" in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].split(", ")
    assert {"authorization", "idempotency-key"} <= set(allowed)
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_any_page() -> None:
    async with open_world(allowing("*")) as world:
        answer = await world.client.get("/me", headers={"Origin": "https://evil.example.org"})
        problem(answer, 401, "unauthenticated")
        assert answer.headers["access-control-allow-origin"] == "*"

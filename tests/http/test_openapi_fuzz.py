"""Whatever is sent to a documented operation, the answer is a documented one.

``DIVAN_FUZZ_EXAMPLES`` (30) says how many inputs are tried per operation.
"""

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from schemathesis import GenerationMode
from schemathesis.checks import positive_data_acceptance
from schemathesis.specs.openapi.schemas import OpenApiSchema

from divan_core.settings import LimitSettings, Settings
from divan_http.exchange import Receive, Scope, Send
from divan_http.operation import Operation
from divan_http.routes import table
from tests.http.world import World, open_world

EXAMPLES = int(os.environ.get("DIVAN_FUZZ_EXAMPLES", "30"))
MANY = 1_000_000
UNLIMITED = LimitSettings(
    heartbeat_per_minute=MANY,
    nearby_per_minute=MANY,
    search_per_minute=MANY,
    block_per_minute=MANY,
    invite_per_minute=MANY,
    invite_per_day=MANY,
    enumeration_per_day=MANY,
    sign_in_per_minute=MANY,
    register_per_hour=MANY,
    message_per_minute=MANY,
    room_per_day=MANY,
    report_per_day=MANY,
)
CASES = [
    pytest.param(row, mode, id=f"{row.name}-{mode.value}")
    for row in table(dev=True)
    for mode in GenerationMode
    if row.takes_input or mode is GenerationMode.POSITIVE  # without input none can be wrong
]


class Served:
    """A world that lives as long as the application's lifespan."""

    def __init__(self) -> None:
        self.world: World

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
        else:
            await self.world.app(scope, receive, send)

    async def live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with open_world(Settings(env="test", limit=UNLIMITED)) as self.world:
            await self.world.beat()
            await self.world.beat(self.world.ben)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


@pytest.fixture(scope="module")
def served() -> Served:
    return Served()


@pytest.fixture(scope="module")
def described(served: Served) -> OpenApiSchema:
    return schemathesis.openapi.from_asgi("/openapi.json", served)


@pytest.mark.parametrize(("row", "mode"), CASES)
def test_no_answer_is_undocumented(
    served: Served, described: OpenApiSchema, row: Operation, mode: GenerationMode
) -> None:
    operation = described[row.path][row.method]

    @given(operation.as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, deadline=None)
    def tried(case: schemathesis.Case[Any]) -> None:
        answer = case.call(headers=served.world.headers(X_User_Roles="staff.admin"))
        case.validate_response(answer, excluded_checks=[positive_data_acceptance])

    tried()

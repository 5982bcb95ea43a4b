"""Whatever anybody sends to a documented operation, the answer is a documented one.

``DIVAN_FUZZ_EXAMPLES`` (5) says how many inputs are tried per operation, right ones and wrong ones
each; who sends them is drawn, and so is whether ids in them are those of something that is there.
"""

import os
import re
from typing import Any

import anyio
import pytest
import schemathesis
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import positive_data_acceptance
from schemathesis.specs.openapi.schemas import OpenApiSchema

from divan_http.exchange import Receive, Scope, Send
from divan_http.operation import Operation
from divan_http.routes import table
from tests.http.peopled import PEOPLED, Known, Peopled, peopled
from tests.http.world import open_world

EXAMPLES = int(os.environ.get("DIVAN_FUZZ_EXAMPLES", "5"))
CALLERS = ("anonymous", "user", "moderator", "admin")
CASES = [
    pytest.param(row, mode, id=f"{row.name}-{mode.value}")
    for row in table(dev=True)
    for mode in GenerationMode
    if row.takes_input or mode is GenerationMode.POSITIVE  # without input none can be wrong
]
UUID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Served:
    """A campus that lives as long as the application's lifespan, and can be had anew."""

    def __init__(self) -> None:
        self.there: Peopled
        self.stale = False
        self._app: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
            return
        if self.stale:
            self.stale = False
            self._made = anyio.Event()
            self._wanted.set()
            await self._made.wait()
        await self._app(scope, receive, send)

    async def live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._made = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._keep)
            await self._made.wait()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            tasks.cancel_scope.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _keep(self) -> None:
        while True:
            self._wanted = anyio.Event()
            async with open_world(PEOPLED) as world:
                self._app = world.app
                self.there = await peopled(world)
                self._made.set()
                await self._wanted.wait()


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

    @given(
        operation.as_strategy(generation_mode=mode),
        st.sampled_from(CALLERS),
        st.none() | st.integers(0, 4),
    )
    @settings(max_examples=EXAMPLES, deadline=None)
    def tried(case: schemathesis.Case[Any], caller: str, known: int | None) -> None:
        if known is not None:
            place_ids(case, served.there.known, known)
        answer = case.call(headers=dict(served.there.callers[caller]))
        case.validate_response(answer, excluded_checks=[positive_data_acceptance])

    try:
        tried()
    finally:  # whoever was there may be banned now, and what was there gone
        served.stale = served.stale or row.method != "GET"


def place_ids(case: schemathesis.Case[Any], known: Known, which: int) -> None:
    """Put ids of what is there into a case; schemathesis judges anew whatever is set."""
    for part in ("path_parameters", "query", "body"):
        value = getattr(case, part)
        changed = placed(value, known, which)
        if changed != value:
            setattr(case, part, changed)


def placed(value: Any, known: Known, which: int, name: str = "") -> Any:
    """The same, with ids of what is there where there is any id."""
    if isinstance(value, dict):
        return {key: placed(one, known, which, str(key)) for key, one in value.items()}
    if isinstance(value, list):
        return [placed(one, known, which, name) for one in value]
    found = known.get(name, ())
    if found and isinstance(value, str) and UUID_FORM.fullmatch(value):
        return found[which % len(found)]
    return value

"""Whether traces arrive where they should, for operators."""

from __future__ import annotations

from typing import Final, Literal

import attrs

from divan_core.divan import Divan
from divan_core.errors import NotAllowed
from divan_core.settings import Settings
from divan_http.operation import Nothing, Operation, OperatorOperation


@attrs.frozen
class TraceTest:
    """A span ``divan.trace.test`` was made in the trace ``trace_id``; or there are no traces."""

    status: Literal["ok", "disabled"]
    trace_id: str | None = None


async def test(divan: Divan, _: Nothing) -> TraceTest:
    """Make a span to look for at the collector."""
    trace_id = divan.trace_test()
    return TraceTest("disabled" if trace_id is None else "ok", trace_id)


def is_public(_settings: Settings) -> bool:
    """Nobody else may."""
    return False


OPERATIONS: Final[tuple[Operation, ...]] = (
    OperatorOperation(
        method="POST",
        path="/ops/trace/test",
        name="ops.trace_test",
        command=Nothing,
        view=TraceTest,
        perform=test,
        is_public=is_public,
        errors=(NotAllowed,),
    ),
)

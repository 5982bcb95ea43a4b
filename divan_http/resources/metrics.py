"""What operators measure."""

from __future__ import annotations

from typing import Final

from divan_core.divan import Divan
from divan_core.observability.metrics import CONTENT_TYPE
from divan_core.settings import Settings
from divan_http.operation import Nothing, Operation, OperatorOperation


async def metrics(divan: Divan, _: Nothing) -> str:
    """Tell what this process has counted since it began, for Prometheus."""
    return divan.metrics.exposition()


def is_public(settings: Settings) -> bool:
    """Whether anybody may read it."""
    return settings.obs.metrics_public


OPERATIONS: Final[tuple[Operation, ...]] = (
    OperatorOperation(
        method="GET",
        path="/metrics",
        name="metrics.read",
        command=Nothing,
        view=str,
        media_type=CONTENT_TYPE,
        perform=metrics,
        is_public=is_public,
    ),
)

"""The end of the day, for operators."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from divan_core.divan import Divan
from divan_core.errors import NotFound, OutcomeUnknown, StoreUnavailable
from divan_core.rollover.messages import RollOver, RolloverView
from divan_core.settings import Settings
from divan_http.operation import Operation, OperatorOperation


def roll_over(divan: Divan, command: RollOver) -> Awaitable[RolloverView]:
    """Close all days that were missed, and clear away what is over; twice is as once."""
    return divan.rollover.run(command)


def is_public(_settings: Settings) -> bool:
    """Nobody else may."""
    return False


OPERATIONS: Final[tuple[Operation, ...]] = (
    OperatorOperation(
        method="POST",
        path="/ops/rollover",
        name="ops.rollover",
        command=RollOver,
        view=RolloverView,
        perform=roll_over,
        is_public=is_public,
        errors=(NotFound, OutcomeUnknown, StoreUnavailable),
    ),
)

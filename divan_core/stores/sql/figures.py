"""What operators are told of the database, in numbers."""

from __future__ import annotations

from collections import Counter as Numbers
from types import TracebackType
from typing import Final

from divan_core.errors import OutcomeUnknown, StoreUnavailable
from divan_core.kernel.telemetry import Counter, Gauge, Readings
from divan_core.stores.sql.faults import ConnectionLost, UnitConflict

ERRORS: Final = Counter("divan_sql_errors_total", "Units that the database did not do", ("kind",))
POOL: Final = Gauge("divan_sql_pool_connections", "Connections to PostgreSQL", ("state",))

_KINDS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (UnitConflict, "conflict"),
    (ConnectionLost, "lost"),
    (OutcomeUnknown, "unknown"),
    (StoreUnavailable, "unavailable"),
)
"""The first that fits; conflicts and lost connections are mostly tried again, and succeed."""


class Failures:
    """Counts what goes wrong inside its context, which is entered for each try of a unit."""

    __slots__ = ("_numbers",)

    def __init__(self) -> None:
        """Begin at zero."""
        self._numbers: Numbers[str] = Numbers()

    def __enter__(self) -> None:
        """Begin a try."""

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        fault: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """End it, counting an error of the database."""
        if fault is not None:
            kind = next((name for one, name in _KINDS if isinstance(fault, one)), None)
            if kind is not None:
                self._numbers[kind] += 1

    def tell(self, readings: Readings) -> None:
        """Say what it came to."""
        for kind, number in self._numbers.items():
            readings.total(ERRORS, number, kind)

"""What may be read as it was some seconds ago: this list, and nothing else, on every store.

It has figures and what is over. Nothing of it says whether a write was done, who may see whom, or
who is restricted to what: keys, relations, restrictions, people and messages are read as they are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar, cast

from divan_core.kernel.units import UnitMisused

UnitT = TypeVar("UnitT")
ResultT = TypeVar("ResultT")

PAST: Final = frozenset({"appeals", "cases", "decisions", "scores"})
"""The parts of a unit that :meth:`~divan_core.kernel.units.Units.past` has."""


class PastUnit:
    """A unit with these parts alone."""

    def __init__(self, unit: object) -> None:
        """Stand for ``unit``."""
        self._unit = unit

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the unit has
        """What the unit has by this name, if it may be some seconds old.

        Raises:
            UnitMisused: it may not.
        """
        if name not in PAST:
            raise UnitMisused(f"What a unit has as {name!r} is never read as it was.")
        return getattr(self._unit, name)


def of_past(
    body: Callable[[UnitT], Awaitable[ResultT]],
) -> Callable[[UnitT], Awaitable[ResultT]]:
    """The same body, whose unit has the parts of the past alone."""
    return lambda unit: body(cast("UnitT", PastUnit(unit)))

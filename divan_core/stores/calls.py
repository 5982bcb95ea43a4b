"""The ports of a bundle of stores and of a unit of work, as their protocols tell them.

For what stands around every call to a store: traces, and the faults of tests.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias, get_origin, get_type_hints

import attrs

from divan_core.stores.bundle import Stores, StoreUnit

LIFECYCLE: Final = "lifecycle"
"""The one field of :class:`Stores` that is no port."""

UNITS: Final = "units"
"""The port whose calls get a function over a unit's own ports."""


def calls(port: type) -> frozenset[str]:
    """The names of a port's calls: the methods of its protocol that are awaited."""
    found = inspect.getmembers(port, inspect.iscoroutinefunction)
    return frozenset(name for name, _ in found if not name.startswith("_"))


def _protocol(hint: Any) -> type:  # noqa: ANN401 - whatever an annotation is
    found: type = get_origin(hint) or hint
    return found


def _of_bundle() -> dict[str, frozenset[str]]:
    hints = get_type_hints(Stores)
    names = (field.name for field in attrs.fields(Stores))
    return {name: calls(_protocol(hints[name])) for name in names if name != LIFECYCLE}


def _of_unit() -> dict[str, frozenset[str]]:
    parts = inspect.getmembers(StoreUnit, lambda member: isinstance(member, property))
    return {
        name: calls(_protocol(get_type_hints(part.fget)["return"]))
        for name, part in parts
        if part.fget is not None
    }


BUNDLE_CALLS: Final[Mapping[str, frozenset[str]]] = _of_bundle()
"""The calls of each port of a bundle."""

UNIT_CALLS: Final[Mapping[str, frozenset[str]]] = _of_unit()
"""The calls of each port of a unit of work."""

Around: TypeAlias = Callable[[str, Callable[[], Awaitable[Any]]], Awaitable[Any]]
"""Makes a call, which it is given by the name ``port.call``, with something around it."""


class PortAround:
    """Any port, with something around its calls."""

    def __init__(self, port: object, name: str, calls: frozenset[str], around: Around) -> None:
        """Stand for ``port``, which is called ``name``; ``calls`` are those that are meant."""
        self._port = port
        self._name = name
        self._calls = calls
        self._around = around

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        """What the port has by this name."""
        member = getattr(self._port, name)
        if name not in self._calls:
            return member
        around, call = self._around, f"{self._name}.{name}"

        async def surrounded(*args: Any, **named: Any) -> Any:  # noqa: ANN401 - as the port's own
            return await around(call, lambda: member(*args, **named))

        return surrounded

"""The ports of a bundle of stores and of a unit of work, as their protocols tell them.

For what stands around every call to a store: traces, and the faults of tests.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Final, get_origin, get_type_hints

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

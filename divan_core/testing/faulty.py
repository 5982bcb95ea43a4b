"""Stores that do not answer: whatever stands on them has to say so, and to recover."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import attrs

from divan_core.errors import StoreUnavailable
from divan_core.stores.bundle import StoreHealth, StoreLifecycle, Stores
from divan_core.stores.calls import BUNDLE_CALLS, Around, PortAround
from divan_core.stores.factories import memory_stores


class FaultyStores:
    """Stores whose ports can be made to fail and to answer again.

    A port that fails raises :class:`~divan_core.errors.StoreUnavailable` at every call, before
    anything is done.
    """

    def __init__(self, stores: Stores | None = None) -> None:
        """Stand in front of ``stores``, which are in memory by default; they answer for now."""
        self._inner = stores or memory_stores()
        self._failing: set[str] = set()

    @property
    def stores(self) -> Stores:
        """What to open Divan with."""
        ports: dict[str, Any] = {
            name: PortAround(getattr(self._inner, name), name, calls, self._unless_failing(name))
            for name, calls in BUNDLE_CALLS.items()
        }
        lifecycle = _Lifecycle(self._inner.lifecycle, self._failing)
        return attrs.evolve(self._inner, **ports, lifecycle=(lifecycle,))

    def fail(self, *ports: str) -> None:
        """Let these ports fail from now on (names as in :class:`Stores`); all, if none is named.

        Raises:
            ValueError: there is no such port.
        """
        self._failing |= _known(ports)

    def mend(self, *ports: str) -> None:
        """Let these ports answer again; all, if none is named.

        Raises:
            ValueError: there is no such port.
        """
        self._failing -= _known(ports)

    def _unless_failing(self, port: str) -> Around:
        async def around(_call: str, work: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401
            if port in self._failing:
                raise StoreUnavailable
            return await work()

        return around


def faulty_stores() -> Stores:
    """Stores that never answer: every call raises ``StoreUnavailable``."""
    faulty = FaultyStores()
    faulty.fail()
    return faulty.stores


def _known(ports: tuple[str, ...]) -> frozenset[str]:
    unknown = set(ports) - set(BUNDLE_CALLS)
    if unknown:
        raise ValueError(f"There is no port {', '.join(sorted(unknown))}.")
    return frozenset(ports or BUNDLE_CALLS)


class _Lifecycle:
    """The lives of the stores behind, and the health of those in front."""

    def __init__(self, parts: tuple[StoreLifecycle, ...], failing: set[str]) -> None:
        self._parts = parts
        self._failing = failing

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            for part in self._parts:
                await stack.enter_async_context(part.running())
            yield

    async def health(self) -> Mapping[str, StoreHealth]:
        found: dict[str, StoreHealth] = {}
        for part in self._parts:
            found |= await part.health()
        return found | {name: StoreHealth(ok=False, latency_ms=0.0) for name in self._failing}

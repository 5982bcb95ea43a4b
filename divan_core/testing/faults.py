"""Named points around every call to a store, at which a test lets something go wrong.

Code that runs for real has no such points. They stand in proxies that a test puts around its
stores, so what is tested is what runs::

    faults = FaultPoints()
    async with Divan.open(settings, stores=faults.around(stores)) as divan:
        faults.arm("keys.claim:after", Raise(StoreUnavailable()))
        faults.arm("units.write:after", Kill(), after=3)

A point is named for the port and its call, ``invites.put``, and lies before or after it. Calls on
the repositories of a unit lie inside its transaction; ``units.write:before`` is before it begins,
``units.write:after`` is after the commit and before anybody has heard of it. A call that fails has
no point after it.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from itertools import chain
from typing import Any, Final, Protocol, TypeVar

import attrs

from divan_core.stores.bundle import Stores
from divan_core.stores.calls import BUNDLE_CALLS, UNIT_CALLS, UNITS, Around, PortAround

ResultT = TypeVar("ResultT")

BEFORE: Final = "before"
AFTER: Final = "after"


class Fault(Protocol):
    """What goes wrong at a point."""

    def strike(self, released: threading.Event) -> None:
        """Go wrong, here and now. It may run in any thread, and awaits nothing.

        What blocks goes on once ``released`` is set.
        """
        ...


@attrs.frozen
class Raise:
    """An error, as if the call had raised it."""

    error: Exception

    def strike(self, released: threading.Event) -> None:  # noqa: ARG002 - nothing blocks
        """See :class:`Fault`."""
        raise self.error


@attrs.frozen
class Kill:
    """The end of this process, without a last word."""

    def strike(self, released: threading.Event) -> None:  # noqa: ARG002 - nothing blocks
        """See :class:`Fault`."""
        os.kill(os.getpid(), signal.SIGKILL)


@attrs.frozen
class Hang:
    """The thread blocks for ever, with all that runs on it: the event loop, for one.

    A test in the same process calls :meth:`FaultPoints.release` from another thread.
    """

    def strike(self, released: threading.Event) -> None:
        """See :class:`Fault`."""
        released.wait()


@attrs.define
class _Armed:
    """A fault at a point: how often it is still passed by, then how often it strikes."""

    fault: Fault
    passes: int
    strikes: int | None

    def due(self) -> bool:
        """Whether it strikes now."""
        if self.passes:
            self.passes -= 1
            return False
        if self.strikes is not None:
            self.strikes -= 1
        return True


class FaultPoints:
    """The points of one bundle of stores. Safe to use from any thread."""

    def __init__(self) -> None:
        """Nothing goes wrong yet."""
        self._lock = threading.Lock()
        self._armed: dict[str, _Armed] = {}
        self._reached: Counter[str] = Counter()
        self._released = threading.Event()

    @staticmethod
    def points() -> tuple[str, ...]:
        """The names of all points, in alphabetical order."""
        return _POINTS

    def around(self, stores: Stores) -> Stores:
        """The same stores, with these points around every call."""
        ports = {name: self._port(name, getattr(stores, name)) for name in BUNDLE_CALLS}
        ports[UNITS] = _Units(ports[UNITS], self._unit)
        return attrs.evolve(stores, **ports)

    def arm(self, point: str, fault: Fault, *, after: int = 0, times: int | None = 1) -> None:
        """Let ``fault`` strike at ``point``, from now on instead of any other one.

        The point is passed ``after`` times before; then it strikes ``times`` times (None: always).

        Raises:
            ValueError: there is no such point.
        """
        if point not in _POINTS:
            raise ValueError(f"There is no point {point}; see FaultPoints.points().")
        with self._lock:
            self._armed[point] = _Armed(fault, after, times)

    def disarm(self) -> None:
        """Nothing more goes wrong. What hangs already goes on hanging."""
        with self._lock:
            self._armed.clear()

    def release(self) -> None:
        """Let what hangs go on; faults that are armed stay so."""
        with self._lock:
            released, self._released = self._released, threading.Event()
        released.set()

    def reached(self, point: str) -> int:
        """How often a point was reached, whatever happened there."""
        return self._reached[point]

    def _port(self, name: str, port: object) -> Any:  # noqa: ANN401 - it stands for any port
        return PortAround(port, name, BUNDLE_CALLS[name], self._around)

    def _unit(self, unit: object) -> Any:  # noqa: ANN401 - it stands for any unit
        return _Unit(unit, self._around)

    async def _around(self, call: str, work: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401
        self._reach(f"{call}:{BEFORE}")
        result = await work()
        self._reach(f"{call}:{AFTER}")
        return result

    def _reach(self, point: str) -> None:
        """Be at a point: what is armed there strikes, when it is due."""
        with self._lock:
            self._reached[point] += 1
            armed = self._armed.get(point)
            if armed is None or not armed.due():
                return
            if armed.strikes == 0:
                del self._armed[point]
            released = self._released
        armed.fault.strike(released)


class _Unit:
    """A unit of work whose repositories have points."""

    def __init__(self, unit: object, around: Around) -> None:
        self._unit = unit
        self._around = around

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the unit has
        part = getattr(self._unit, name)
        if name not in UNIT_CALLS:
            return part
        return PortAround(part, name, UNIT_CALLS[name], self._around)


class _Units:
    """Units of work whose bodies get units with points."""

    def __init__(self, units: Any, dressed: Callable[[object], Any]) -> None:  # noqa: ANN401
        self._units = units
        self._dressed = dressed

    async def write(
        self,
        body: Callable[[Any], Awaitable[ResultT]],
        **how: Any,  # noqa: ANN401 - as the port's own
    ) -> ResultT:
        result: ResultT = await self._units.write(lambda unit: body(self._dressed(unit)), **how)
        return result

    async def read(self, body: Callable[[Any], Awaitable[ResultT]]) -> ResultT:
        result: ResultT = await self._units.read(lambda unit: body(self._dressed(unit)))
        return result

    async def look(self, body: Callable[[Any], Awaitable[ResultT]]) -> ResultT:
        result: ResultT = await self._units.look(lambda unit: body(self._dressed(unit)))
        return result

    async def past(self, body: Callable[[Any], Awaitable[ResultT]]) -> ResultT:
        result: ResultT = await self._units.past(lambda unit: body(self._dressed(unit)))
        return result


def _points_of(ports: Mapping[str, frozenset[str]]) -> Iterator[str]:
    for port, calls in ports.items():
        for call in calls:
            yield from (f"{port}.{call}:{BEFORE}", f"{port}.{call}:{AFTER}")


_POINTS: Final = tuple(sorted(chain(_points_of(BUNDLE_CALLS), _points_of(UNIT_CALLS))))

"""Somebody who founds campuses with keys: the smallest write there is."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import anyio
import attrs

from divan_core.codec.reader import decode, encode
from divan_core.errors import DivanError, ErrorKind
from divan_core.idempotency.service import (
    WRITES,
    Answers,
    Idempotency,
    IdempotencyRules,
    IdempotencyTools,
)
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import CampusId
from divan_core.kernel.limits import Limit, Window
from divan_core.kernel.once import Attempt, Done, IdempotencyKey
from divan_core.kernel.units import Units
from divan_core.observability.metrics import Metrics
from divan_core.stores.bundle import Stores, StoreUnit
from divan_core.testing.clock import SeededIds
from divan_core.testing.contracts.samples import campus, campus_id, user_id

ResultT = TypeVar("ResultT")

RULES = IdempotencyRules(required=False, mandatory=False, ttl_s=60, wait_ms=1000)
OPERATION = "campus.found"
HOUR = Limit("found", (Window(3, 3600),))


@attrs.frozen
class Found:
    """Found a campus of this name; only one of the name ``Nowhere`` cannot be."""

    name: str
    motto: str | None = None


@attrs.frozen
class Founded:
    """A campus that was founded."""

    id: CampusId
    name: str


class Impossible(DivanError):
    """The body refused."""

    kind = ErrorKind.CONFLICT
    code = "impossible"
    title = "Nobody can be there"


class Gates:
    """Units behind gates: one before the unit, one after its commit. Both are open at first.

    ``failure`` is raised instead of a unit, ``loss`` after one.
    """

    failure: Exception | None = None
    loss: Exception | None = None

    def __init__(self, units: Units[StoreUnit]) -> None:
        self._units = units
        self.before = anyio.Event()
        self.after = anyio.Event()
        self.entered = 0
        self.reached = anyio.Event()
        self.open()

    def open(self) -> None:
        self.before.set()
        self.after.set()

    async def write(self, body: Callable[[StoreUnit], Awaitable[ResultT]], **how: bool) -> ResultT:
        self.entered += 1
        self.reached.set()
        await self.before.wait()
        if self.failure is not None:
            raise self.failure
        result = await self._units.write(body, **how)
        await self.after.wait()
        if self.loss is not None:
            raise self.loss
        return result

    async def read(self, body: Callable[[StoreUnit], Awaitable[ResultT]]) -> ResultT:
        return await self._units.read(body)

    async def look(self, body: Callable[[StoreUnit], Awaitable[ResultT]]) -> ResultT:
        return await self._units.look(body)

    async def past(self, body: Callable[[StoreUnit], Awaitable[ResultT]]) -> ResultT:
        return await self._units.past(body)


@attrs.define
class Writer:
    """One process that writes."""

    stores: Stores
    idempotency: Idempotency[StoreUnit]
    gates: Gates
    metrics: Metrics
    warnings: list[str]
    ids: SeededIds

    async def found(
        self,
        name: str,
        key: str | IdempotencyKey | None = "key",
        *,
        by: int = 1,
        operation: str = OPERATION,
        limit: Limit | None = None,
    ) -> Done[Founded]:
        """Found a campus, once for each key."""

        async def body(unit: StoreUnit) -> Founded:
            new_id = CampusId(self.ids.uuid())
            await unit.campuses.put([campus(id=new_id, name=name)])
            if name == "Nowhere":
                raise Impossible
            return Founded(new_id, name)

        actor = Actor(user_id(by), campus_id(1))
        attempt = Attempt(actor, operation, Found(name), Founded, key, limit)
        return await self.idempotency.once(attempt, body)

    async def founded(self) -> list[str]:
        """The names of all campuses, in the order of their founding."""

        async def body(unit: StoreUnit) -> Sequence[Any]:
            return await unit.campuses.page(None, 1000)

        return [found.name for found in await self.gates.read(body)]

    def outcomes(self) -> dict[str, int]:
        """What has been counted of writes, by outcome."""
        found: Counter[str] = Counter()
        outcome = WRITES.labels.index("outcome")
        for labels, number in self.metrics.snapshot().counts.get(WRITES, {}).items():
            found[labels[outcome]] += int(number)
        return dict(found)


def writer(stores: Stores, rules: IdempotencyRules = RULES, seed: int = 0) -> Writer:
    """Make a process over stores that may be shared with others of another seed."""
    gates, metrics, warnings = Gates(stores.units), Metrics(), list[str]()
    tools = IdempotencyTools(
        keys=stores.keys,
        limits=stores.limits,
        answers=Answers(encode, decode),
        telemetry=metrics,
        warn=warnings.append,
        secret=bytes(32),
    )
    idempotency: Idempotency[StoreUnit] = Idempotency(gates, tools, rules)
    return Writer(stores, idempotency, gates, metrics, warnings, _SeparateIds(seed))


class _SeparateIds(SeededIds):
    """Ids of one process that no other one makes."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._seed = seed

    def uuid(self) -> UUID:
        made = super().uuid()
        return UUID(int=made.int ^ self._seed << 40)

"""All workers of a Divan, and what operators ask of the delivery of events."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager
from typing import Final

import attrs

from divan_core.errors import ValidationFailed
from divan_core.kernel.bell import Bell
from divan_core.kernel.delivery import Group, GroupsOfTopics
from divan_core.kernel.telemetry import Gauge, Telemetry
from divan_core.stores.bundle import Stores
from divan_core.workers.consumer import Consumer
from divan_core.workers.drain import Drain, groups_in
from divan_core.workers.periodic import MOST, Job, Periodic
from divan_core.workers.relay import Relay, Route
from divan_core.workers.runner import Runner
from divan_core.workers.shift import Waiting
from divan_core.workers.subscription import Subscription, groups_of
from divan_core.workers.turns import WorkerTools

SWEEP: Final = "presence-sweep"
SWEEP_S: Final = 5.0
NAMES: Final = "names-copy"
NAMES_S: Final = 1.0
KEY_PURGE: Final = "key-purge"
PURGE_S: Final = 60.0
SETTLE_S: Final = 60.0
TRIM_S: Final = 10.0
LAG_S: Final = 15.0
OUTBOX_LAG: Final = "outbox-lag"
HEALTH: Final = "store-health"
HEALTH_S: Final = 10.0

ALWAYS: Final = (SWEEP, NAMES, OUTBOX_LAG, HEALTH)
"""What belongs to each process that serves, wherever the other workers are."""


def _seen_by_all(name: str, about: str, *labels: str) -> Gauge:
    """A level of something that every process of a deployment looks at."""
    return Gauge(name, about, labels, across="most")


_GROUP: Final = ("topic", "group")

WAITING: Final = _seen_by_all("divan_outbox_waiting", "Events that are not yet published")
OLDEST: Final = _seen_by_all(
    "divan_outbox_oldest_seconds", "Age of the oldest event not yet published"
)
UNSETTLED: Final = _seen_by_all(
    "divan_outbox_unsettled", "Of the latest thousand published events, those that wait for a group"
)
GIVEN_UP: Final = _seen_by_all(
    "divan_outbox_given_up", "Handlings of events that ended as dead letters"
)
UNDELIVERED: Final = _seen_by_all(
    "divan_group_undelivered", "Events on the bus that a group has not taken", *_GROUP
)
PENDING: Final = _seen_by_all(
    "divan_group_pending", "Events that a group has taken and not acknowledged", *_GROUP
)
BURIED: Final = _seen_by_all("divan_group_dead", "Dead letters of a group's topic", *_GROUP)

UP: Final = Gauge("divan_dependency_up", "1 while it answers", ("dependency",), across="least")
LATENCY: Final = Gauge(
    "divan_dependency_latency_seconds", "How long it took to answer", ("dependency",), across="most"
)

MEASURED: Final = 1_000
"""Among so many published events it is measured how many are not settled: a day has millions."""

KEEP_MS: Final = 86_400_000
"""How long a settled event stays in the outbox, and then the record of its handling: a day each."""


@attrs.frozen
class GroupLag:
    """What a group has before it: on the stream, taken and not acknowledged, and dead letters."""

    topic: str
    group: str
    undelivered: int
    pending: int
    dead: int


@attrs.frozen
class DeliveryLag:
    """How far delivery is behind; see :class:`~divan_core.kernel.delivery.OutboxLag`."""

    waiting: int
    oldest_ms: int | None
    unsettled: int
    given_up: int
    groups: tuple[GroupLag, ...] = ()


@attrs.frozen
class Replayed:
    """What is on its way again: events that were given up, and all that were not settled.

    ``exhumed`` is how many dead letters were taken off the bus; the outbox has their events.
    """

    retried: int
    exhumed: int
    republished: int = 0


@attrs.frozen
class Surroundings:
    """What workers need besides stores: the sweep of ended presence, and who is told figures.

    ``names`` looks after the names that this process has copied.

    ``jobs`` are those of services, done by the clock as well.
    """

    sweep: Callable[[], Awaitable[None]]
    names: Callable[[], Awaitable[int]]
    telemetry: Telemetry
    jobs: tuple[Job, ...] = ()


class Workers:
    """The workers of a Divan. Made by :mod:`divan_core.wiring`; ``divan.workers``."""

    def __init__(
        self,
        stores: Stores,
        subscriptions: Collection[Subscription],
        tools: WorkerTools,
        surroundings: Surroundings,
        waiting: Waiting = Bell.wait,
    ) -> None:
        """Deliver the events of ``stores`` to ``subscriptions``.

        Raises:
            ConfigurationError: two subscriptions have the same group.
        """
        self._stores = stores
        self._groups = groups_of(subscriptions)
        urgent = {one.group.topic for one in subscriptions if one.urgent}
        relay = Relay(Route.of(stores, self._groups, urgent), tools)
        consumers = [Consumer(one, stores, tools) for one in subscriptions]
        self._telemetry = surroundings.telemetry
        self.housekeeping = _housekeeping(stores, self._groups, relay)
        jobs = (
            _sweep(surroundings.sweep),
            Job(NAMES, NAMES_S, surroundings.names),
            *self.housekeeping,
            Job(OUTBOX_LAG, LAG_S, _uncounted(self._measure_outbox)),
            Job("delivery-lag", LAG_S, _uncounted(self._measure_groups)),
            Job(HEALTH, HEALTH_S, _uncounted(self._measure_stores)),
            *surroundings.jobs,
        )
        periodic = [Periodic(job, tools) for job in jobs]
        self._runner = Runner([relay, *consumers, *periodic], tools, waiting)
        self._drain = Drain(stores.outbox, stores.bus, self._groups, [relay, *consumers])

    @property
    def names(self) -> tuple[str, ...]:
        """What the workers are called: consumers by topic and group, ``chat:indexer``."""
        return self._runner.names

    def running(self, only: Collection[str] | None = None) -> AbstractAsyncContextManager[None]:
        """All workers, or ``only`` those of these names, at work inside the context.

        Those that are at work already are left to whoever started them. At the end each finishes
        what it has in hand, within seconds, and gives its leases back.

        Raises:
            ValidationFailed: an unknown name; the message lists those there are.
        """
        return self._runner.running(only)

    async def drain(self, timeout_s: float = 30.0) -> None:
        """See :meth:`Divan.drain <divan_core.divan.Divan.drain>`."""
        await self._drain(timeout_s)

    async def lag(self, others: Collection[str] = (), *, with_bus: bool = True) -> DeliveryLag:
        """How far delivery is behind, to the groups of this process and to ``others``.

        ``others`` are groups of other processes, as ``topic:group``. Without ``with_bus`` only the
        outbox is asked.

        Raises:
            ValidationFailed: one of ``others`` is written differently.
        """
        groups = self._groups_and(others)
        lag = await self._stores.outbox.lag(groups)
        found = [await self._group_lag(one) for one in groups_in(groups)] if with_bus else []
        return DeliveryLag(lag.waiting, lag.oldest_ms, lag.unsettled, lag.given_up, tuple(found))

    async def replay(
        self, topic: str | None = None, others: Collection[str] = (), *, everything: bool = False
    ) -> Replayed:
        """Publish again what was given up, of a topic or of all, and empty the dead letters.

        Of topics without a group here, dead letters are emptied when they are named. With
        ``everything``, also publish again whatever not all groups have handled: those of this
        process, and ``others`` as for :meth:`lag`. Handlers do not act twice.

        Raises:
            ValidationFailed: one of ``others`` is written differently.
        """
        every = self._groups_and(others)
        groups = {one: names for one, names in every.items() if topic in {None, one}}
        retried = await self._stores.outbox.retry(topic)
        exhumed = 0
        for one in [topic] if topic else groups:
            exhumed += await self._stores.bus.exhume(one)
        again = await self._stores.outbox.republish(groups) if everything else 0
        return Replayed(retried, exhumed, again)

    async def measure(self) -> None:
        """Measure how far delivery is behind, for :attr:`Divan.metrics`."""
        await self._measure_outbox()
        await self._measure_groups()

    async def _measure_outbox(self) -> None:
        lag, tell = await self._stores.outbox.lag(self._groups, MEASURED), self._telemetry.set
        tell(WAITING, lag.waiting)
        tell(OLDEST, (lag.oldest_ms or 0) / 1000)
        tell(UNSETTLED, lag.unsettled)
        tell(GIVEN_UP, lag.given_up)

    async def _measure_groups(self) -> None:
        tell = self._telemetry.set
        for group in groups_in(self._groups):
            one = await self._group_lag(group)
            tell(UNDELIVERED, one.undelivered, one.topic, one.group)
            tell(PENDING, one.pending, one.topic, one.group)
            tell(BURIED, one.dead, one.topic, one.group)

    async def _measure_stores(self) -> None:
        for part in self._stores.lifecycle:
            for name, health in (await part.health()).items():
                self._telemetry.set(UP, float(health.ok), name)
                self._telemetry.set(LATENCY, health.latency_ms / 1000, name)

    async def _group_lag(self, group: Group) -> GroupLag:
        backlog = await self._stores.bus.backlog(group)
        return GroupLag(group.topic, group.name, backlog.undelivered, backlog.pending, backlog.dead)

    def _groups_and(self, others: Collection[str]) -> GroupsOfTopics:
        found = {topic: set(names) for topic, names in self._groups.items()}
        for text in others:
            topic, _, name = text.rpartition(":")
            if not topic or not name:
                raise ValidationFailed(f"A group is written as topic:group; {text!r} is not.")
            found.setdefault(topic, set()).add(name)
        return {topic: sorted(names) for topic, names in found.items()}


def _sweep(sweep: Callable[[], Awaitable[None]]) -> Job:
    """Let nothing that has ended linger where nobody asks: exact fixes go with their lease."""
    return Job(SWEEP, SWEEP_S, _uncounted(sweep))


def _uncounted(act: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[int]]:
    async def counted() -> int:
        await act()
        return 0

    return counted


def _housekeeping(stores: Stores, groups: GroupsOfTopics, relay: Relay) -> tuple[Job, ...]:
    async def purge() -> int:
        return await stores.keys.purge(MOST)

    async def forget_names() -> int:
        return await stores.search_upkeep.purge(MOST)

    async def settle() -> int:
        settled = await stores.outbox.settle(groups, KEEP_MS, MOST)
        forgotten = await stores.outbox.forget_handled(KEEP_MS, MOST)
        return max(settled, forgotten)

    async def trim() -> int:
        return sum([await stores.bus.trim(one) for one in relay.topics | set(groups)])

    return (
        Job(KEY_PURGE, PURGE_S, purge),
        Job("name-purge", PURGE_S, forget_names),
        Job("outbox-settle", SETTLE_S, settle),
        Job("bus-trim", TRIM_S, trim),
    )

"""What is done about events, and the record that it is done: one unit of work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext

import attrs

from divan_core.kernel.events import Event
from divan_core.kernel.units import Units
from divan_core.stores.bundle import StoreUnit
from divan_core.workers.subscription import Subscription
from divan_core.workers.turns import WorkerTools


@attrs.frozen
class Done:
    """An event was handled just now; ``result`` is what the handler returned."""

    result: object


class Handling:
    """Acts on events as a subscription says, each once."""

    def __init__(
        self, subscription: Subscription, units: Units[StoreUnit], name: str, tools: WorkerTools
    ) -> None:
        """Act in ``units``; ``name`` is the worker's, under which operators are told."""
        self._subscription = subscription
        self._units = units
        self._name = name
        self._tools = tools

    @property
    def takes_many(self) -> bool:
        """Whether events of several aggregates may be handled together."""
        return self._subscription.together is not None

    async def one(self, event: Event) -> Sequence[Done]:
        """Handle an event, unless that is done.

        Raises:
            Exception: whatever the handler or its surroundings raise; nothing is kept.
        """
        async with self._around((event,)):
            return await self._written(self._body(event))

    async def many(self, events: Sequence[Event]) -> Sequence[Done]:
        """Handle events of different aggregates in one unit: all of them, or none.

        Raises:
            Exception: as of one.
        """
        async with self._around(events):
            return await self._written(self._body_together(events))

    async def follow_up(self, done: Sequence[Done]) -> None:
        """Do what is to be done once events are handled; it is not worth a second handling."""
        afterwards = self._subscription.afterwards
        if afterwards is None:
            return
        for one in done:
            try:
                await afterwards(one.result)
            except Exception as fault:  # noqa: BLE001 - whatever it raises
                self._tools.log.failed(self._name, fault)

    async def give_up(self, event: Event, reason: str) -> None:
        """Record that the group could not handle an event."""
        name = self._subscription.group.name

        async def body(unit: StoreUnit) -> None:
            await unit.handled.give_up(name, event, reason)

        await self._units.write(body)

    def _around(self, events: Sequence[Event]) -> AbstractAsyncContextManager[None]:
        around = self._subscription.around
        return nullcontext() if around is None else around(events)

    async def _written(
        self, body: Callable[[StoreUnit], Awaitable[Sequence[Done]]]
    ) -> Sequence[Done]:
        return await self._units.write(body, locking=self._subscription.locking)

    def _body(self, event: Event) -> Callable[[StoreUnit], Awaitable[Sequence[Done]]]:
        subscription = self._subscription

        async def body(unit: StoreUnit) -> Sequence[Done]:
            if await unit.handled.begin(subscription.group.name, event):
                return (Done(await subscription.handle(unit, event)),)
            return ()

        return body

    def _body_together(
        self, events: Sequence[Event]
    ) -> Callable[[StoreUnit], Awaitable[Sequence[Done]]]:
        together, name = self._subscription.together, self._subscription.group.name

        async def body(unit: StoreUnit) -> Sequence[Done]:
            new = await unit.handled.begin_all(name, events)
            if together is None or not new:
                return ()
            return [Done(one) for one in await together(unit, new)]

        return body

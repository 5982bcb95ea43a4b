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
    """An event was handled just now, as ``by`` says; ``result`` is what the handler returned."""

    by: Subscription
    event: Event
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

    async def one(self, event: Event, *, alone: bool = False) -> Sequence[Done]:
        """Handle an event, unless that is done; ``alone``, nothing else is with it.

        Raises:
            Exception: whatever the handler or its surroundings raise; nothing is kept.
        """
        if self._is_known(event):
            return ()
        async with self._around((event,)):
            return await self._written(self._body(event, alone=alone))

    async def many(self, events: Sequence[Event]) -> Sequence[Done]:
        """Handle events of different aggregates in one unit: all of them, or none.

        Raises:
            Exception: as of one.
        """
        unknown = [one for one in events if not self._is_known(one)]
        if not unknown:
            return ()
        async with self._around(unknown):
            return await self._written(self._body_together(unknown))

    async def follow_up(self, done: Sequence[Done]) -> None:
        """Do what is to be done once events are handled; it is not worth a second handling."""
        for one in done:
            if one.by.ahead is not None:
                one.by.ahead.note(one.event)
        for one in done:
            if one.by.afterwards is None:
                continue
            try:
                await one.by.afterwards(one.result)
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

    def _is_known(self, event: Event) -> bool:
        ahead = self._subscription.ahead
        return ahead is not None and ahead.knows(event)

    def _body(
        self, event: Event, *, alone: bool
    ) -> Callable[[StoreUnit], Awaitable[Sequence[Done]]]:
        subscription = self._subscription

        async def body(unit: StoreUnit) -> Sequence[Done]:
            if not await unit.handled.begin(subscription.group.name, event):
                return ()
            done = Done(subscription, event, await subscription.handle(unit, event))
            return (done,) if alone else (done, *await _ahead(unit, subscription.then))

        return body

    def _body_together(
        self, events: Sequence[Event]
    ) -> Callable[[StoreUnit], Awaitable[Sequence[Done]]]:
        subscription = self._subscription

        async def body(unit: StoreUnit) -> Sequence[Done]:
            done = await _begun(unit, subscription, events)
            return (*done, *await _ahead(unit, subscription.then)) if done else done

        return body


async def _begun(
    unit: StoreUnit, subscription: Subscription, events: Sequence[Event]
) -> Sequence[Done]:
    """Handle those of some events that are not handled, together."""
    new = await unit.handled.begin_all(subscription.group.name, events)
    if subscription.together is None or not new:
        return ()
    results = await subscription.together(unit, new)
    return [Done(subscription, *one) for one in zip(new, results, strict=True)]


async def _ahead(unit: StoreUnit, then: Subscription | None) -> Sequence[Done]:
    """Handle ahead what the unit has recorded for another group."""
    if then is None or then.ahead is None:
        return ()
    topic, may = then.group.topic, then.ahead.may
    events = [one for one in unit.outbox.events if one.topic == topic and may(one)]
    return await _begun(unit, then, events) if events else ()

"""Erasing somebody: at once for everybody's eyes, and then step by step to the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Generic, Protocol, TypeVar

import attrs

from divan_core.erasure.model import Erasure, Holding, Leaver
from divan_core.erasure.ports import Departure, ErasureRepository, Outside, Step
from divan_core.kernel.audience import Audience
from divan_core.kernel.clock import Clock
from divan_core.kernel.ids import UserId
from divan_core.kernel.units import Units

OUTSIDE: Final = "outside"
"""The step that forgets what is kept elsewhere than in the database."""

Progress = Callable[[str, int], None]
"""Called with the name of a step and how much of it is removed."""


class ErasureUnit(Protocol):
    """What erasure uses of a unit of work."""

    @property
    def erasures(self) -> ErasureRepository:
        """How far erasures have come."""
        ...


UnitT = TypeVar("UnitT", bound=ErasureUnit)


@attrs.frozen
class ErasureTools(Generic[UnitT]):
    """What the service is built from, besides its store.

    ``steps`` are done in their order, then what is ``outside``, and ``last`` at the very end: by
    the mailbox an erasure that waits is found again. Later contexts add their own steps.
    """

    departure: Departure[UnitT]
    steps: tuple[Step[UnitT], ...]
    outside: tuple[Outside, ...]
    last: Step[UnitT]
    audience: Audience
    clock: Clock


def _nobody_listens(_step: str, _done: int) -> None:
    """Tell nobody."""


class Erasures(Generic[UnitT]):
    """Removes everything personal of a person.

    The first unit of work hides the person everywhere, ends their credentials and notes the
    erasure; each step then removes a portion in a unit of its own, so that nobody waits, and is
    noted when it is done. A process that is killed leaves the rest to :meth:`sweep` of another
    one, or to the same call again. What was under way while somebody left is caught by going
    through the steps until there is nothing left.

    Two things stay. The person's row, with an id, a campus and a date, so that what others have
    written keeps an author who is nobody. And events in outbox, streams and the record of what was
    handled: they hold ids only, by the rule of :class:`~divan_core.kernel.events.Event`, so that
    they tell nothing once no id leads to a name; they go a day after they are settled.
    """

    def __init__(self, units: Units[UnitT], tools: ErasureTools[UnitT]) -> None:
        """Erase through ``units``."""
        self._units = units
        self._tools = tools

    async def holdings(self, leaver: Leaver) -> tuple[Holding, ...]:
        """What there is to remove, by kind."""
        steps = (*self._tools.steps, self._tools.last)

        async def body(unit: UnitT) -> tuple[Holding, ...]:
            return tuple([Holding(step.name, await step.count(unit, leaver)) for step in steps])

        return await self._units.read(body)

    async def erase(
        self, leaver: Leaver, progress: Progress = _nobody_listens, *, handed_on: bool = False
    ) -> Erasure:
        """Erase somebody, or go on with it.

        With ``handed_on`` it is not called finished: some process of the deployment keeps in its
        memory what this one cannot reach, and its :meth:`sweep` forgets that.

        Raises:
            NotFound: there is no such person.
            StoreUnavailable: once it has begun, :meth:`sweep` goes on.
        """
        erasure = await self._begun(leaver)
        if erasure.finished_at:
            return erasure
        erasure = await self._finished(erasure, progress)
        if handed_on:
            erasure = attrs.evolve(erasure, step=OUTSIDE, finished_at=None)
            await self._noted(erasure)
        return erasure

    async def sweep(self, most: int) -> int:
        """Go on with up to ``most`` erasures that wait; how many it were.

        Raises:
            StoreUnavailable: the rest waits.
        """
        waiting = await self._units.read(lambda unit: unit.erasures.waiting(most))
        for erasure in waiting:
            leaver = (erasure.user_id,)
            async with self._tools.audience.changing(erasure.campus_id, leaver):
                await self._finished(erasure, _nobody_listens)
        return len(waiting)

    async def _begun(self, leaver: Leaver) -> Erasure:
        tools = self._tools
        first = Erasure(leaver.user_id, leaver.campus_id, tools.steps[0].name, tools.clock.now())

        async def body(unit: UnitT) -> Erasure:
            found = await unit.erasures.get(leaver.user_id)
            if found is not None:
                return found
            await tools.departure.depart(unit, leaver)
            await unit.erasures.put(first)
            return first

        async with tools.audience.changing(leaver.campus_id, (leaver.user_id,)):
            return await self._units.write(body)

    async def _finished(self, erasure: Erasure, progress: Progress) -> Erasure:
        leaver, tools = Leaver(erasure.user_id, erasure.campus_id), self._tools
        names = [*(step.name for step in tools.steps), OUTSIDE, tools.last.name]
        begin = names.index(erasure.step) if erasure.step in names else 0
        for number in range(begin, len(tools.steps)):
            await self._noted(attrs.evolve(erasure, step=names[number]))
            await self._removed(tools.steps[number], leaver, progress)
        if begin < len(names) - 1:
            await self._noted(attrs.evolve(erasure, step=OUTSIDE))
            for forget in tools.outside:
                await forget(leaver)
            for step in tools.steps:  # what was under way in the meantime
                await self._removed(step, leaver, progress)
        await self._noted(attrs.evolve(erasure, step=tools.last.name))
        await self._removed(tools.last, leaver, progress)
        done = attrs.evolve(erasure, step=tools.last.name, finished_at=tools.clock.now())
        await self._noted(done)
        return done

    async def _removed(self, step: Step[UnitT], leaver: Leaver, progress: Progress) -> None:
        removed = 0
        while portion := await self._portion(step, leaver):
            removed += portion
            progress(step.name, removed)

    async def _portion(self, step: Step[UnitT], leaver: Leaver) -> int:
        touched = await self._units.read(lambda unit: step.touched(unit, leaver))
        if not touched:
            return await self._units.write(lambda unit: step.remove(unit, leaver, ()))
        people: Sequence[UserId] = (leaver.user_id, *touched)
        async with self._tools.audience.changing(leaver.campus_id, people):
            return await self._units.write(lambda unit: step.remove(unit, leaver, touched))

    async def _noted(self, erasure: Erasure) -> None:
        await self._units.write(lambda unit: unit.erasures.put(erasure))

"""The unit of work, as a function over repositories."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeVar

import anyio

UnitT_co = TypeVar("UnitT_co", covariant=True)
ResultT = TypeVar("ResultT")


class UnitMisused(RuntimeError):
    """A bug in a unit's body; nothing of the unit is kept.

    It awaited something else than its unit, wrote while it was to read, or referred to a row that
    does not exist.
    """


class Units(Protocol[UnitT_co]):
    """Runs units of work: all of a unit is kept, or nothing of it."""

    async def write(
        self,
        body: Callable[[UnitT_co], Awaitable[ResultT]],
        *,
        locking: bool = False,
        brief: bool = False,
    ) -> ResultT:
        """Run ``body`` in one transaction and return what it returns once that is durable.

        Units are as if one ran after the other. A ``locking`` one is so only beside units that
        take the same :class:`Locks`, which is what busy writes are for: the database need not
        watch what they read, and they are not run again because of neighbours.

        A ``brief`` one, which is locking, keeps a message with its events and its key, and little
        else: a store may suppose what these need to be told, keep all of it in one step if that is
        right, and else run ``body`` again.

        ``body`` awaits nothing but its unit, and may run more than once (a store repeats it after
        a serialisation failure), so it has no effects of its own. An exception of ``body`` undoes
        the unit and is raised here. The commit is not interrupted by cancellation.

        Raises:
            StoreUnavailable: the database cannot be reached; nothing was kept.
            OutcomeUnknown: the connection was lost during the commit.
            UnitMisused: the body broke the rule above.
        """
        ...

    async def read(self, body: Callable[[UnitT_co], Awaitable[ResultT]]) -> ResultT:
        """Run ``body`` on one consistent snapshot; what it writes is an error.

        Raises:
            StoreUnavailable: the database cannot be reached.
            UnitMisused: the body wrote, or awaited something else than its unit.
        """
        ...

    async def look(self, body: Callable[[UnitT_co], Awaitable[ResultT]]) -> ResultT:
        """Run ``body``, which only reads, finds a little by an index and is over at once.

        The quickest way to read, for what is asked all the time: there is no transaction, so each
        statement is one round trip and sees what was committed before it.

        Raises:
            StoreUnavailable: the database cannot be reached.
            UnitMisused: the body awaited something else than its unit.
        """
        ...

    async def past(self, body: Callable[[UnitT_co], Awaitable[ResultT]]) -> ResultT:
        """As ``read``, but on a snapshot that may be some seconds old, which somebody else has.

        For figures, and for what is over, with which nobody decides anything: the unit has those
        parts alone, see :mod:`divan_core.stores.past`. What is written meanwhile is not in it.

        Raises:
            StoreUnavailable: the database cannot be reached.
            UnitMisused: the body wrote, asked for another part, or awaited something else.
        """
        ...


class Locks(Protocol):
    """Names that one unit at a time can hold, over all processes."""

    async def take(self, *names: str) -> None:
        """Wait until no other unit holds any of these names; they are held until the unit's end.

        What a locking unit reads afterwards is what the last holder has left. A unit takes all it
        needs at once.

        Raises:
            StoreUnavailable: others held one for too long.
        """
        ...


AWAITS_NOTHING_ELSE: Final = "A unit's body awaits nothing but its unit; this one awaited more."


def run_through(work: Awaitable[ResultT]) -> ResultT:
    """Run work whose awaits never wait, here and now, to its end.

    Stores that never wait run a body in this way: nothing can come between its steps, and it may
    run in a thread that has no event loop.

    Raises:
        UnitMisused: the work awaited something that waits.
    """
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as end:
        result: ResultT = end.value
        return result
    except RuntimeError as fault:
        if isinstance(fault, anyio.NoEventLoopError) or "no running event loop" in fault.args:
            raise UnitMisused(AWAITS_NOTHING_ELSE) from fault
        raise
    with contextlib.suppress(RuntimeError):  # it wants to await even while it is closed
        steps.close()
    raise UnitMisused(AWAITS_NOTHING_ELSE)

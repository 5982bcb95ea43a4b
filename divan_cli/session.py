"""What all commands share: their settings, a running Divan, and refusals in plain words."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, ParamSpec

import typer

from divan_cli import render

if TYPE_CHECKING:  # loading these takes as long as all the rest of the command
    from divan_core.configuration import Loaded
    from divan_core.divan import Divan
    from divan_core.errors import DivanError
    from divan_core.settings import Settings

P = ParamSpec("P")

FAILED: Final = 1
USAGE: Final = 2

EXIT_STATUSES: Final = {
    "bad_request": USAGE,
    "unauthenticated": FAILED,
    "forbidden": FAILED,
    "not_found": FAILED,
    "conflict": FAILED,
    "gone": FAILED,
    "too_large": FAILED,
    "unsupported": FAILED,
    "invalid": USAGE,
    "limited": FAILED,
    "unavailable": FAILED,
    "misconfigured": FAILED,
}
"""The exit status for each kind of refusal, by the value of its ``ErrorKind``."""


def command(function: Callable[P, Coroutine[Any, Any, None] | None]) -> Callable[P, None]:
    """Make a command of a function, asynchronous or not. Every command has it.

    typer would run nothing of an ``async def`` and call that a success. A refusal becomes a
    message on standard error and an exit status.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        from divan_core.errors import DivanError

        try:
            _finish(function(*args, **kwargs))
        except DivanError as refusal:
            raise typer.Exit(_explained(refusal)) from refusal
        except BaseExceptionGroup as group:
            refusals = [fault for fault in _leaves(group) if isinstance(fault, DivanError)]
            if not refusals:
                raise
            raise typer.Exit(_explained(refusals[0])) from group

    return run


def configuration() -> Loaded:
    """The settings of the environment, with their sources.

    Raises:
        ConfigurationError: a name is unknown or a value is wrong.
    """
    from divan_core.configuration import load

    return load(os.environ)


@asynccontextmanager
async def running(settings: Settings | None = None) -> AsyncIterator[Divan]:
    """A Divan on the stores of the environment, without workers: a command is over too soon.

    Raises:
        ConfigurationError: the settings cannot work.
        StoreUnavailable: a store cannot be reached.
    """
    import attrs

    from divan_core.divan import Divan

    chosen = attrs.evolve(settings or configuration().settings, workers_enabled=False)
    async with Divan.open(chosen) as divan:
        yield divan


def _finish(begun: Coroutine[Any, Any, None] | None) -> None:
    if inspect.iscoroutine(begun):
        import anyio

        anyio.run(lambda: begun)


def _explained(refusal: DivanError) -> int:
    render.tell(refusal.detail)
    for fault in refusal.errors:
        if fault.message not in refusal.detail:
            render.tell(f"  {fault.path}: {fault.message}")
    return EXIT_STATUSES[refusal.kind.value]


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for fault in group.exceptions:
        if isinstance(fault, BaseExceptionGroup):
            yield from _leaves(fault)
        else:
            yield fault

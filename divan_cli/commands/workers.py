"""``divan workers``: delivery of events and periodic jobs, in a process of their own."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from divan_cli import render, session

if TYPE_CHECKING:  # commands load what they need when they run
    from divan_core.divan import Divan
    from divan_core.settings import Settings

app = typer.Typer(help="Delivery of events, and periodic jobs.", no_args_is_help=True)


@app.callback()
def workers() -> None:
    """Delivery of events, and periodic jobs."""


@app.command("run")
@session.command
async def run(
    *,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Only the worker of this name; may be given again. Default: all."),
    ] = None,
) -> None:
    """Run workers until SIGINT or SIGTERM comes; they finish what they have in hand.

    Any number of processes share the work where there is Redis. A server runs the same workers
    inside itself unless DIVAN_WORKERS_ENABLED is false.
    """
    from divan_cli.alone import alone
    from divan_cli.asgi import begin_log

    settings = session.configuration().settings
    _noted(settings)
    with alone(settings):
        begin_log(settings)
        async with (
            session.running(settings) as divan,
            _sharing(divan),
            divan.workers.running(only or None),
            _signals() as signals,
        ):
            render.answer(f"Workers run: {', '.join(only or divan.workers.names)}")
            await anext(signals)


def _noted(settings: Settings) -> None:
    """See to the schema, and say what a lone process cannot do."""
    from divan_cli.commands.serve import migrated
    from divan_core import schema

    migrated(settings)
    if not settings.redis_url and not schema.is_embedded(settings):
        render.tell(
            "Without Redis a server and this process do not share work: "
            "let one of them run workers, and set DIVAN_WORKERS_ENABLED=false for the other."
        )


@asynccontextmanager
async def _sharing(divan: Divan) -> AsyncIterator[None]:
    """What is measured here is told by the servers beside, where settings name a folder for it."""
    from divan_core.observability.sharing import SharedMetrics

    if not (folder := divan.settings.obs.metrics_dir):
        yield
        return
    async with SharedMetrics.beside_others(divan.metrics, folder).shared():
        yield


@asynccontextmanager
async def _signals() -> AsyncIterator[AsyncIterator[object]]:
    """What asks a process to end; on Windows only Ctrl-C does, in its own way."""
    import signal

    import anyio

    if sys.platform == "win32":
        yield _nothing()
    else:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            yield signals


async def _nothing() -> AsyncIterator[object]:
    import anyio

    await anyio.sleep_forever()
    yield None

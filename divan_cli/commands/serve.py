"""``divan serve``: HTTP and sockets."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from divan_cli import render, session

if TYPE_CHECKING:  # commands load what they need when they run
    from divan_core.settings import Settings


@session.command
def serve(
    *,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port; 0 takes any that is free.")
    ] = 8000,
    processes: Annotated[
        int, typer.Option(min=1, max=256, help="Server processes; more than one need Redis.")
    ] = 1,
    allow_dev_auth: Annotated[
        bool,
        typer.Option("--allow-dev-auth", help="Believe unproven claims from other machines, too."),
    ] = False,
) -> None:
    """Serve HTTP and Socket.IO until SIGINT or SIGTERM comes.

    Settings come from variables and the file that DIVAN_CONFIG names; see divan config show.
    """
    from divan_cli import listening
    from divan_cli.alone import alone
    from divan_cli.asgi import Application, begin_log, opened

    settings = session.configuration().settings
    plan = listening.Plan(host, port, processes, allow_dev_auth)
    listening.check(settings, plan)
    migrated(settings)
    with listening.bound(plan) as listener, alone(settings):
        begin_log(settings)
        if processes == 1:
            listening.serve_here(Application(partial(opened, settings)), listener, _announce)
        else:
            _tried(settings)
            listening.serve_in_processes(processes, listener, _announce)


def _announce(address: str) -> None:
    render.answer(f"Divan is at {address}")


def _tried(settings: Settings) -> None:
    """Open and close everything once, so that a fault is told once and not by each process.

    Raises:
        DivanError: what would keep them from starting.
    """
    import anyio

    async def open_and_close() -> None:
        async with session.running(settings):
            pass

    anyio.run(open_and_close)


def migrated(settings: Settings) -> None:
    """See to the schema: SQLite migrates itself, another database does so in development only.

    Raises:
        ConfigurationError: the core is not at its newest revision.
    """
    from divan_core import schema
    from divan_core.errors import ConfigurationError

    if schema.is_embedded(settings):
        return
    if settings.env == "dev":
        schema.upgrade(settings)
    pending = [one.branch for one in schema.status(settings) if one.pending]
    if schema.CORE in pending:
        raise ConfigurationError("The database is not migrated. Run: divan migrate")
    for branch in pending:
        render.tell(f"The optional branch {branch} of the database is not migrated.")

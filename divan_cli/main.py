"""The ``divan`` command."""

from __future__ import annotations

from typing import Annotated

import typer

from divan_cli.commands import (
    account,
    activities,
    campus,
    chat,
    config,
    demo,
    discover,
    doctor,
    friends,
    imports,
    invites,
    leaderboard,
    migrate,
    mod,
    nearby,
    openapi,
    outbox,
    privacy,
    rollover,
    search,
    seed,
    serve,
    trace,
    workers,
)

app = typer.Typer(
    name="divan",
    help="Presence, proximity and people of a campus.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("migrate")(migrate.migrate)
app.command("import")(imports.import_file)
app.command("nearby")(nearby.nearby)
app.command("openapi")(openapi.openapi)
app.command("doctor")(doctor.doctor)
app.command("rollover")(rollover.rollover)
app.add_typer(account.app, name="account")
app.add_typer(activities.app, name="activities")
app.add_typer(campus.app, name="campus")
app.add_typer(chat.app, name="chat")
app.add_typer(friends.app, name="friends")
app.add_typer(invites.app, name="invites")
app.add_typer(leaderboard.app, name="leaderboard")
app.add_typer(mod.app, name="mod")
app.add_typer(seed.app, name="seed")
app.add_typer(search.app, name="search")
app.add_typer(discover.app, name="discover")
app.add_typer(config.app, name="config")
app.add_typer(privacy.app, name="privacy")
app.add_typer(workers.app, name="workers")
app.add_typer(outbox.app, name="outbox")
app.add_typer(trace.app, name="trace")


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it like this
    if wanted:
        from importlib.metadata import version

        typer.echo(f"divan {version('divan')}")
        raise typer.Exit


@app.callback()
def divan(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Presence, proximity and people of a campus."""


def run() -> None:
    """Run the command line of this process."""
    app()

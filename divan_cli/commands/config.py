"""``divan config``: the settings in force, and where they come from."""

from __future__ import annotations

import typer

from divan_cli import render, session
from divan_cli.options import AsJson

app = typer.Typer(help="Settings.", no_args_is_help=True)


@app.callback()
def config() -> None:
    """Settings."""


@app.command("show")
@session.command
def show(*, as_json: AsJson = False) -> None:
    """Print every setting with its source; secrets are masked."""
    from divan_core.configuration import describe

    found = describe(session.configuration())
    if as_json:
        render.as_json(found)
    else:
        columns = ("variable", "in the file", "value", "source")
        render.as_table(columns, ((one.name, one.key, one.value, one.source) for one in found))

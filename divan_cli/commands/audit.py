"""``divan mod audit``: what is on record, and whether it is as it was written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from divan_cli import render, session
from divan_cli.options import AsJson, Limit

app = typer.Typer(help="What staff and rules have done, on record.", no_args_is_help=True)

_COLUMNS = ("seq", "at", "action", "about", "actor_id", "campus_id", "reason")


@app.command("tail")
@session.command
async def tail(*, limit: Limit = 20, as_json: AsJson = False) -> None:
    """Print the last entries of all campuses, oldest first."""
    async with session.running() as divan:
        found = await divan.audit.tail(limit)
    if as_json:
        render.as_json(found)
    else:
        render.as_table(_COLUMNS, ([getattr(one, name) for name in _COLUMNS] for one in found))


@app.command("verify")
@session.command
async def verify(
    *,
    checkpoints: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Checkpoints that were kept elsewhere."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every entry, their order and the checkpoints; the first bad one ends it with 1."""
    lines = None if checkpoints is None else checkpoints.read_text("utf-8").splitlines()
    async with session.running() as divan:
        with render.progress() as step:
            found = await divan.audit.verify(
                lambda done, total: step("Checking", done, total), lines
            )
    if as_json:
        render.as_json(found)
    elif found.fault is None:
        render.answer(f"{found.count} entries are as they were written.")
        render.answer(f"Checkpoints compared: {found.checkpoints}. Words erased: {found.erased}.")
    elif found.fault.kind == "checkpoint":
        render.answer(f"Line {found.fault.seq} of the checkpoints was not signed here.")
    else:
        render.answer(f"Entry {found.fault.seq}: {found.fault.kind}.")
        render.answer(f"The {found.count} entries before it are as they were written.")
    if not found.ok:
        raise typer.Exit(session.FAILED)


@app.command("export")
@session.command
async def export() -> None:
    """Print every entry with its seal, one line of JSON each."""
    from divan_core.codec.reader import encode

    async with session.running() as divan:
        async for entry in divan.audit.export():
            render.answer(encode(entry).decode())

"""``divan rollover``: close the days that are over."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from divan_cli import render, session
from divan_cli.options import AsJson

_COLUMNS = ("campus_id", "day", "people", "badges_given", "badges_taken")


@session.command
async def rollover(
    *,
    day: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Up to which day; else yesterday.")
    ] = None,
    campus: Annotated[UUID | None, typer.Option(help="Only this campus: its id.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be done.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Close all days that were missed, on every campus, and clear away what is over.

    Servers and workers do so by themselves ten minutes after each midnight. Twice is as once.
    """
    from divan_core.kernel.ids import CampusId
    from divan_core.rollover.messages import RollOver

    command = RollOver(day, None if campus is None else CampusId(campus), dry_run)
    async with session.running() as divan:
        with render.waiting("Closing days"):
            done = await divan.rollover.run(command)
    if as_json:
        render.as_json(done)
        return
    render.as_table(_COLUMNS, ([getattr(one, name) for name in _COLUMNS] for one in done.days))
    cleared = ", ".join(f"{count} {name}" for name, count in done.cleared.items() if count)
    said = "To clear away" if done.dry_run else "Cleared away"
    render.tell(f"{said}: {cleared}" if cleared else "Nothing to clear away.")

"""``divan import``: campuses, people and their relations from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from divan_cli import render, session
from divan_cli.options import AsJson

if TYPE_CHECKING:  # commands load what they need when they run
    from divan_core.bulk.report import ImportReport


@session.command
async def import_file(
    file: Annotated[typer.FileBinaryRead, typer.Argument(help="JSON Lines; - is standard input.")],
    *,
    keep_good: Annotated[
        bool, typer.Option("--keep-good", help="Keep the good lines beside bad ones.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import campuses, people, friendships, blocks and rooms: all of a file, or nothing of it.

    The same file again changes nothing. Bad lines are told by number, and end it with 1.
    """
    from divan_cli.loading import load
    from divan_core.bulk.report import ImportRefused, ImportReport

    try:
        async with session.running() as divan:
            report = await load(divan, file, keep_good=keep_good)
    except ImportRefused as refusal:
        report = ImportReport((), refusal.faults)
    if as_json:
        render.as_json(report)
    else:
        _show(report)
    if report.faults:
        raise typer.Exit(session.FAILED)


def _show(report: ImportReport) -> None:
    from divan_cli.loading import show

    for fault in report.faults:
        render.tell(f"line {fault.line}: {fault.message}")
    if report.tallies:
        show(report)
    else:
        count = len(report.faults)
        render.tell(f"{count} bad lines. Nothing was kept; --keep-good keeps the rest.")

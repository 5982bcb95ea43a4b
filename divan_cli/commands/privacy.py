"""``divan privacy``: what an attacker finds out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from divan_cli import render, session
from divan_cli.options import AsJson

if TYPE_CHECKING:  # commands load what they need when they run
    from divan_core.testing.probe import Finding

app = typer.Typer(help="Location privacy.", no_args_is_help=True)

PROMISED_CELLS: Final = {"still": 0.35, "walking": 0.25}
"""The median error in cells that an attack must not get below, by its target."""


@app.callback()
def privacy() -> None:
    """Location privacy."""


@app.command("probe")
@session.command
async def probe(
    *,
    queries: Annotated[int, typer.Option(min=100, help="How often they ask.")] = 10_000,
    accounts: Annotated[int, typer.Option(min=3, help="How many accounts attack.")] = 20,
    seed: Annotated[int, typer.Option(help="The same seed gives the same attack.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Attack people's positions as this deployment would publish them, and print what was found.

    It runs on stores and people of its own. The last target is not protected at all: it shows that
    the attack works. Ends with 1 when a promise does not hold.
    """
    from divan_core.testing.probe import Plan, probe

    cell_m = session.configuration().settings.location_floor_m
    with render.waiting("attacking"):
        findings = await probe(Plan(accounts, queries, seed, cell_m))
    if as_json:
        render.as_json(findings)
    else:
        _table(findings)
    if not all(holds(finding) for finding in findings):
        render.tell("The promise does not hold.")
        raise typer.Exit(session.FAILED)


def holds(finding: Finding) -> bool:
    """Whether the attack found out no more than is promised."""
    return finding.median_cells >= PROMISED_CELLS.get(finding.target, 0.0)


def _table(findings: Sequence[Finding]) -> None:
    columns = ("target", "queries", "targets", "best m", "median m", "median cells", "promised")
    render.as_table(
        columns,
        (
            (
                one.target,
                one.queries,
                one.targets,
                round(one.best_m, 1),
                round(one.median_m, 1),
                round(one.median_cells, 3),
                f"{PROMISED_CELLS[one.target]} and more" if one.target in PROMISED_CELLS else "",
            )
            for one in findings
        ),
    )

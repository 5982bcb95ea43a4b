"""``divan campus``: found campuses and list them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from divan_cli import render, session
from divan_cli.options import AsJson

if TYPE_CHECKING:  # commands load what they need when they run
    from divan_core.accounts.messages import CampusView
    from divan_core.divan import Divan

app = typer.Typer(help="Campuses.", no_args_is_help=True)

_COLUMNS = ("id", "name", "lat", "lon", "timezone", "radius_m")


@app.command("create")
@session.command
async def create(  # noqa: PLR0913 - options are parameters
    name: Annotated[str, typer.Argument(help="What people call it.")],
    *,
    lat: Annotated[float, typer.Option(help="Latitude of its centre, in degrees.")],
    lon: Annotated[float, typer.Option(help="Longitude of its centre, in degrees.")],
    timezone: Annotated[str, typer.Option(help="Its time zone, such as America/Toronto.")],
    radius_m: Annotated[int, typer.Option(help="How far it reaches, in metres.")] = 25_000,
    campus_id: Annotated[
        UUID | None, typer.Option("--id", help="Its id; one that exists is changed.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Found a campus, or change the one with the given id."""
    from divan_core.accounts.messages import CreateCampus
    from divan_core.kernel.ids import CampusId

    wanted = CreateCampus(
        name, lat, lon, timezone, radius_m, None if campus_id is None else CampusId(campus_id)
    )
    async with session.running() as divan:
        made = await divan.accounts.create_campus(wanted)
    if as_json:
        render.as_json(made)
    else:
        _table([made])


@app.command("list")
@session.command
async def list_all(*, as_json: AsJson = False) -> None:
    """List all campuses."""
    async with session.running() as divan:
        found = [campus async for campus in _all(divan)]
    if as_json:
        render.as_json(found)
    elif found:
        _table(found)
    else:
        render.tell("There are no campuses yet. Try: divan campus create --help")


async def _all(divan: Divan) -> AsyncIterator[CampusView]:
    from divan_core.accounts.messages import ListQuery

    cursor = None
    while True:
        page = await divan.accounts.campuses(ListQuery(limit=200, cursor=cursor))
        for campus in page.items:
            yield campus
        cursor = page.cursor
        if cursor is None:
            return


def _table(campuses: list[CampusView]) -> None:
    render.as_table(_COLUMNS, ([getattr(one, name) for name in _COLUMNS] for one in campuses))

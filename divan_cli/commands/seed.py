"""``divan seed``: people to try things out with."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Annotated, Final

import typer

from divan_cli import render, session
from divan_cli.options import AsJson

if TYPE_CHECKING:  # commands load what they need when they run
    from divan_cli.seed import DemoCampus
    from divan_core.kernel.ids import UserId

app = typer.Typer(help="People to try things out with.", no_args_is_help=True)

SERVER: Final = "http://127.0.0.1:8000"


@app.callback()
def seed() -> None:
    """People to try things out with."""


@app.command("demo")
@session.command
async def demo(
    *,
    people: Annotated[
        int, typer.Option(min=0, max=100_000, help="How many beside demo_me and demo_friend.")
    ] = 300,
    number: Annotated[
        int, typer.Option("--seed", min=0, help="Another number makes other people.")
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Fill a campus with made-up people, and print calls to try.

    The same people again change nothing.
    """
    from divan_cli.loading import load, show
    from divan_cli.seed import demo_campus
    from divan_core.errors import ConfigurationError

    async with session.running() as divan:
        if not divan.settings.dev_credentials:
            raise ConfigurationError("Made-up people are for DIVAN_ENV=dev and test only.")
        made = demo_campus(people, number)
        report = await load(divan, io.BytesIO(made.json_lines()))
    if as_json:
        render.as_json(report)
        return
    show(report)
    render.answer("\nWith divan serve running in another terminal:\n")
    for call in _calls(made):
        render.answer(call)


def _calls(made: DemoCampus) -> tuple[str, ...]:
    me, friend = made.people[0].id, made.people[1].id
    return (
        _heartbeat(made, friend, 0.0002),
        _heartbeat(made, me, 0.0),
        f"curl '{SERVER}/proximity/nearby?radius_m=50' {_credentials(made, me)}",
    )


def _heartbeat(made: DemoCampus, user_id: UserId, north: float) -> str:
    position = f'"lat":{made.campus.lat + north:.4f},"lon":{made.campus.lon:.4f},"accuracy_m":10'
    return (
        f"curl {SERVER}/presence/heartbeat {_credentials(made, user_id)} "
        "-H 'Content-Type: application/json' "
        f"""-d '{{{position},"device_id":"curl","ts_client":'$(date +%s)'000}}'"""
    )


def _credentials(made: DemoCampus, user_id: UserId) -> str:
    return f"-H 'X-User-Id: {user_id}' -H 'X-Campus-Id: {made.campus.id}'"

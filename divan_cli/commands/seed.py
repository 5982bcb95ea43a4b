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

_PICK_PROMPT: Final = """sed 's/.*"prompt":"\\([^"]*\\)".*/\\1/'"""


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
        *_duel(made),
    )


def _duel(made: DemoCampus) -> tuple[str, ...]:
    """Two friends type against each other, and the one who types all of it wins."""
    me, friend = made.people[0].id, made.people[1].id
    duel = f"{SERVER}/activities/$DUEL"
    asking = _posted(f"{SERVER}/activities/with/{friend}", made, me, '{"kind":"typing_duel"}')
    return (
        f"DUEL=$({asking} | cut -d '\"' -f 4)",
        f"curl -X POST {duel}/start {_credentials(made, friend)}",
        f"curl {duel}/typing/prompt {_credentials(made, me)}",
        f"PROMPT=$(curl -sS {duel}/typing/prompt {_credentials(made, me)} | {_PICK_PROMPT})",
        _typed(made, friend, "All of it? No."),
        _typed(made, me, "'\"$PROMPT\"'"),
    )


def _typed(made: DemoCampus, user_id: UserId, text: str) -> str:
    """``text`` goes into JSON that is in single quotes."""
    return _posted(
        f"{SERVER}/activities/typing/submissions",
        made,
        user_id,
        f"""{{"activity_id":"'"$DUEL"'","round":1,"text":"{text}"}}""",
    )


def _posted(address: str, made: DemoCampus, user_id: UserId, body: str) -> str:
    json = "-H 'Content-Type: application/json'"
    return f"curl -sS {address} {_credentials(made, user_id)} {json} -d '{body}'"


def _heartbeat(made: DemoCampus, user_id: UserId, north: float) -> str:
    position = f'"lat":{made.campus.lat + north:.4f},"lon":{made.campus.lon:.4f},"accuracy_m":10'
    return (
        f"curl {SERVER}/presence/heartbeat {_credentials(made, user_id)} "
        "-H 'Content-Type: application/json' "
        f"""-d '{{{position},"device_id":"curl","ts_client":'$(date +%s)'000}}'"""
    )


def _credentials(made: DemoCampus, user_id: UserId) -> str:
    return f"-H 'X-User-Id: {user_id}' -H 'X-Campus-Id: {made.campus.id}'"

"""``divan chat``: how much is written, and nothing of what."""

from __future__ import annotations

import typer

from divan_cli import render, session
from divan_cli.options import AsJson

app = typer.Typer(help="Conversations, in numbers.", no_args_is_help=True)

_COLUMNS = ("campus_id", "conversations", "rooms", "messages", "messages_24h")


@app.callback()
def chat() -> None:
    """Conversations, in numbers."""


@app.command("stats")
@session.command
async def stats(*, as_json: AsJson = False) -> None:
    """Tell how many conversations, open rooms and messages each campus has."""
    async with session.running() as divan:
        found = await divan.chat.stats()
    if as_json:
        render.as_json(found)
    else:
        render.as_table(_COLUMNS, ([getattr(one, name) for name in _COLUMNS] for one in found))

"""``divan activities``: a person's games, as that person is shown them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from divan_cli import render, session
from divan_cli.options import As, AsJson, Limit

app = typer.Typer(help="Games between friends.", no_args_is_help=True)

_COLUMNS = ("id", "kind", "state", "round", "winner_id", "created_at")


@app.command("list")
@session.command
async def list_some(*, user_id: As, limit: Limit = 20, as_json: AsJson = False) -> None:
    """List a person's games, the newest first."""
    from divan_core.activities.messages import ActivitiesQuery
    from divan_core.kernel.ids import UserId

    async with session.running() as divan:
        actor = await divan.accounts.actor(UserId(user_id))
        page = await divan.activities.mine(actor, ActivitiesQuery(limit))
    if as_json:
        render.as_json(page.items)
        return
    render.as_table(_COLUMNS, ([getattr(one, name) for name in _COLUMNS] for one in page.items))
    if page.cursor is not None:
        render.tell(f"There are more than these {len(page.items)}.")


@app.command("show")
@session.command
async def show(
    activity_id: Annotated[UUID, typer.Argument(help="Which game.")],
    *,
    user_id: As,
) -> None:
    """Print a game as JSON, with what a person may know of it by now."""
    from divan_core.activities.messages import ActivityId, ActivityQuery
    from divan_core.kernel.ids import UserId

    async with session.running() as divan:
        actor = await divan.accounts.actor(UserId(user_id))
        render.as_json(await divan.activities.get(actor, ActivityQuery(ActivityId(activity_id))))

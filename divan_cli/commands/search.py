"""``divan search``: whom somebody would find."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from divan_cli import render, session
from divan_cli.options import AsJson

app = typer.Typer(help="Search.", no_args_is_help=True)

Query = Annotated[str, typer.Argument(help="What somebody remembers of the name.")]
As = Annotated[UUID, typer.Option("--as", help="Whose view: a person's id.")]
Limit = Annotated[int, typer.Option(min=1, max=50, help="How many at most.")]


@app.command("users")
@session.command
async def users(query: Query, *, user_id: As, limit: Limit = 20, as_json: AsJson = False) -> None:
    """List the people a person would find, the best first; it counts as their question."""
    from divan_core.discovery.messages import SearchQuery
    from divan_core.kernel.ids import UserId

    async with session.running() as divan:
        actor = await divan.accounts.actor(UserId(user_id))
        page = await divan.discovery.search_users(actor, SearchQuery(query, limit))
    columns = ("user_id", "handle", "display_name", "is_friend", "mutual_friends")
    render.as_page(page, columns, as_json=as_json)


@app.command("rooms")
@session.command
async def rooms(query: Query, *, user_id: As, limit: Limit = 20, as_json: AsJson = False) -> None:
    """List the open rooms a person would find, the best first; it counts as their question."""
    from divan_core.discovery.messages import SearchQuery
    from divan_core.kernel.ids import UserId

    async with session.running() as divan:
        actor = await divan.accounts.actor(UserId(user_id))
        page = await divan.discovery.search_rooms(actor, SearchQuery(query, limit))
    columns = ("room_id", "name", "preset", "members", "friends_inside")
    render.as_page(page, columns, as_json=as_json)

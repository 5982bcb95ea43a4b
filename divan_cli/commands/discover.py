"""``divan discover``: who and what somebody would be suggested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from divan_cli import render, session
from divan_cli.options import AsJson

if TYPE_CHECKING:  # commands load what they need when they run
    from divan_core.discovery.messages import DiscoverQuery, FoundPerson
    from divan_core.divan import Divan
    from divan_core.kernel.actor import Actor
    from divan_core.kernel.paging import Page

app = typer.Typer(help="Suggestions.", no_args_is_help=True)

As = Annotated[UUID, typer.Option("--as", help="Whose view: a person's id.")]
Limit = Annotated[int, typer.Option(min=1, max=50, help="How many at most.")]
Server = Annotated[str, typer.Option(help="The server to ask when there is no Redis.")]


@app.command("people")
@session.command
async def people(
    *,
    user_id: As,
    limit: Limit = 20,
    server: Server = "http://127.0.0.1:8000",
    as_json: AsJson = False,
) -> None:
    """List whom a person would be suggested, the best first; it counts as their question.

    Without Redis only the server itself knows who was heard when, so it is asked, as that person.
    """
    from divan_core.discovery.messages import DiscoverQuery
    from divan_core.kernel.ids import UserId

    async with session.running() as divan:
        actor = await divan.accounts.actor(UserId(user_id))
        page = await _page(divan, actor, DiscoverQuery(limit), server)
    columns = ("user_id", "handle", "display_name", "mutual_friends")
    render.as_page(page, columns, as_json=as_json)


@app.command("rooms")
@session.command
async def rooms(*, user_id: As, limit: Limit = 20, as_json: AsJson = False) -> None:
    """List the open rooms a person would be suggested; it counts as their question."""
    from divan_core.discovery.messages import DiscoverQuery
    from divan_core.kernel.ids import UserId

    async with session.running() as divan:
        actor = await divan.accounts.actor(UserId(user_id))
        page = await divan.discovery.rooms(actor, DiscoverQuery(limit))
    columns = ("id", "name", "preset", "members", "friends_inside")
    render.as_page(page, columns, as_json=as_json)


async def _page(divan: Divan, actor: Actor, query: DiscoverQuery, server: str) -> Page[FoundPerson]:
    if divan.settings.redis_url:
        return await divan.discovery.people(actor, query)
    from anyio import to_thread

    from divan_cli.asking import ask_people
    from divan_core.errors import ConfigurationError

    if not divan.settings.dev_credentials:
        raise ConfigurationError("Without Redis and outside dev and test, ask the server by HTTP.")
    return await to_thread.run_sync(ask_people, server, actor, query)

"""``divan search``: whom somebody would find, and the index by which people are found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from divan_cli import render, session
from divan_cli.options import AsJson

if TYPE_CHECKING:  # commands load what they need when they run
    from divan_core.divan import Divan
    from divan_core.kernel.ids import UserId

app = typer.Typer(help="Search, and its index.", no_args_is_help=True)

Query = Annotated[str, typer.Argument(help="What somebody remembers of the name.")]
As = Annotated[UUID, typer.Option("--as", help="Whose view: a person's id.")]
Limit = Annotated[int, typer.Option(min=1, max=50, help="How many at most.")]

_EMBEDDED = "FTS5 in SQLite"
_SERVER = "GIN in PostgreSQL"


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
    columns = ("id", "name", "preset", "members", "friends_inside")
    render.as_page(page, columns, as_json=as_json)


@app.command("bootstrap")
@session.command
async def bootstrap(*, as_json: AsJson = False) -> None:
    """Make sure that search can be used: its tables are there and know everybody.

    The index is part of the database: there is no service to set up.
    """
    from divan_core import schema

    settings = session.configuration().settings
    if not schema.is_embedded(settings):
        with render.waiting("migrating"):
            schema.upgrade(settings, schema.CORE)
    async with session.running(settings) as divan:
        found = await divan.search_index.state()
        if found.indexed < found.shown:
            await _reindexed(divan, None)
            found = await divan.search_index.state()
    index = _EMBEDDED if schema.is_embedded(settings) else _SERVER
    ready = found.indexed >= found.shown
    if as_json:
        render.as_json(
            {"index": index, "ready": ready, "shown": found.shown, "indexed": found.indexed}
        )
    else:
        render.answer(f"Index: {index}, part of the database.")
        render.answer(f"People who can be found: {found.indexed} of {found.shown}.")
    if not ready:
        raise typer.Exit(session.FAILED)


@app.command("reindex")
@session.command
async def reindex(
    *,
    after: Annotated[
        UUID | None, typer.Option(help="Go on behind this person, where the last run ended.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the index anew from the people, while it is in use."""
    async with session.running() as divan:
        seen, mended = await _reindexed(divan, after)
    if as_json:
        render.as_json({"seen": seen, "mended": mended})
    else:
        render.answer(f"People looked at: {seen}")
        render.answer(f"People whose entry was missing or wrong: {mended}")


async def _reindexed(divan: Divan, after: UUID | None) -> tuple[int, int]:
    """Reindex where one can watch; how many were looked at, and how many mended."""
    from divan_core.kernel.ids import UserId

    reached = UserId(after) if after else None
    finished = False
    with render.progress() as step:

        def progress(done: int, total: int, last: UserId | None) -> None:
            nonlocal reached
            reached = last or reached
            step("indexing", done, total)

        try:
            found = await divan.search_index.reindex(reached, progress)
            finished = True
        finally:
            if not finished and reached:
                render.tell(f"Interrupted. Go on with: divan search reindex --after {reached}")
    return found.seen, found.mended

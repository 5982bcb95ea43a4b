"""``divan nearby``: who somebody would be shown."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from divan_cli import render, session
from divan_cli.options import AsJson

if TYPE_CHECKING:  # commands load what they need when they run
    from divan_core.divan import Divan
    from divan_core.kernel.actor import Actor
    from divan_core.kernel.paging import Page
    from divan_core.presence.messages import NearbyPerson, NearbyQuery


class Filter(enum.Enum):
    """Whom to list."""

    ALL = "all"
    FRIENDS = "friends"


@session.command
async def nearby(  # noqa: PLR0913 - options are parameters
    *,
    user_id: Annotated[UUID, typer.Option("--as", help="Whose view: a person's id.")],
    radius_m: Annotated[int, typer.Option("--radius", help="Metres.", min=1, max=5000)],
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 50,
    only: Annotated[Filter, typer.Option("--filter", help="Whom to list.")] = Filter.ALL,
    server: Annotated[
        str, typer.Option(help="The server to ask when there is no Redis.")
    ] = "http://127.0.0.1:8000",
    as_json: AsJson = False,
) -> None:
    """List who a person would be shown as near, nearest first.

    Without Redis only the server itself knows who is where, so it is asked, as that person.
    """
    from divan_core.kernel.ids import UserId
    from divan_core.presence.messages import NearbyQuery

    query = NearbyQuery(radius_m, limit=limit, filter=only.value)
    async with session.running() as divan:
        actor = await divan.accounts.actor(UserId(user_id))
        page = await _page(divan, actor, query, server)
    if as_json:
        render.as_json(page.items)
    else:
        _table(page)


async def _page(divan: Divan, actor: Actor, query: NearbyQuery, server: str) -> Page[NearbyPerson]:
    if divan.settings.redis_url:
        return await divan.presence.nearby(actor, query)
    from anyio import to_thread

    from divan_cli.asking import ask_nearby
    from divan_core.errors import ConfigurationError

    if not divan.settings.dev_credentials:
        raise ConfigurationError("Without Redis and outside dev and test, ask the server by HTTP.")
    return await to_thread.run_sync(ask_nearby, server, actor, query)


def _table(page: Page[NearbyPerson]) -> None:
    columns = ("user_id", "handle", "name", "distance_m", "friend")
    rows = (
        (one.user_id, one.handle, one.display_name, one.distance_m, one.is_friend)
        for one in page.items
    )
    render.as_table(columns, rows)
    if page.cursor is not None:
        render.tell(f"There are more than these {len(page.items)}.")

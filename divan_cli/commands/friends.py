"""``divan friends``: a person's friends, as that person is shown them."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated

import typer

from divan_cli import render, session
from divan_cli.options import As, AsJson, Limit

if TYPE_CHECKING:  # commands load what they need when they run
    from divan_core.kernel.paging import Page
    from divan_core.social.messages import ListedPerson

app = typer.Typer(help="Friends.", no_args_is_help=True)

_COLUMNS = {
    "accepted": ("user_id", "handle", "display_name"),
    "blocked": ("user_id", "handle", "display_name"),
    "pending": ("user_id", "handle", "display_name", "direction", "invite_id"),
}


class Filter(enum.Enum):
    """Whom to list."""

    ACCEPTED = "accepted"
    BLOCKED = "blocked"
    PENDING = "pending"


@app.command("list")
@session.command
async def list_some(
    *,
    user_id: As,
    only: Annotated[Filter, typer.Option("--filter", help="Whom to list.")] = Filter.ACCEPTED,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List a person's friends, whom they have blocked, or with whom an invite is open.

    Who is online is known with Redis only.
    """
    import attrs
    from msgspec import UNSET

    from divan_core.kernel.ids import UserId
    from divan_core.social.messages import FriendsQuery

    async with session.running() as divan:
        actor = await divan.accounts.actor(UserId(user_id))
        page = await divan.social.friends(actor, FriendsQuery(only.value, limit))
        if not divan.settings.redis_url:  # then this process knows of nobody's presence
            page = attrs.evolve(
                page, items=tuple(attrs.evolve(one, online=UNSET) for one in page.items)
            )
    if as_json:
        render.as_json(page.items)
    else:
        _table(page, only)


def _table(page: Page[ListedPerson], only: Filter) -> None:
    columns = _COLUMNS[only.value]
    if any(one.online in {True, False} for one in page.items):
        columns = (*columns, "online")
    render.as_table(columns, ([getattr(one, name) for name in columns] for one in page.items))
    if page.cursor is not None:
        render.tell(f"There are more than these {len(page.items)}.")

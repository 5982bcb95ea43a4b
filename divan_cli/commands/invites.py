"""``divan invites``: a person's open invites, as that person is shown them."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated

import typer

from divan_cli import render, session
from divan_cli.options import As, AsJson, Limit

if TYPE_CHECKING:  # commands load what they need when they run
    from divan_core.kernel.paging import Page
    from divan_core.social.messages import ListedInvite

app = typer.Typer(help="Invites.", no_args_is_help=True)


class Box(enum.Enum):
    """Which invites to list."""

    INBOX = "inbox"
    OUTBOX = "outbox"


@app.command("list")
@session.command
async def list_open(
    *,
    user_id: As,
    box: Annotated[Box, typer.Option(help="Those received, or those sent.")] = Box.INBOX,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List a person's open invites, newest first."""
    from divan_core.kernel.ids import UserId
    from divan_core.social.messages import InvitesQuery

    async with session.running() as divan:
        actor = await divan.accounts.actor(UserId(user_id))
        social = divan.social
        listing = social.inbox if box is Box.INBOX else social.outbox
        page = await listing(actor, InvitesQuery(limit))
    if as_json:
        render.as_json(page.items)
    else:
        _table(page)


def _table(page: Page[ListedInvite]) -> None:
    columns = ("id", "user_id", "handle", "display_name", "created_at", "expires_at")
    rows = (
        (
            one.id,
            one.person.user_id,
            one.person.handle,
            one.person.display_name,
            one.created_at,
            one.expires_at,
        )
        for one in page.items
    )
    render.as_table(columns, rows)
    if page.cursor is not None:
        render.tell(f"There are more than these {len(page.items)}.")

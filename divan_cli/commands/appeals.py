"""``divan mod appeals``: what people say against what was done to them."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import typer

from divan_cli import render, session
from divan_cli.commands.staff import operator
from divan_cli.options import As, AsJson, Limit

app = typer.Typer(help="Appeals.", no_args_is_help=True)

Status = Annotated[
    Literal["open", "accepted", "rejected"] | None, typer.Option(help="Only those that stand so.")
]
AppealArgument = Annotated[UUID, typer.Argument(metavar="ID", help="The appeal's id.")]

_COLUMNS = ("id", "status", "case_id", "handle", "created_at", "resolved_at", "note")


@app.command("list")
@session.command
async def list_appeals(
    *, status: Status = None, limit: Limit = 20, as_json: AsJson = False
) -> None:
    """List appeals of all campuses, newest first."""
    from divan_core.moderation.appealmessages import AppealsQuery

    async with session.running() as divan:
        found = await divan.appeals.page(operator(), AppealsQuery(status, limit))
    if as_json:
        render.as_json(found.items)
    else:
        tell(found.items)


@app.command("show")
@session.command
async def show(appeal_id: AppealArgument, *, as_json: AsJson = False) -> None:
    """Show an appeal, and what came of it."""
    from msgspec import convert

    from divan_core.moderation.appealmessages import OneAppeal

    query = convert({"appeal_id": str(appeal_id)}, OneAppeal)
    async with session.running() as divan:
        found = await divan.appeals.get(operator(), query)
    if as_json:
        render.as_json(found)
    else:
        tell([found])


@app.command("resolve")
@session.command
async def resolve(
    appeal_id: AppealArgument,
    status: Annotated[str, typer.Argument(metavar="accepted|rejected", help="The outcome.")],
    *,
    as_: As,
    note: Annotated[str | None, typer.Option(help="Told to whoever appealed.")] = None,
    as_json: AsJson = False,
) -> None:
    """Decide about an appeal as an admin who has not acted; accepting takes everything back."""
    from divan_core.codec.reader import JsonReader, encode
    from divan_core.kernel.ids import UserId
    from divan_core.moderation.appealmessages import ResolveAppeal

    given = {"appeal_id": str(appeal_id), "status": status, "note": note}
    command = JsonReader(ResolveAppeal).read(encode(given))
    async with session.running() as divan:
        actor = await divan.accounts.actor(UserId(as_))
        done = (await divan.appeals.resolve(actor, command)).view
    if as_json:
        render.as_json(done)
    else:
        render.answer(f"{done.id} is {done.status}; its case is {done.case_status}.")


def tell(appeals: object) -> None:
    """Print appeals as a table."""
    rows = (
        [one.appellant.handle if name == "handle" else getattr(one, name) for name in _COLUMNS]
        for one in appeals  # type: ignore[attr-defined]  # loading their class takes long
    )
    render.as_table(_COLUMNS, rows)

"""``divan account``: create people, verify them, hand their data over, and erase them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from divan_cli import render, session
from divan_cli.options import AsJson

if TYPE_CHECKING:  # commands load what they need when they run
    from divan_core.auth.messages import Verified
    from divan_core.divan import Divan
    from divan_core.personal.service import Plan

app = typer.Typer(help="People who sign in here.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The person's address.")]

_COLUMNS = ("user_id", "campus_id", "handle", "display_name")


@app.command("create")
@session.command
async def create(  # noqa: PLR0913 - options are parameters
    email: Email,
    *,
    handle: Annotated[str, typer.Option(help="3-30 of a-z, 0-9, '.' and '_'.")],
    name: Annotated[str, typer.Option(help="What others read.")],
    campus: Annotated[UUID, typer.Option(help="The id of their campus.")],
    password: Annotated[
        str | None, typer.Option(help="10-200 characters; without one nobody can sign in yet.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add a person. They can sign in once divan account verify has vouched for their mailbox."""
    from divan_core.auth.messages import CreateAccount
    from divan_core.kernel.ids import CampusId

    wanted = CreateAccount(email, handle, name, CampusId(campus), password)
    async with session.running() as divan:
        made = await divan.auth.create_account(wanted)
    _show(made, as_json=as_json)


@app.command("verify")
@session.command
async def verify(
    email: Email,
    password: Annotated[str, typer.Argument(help="The new password, 10-200 characters.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Set somebody's password and call their mailbox verified; their sessions end.

    A registration that waits for its mail becomes the person it asked for.
    """
    async with session.running() as divan:
        found = await divan.auth.verify_account(email, password)
    _show(found, as_json=as_json)


@app.command("delete")
@session.command
async def delete(
    email: Email,
    username: Annotated[str, typer.Argument(help="Their handle; both must match.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase everything personal of somebody, everywhere, for good.

    It tells what there is and asks before. What a killed command leaves is finished by the
    workers of any server, or by the same command again.
    """
    async with session.running() as divan:
        plan = await divan.personal.plan(email, username)
        if as_json:
            render.as_json(plan)
        else:
            render.as_table(("what", "count"), ((one.kind, one.count) for one in plan.holdings))
        if plan.begun:
            render.tell("Their erasure has begun before; it goes on.")
        if not yes:
            typer.confirm(f"Erase {email} for good?", abort=True, err=True)
        await _erase(divan, plan)
        shared = bool(divan.settings.redis_url)
    render.tell("Erased." if shared else "Erased. A running server forgets within a minute.")


async def _erase(divan: Divan, plan: Plan) -> None:
    """Erase what is planned; without Redis, presence and caches are left to the server's worker."""
    counts = {one.kind: one.count for one in plan.holdings}
    with render.progress() as step:
        await divan.personal.erase(
            plan.user_id,
            lambda kind, done: step(kind, done, counts.get(kind)),
            handed_on=not divan.settings.redis_url,
        )


@app.command("export")
@session.command
async def export(email: Email) -> None:
    """Print all data of a person as one JSON document."""
    async with session.running() as divan:
        _warn_of_presence(divan)
        found = await divan.personal.export(email)
    render.as_json(found)


def _warn_of_presence(divan: Divan) -> None:
    """Say where presence cannot be seen from here: in the memory of a server."""
    if not divan.settings.redis_url:
        render.tell("Without Redis only the server itself knows who is online; this says nobody.")


def _show(person: Verified, *, as_json: bool) -> None:
    if as_json:
        render.as_json(person)
    else:
        render.as_table(_COLUMNS, [[getattr(person, name) for name in _COLUMNS]])

"""``divan mod policy``: what decides by machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from divan_cli import render, session
from divan_cli.collecting import settled_memory
from divan_cli.options import AsJson

if TYPE_CHECKING:  # loading these takes as long as all the rest of the command
    from divan_core.divan import Divan
    from divan_core.kernel.actor import Actor

app = typer.Typer(help="Policies of moderation.", no_args_is_help=True)

PolicyOption = Annotated[UUID, typer.Argument(metavar="ID", help="The policy's id.")]
FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="A policy as JSON; - for standard input.")
]
StaffOption = Annotated[
    UUID, typer.Option("--as", metavar="USER_ID", help="The administrator who answers for it.")
]

SinceOption = Annotated[
    str, typer.Option("--from", metavar="WHEN", help="The first moment or day (RFC 3339, UTC).")
]
UntilOption = Annotated[
    str, typer.Option("--to", metavar="WHEN", help="The moment or day before which it ends.")
]

_TALLY = ("rule_id", "action", "severity", "shadow", "hits", "wins", "overlap")
_COLUMNS = ("id", "version", "rules", "active", "created_at", "activated_at")
_MOST = 1_000


@app.callback()
def policy() -> None:
    """Policies of moderation."""


@app.command("list")
@session.command
async def list_policies(*, as_json: AsJson = False) -> None:
    """List all policies, the newest first; the last one is what Divan comes with."""
    async with session.running() as divan:
        found = await divan.policies.catalogue(_MOST)
    if as_json:
        render.as_json(found)
        return
    rows = ([*(getattr(one, name) for name in _COLUMNS)] for one in found)
    render.as_table(_COLUMNS, ([*row[:2], len(row[2]), *row[3:]] for row in rows))


@app.command("show")
@session.command
async def show(policy_id: PolicyOption) -> None:
    """Print a policy as it was written, as JSON."""
    from divan_core.errors import NotFound

    async with session.running() as divan:
        found = [one for one in await divan.policies.catalogue(_MOST) if one.id == policy_id]
    if not found:
        raise NotFound
    (view,) = found
    render.as_json(
        {"version": view.version, "default_action": view.default_action, "rules": view.rules}
    )


@app.command("check")
@session.command
async def check(file: FileArgument) -> None:
    """Read a policy, and name every fault with its path. No database is asked."""
    from divan_core.safety.reading import read_policy

    found = read_policy(_document(file))
    render.answer(f"Version {found.version} is a policy with {len(found.rules)} rules.")


@app.command("create")
@session.command
async def create(file: FileArgument, staff: StaffOption, *, as_json: AsJson = False) -> None:
    """Keep a policy; it decides nothing until it is activated."""
    from divan_core.safety.messages import CreatePolicy
    from divan_core.safety.reading import read_policy

    document = _document(file)
    read_policy(document)
    command = CreatePolicy(
        document["version"], tuple(document["rules"]), document.get("default_action", "none")
    )
    async with session.running() as divan:
        done = await divan.policies.create(await _actor(divan, staff), command)
    _tell(done.view, as_json=as_json)


@app.command("activate")
@session.command
async def activate(policy_id: PolicyOption, staff: StaffOption, *, as_json: AsJson = False) -> None:
    """Let a policy decide from now on, and no other."""
    from divan_core.safety.messages import PolicyId, PolicyQuery

    query = PolicyQuery(PolicyId(policy_id))
    async with session.running() as divan:
        view = await divan.policies.activate(await _actor(divan, staff), query)
    _tell(view, as_json=as_json)


@app.command("backtest")
@session.command
async def backtest(
    file: FileArgument, since: SinceOption, until: UntilOption, *, as_json: AsJson = False
) -> None:
    """Tell what a policy would have decided on what was written in a period. Nothing is done."""
    from divan_core.safety.messages import Backtest

    command = Backtest(_document(file), since, until)
    async with session.running() as divan:
        with settled_memory(), render.progress() as step:

            def progress(done: int, total: int) -> None:
                step("Decisions", done, total)

            view = await divan.policies.backtest_all(command, progress)
    if as_json:
        render.as_json(view)
        return
    render.as_table(_TALLY, ([getattr(one, name) for name in _TALLY] for one in view.rules))
    render.answer(
        f"Of {view.events:,} decisions, something was done in {view.decided:,} and would be in"
        f" {view.would:,}: in {view.both:,} of them both, in {view.same:,} the same."
    )
    if view.unread:
        render.answer(f"{view.unread:,} were judged without their words.")


def _tell(view: Any, *, as_json: bool) -> None:  # noqa: ANN401 - loading its class takes long
    if as_json:
        render.as_json(view)
        return
    state = "decides now" if view.active else "is kept, and not active"
    render.answer(f"{view.id}: version {view.version} {state}.")


async def _actor(divan: Divan, user_id: UUID) -> Actor:
    from divan_core.kernel.ids import UserId

    return await divan.accounts.actor(UserId(user_id))


def _document(file: Path) -> Any:  # noqa: ANN401 - JSON as Python has it
    """What a file holds.

    Raises:
        InvalidRequest: no JSON.
        ConfigurationError: it cannot be read.
    """
    from divan_core.codec.reader import builtins
    from divan_core.errors import ConfigurationError

    try:
        body = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as fault:
        raise ConfigurationError(f"{file} cannot be read: {fault.strerror}.") from fault
    return builtins(body)

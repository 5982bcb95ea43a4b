"""``divan mod``: the human desk, for operators."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

import typer

from divan_cli import render, session
from divan_cli.commands import audit, policy
from divan_cli.options import As, AsJson, Limit

if TYPE_CHECKING:
    from divan_core.kernel.actor import Actor

app = typer.Typer(help="Moderation.", no_args_is_help=True)
app.add_typer(audit.app, name="audit")
app.add_typer(policy.app, name="policy")

Status = Annotated[
    Literal["open", "escalated", "actioned", "dismissed", "closed"] | None,
    typer.Option(help="Only cases that stand so."),
]

_OF_CASES = (
    "id",
    "status",
    "severity",
    "reason",
    "report_count",
    "brigading",
    "subject_type",
    "subject_id",
    "assigned_to",
    "opened_at",
)
_OF_REPORTS = ("created_at", "reason_code", "weight", "reporter_id", "note")
_OF_ACTIONS = ("id", "action", "target_type", "target_id", "until", "reason")
_OF_DECISIONS = ("id", "version", "action", "severity", "reasons", "decided_at")
_OF_TIMELINE = ("at", "action", "actor_id", "reason")


def operator() -> Actor:
    """Whoever has the database: nobody of it, and free to see all campuses."""
    from divan_core.kernel.actor import ADMIN, Actor
    from divan_core.kernel.ids import CampusId, UserId

    nobody = UUID(int=0)
    return Actor(UserId(nobody), CampusId(nobody), frozenset({ADMIN}))


@app.command("queue")
@session.command
async def queue(
    *, status: Status = None, q: str | None = None, limit: Limit = 20, as_json: AsJson = False
) -> None:
    """List cases of all campuses, newest first. --q: an id, or the handle of whose it is."""
    from divan_core.moderation.messages import CasesQuery

    async with session.running() as divan:
        query = CasesQuery(status=status, q=q, limit=limit)
        found = await divan.cases.page(operator(), query)
    render.as_page(found, _OF_CASES, as_json=as_json)


@app.command("case")
@session.command
async def case(case_id: UUID, *, as_json: AsJson = False) -> None:
    """Show a case with its reports and what was done."""
    from msgspec import convert

    from divan_core.moderation.messages import OneCase

    async with session.running() as divan:
        found = await divan.cases.get(operator(), convert({"case_id": str(case_id)}, OneCase))
    if as_json:
        render.as_json(found)
        return
    _table(_OF_CASES, [found.case])
    _table(_OF_REPORTS, found.reports)
    if found.decisions:
        _table(_OF_DECISIONS, found.decisions)
    if found.timeline:
        _table(_OF_TIMELINE, found.timeline)


@app.command("act")
@session.command
async def act(  # noqa: PLR0913 - options of a command
    case_id: UUID,
    action: str,
    *,
    reason: Annotated[str, typer.Option(help="Why; it stays on record.")],
    as_: As,
    ttl_minutes: Annotated[int | None, typer.Option(help="When it ends by itself.")] = None,
    note: Annotated[str | None, typer.Option(help="For staff alone.")] = None,
    as_json: AsJson = False,
) -> None:
    """Do something about a case, as a member of staff: ban, mute, remove, warn, ..."""
    from divan_core.codec.reader import JsonReader, encode
    from divan_core.kernel.ids import UserId
    from divan_core.moderation.actionmessages import ApplyAction

    given = {"case_id": str(case_id), "action": action, "reason": reason}
    more = {"ttl_minutes": ttl_minutes, "note": note}
    command = JsonReader(ApplyAction).read(encode({**given, **more}))
    async with session.running() as divan:
        actor = await divan.accounts.actor(UserId(as_))
        done = (await divan.actions.apply(actor, command)).view
    if as_json:
        render.as_json(done)
    else:
        _table(_OF_ACTIONS, done.actions)


@app.command("stats")
@session.command
async def stats(*, as_json: AsJson = False) -> None:
    """Tell how the desk stands, over all campuses."""
    import attrs

    async with session.running() as divan:
        found = await divan.desk.kpis(operator())
    if as_json:
        render.as_json(found)
    else:
        render.as_table(("what", "now"), attrs.asdict(found).items())


def _table(columns: Sequence[str], items: Iterable[object]) -> None:
    rows = ([getattr(one, name) for name in columns] for one in items)
    render.as_table(columns, rows)

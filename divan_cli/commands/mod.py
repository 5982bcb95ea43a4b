"""``divan mod``: the human desk, for operators."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal
from uuid import UUID

import typer

from divan_cli import render, session
from divan_cli.commands import appeals, audit, policy
from divan_cli.commands.staff import operator
from divan_cli.options import As, AsJson, Limit

app = typer.Typer(help="Moderation.", no_args_is_help=True)
app.add_typer(appeals.app, name="appeals")
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
_OF_ACTIONS = ("id", "action", "scope", "target_type", "target_id", "pending", "until", "reason")
_OF_SANCTIONS = ("created_at", "action", "subject_type", "until", "end", "case_id", "reason")
_OF_DECISIONS = ("id", "version", "action", "severity", "reasons", "decided_at")
_OF_TIMELINE = ("at", "action", "actor_id", "reason")


@app.command("queue")
@session.command
async def queue(
    *,
    status: Status = None,
    appeal_open: Annotated[
        bool | None, typer.Option(help="Only cases of which an appeal waits, or none does.")
    ] = None,
    q: str | None = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List cases of all campuses, newest first. --q: an id, or the handle of whose it is."""
    from divan_core.moderation.messages import CasesQuery

    async with session.running() as divan:
        query = CasesQuery(status=status, appeal_open=appeal_open, q=q, limit=limit)
        found = await divan.cases.page(operator(), query)
    render.as_page(found, _OF_CASES, as_json=as_json)


@app.command("case")
@session.command
async def case(case_id: UUID, *, as_json: AsJson = False) -> None:
    """Show a case with its reports, what was done, and appeals."""
    from msgspec import convert

    from divan_core.moderation.messages import OneCase

    async with session.running() as divan:
        found = await divan.cases.get(operator(), convert({"case_id": str(case_id)}, OneCase))
    if as_json:
        render.as_json(found)
        return
    _table(_OF_CASES, [found.case])
    _table(_OF_REPORTS, found.reports)
    if found.appeals:
        appeals.tell(found.appeals)
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
    scope: Annotated[
        Literal["campus", "deployment"], typer.Option(help="How far it reaches: bans, by admins.")
    ] = "campus",
    as_json: AsJson = False,
) -> None:
    """Do something about a case, as a member of staff: ban, mute, remove, warn, ..."""
    from divan_core.codec.reader import JsonReader, encode
    from divan_core.kernel.ids import UserId
    from divan_core.moderation.actionmessages import ApplyAction

    given = {"case_id": str(case_id), "action": action, "reason": reason}
    more = {"ttl_minutes": ttl_minutes, "note": note, "scope": scope}
    command = JsonReader(ApplyAction).read(encode({**given, **more}))
    async with session.running() as divan:
        actor = await divan.accounts.actor(UserId(as_))
        done = (await divan.actions.apply(actor, command)).view
    if as_json:
        render.as_json(done)
    else:
        _table(_OF_ACTIONS, done.actions)


@app.command("confirm")
@session.command
async def confirm(case_id: UUID, action_id: UUID, *, as_: As, as_json: AsJson = False) -> None:
    """Let a ban of the whole deployment take force that another admin has proposed."""
    from msgspec import convert

    from divan_core.kernel.ids import UserId
    from divan_core.moderation.actionmessages import ConfirmAction

    given = {"case_id": str(case_id), "action_id": str(action_id)}
    async with session.running() as divan:
        actor = await divan.accounts.actor(UserId(as_))
        done = (await divan.actions.confirm(actor, convert(given, ConfirmAction))).view
    if as_json:
        render.as_json(done)
    else:
        _table(_OF_ACTIONS, done.actions)


@app.command("mine")
@session.command
async def mine(*, as_: As, limit: Limit = 20, as_json: AsJson = False) -> None:
    """List what was done to somebody, as they are told of it; also to somebody banned."""
    from divan_core.kernel.ids import UserId
    from divan_core.moderation.sanctionmessages import SanctionsQuery

    async with session.running() as divan:
        actor = await divan.accounts.actor(UserId(as_), banned_too=True)
        found = await divan.sanctions.mine(actor, SanctionsQuery(limit))
    render.as_page(found, _OF_SANCTIONS, as_json=as_json)


@app.command("appeal")
@session.command
async def appeal(case_id: UUID, note: str, *, as_: As, as_json: AsJson = False) -> None:
    """Appeal against what was done about a case, as whoever it was done to."""
    from divan_core.codec.reader import JsonReader, encode
    from divan_core.kernel.ids import UserId
    from divan_core.moderation.appealmessages import SendAppeal

    command = JsonReader(SendAppeal).read(encode({"case_id": str(case_id), "note": note}))
    async with session.running() as divan:
        actor = await divan.accounts.actor(UserId(as_), banned_too=True)
        done = (await divan.appeals.send(actor, command)).view
    if as_json:
        render.as_json(done)
    else:
        render.answer(f"{done.id} waits to be decided.")


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

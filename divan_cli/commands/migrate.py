"""``divan migrate``: the schema of the database."""

from __future__ import annotations

import enum
from typing import Annotated

import typer

from divan_cli import render, session
from divan_cli.options import AsJson


class Action(enum.Enum):
    """What to do."""

    UP = "up"
    STATUS = "status"
    SQL = "sql"


class Branch(enum.Enum):
    """A part of the schema; only the core is needed."""

    CORE = "core"
    MODERATION = "moderation"
    PROFILE = "profile"


@session.command
def migrate(
    action: Annotated[
        Action,
        typer.Argument(help="Apply what is missing, list it, or print it as SQL."),
    ] = Action.UP,
    *,
    branch: Annotated[Branch | None, typer.Option(help="Only this branch.")] = None,
    as_json: AsJson = False,
) -> None:
    """Bring the database to the newest revision, or tell what that would be.

    A failure in an optional branch is reported and does not stop the core.
    """
    chosen = branch.value if branch is not None else None
    if action is Action.UP:
        _up(chosen, as_json=as_json)
    elif action is Action.STATUS:
        _status(chosen, as_json=as_json)
    else:
        _sql(chosen)


def _up(branch: str | None, *, as_json: bool) -> None:
    from divan_core import schema

    with render.waiting("migrating"):
        reports = schema.upgrade(session.configuration().settings, branch)
    if as_json:
        render.as_json(reports)
    else:
        rows = ((one.branch, one.before, one.after) for one in reports)
        render.as_table(("branch", "before", "now"), rows)
    for report in reports:
        if report.error:
            render.tell(report.error)


def _status(branch: str | None, *, as_json: bool) -> None:
    from divan_core import schema

    found = schema.status(session.configuration().settings)
    columns = ("branch", "current", "newest", "pending")
    rows = [
        [getattr(one, name) for name in columns] for one in found if branch in {None, one.branch}
    ]
    if as_json:
        render.as_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        render.as_table(columns, rows)


def _sql(branch: str | None) -> None:
    from divan_core import schema

    render.answer(schema.sql(session.configuration().settings, branch))

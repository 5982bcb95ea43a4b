"""``divan leaderboard``: how people stand, as one of them sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from divan_cli import render, session
from divan_cli.options import As, AsJson, Limit

if TYPE_CHECKING:  # commands load what they need when they run
    from divan_core.leaderboards.messages import PeriodName, ScopeName

app = typer.Typer(help="Leaderboards.", no_args_is_help=True)

_SCOPES = ("overall", "social", "engagement", "popularity")
_PERIODS = ("daily", "weekly", "monthly")


def _one_of(*names: str) -> object:
    def check(value: str) -> str:
        if value not in names:
            raise typer.BadParameter(f"is one of {', '.join(names)}")
        return value

    return check


Period = Annotated[str, typer.Option(callback=_one_of(*_PERIODS), help="daily, weekly or monthly.")]
Day = Annotated[str | None, typer.Option("--day", metavar="YYYY-MM-DD", help="Else today.")]


@app.command("show")
@session.command
async def show(  # noqa: PLR0913 - options are parameters
    scope: Annotated[
        str, typer.Argument(callback=_one_of(*_SCOPES), help=", ".join(_SCOPES) + ".")
    ] = "overall",
    *,
    user_id: As,
    period: Period = "daily",
    day: Day = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List a board of a person's campus, as they see it."""
    from divan_core.kernel.ids import UserId
    from divan_core.leaderboards.messages import BoardQuery

    async with session.running() as divan:
        actor = await divan.accounts.actor(UserId(user_id))
        named = cast("ScopeName", scope), cast("PeriodName", period)
        page = await divan.leaderboards.board(actor, BoardQuery(*named, _ymd(day), limit))
    render.as_page(page, ("rank", "user_id", "handle", "score"), as_json=as_json)


@app.command("me")
@session.command
async def me(
    *, user_id: As, period: Period = "daily", day: Day = None, as_json: AsJson = False
) -> None:
    """Tell how a person stands: ranks and points, streak and badges."""
    from divan_core.kernel.ids import UserId
    from divan_core.leaderboards.messages import SummaryQuery

    async with session.running() as divan:
        actor = await divan.accounts.actor(UserId(user_id))
        query = SummaryQuery(cast("PeriodName", period), _ymd(day))
        found = await divan.leaderboards.summary(actor, query)
    if as_json:
        render.as_json(found)
        return
    rows = ([one, found.ranks[one], found.scores[one]] for one in found.ranks)
    render.as_table(("scope", "rank", "score"), rows)
    streak = found.streak
    render.answer(f"Streak: {streak.current} days, {streak.best} at best")
    for one in found.badges:
        render.answer(f"Badge: {one.kind}, {one.earned_ymd}")


def _ymd(day: str | None) -> str | None:
    return None if day is None else day.replace("-", "")

"""``divan outbox``: how far the delivery of events is behind, and delivering them again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from divan_cli import render, session
from divan_cli.options import AsJson

app = typer.Typer(help="Delivery of events.", no_args_is_help=True)

Groups = Annotated[
    list[str] | None,
    typer.Option(
        "--group",
        metavar="TOPIC:GROUP",
        help="A group of a program that has Divan as its library; may be given again.",
    ),
]

_OF_OUTBOX = ("waiting", "oldest_ms", "unsettled", "given_up")
_OF_GROUP = ("topic", "group", "undelivered", "pending", "dead")


@app.command("lag")
@session.command
async def lag(*, group: Groups = None, as_json: AsJson = False) -> None:
    """Tell what waits in the outbox, and with Redis what is before each group.

    waiting: not yet on the bus; unsettled: on the bus and not handled by every group;
    given up: dead letters.
    """
    settings = session.configuration().settings
    async with session.running(settings) as divan:
        found = await divan.workers.lag(group or (), with_bus=bool(settings.redis_url))
    if as_json:
        render.as_json(found)
    else:
        _table(_OF_OUTBOX, [found])
        if found.groups:
            _table(_OF_GROUP, found.groups)


@app.command("replay")
@session.command
async def replay(
    *,
    topic: Annotated[str | None, typer.Option(help="Only events of this topic.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what is on the bus and not yet handled.")
    ] = False,
    group: Groups = None,
) -> None:
    """Deliver what was given up once more, and empty the dead letters.

    Groups tell repeats: what they have handled they do not handle again.
    """
    async with session.running() as divan:
        done = await divan.workers.replay(topic, group or (), everything=everything)
    render.answer(f"Tried again: {done.retried}")
    render.answer(f"Dead letters exhumed: {done.exhumed}")
    if everything:
        render.answer(f"Published again: {done.republished}")


def _table(columns: Sequence[str], items: Sequence[object]) -> None:
    render.as_table(columns, ([getattr(one, name) for name in columns] for one in items))

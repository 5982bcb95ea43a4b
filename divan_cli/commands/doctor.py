"""``divan doctor``: what is wrong with a deployment, and how to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from divan_cli import render, session
from divan_cli.options import AsJson

if TYPE_CHECKING:  # commands load what they need when they run
    from divan_core.checkup import Finding
    from divan_core.settings import Settings

_COLUMNS: Final = ("about", "verdict", "seen", "remedy")


@session.command
async def doctor(
    *,
    host: Annotated[str, typer.Option(help="Where divan serve is to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="At which port.")] = 8000,
    as_json: AsJson = False,
) -> None:
    """Examine settings, data folder, database, Redis, clocks and port; say how to mend each.

    Changes nothing. Ends with 1 if there is a fault; warnings alone are no fault.
    """
    import attrs

    from divan_core.checkup import examine

    settings = session.configuration().settings
    with render.waiting("looking"):
        found = (*await examine(settings), _listening(settings, host, port))
    if as_json:
        render.as_json([attrs.asdict(one) for one in found])
    else:
        render.as_table(_COLUMNS, ([getattr(one, name) for name in _COLUMNS] for one in found))
    if any(one.verdict == "fault" for one in found):
        raise typer.Exit(session.FAILED)


def _listening(settings: Settings, host: str, port: int) -> Finding:
    """Whether a server could listen there, as the settings are."""
    from divan_cli import listening
    from divan_core.checkup import Finding
    from divan_core.errors import ConfigurationError

    about = f"port {port} of {host}"
    plan = listening.Plan(host, port)
    try:
        listening.check(settings, plan)
        listening.bound(plan).close()
    except ConfigurationError as fault:
        remedy = "Unless it is Divan itself that listens there, choose another with --port."
        return Finding(about, "warning", fault.detail, remedy)
    return Finding(about, "ok", "free")

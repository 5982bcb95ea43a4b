"""``divan trace``: whether traces arrive where they are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import typer

from divan_cli import render, session
from divan_cli.options import AsJson

if TYPE_CHECKING:  # as session.py says
    from divan_core.divan import Divan

app = typer.Typer(help="Traces.", no_args_is_help=True)

_MEANINGS: Final = {
    "ok": "The collector has taken the trace {}.",
    "lost": "The collector did not take the trace {}. Check OTEL_EXPORTER_OTLP_ENDPOINT.",
    "unsent": "The trace {} was sent nowhere. Set OTEL_EXPORTER_OTLP_ENDPOINT.",
    "disabled": "There are no traces. Set OBS_TRACING_ENABLED=true.",
}


@app.command("test")
@session.command
async def try_out(*, as_json: AsJson = False) -> None:
    """Make the span divan.trace.test, send it, and tell whether the collector has taken it.

    Ends with 1 unless it has. Refused in production, as POST /ops/trace/test is.
    """
    async with session.running() as divan:
        trace_id = divan.trace_test()
    status = "disabled" if trace_id is None else _fate(divan)
    if as_json:
        render.as_json({"status": status, "trace_id": trace_id})
    else:
        render.answer(_MEANINGS[status].format(trace_id))
    if status != "ok":
        raise typer.Exit(session.FAILED)


def _fate(divan: Divan) -> str:
    """What became of the spans, once Divan is closed: nothing waits then."""
    from divan_core.kernel.traces import LOST, SENT

    counts = divan.metrics.snapshot().counts
    if SENT not in counts:
        return "unsent"
    sent, lost = (sum(counts.get(one, {}).values()) for one in (SENT, LOST))
    return "ok" if sent and not lost else "lost"

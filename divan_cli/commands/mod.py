"""``divan mod``: moderation."""

from __future__ import annotations

import typer

from divan_cli.commands import policy

app = typer.Typer(help="Moderation.", no_args_is_help=True)
app.add_typer(policy.app, name="policy")


@app.callback()
def mod() -> None:
    """Moderation."""

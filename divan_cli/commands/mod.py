"""``divan mod``: the human desk, for operators."""

from __future__ import annotations

import typer

from divan_cli.commands import audit

app = typer.Typer(help="Moderation.", no_args_is_help=True)
app.add_typer(audit.app, name="audit")

"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

As = Annotated[UUID, typer.Option("--as", help="Whose view: a person's id.")]

Limit = Annotated[int, typer.Option(min=1, max=200, help="How many at most.")]

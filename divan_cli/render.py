"""How commands answer: tables for people, JSON for machines, and what is under way aside.

Answers go to standard output, everything else to standard error.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:  # loading these takes as long as all the rest of the command
    from rich.console import Console

    from divan_core.kernel.paging import Page

Step = Callable[[str, int, int | None], None]
"""Shows how far long work has come: what is being done, how much of it, and of how much."""


def answer(text: str) -> None:
    """Print a line that was asked for."""
    typer.echo(text)


def tell(text: str) -> None:
    """Print a line beside the answer."""
    typer.echo(text, err=True)


def as_json(value: object) -> None:
    """Print a value as JSON."""
    _json(value)


def _json(value: object) -> None:
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def as_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows as a table; numbers stand to the right."""
    from rich.table import Table
    from rich.text import Text

    found = [list(row) for row in rows]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, name in enumerate(columns):
        numbers = all(isinstance(row[index], int | float) for row in found)
        table.add_column(name, justify="right" if found and numbers else "left", overflow="fold")
    for row in found:
        table.add_row(*(Text(_cell(value)) for value in row))
    _console(sys.stdout).print(table)


def as_page(page: Page[Any], columns: Sequence[str], *, as_json: bool) -> None:
    """Print the items of a page as JSON, or these fields of them as a table."""
    if as_json:
        _json(page.items)
        return
    as_table(columns, ([getattr(one, name) for name in columns] for one in page.items))
    if page.cursor is not None:
        tell(f"There are more than these {len(page.items)}.")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return str(value)


@contextlib.contextmanager
def progress() -> Iterator[Step]:
    """Show long work while it runs, where somebody watches."""
    from rich.progress import Progress, TimeElapsedColumn

    columns = (*Progress.get_default_columns()[:-1], TimeElapsedColumn())
    console = _console(sys.stderr)
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        tasks: dict[str, Any] = {}

        def step(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = shown.add_task(stage, total=total)
            shown.update(tasks[stage], completed=done, total=total)

        yield step


@contextlib.contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show that work is under way, where somebody watches."""
    console = _console(sys.stderr)
    with console.status(text) if console.is_terminal else contextlib.nullcontext():
        yield


def _console(file: Any) -> Console:  # noqa: ANN401 - whatever stands for a stream, in tests too
    """A console that prints what it is given; where nobody watches, lines are never broken."""
    from rich.console import Console

    width = None if file.isatty() else 10_000
    return Console(file=file, width=width, markup=False, highlight=False, emoji=False)

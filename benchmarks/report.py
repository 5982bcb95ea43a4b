"""Tables of results."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table under a title, in Markdown, as docs/benchmarks.md has them."""
    texts = [[str(cell).replace("|", "\\|") for cell in row] for row in (header, *rows)]
    widths = [max(3, *(len(row[column]) for row in texts)) for column in range(len(header))]
    lines = [_line(row, widths) for row in texts]
    print("", f"### {title}", "", lines[0], _line(["-" * one for one in widths], widths), sep="\n")
    print(*lines[1:], sep="\n")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def machine() -> str:
    """The conditions of a measurement, without naming the machine."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    system = f"{platform.system()} {platform.machine()}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {os.cpu_count()} cores, {system}, load before: {load}"

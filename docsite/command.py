"""The reference of the command line, from the command itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import typer.main

from divan_cli.main import app
from docsite.words import prose, table

_HEAD: Final = """\
# The command

Tables for people, `--json` for machines; the exit status is 0, 1 (failed) or 2 (used wrongly).

"""


def page() -> str:
    """The page in Markdown."""
    return _HEAD + "\n".join(_sections("divan", typer.main.get_command(app)))


def _sections(name: str, command: Any) -> Iterator[str]:  # noqa: ANN401 - typer's own click
    inner = getattr(command, "commands", None)
    if inner is None:
        yield f"## `{name}`\n\n{prose(command.help or '')}\n\n{_parameters(command)}"
        return
    for word in sorted(inner):
        yield from _sections(f"{name} {word}", inner[word])


def _parameters(command: Any) -> str:  # noqa: ANN401 - as above
    return table(("", "", "default"), (_row(one) for one in command.params))


def _row(parameter: Any) -> tuple[str, str, str]:  # noqa: ANN401 - as above
    is_option = parameter.param_type_name == "option"
    names = ", ".join(parameter.opts) if is_option else parameter.name.upper()
    default = parameter.default
    needed = "needed" if parameter.required else ""
    plain = isinstance(default, str | int | float) and not isinstance(default, bool)
    about = prose(getattr(parameter, "help", None) or "").replace("|", "\\|")
    return f"`{names}`", about, needed or (f"`{default}`" if plain else "")

"""``divan demo``: a living campus in the browser."""

from __future__ import annotations

import contextlib
import os
import sys
import webbrowser
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from divan_cli import render, session

if TYPE_CHECKING:  # commands load what they need when they run
    import socket

USUAL_PORT: Final = 8765
DISPLAYS: Final = ("DISPLAY", "WAYLAND_DISPLAY")


@session.command
def demo(  # noqa: PLR0913 - typer makes an option of each
    *,
    people: Annotated[
        int | None,
        typer.Option(min=1, max=5000, help="How many walk about; with --traces at most so many."),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Another number makes other people and other walks.")
    ] = 1,
    traces: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Replay recorded movement: CSV with the columns person, t_s, lat, lon.",
        ),
    ] = None,
    speed: Annotated[
        float, typer.Option(min=1, max=20, help="How many times as fast time runs.")
    ] = 1.0,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help=f"The port; {USUAL_PORT} unless it is taken. 0 takes any."
        ),
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the page, where there is a display.")] = True,
) -> None:
    """Serve a campus of walking people on this machine, and show it in the browser.

    Everything is kept in a database of its own that is gone afterwards. Ctrl-C ends it.
    """
    from divan_cli import listening
    from divan_cli.asgi import Application
    from divan_cli.demo.host import hosted
    from divan_cli.demo.scene import Wishes, scene_of
    from divan_core.observability.logs import log_to

    scene = scene_of(Wishes(people, seed, traces))
    with listener(port) as found:
        log_to(sys.stderr.buffer, "WARNING", "dev")
        app = Application(partial(hosted, scene, seed, speed))
        listening.serve_here(app, found, partial(announce, browser=browser))


def listener(port: int | None) -> socket.socket:
    """A socket at the port, or at the usual one while that is free, else at any.

    Raises:
        ConfigurationError: the port that was asked for is taken.
    """
    from divan_cli.listening import Plan, bound
    from divan_core.errors import ConfigurationError

    if port is not None:
        return bound(Plan(port=port))
    with contextlib.suppress(ConfigurationError):
        return bound(Plan(port=USUAL_PORT))
    return bound(Plan(port=0))


def announce(address: str, *, browser: bool) -> None:
    """Print the address, and nothing else on standard output; show the page."""
    render.answer(f"{address}/")
    render.tell("A campus is alive at this address. Ctrl-C ends it.")
    if browser and _has_display():
        with contextlib.suppress(webbrowser.Error):
            webbrowser.open(f"{address}/")


def _has_display() -> bool:
    return sys.platform in {"darwin", "win32"} or any(os.environ.get(name) for name in DISPLAYS)

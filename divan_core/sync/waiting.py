"""How calls from other threads reach the event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import ParamSpec, TypeVar

from anyio.from_thread import BlockingPortal

P = ParamSpec("P")
R = TypeVar("R")


class Waiting:
    """Runs coroutine functions in the loop's thread and waits for them."""

    def __init__(self, portal: BlockingPortal) -> None:
        """Reach the loop through ``portal``."""
        self._portal = portal

    def run(self, function: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """What the function returns or raises, in the calling thread."""
        return self._portal.call(partial(function, *args, **kwargs))

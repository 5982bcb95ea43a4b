"""An event loop whose time passes only where a test lets it: no machine is too busy for that.

For what waits for time and for nothing outside of its process. A module's tests run on it with

    @pytest.fixture(scope="module")
    def anyio_backend() -> Backend:
        return clockwork()
"""

import asyncio
import selectors
from typing import Any, Final, TypeAlias

Backend: TypeAlias = tuple[str, dict[str, Any]]
BEGINNING_S: Final = 1000.0


class _Leaping(selectors.DefaultSelector):
    """Waits for no timer, but says how long that would have taken."""

    waited_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(None if timeout is None else 0)
        if not found and timeout:
            self.waited_s += timeout
        return found


class Clockwork(asyncio.SelectorEventLoop):
    """Goes on to the next timer as soon as there is nothing else to do."""

    def __init__(self) -> None:
        self._leaping = _Leaping()
        self._stalled_s = BEGINNING_S
        super().__init__(self._leaping)

    def time(self) -> float:
        """What time it is here."""
        return self._leaping.waited_s + self._stalled_s

    def stall(self, seconds: float) -> None:
        """Let time pass while nothing else is done, as on a machine that is busy."""
        self._stalled_s += seconds


def clockwork() -> Backend:
    """What to run tests on, for anyio's plugin."""
    return "asyncio", {"loop_factory": Clockwork}


def this_clockwork() -> Clockwork:
    """The loop that a test runs on."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Clockwork)
    return loop

"""Divan as ``divan serve`` runs it, over stores with fault points, in processes that are replaced.

Its arguments are ports, its settings those of the environment. One process listens at all ports and
forks one for each that serves, and another one whenever that has died: whoever connects meanwhile
waits in the queue of the socket. ``POST /faults`` takes an :class:`Arm`. A consumer answers every
event with an echo. Leases are short, so that what a dead process held is free again soon; and for
games that are over somebody looks every second.
"""

import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from socket import socket
from types import FrameType
from typing import Final, Literal

import alembic.command  # noqa: F401 - what is loaded here, no child has to load
import attrs

import divan_core.stores.redis.store
import divan_core.stores.sql.migrate
import divan_core.stores.sql.postgres  # noqa: F401 - as above
from divan_cli import listening
from divan_cli.asgi import Application, Asgi, begin_log, serving
from divan_core import staffing
from divan_core.configuration import load
from divan_core.divan import Divan, stores_of
from divan_core.errors import StoreUnavailable
from divan_core.ground import Ground
from divan_core.settings import Settings
from divan_core.stores.redis import taking
from divan_core.system import SystemClock, SystemEntropy, SystemIds
from divan_core.testing.faults import Fault, FaultPoints, Hang, Kill, Raise
from divan_core.workers import relay
from divan_http.operation import PublicOperation
from tests.faults.echo import echoes

SERVES: Final = "serves"
STRUCK: Final = "struck"
QUEUE: Final = 2048
LEASE_MS: Final = 1000
DEADLINE_S: Final = 1.0


@attrs.frozen
class Arm:
    """A fault at a point, after it was passed ``after`` times."""

    point: str
    fault: Literal["raise", "kill", "hang"]
    after: int = 0


@attrs.frozen
class Told:
    """A fault that is written to the log before it strikes."""

    point: str
    fault: Fault

    def strike(self, released: threading.Event) -> None:
        os.write(2, f"{STRUCK} {self.point}\n".encode())
        self.fault.strike(released)


FAULTS: Final[dict[str, Fault]] = {
    "raise": Raise(StoreUnavailable()),
    "kill": Kill(),
    "hang": Hang(),
}


class Supervisor:
    """Keeps a serving process alive at each socket, until it is told to end."""

    def __init__(self, settings: Settings, listeners: Sequence[socket]) -> None:
        self._settings = settings
        self._listeners = listeners
        self._children: dict[int, socket] = {}

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self._end)
        for listener in self._listeners:
            self._begin(listener)
        while True:
            dead, _status = os.wait()
            self._begin(self._children.pop(dead))

    def _begin(self, listener: socket) -> None:
        child = os.fork()
        if child == 0:
            self._serve(listener)
        self._children[child] = listener
        os.write(2, f"{SERVES} {listener.getsockname()[1]} {child}\n".encode())

    def _serve(self, listener: socket) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        try:
            app = Application(partial(faulty, self._settings))
            listening.serve_here(app, listener, lambda _address: None)
        finally:
            os._exit(0)

    def _end(self, _signal: int, _frame: FrameType | None) -> None:
        for child in self._children:
            os.kill(child, signal.SIGKILL)
        sys.exit()


@asynccontextmanager
async def faulty(settings: Settings) -> AsyncIterator[Asgi]:
    """Both doors of a Divan with fault points, and one that arms them."""
    faults = FaultPoints()

    async def arm(_divan: Divan, command: Arm) -> None:
        """Arm a fault."""
        fault = Told(command.point, FAULTS[command.fault])
        faults.arm(command.point, fault, after=command.after)

    row = PublicOperation(
        method="POST", path="/faults", name="faults.arm", command=Arm, view=type(None), perform=arm
    )
    ground = Ground(SystemClock(), SystemIds(), str(settings.secret_key).encode(), SystemEntropy())
    stores = faults.around(stores_of(settings, ground))
    async with (
        Divan.open(settings, stores=stores, subscriptions=(echoes(),)) as divan,
        serving(divan, polling=False, extra=(row,)) as app,
    ):
        yield app


def main() -> None:
    staffing.DEADLINE_S = DEADLINE_S  # type: ignore[misc]
    relay.LEASE_MS = taking.CONSUMER_LEASE_MS = LEASE_MS  # type: ignore[misc, attr-defined]
    settings = load(os.environ).settings
    begin_log(settings)
    listeners = [listening.bound(listening.Plan(port=int(port))) for port in sys.argv[1:]]
    for listener in listeners:
        listener.listen(QUEUE)
    Supervisor(settings, listeners).run()

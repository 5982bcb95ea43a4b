"""Where a server listens, in how many processes, and what must not be served there."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

import attrs
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from divan_cli.asgi import METRICS_FOLDER, Application, Asgi
from divan_cli.doorway import DoorwayProtocol
from divan_core.errors import ConfigurationError, Unavailable
from divan_core.settings import IN_MEMORY, Settings
from divan_rt.server import UVICORN

FAREWELL_S: Final = 5
"""How long requests under way may take once the server is to end."""

ONE_OF_MANY: Final = "divan_cli.asgi:one_of_many"

Announce = Callable[[str], None]
"""Called once, with the address, when the server answers there."""


@attrs.frozen
class Plan:
    """How to serve. Port 0 takes any that is free."""

    host: str = "127.0.0.1"
    port: int = 8000
    processes: int = 1
    allow_dev_auth: bool = False


def check(settings: Settings, plan: Plan) -> None:
    """Refuse what must not be served.

    Raises:
        ConfigurationError: a prod deployment without keys, believing anyone off loopback, or more
            processes than can know of each other.
    """
    settings.check()
    if settings.dev_credentials and not plan.allow_dev_auth and not is_loopback(plan.host):
        raise ConfigurationError(
            f"DIVAN_ENV={settings.env} believes whoever anyone claims to be, and {plan.host} can "
            "be reached from other machines. Set DIVAN_ENV=prod, or say --allow-dev-auth."
        )
    if plan.processes > 1 and not settings.redis_url:
        raise ConfigurationError(
            f"{plan.processes} processes need Redis to know of each other. Set DIVAN_REDIS_URL."
        )
    if plan.processes > 1 and settings.database_url in IN_MEMORY:
        raise ConfigurationError(
            "A database in memory belongs to one process. Set DIVAN_DATABASE_URL to one that lasts."
        )


def is_loopback(host: str) -> bool:
    """Whether a host name or address leads to this machine alone."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    addresses = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    return bool(host) and all(address.is_loopback for address in addresses)


def bound(plan: Plan) -> socket.socket:
    """A socket at the plan's address.

    Raises:
        ConfigurationError: there is no such host, or the port is taken or not allowed.
    """
    try:
        found = socket.getaddrinfo(
            plan.host or None, plan.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as fault:
        raise _not_there(plan, fault) from fault
    try:
        if os.name == "posix":  # elsewhere it would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as fault:
        listener.close()
        raise _not_there(plan, fault) from fault
    return listener


def _not_there(plan: Plan, fault: Exception) -> ConfigurationError:
    reason = getattr(fault, "strerror", None) or fault
    return ConfigurationError(f"Cannot listen at {plan.host}, port {plan.port}: {reason}.")


def address_of(listener: socket.socket) -> str:
    """The address that leads to a socket: ``http://127.0.0.1:8000``."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve_here(app: Application, listener: socket.socket, announce: Announce) -> None:
    """Serve in this process until SIGINT or SIGTERM comes, which ends it in an orderly way.

    Raises:
        DivanError: what kept the application from starting.
    """
    server = _Server(configured(app), lambda: announce(address_of(listener)))
    try:
        server.run([listener])
    except SystemExit:  # uvicorn's way to say that the application did not start
        if app.failure is not None:
            raise app.failure from None
        raise Unavailable("The server did not start.") from None


def serve_in_processes(count: int, listener: socket.socket, announce: Announce) -> None:
    """Serve in ``count`` processes, each configured by the environment, until a signal comes.

    A process that dies is replaced.

    Raises:
        Unavailable: the processes did not start.
    """
    listener.set_inheritable(True)
    supervisor = _Supervisor(
        configured(ONE_OF_MANY, factory=True, workers=count),
        listener,
        lambda: announce(address_of(listener)),
    )
    with tempfile.TemporaryDirectory(prefix="divan-") as folder:
        os.environ[METRICS_FOLDER] = folder
        supervisor.run()
    if supervisor.broken:
        raise Unavailable("The server's processes did not start; their log says why.")


def configured(app: Asgi | str, **settings: Any) -> uvicorn.Config:  # noqa: ANN401 - uvicorn's own
    """How uvicorn serves an application here, but for what ``settings`` say of it."""
    usual: dict[str, Any] = {
        "loop": "asyncio" if sys.platform == "win32" else "uvloop",
        "http": DoorwayProtocol,
        "lifespan": "on",
    }
    return uvicorn.Config(
        app,
        ws="websockets-sansio",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=False,  # nothing here depends on where a client is, so nobody is believed
        timeout_graceful_shutdown=FAREWELL_S,
        **UVICORN,
        **(usual | settings),
    )


class _Server(uvicorn.Server):
    """Tells when it answers, and ends without passing the signal on, so that its status is 0."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


class _Supervisor(Multiprocess):
    """Tells when all processes answer, and whether any never could."""

    def __init__(
        self, config: uvicorn.Config, listener: socket.socket, announce: Callable[[], None]
    ) -> None:
        super().__init__(config, [listener])
        self._announce: Callable[[], None] | None = announce
        self.broken = False

    def keep_subprocess_alive(self) -> None:
        super().keep_subprocess_alive()
        self.broken = any(one.exitcode == STARTUP_FAILURE for one in self.processes)
        if self._announce is not None and all(one.is_ready() for one in self.processes):
            self._announce()
            self._announce = None

"""A server process that ends with the process that started it."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from tests.servers import guard

START_TIMEOUT_S = 30
POLL_S = 0.01
PORTS = range(20_000, 32_768)
MEMORY = Path("/dev/shm")  # noqa: S108 - whoever writes there makes a folder of this user's own
ROOMY_BYTES = 2**31


class ServerDidNotStart(RuntimeError):
    """The server ended, or did not answer in time; the message holds what it wrote."""


def free_port() -> int:
    """Give a TCP port of loopback that nothing listens on just now.

    It lies below the range that systems take outgoing connections from, so that it is still free
    when a server that was stopped comes back.
    """
    while True:
        port = PORTS[secrets.randbelow(len(PORTS))]
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def memory() -> Path | None:
    """Where files are kept in memory; None where too few would fit, or programs cannot be."""
    try:
        found = os.statvfs(MEMORY)
    except OSError:
        return None
    roomy = found.f_bavail * found.f_frsize > ROOMY_BYTES
    return None if not roomy or found.f_flag & os.ST_NOEXEC else MEMORY


def private_folder(owner: str = "", where: Path | None = None) -> Path:
    """Make a temporary folder that only ``owner`` (default: this process's user) can enter."""
    folder = Path(tempfile.mkdtemp(prefix="divan-server-", dir=where))
    if owner:
        shutil.chown(folder, owner)
    return folder


def wait_until(ready: Callable[[], bool], ended: Callable[[], bool] = lambda: False) -> None:
    """Ask ``ready`` again and again until it is true.

    Raises:
        TimeoutError: ``ended`` turned true first, or 30 s have passed.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    while not ready():
        if ended() or time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(POLL_S)


class ServerProcess:
    """One server in the foreground of a guard, with its folder and its log.

    ``folder`` belongs to the server and is removed by ``close()``; it stays over ``stop()`` and
    ``start()``. ``user`` names the account to run as, which only root may choose; without an
    ``environment`` it has ours.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
        user: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._environment = environment
        self._arguments = [str(folder), stop_signal.name, user, *command]
        self._folder = folder
        self._guard: subprocess.Popen[bytes] | None = None
        self._pid = 0

    def start(self, answers: Callable[[], bool]) -> None:
        """Start the server and return when ``answers()`` is true.

        Raises:
            ServerDidNotStart: it ended before it answered, or took over 30 s; it is closed.
        """
        with self._log.open("ab") as log:
            self._guard = subprocess.Popen(
                [sys.executable, guard.__file__, *self._arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._environment,
                start_new_session=True,  # a Ctrl-C is for us: the server ends when we let go
            )
        try:
            self._pid = self._read_pid(self._guard)
            wait_until(answers, self._ended)
        except TimeoutError as error:
            said = self.said()
            self.close()
            raise ServerDidNotStart(said) from error
        except BaseException:
            self.close()
            raise

    def stop(self) -> None:
        """End the server and keep its folder; nothing when it is not running."""
        guarding, self._guard = self._guard, None
        if guarding is not None:
            try:
                guarding.communicate(b"stop\n", timeout=2 * guard.PATIENCE_S)
            except subprocess.TimeoutExpired:
                guarding.kill()
                guarding.communicate()

    def pause(self) -> None:
        """Freeze the server: connections stay open and nothing answers, as on a hung machine."""
        if not self._ended():
            guard.each(self._pid, psutil.Process.suspend)

    def resume(self) -> None:
        """Let a frozen server go on."""
        if not self._ended():
            guard.each(self._pid, psutil.Process.resume)

    def close(self) -> None:
        """End the server and remove its folder."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The id of the server's process, as it was started last."""
        return self._pid

    def said(self) -> str:
        """What the server wrote."""
        return self._log.read_text(errors="replace")

    @property
    def _log(self) -> Path:
        return self._folder / "server.log"

    def _read_pid(self, guarding: "subprocess.Popen[bytes]") -> int:
        line = guarding.stdout.readline() if guarding.stdout else b""
        if not line:
            raise TimeoutError
        return int(line)

    def _ended(self) -> bool:
        return self._guard is None or self._guard.poll() is not None

"""A server with fault points, in processes of its own."""

import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from tests.canaries.watch import WATCH
from tests.faults.server import SERVES, STRUCK, Arm
from tests.servers.forked import forked
from tests.servers.process import free_port, wait_until

PROGRAM = "from tests.faults.server import main; main()"
ANSWER_S = 1.0
ENDING_S = 30.0
SECRET = "a secret of at least thirty-two bytes"
SETTINGS = {
    "DIVAN_ENV": "test",
    "DIVAN_SECRET_KEY": SECRET,
    "DIVAN_LIMIT_INVITE_PER_MINUTE": "1000000",
    "DIVAN_LIMIT_INVITE_PER_DAY": "1000000",
    "IDEMPOTENCY_REQUIRED": "true",
    "LOG_LEVEL": "WARNING",
}


@contextlib.contextmanager
def serving(settings: Mapping[str, str], count: int = 1) -> Iterator[list["FaultServer"]]:
    """Run servers inside the context, each at an address of its own."""
    kept = {name: value for name, value in os.environ.items() if "DIVAN" not in name}
    ports = [free_port() for _ in range(count)]
    with tempfile.NamedTemporaryFile("w") as log:
        servers = [FaultServer(Path(log.name), port) for port in ports]
        try:
            with forked(
                PROGRAM, *ports, environment=kept | SETTINGS | dict(settings), stderr=log
            ) as process:
                wait_until(lambda: all(one.answers() for one in servers), process.has_ended)
                yield servers
                process.send_signal(signal.SIGTERM)
                process.wait(ENDING_S)
        except BaseException:
            sys.stderr.write(Path(log.name).read_text())  # shown with the failed test
            raise
        finally:
            WATCH.tell("the log of a server", Path(log.name).read_text())


class FaultServer:
    """One server; its process is replaced when it dies."""

    def __init__(self, log: Path, port: int) -> None:
        self._log = log
        self._begun = f"{SERVES} {port} "
        self.url = f"http://127.0.0.1:{port}"

    def answers(self) -> bool:
        """Whether a process serves."""
        return self._ask("GET", "/health/live") == 200

    def arm(self, arm: Arm) -> None:
        """Arm a fault in the process that serves, or the next one if that is dying.

        It may strike before the answer is out; then there is none, and it was armed all the same.
        """
        before, body = self.struck(arm), msgspec.json.encode(arm)
        wait_until(lambda: self._ask("POST", "/faults", body) == 200 or self.struck(arm) > before)

    def kill(self) -> None:
        """Kill the process that serves; of one that is dead already, the next."""
        wait_until(self._killed)

    @property
    def pid(self) -> int:
        """The process that serves."""
        return self._serving()

    def struck(self, arm: Arm) -> int:
        """How often a fault has struck at the point, of whichever kind."""
        return self._log.read_text().count(f"{STRUCK} {arm.point}\n")

    def wait_for(self, arm: Arm, times: int = 1) -> None:
        """Return once a fault has struck at the point, so many times in all."""
        wait_until(lambda: self.struck(arm) >= times)

    def _killed(self) -> bool:
        """Whether the process that was begun last could be killed: it may be gone by itself."""
        try:
            os.kill(self._serving(), signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def _serving(self) -> int:
        """The process that was begun last."""
        lines = self._log.read_text().splitlines()
        return next(int(one.split()[2]) for one in reversed(lines) if one.startswith(self._begun))

    def _ask(self, method: str, path: str, body: bytes | None = None) -> int:
        """The status of an answer; 0 if there is none."""
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=ANSWER_S)
        with contextlib.closing(connection), contextlib.suppress(OSError, HTTPException):
            connection.request(method, path, body, {"Content-Type": "application/json"})
            return connection.getresponse().status
        return 0

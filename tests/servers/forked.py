"""Python programs in processes of their own that begin with all of Divan loaded, and so at once.

What is shown with such a process is what Divan does in it. That it can be begun as usual is shown
by the tests that begin one as usual.
"""

import atexit
import contextlib
import functools
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Final

from tests.servers import nursery

ROOT: Final = Path(__file__).parents[2]
KILLED_S: Final = 30.0


class Forked:
    """A process that runs a program, as ``python -c PROGRAM ARGUMENTS`` does.

    ``returncode`` is None until its end was waited for; a signal that ended it shows as minus its
    number.
    """

    def __init__(self, told: io.RawIOBase, stdout: IO[str]) -> None:
        self._told = told
        self.pid = int(told.readline())
        self.stdout = stdout
        self.returncode: int | None = None

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it, if nobody has waited for its end."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.send_signal(signal.SIGKILL)

    def has_ended(self) -> bool:
        """Whether it has ended."""
        return self.returncode is not None or bool(self._news(0))

    def wait(self, timeout_s: float) -> int:
        """Its exit status, once it has ended.

        Raises:
            TimeoutError: it has not, after so long.
        """
        if self.returncode is None:
            if not self._news(timeout_s):
                raise TimeoutError
            self.returncode = int(self._told.readline())
        return self.returncode

    def _news(self, timeout_s: float) -> object:
        """Whether there is something to be read, after some time at most."""
        return select.select([self._told], [], [], timeout_s)[0]


@contextlib.contextmanager
def forked(
    program: str,
    *arguments: object,
    environment: Mapping[str, str],
    stderr: IO[str],
    stdout: IO[str] | None = None,
    stdin: IO[bytes] | None = None,
    folder: Path = ROOT,
) -> Iterator[Forked]:
    """Run a program; at the end it is killed unless it has ended.

    Its streams are these files; without a ``stdout``, what it prints is read from the process's.
    """
    wanted = {
        "program": program,
        "arguments": list(map(str, arguments)),
        "environment": dict(environment),
        "folder": str(folder),
    }
    with contextlib.ExitStack() as stack:
        job, theirs = map(stack.enter_context, socket.socketpair())
        reading, writing = os.pipe()
        printed = stack.enter_context(open(reading, encoding="utf-8"))  # noqa: PTH123 - no path
        source = stdin or stack.enter_context(open(os.devnull, "rb"))  # noqa: PTH123
        sink = stdout.fileno() if stdout else writing
        given = [theirs.fileno(), source.fileno(), sink, stderr.fileno()]
        socket.send_fds(_nursery(), [nursery.BEGIN], given)
        os.close(writing)
        theirs.close()
        job.sendall(json.dumps(wanted).encode() + b"\n")
        process = Forked(stack.enter_context(job.makefile("rb", buffering=0)), printed)
        try:
            yield process
        finally:
            process.kill()
            process.wait(KILLED_S)


def ran(
    program: str,
    *arguments: object,
    environment: Mapping[str, str],
    stdin: bytes = b"",
    timeout_s: float,
    folder: Path = ROOT,
) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end.

    Raises:
        TimeoutError: it has not ended after so long.
    """
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(tempfile.TemporaryFile())
        source.write(stdin)
        source.seek(0)
        out, err = (stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(2))
        with forked(
            program,
            *arguments,
            environment=environment,
            stdin=source,
            stdout=out,
            stderr=err,
            folder=folder,
        ) as process:
            status = process.wait(timeout_s)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(program, status, out.read(), err.read())


@functools.cache
def _nursery() -> socket.socket:
    """What leads to the process that forks, which is begun once in each process of tests."""
    ours, theirs = socket.socketpair()
    kept = {name: value for name, value in os.environ.items() if "DIVAN" not in name}
    process = subprocess.Popen(
        [sys.executable, "-m", nursery.__name__],
        stdin=theirs.fileno(),
        stdout=subprocess.DEVNULL,
        cwd=ROOT,
        env=kept | {"PYTHONWARNINGS": "error"},
        start_new_session=True,  # a Ctrl-C is for us; and all that it began ends with it
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours

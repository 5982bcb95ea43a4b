"""The command, run as people run it: in a process and a home folder of its own."""

import functools
import gc
import logging
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import msgspec
import pytest
import typer.main
import typer.testing

from divan_cli.main import app
from divan_core.divan import DATABASE_FILE
from tests.canaries.outputs import tell_log
from tests.canaries.watch import WATCH
from tests.servers.forked import Forked, forked, ran
from tests.servers.sqlite import migrated

ENTRY = "from divan_cli.main import run; run()"
PATIENCE_S = 60.0
STARTED = re.compile(r"Divan is at (http://\S+)\n")

GRAMMAR = functools.cache(typer.main.get_command)
"""What every command makes anew, in 0.1 s, and all of one process might remember."""

Command = Callable[..., "Ended"]


@attrs.frozen
class Ended:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.out)


@attrs.define
class Served:
    """A server that runs."""

    process: Forked
    url: str
    log: Path

    def get(self, target: str, **headers: str) -> tuple[int, Any]:
        """The status and the JSON of an answer."""
        return self._ask("GET", target, None, headers)

    def post(self, target: str, body: object, **headers: str) -> tuple[int, Any]:
        """The status and the JSON of an answer."""
        return self._ask("POST", target, msgspec.json.encode(body), headers)

    def _ask(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, Any]:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE_S)
        WATCH.give(msgspec.json.decode(body or b"null"))
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, target, body, {"Content-Type": "application/json"} | given)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        return answer.status, msgspec.json.decode(text) if text else None

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask the server to end, and give its exit status."""
        self.process.send_signal(how)
        return self.process.wait(PATIENCE_S)


Serve = Callable[..., AbstractContextManager[Served]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder in which the embedded database is there and empty, as after a first start."""
    folder = tmp_path / "home/.local/share/divan"
    folder.mkdir(parents=True, mode=0o700)
    migrated(folder / DATABASE_FILE)
    return tmp_path / "home"


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """Variables with no setting of Divan's, and the home folder."""
    kept = {name: value for name, value in os.environ.items() if "DIVAN" not in name}
    return {**kept, "HOME": str(home), "PYTHONWARNINGS": "error", "COLUMNS": "200"}


@pytest.fixture
def divan(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command to its end, in this process, which is quicker than in one of its own."""
    for name in os.environ:
        if "DIVAN" in name:
            monkeypatch.delenv(name)
    monkeypatch.setattr(logging.root, "handlers", [])  # a server sets up the log of its process
    monkeypatch.setattr(logging.root, "level", logging.root.level)
    monkeypatch.setattr(typer.testing, "_get_command", GRAMMAR)

    def run(*arguments: object, stdin: bytes = b"", **variables: str) -> Ended:
        words = list(map(str, arguments))
        done = typer.testing.CliRunner().invoke(
            app, words, input=stdin, env=environment | variables
        )
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Ended(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture
def frozen_again() -> Iterator[None]:
    """What was collected of the tests stays out of collections, though the test lets all back in.

    A full one looked through it for 0.7 s, in each test that comes afterwards.
    """
    yield
    gc.freeze()


@pytest.fixture
def divan_process(environment: dict[str, str]) -> Command:
    """Run a command to its end, in a process of its own."""

    def run(*arguments: object, stdin: bytes = b"", **variables: str) -> Ended:
        given = environment | variables
        done = ran(ENTRY, *arguments, environment=given, stdin=stdin, timeout_s=PATIENCE_S)
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


@contextmanager
def logged(log: Path, *given: object, environment: dict[str, str]) -> Iterator[Forked]:
    """The command in a process; what it says on standard error goes to a file, and is looked at."""
    try:
        with (
            log.open("w") as errors,
            forked(ENTRY, *given, environment=environment, stderr=errors) as process,
        ):
            yield process
    finally:
        tell_log(WATCH, log)


@pytest.fixture
def serve(environment: dict[str, str], tmp_path: Path) -> Serve:
    """Run a server on a free port; it has to have ended, or is killed."""

    @contextmanager
    def serving(*arguments: object, **variables: str) -> Iterator[Served]:
        log, given = tmp_path / "serve.log", ("serve", "--port", 0, *arguments)
        with logged(log, *given, environment=environment | variables) as process:
            yield Served(process, started(process, log), log)

    return serving


def started(process: Forked, log: Path) -> str:
    """Wait for the line with the address."""
    line = process.stdout.readline()
    found = STARTED.fullmatch(line)
    assert found, f"{line!r}\n{log.read_text()}"
    return found[1]


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether something comes true within the patience of a test."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False

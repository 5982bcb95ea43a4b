"""A process in which all of Divan is loaded, and which forks one for each program it is given.

:mod:`tests.servers.forked` begins it. Standard input is a socket. Each byte on it comes with four
descriptors: a socket for one program, and its standard input, output and error. The program comes
on that socket, as a line of JSON; its process id, and in the end its exit status, go back the same
way. When standard input ends, so does every process begun here.

A program has the arguments and the environment it was given, a ``__main__`` of its own, and the
signals of a process that was begun as usual.
"""

import atexit
import functools
import gc
import json
import os
import random
import signal
import socket
import sys
import threading
import traceback
from importlib import import_module
from itertools import product
from types import ModuleType
from typing import Any, Final

BEGIN: Final = b"."
STREAMS: Final = 3
HEAVY: Final = (
    "alembic.command",
    "anyio._backends._asyncio",
    "uvloop",
    "websockets.asyncio.server",
    "divan_cli.alone",
    "divan_cli.demo.host",
    "divan_cli.listening",
    "divan_core.stores.redis.store",
    "divan_core.stores.sql.migrate",
    "divan_core.stores.sql.store",
)
"""What a server imports when it begins, which takes seconds."""


def main() -> None:
    """Fork until nobody wants anything any more."""
    load()
    owner = socket.socket(fileno=os.dup(0))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers say what there is to be said
    while True:
        begin, descriptors, _, _ = socket.recv_fds(owner, len(BEGIN), 1 + STREAMS)
        if not begin:
            os.killpg(0, signal.SIGKILL)
        if os.fork() == 0:
            owner.close()
            wanted = keep(socket.socket(fileno=descriptors[0]), descriptors[1:])
            os._exit(ended(wanted))
        for one in descriptors:
            os.close(one)


def load() -> None:
    """Import and make what is heavy. Nothing may begin a thread, which no fork would have."""
    for name in HEAVY:
        import_module(name)
    from divan_cli.main import app  # noqa: PLC0415 - as all that is heavy
    from divan_http.routes import table  # noqa: PLC0415

    remember_what_never_changes()
    for words in (["--help"], ["config", "show"]):
        app(words, standalone_mode=False)
    for dev, signing_in in product((True, False), repeat=2):
        table(dev=dev, signing_in=signing_in)
    gc.collect()
    gc.freeze()  # what is never looked at is never copied


def remember_what_never_changes() -> None:
    """Make commands of functions once, and read the docstrings of all settings, in 0.1 s each."""
    import typer.main  # noqa: PLC0415 - as all that is heavy

    from tests.kept import keep_settings  # noqa: PLC0415

    typer.main.get_command = functools.cache(typer.main.get_command)
    keep_settings()


def keep(job: socket.socket, streams: list[int]) -> dict[str, Any]:
    """Fork once more, and wait for that process; only that one returns, with what it is to do."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with job.makefile("rb") as lines:
        wanted: dict[str, Any] = json.loads(lines.readline())
    child = os.fork()
    if child == 0:
        job.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        return wanted
    for one in streams:
        os.close(one)
    job.sendall(f"{child}\n".encode())
    _, status = os.waitpid(child, 0)
    job.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def ended(wanted: dict[str, Any]) -> int:
    """Run a program to its end, and tell its exit status.

    What Python does at the end of a process but for this is to take everything apart.
    """
    status: object = 0
    try:
        run(wanted)
    except SystemExit as end:
        status = end.code
        if status is not None and not isinstance(status, int):
            sys.stderr.write(f"{status}\n")
            status = 1
    except BaseException:  # noqa: BLE001 - Python shows it and ends with 1
        traceback.print_exc()
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - as Python does
    atexit._run_exitfuncs()  # noqa: SLF001
    sys.stdout.flush()
    sys.stderr.flush()
    return status if isinstance(status, int) else 0


def run(wanted: dict[str, Any]) -> None:
    """Run a program as ``python -c`` would in a process of its own."""
    random.seed()
    os.environ.clear()
    os.environ.update(wanted["environment"])
    os.chdir(wanted["folder"])
    sys.argv = ["-c", *wanted["arguments"]]
    module = sys.modules["__main__"] = ModuleType("__main__")
    exec(compile(wanted["program"], "<string>", "exec"), module.__dict__)  # noqa: S102 - its purpose


if __name__ == "__main__":
    main()

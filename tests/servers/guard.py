"""Runs a server for as long as the process that wants it lives, however that process ends.

Started as ``python guard.py FOLDER SIGNAL USER COMMAND...``; prints the server's process id.
Standard input is the leash: a line on it means "end the server", its end without one means that
the owner is gone, so that the server's folder goes too.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import TypedDict

import psutil

PATIENCE_S = 10


class Identity(TypedDict, total=False):
    """Whom a child process runs as, in the terms of ``subprocess``; empty for the same user."""

    user: int
    group: int
    extra_groups: list[int]


def identity(name: str) -> Identity:
    """Give the identity of an account, or of this process's user for an empty name."""
    if not name:
        return {}
    account = pwd.getpwnam(name)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def each(pid: int, act: Callable[[psutil.Process], None]) -> None:
    """Do something to a process, then to all that descend from it, whoever is still there."""
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        act(parent)
        for child in parent.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                act(child)


def end(server: "subprocess.Popen[bytes]", number: int) -> None:
    """Ask the server to end, paused or not, and insist after a while."""
    each(server.pid, psutil.Process.resume)
    server.send_signal(number)
    try:
        server.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        each(server.pid, psutil.Process.kill)


def follow(server: "subprocess.Popen[bytes]", ending: threading.Event) -> None:
    """End with the server, unless it is us who end it."""
    status = server.wait()
    if not ending.is_set():
        os._exit(status)


def main() -> None:
    """Run the server until it ends or the leash is let go."""
    folder, signal_name, user, *command = sys.argv[1:]
    server = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=sys.stderr, cwd=folder, **identity(user)
    )
    print(server.pid, flush=True)  # noqa: T201 - the owner reads it
    ending = threading.Event()
    threading.Thread(target=follow, args=(server, ending), daemon=True).start()
    asked = bool(sys.stdin.readline())
    ending.set()
    end(server, signal.Signals[signal_name])
    if not asked:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

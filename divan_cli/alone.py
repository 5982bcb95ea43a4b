"""One server to an embedded database, where nothing tells processes of each other."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import IO

from divan_core import schema
from divan_core.errors import ConfigurationError
from divan_core.settings import Settings


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Be the only server of an embedded database without Redis; any number may share others.

    Raises:
        ConfigurationError: another server is.
    """
    with _attempt(settings) as succeeded:
        if not succeeded:
            raise ConfigurationError(
                f"Another server serves {schema.embedded_file(settings)} already, and without "
                "Redis the two would not know of each other. Set DIVAN_REDIS_URL, or end it."
            )
        yield


def is_served(settings: Settings) -> bool:
    """Whether a server is alone with an embedded database, and hears of no other's changes."""
    with _attempt(settings) as succeeded:
        return not succeeded


@contextlib.contextmanager
def _attempt(settings: Settings) -> Iterator[bool]:
    """Try to lock the file beside the database; the system unlocks it when a process ends."""
    database = schema.embedded_file(settings)
    if database is None or settings.redis_url or not database.parent.is_dir():
        yield True
        return
    with database.with_name(f"{database.name}-served").open("ab") as file:
        yield _locked(file)


def _locked(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True

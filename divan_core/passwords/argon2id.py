"""Argon2id (RFC 9106) by argon2-cffi, which is imported when the first password comes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

import anyio
import attrs

from divan_core.errors import Unavailable

if TYPE_CHECKING:
    import argon2

ResultT = TypeVar("ResultT")

AT_ONCE: Final = 4
"""How many passwords a process hashes at the same time: each takes a thread and its memory."""


@attrs.frozen
class Cost:
    """What one hash costs: passes, memory in KiB, lanes.

    The defaults are RFC 9106's second recommended option, with 64 MiB.
    """

    passes: int = 3
    memory_kib: int = 65_536
    lanes: int = 4


class Argon2Hasher:
    """A :class:`~divan_core.auth.ports.PasswordHasher` that works in threads, few at once."""

    def __init__(self, cost: Cost | None = None, at_once: int = AT_ONCE) -> None:
        """Hash at this cost, ``at_once`` at the same time."""
        self._cost = cost or Cost()
        self._at_once = at_once
        self._limiter: anyio.CapacityLimiter | None = None

    async def hash(self, password: str) -> str:
        """A salted hash, which tells how it was made."""
        return await self._in_thread(lambda: self.hash_here(password))

    async def verify(self, known: str | None, password: str) -> bool:
        """Whether a hash is of this password. None is of no password, and takes as long."""
        return await self._in_thread(lambda: self._is_of(known, password))

    def hash_here(self, password: str) -> str:
        """As :meth:`hash`, in this thread."""
        return self._hasher.hash(password)

    async def _in_thread(self, work: Callable[[], ResultT]) -> ResultT:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self._at_once)
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)

    def _is_of(self, known: str | None, password: str) -> bool:
        from argon2.exceptions import Argon2Error, InvalidHashError  # noqa: PLC0415 - an extra

        try:
            self._hasher.verify(self._nobodys if known is None else known, password)
        except (Argon2Error, InvalidHashError, UnicodeError):
            return False
        return known is not None

    @functools.cached_property
    def _nobodys(self) -> str:
        """A hash that is compared where there is none."""
        return self.hash_here("")

    @functools.cached_property
    def _hasher(self) -> argon2.PasswordHasher:
        try:
            import argon2  # noqa: PLC0415 - an extra
        except ModuleNotFoundError as fault:
            raise Unavailable("Passwords need argon2-cffi: install divan[auth].") from fault
        cost = self._cost
        return argon2.PasswordHasher(cost.passes, cost.memory_kib, cost.lanes)

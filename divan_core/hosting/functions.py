"""Functions that take a key."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Protocol, TypeVar, overload

from divan_core.hosting.transaction import AsyncHost, SyncHost
from divan_core.hosting.write import KeyedWrite

SyncHostT_contra = TypeVar("SyncHostT_contra", bound=SyncHost, contravariant=True)
AsyncHostT_contra = TypeVar("AsyncHostT_contra", bound=AsyncHost, contravariant=True)
PayloadT_contra = TypeVar("PayloadT_contra", contravariant=True)


class KeyedFunction(Protocol[SyncHostT_contra, PayloadT_contra]):
    """A write that takes a key."""

    def __call__(
        self,
        session: SyncHostT_contra,
        subject: str,
        payload: PayloadT_contra,
        /,
        *,
        key: str | None,
    ) -> KeyedWrite:
        """Write once; the answer is in what is returned."""
        ...


class AsyncKeyedFunction(Protocol[AsyncHostT_contra, PayloadT_contra]):
    """A write that takes a key, and is awaited."""

    async def __call__(
        self,
        session: AsyncHostT_contra,
        subject: str,
        payload: PayloadT_contra,
        /,
        *,
        key: str | None,
    ) -> KeyedWrite:
        """Write once; the answer is in what is returned."""
        ...


class Keyed:
    """A decorator for functions of ``(session, subject, payload)`` that return their answer."""

    def __init__(self, once: Callable[..., Any], operation: str) -> None:
        """Do ``operation`` in blocks of ``once``, the method of ``HostIdempotency``."""
        self._once = once
        self._operation = operation

    @overload
    def __call__(
        self, function: Callable[[AsyncHostT_contra, str, PayloadT_contra], Awaitable[object]], /
    ) -> AsyncKeyedFunction[AsyncHostT_contra, PayloadT_contra]: ...
    @overload
    def __call__(
        self, function: Callable[[SyncHostT_contra, str, PayloadT_contra], object], /
    ) -> KeyedFunction[SyncHostT_contra, PayloadT_contra]: ...
    def __call__(self, function: Callable[..., Any], /) -> Callable[..., Any]:
        """Give the function a ``key=`` and let it return a :class:`KeyedWrite`."""
        wait = inspect.iscoroutinefunction(function)
        return self._waiting(function) if wait else self._blocking(function)

    def _waiting(
        self, function: Callable[..., Awaitable[object]]
    ) -> Callable[..., Awaitable[KeyedWrite]]:
        @wraps(function)
        async def once(
            session: AsyncHost, subject: str, payload: object, /, *, key: str | None
        ) -> KeyedWrite:
            write: KeyedWrite
            async with self._once(session, subject, self._operation, key, payload) as write:
                if not write.replayed:
                    write.complete(await function(session, subject, payload))
            return write

        return once

    def _blocking(self, function: Callable[..., object]) -> Callable[..., KeyedWrite]:
        @wraps(function)
        def once(
            session: SyncHost, subject: str, payload: object, /, *, key: str | None
        ) -> KeyedWrite:
            write: KeyedWrite
            with self._once(session, subject, self._operation, key, payload) as write:
                if not write.replayed:
                    write.complete(function(session, subject, payload))
            return write

        return once

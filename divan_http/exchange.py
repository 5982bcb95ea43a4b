"""One request and its reply, as everything around the services sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

import attrs

from divan_core.kernel.ids import UserId

Scope: TypeAlias = dict[str, Any]
Event: TypeAlias = dict[str, Any]
Headers: TypeAlias = list[tuple[bytes, bytes]]
Receive: TypeAlias = Callable[[], Awaitable[Event]]
Send: TypeAlias = Callable[[Event], Awaitable[None]]
Asgi: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

KEY: Final = "divan.exchange"
"""Where the ASGI scope holds the exchange."""


@attrs.define
class Exchange:
    """What is known of a request so far; filled in on the way to the reply.

    ``headers`` has lower-case names; of repeated ones the last stands there and ``repeated`` is
    true. ``route`` is the path's template, ``code`` the refusal's. ``private`` replies are kept by
    no cache.
    """

    request_id: str
    headers: dict[bytes, bytes]
    repeated: bool
    began: float
    route: str = ""
    user_id: UserId | None = None
    status: int = 0
    code: str = ""
    private: bool = True


def exchange_of(scope: Scope) -> Exchange:
    """The exchange of a request."""
    found: Exchange = scope[KEY]
    return found

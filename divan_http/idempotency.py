"""How keys travel: ``Idempotency-Key`` in a request, and what a reply tells of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from falcon.asgi import Request, Response

from divan_core.kernel.once import Done
from divan_http.exchange import Exchange

KEY: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"
STATUS: Final = "Idempotency-Status"
ORIGINAL_STATUS: Final = "Idempotency-Original-Status"
UNPROTECTED: Final = "unprotected"

_KEY: Final = KEY.lower().encode()


def keys_given(req: Request, exchange: Exchange) -> Sequence[str]:
    """The keys in the request's headers: one, if it is well made, or none."""
    if _KEY not in exchange.headers:
        return ()
    headers = req.scope["headers"]
    return [value.decode("latin-1") for name, value in headers if name == _KEY]


def whole(path: Mapping[str, str], query: Mapping[str, object], body: object) -> Any:  # noqa: ANN401 - JSON as Python has it
    """All that a request asks, as one payload.

    It is the body alone where there is nothing else, so that a program which gives the same
    command with the same key asks the same. A body is never a list, so the two cannot be confused.
    """
    return [path, query, body] if path or query else body


def answer(resp: Response, done: Done[Any], status: int, *, keyed: bool) -> None:
    """Reply with what was done: 200 and the first answer's bytes where it was done before.

    Without a key nothing is said of it, unless the sender's own name for a message was its key.
    """
    resp.data = done.body
    resp.status = 200 if done.replayed else status
    if not (keyed or done.replayed):
        return
    resp.set_header(REPLAYED, "true" if done.replayed else "false")
    if done.replayed:
        resp.set_header(ORIGINAL_STATUS, str(status))
    if not done.protected:
        resp.set_header(STATUS, UNPROTECTED)

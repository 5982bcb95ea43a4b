"""How keys travel: ``Idempotency-Key`` in a request, and what a reply tells of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from divan_core.kernel.once import Done
from divan_http.exchange import Exchange
from divan_http.reply import Reply

KEY: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"
STATUS: Final = "Idempotency-Status"
ORIGINAL_STATUS: Final = "Idempotency-Original-Status"
UNPROTECTED: Final = "unprotected"

_KEY: Final = KEY.lower().encode()


def keys_given(exchange: Exchange) -> Sequence[str]:
    """The keys in the request's headers: one, if it is well made, or none."""
    if _KEY not in exchange.headers:
        return ()
    return [value.decode("latin-1") for name, value in exchange.fields if name == _KEY]


def whole(path: Mapping[str, str], query: Mapping[str, object], body: object) -> Any:  # noqa: ANN401 - JSON as Python has it
    """All that a request asks, as one payload.

    It is the body alone where there is nothing else, so that a program which gives the same
    command with the same key asks the same. A body is never a list, so the two cannot be confused.
    """
    return [path, query, body] if path or query else body


def reply_once(done: Done[Any], status: int, *, keyed: bool) -> Reply:
    """What was done: 200 and the first answer's bytes where it was done before.

    Without a key nothing is said of it, unless the sender's own name for a message was its key.
    """
    if not (keyed or done.replayed):
        return Reply(status, done.body)
    told = {REPLAYED: "true" if done.replayed else "false"}
    if done.replayed:
        told[ORIGINAL_STATUS] = str(status)
    if not done.protected:
        told[STATUS] = UNPROTECTED
    more = [(name.lower().encode(), value.encode()) for name, value in told.items()]
    return Reply(200 if done.replayed else status, done.body, more=more)

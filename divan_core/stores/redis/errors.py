"""What a server can answer with instead of a result, and what Divan makes of it.

Raw driver errors never leave ``stores/redis``. A caller sees one of three things: the store is
away (:class:`~divan_core.errors.StoreUnavailable`, nothing was done), the outcome is unknown
(:class:`RedisOutcomeUnknown`), or there is a bug of ours (:class:`RedisReplyError`).
"""

from __future__ import annotations

import re

from divan_core.errors import ConfigurationError, DivanError, StoreUnavailable

UNAVAILABLE_CODES = frozenset(
    {
        "BUSY",
        "CLUSTERDOWN",
        "LOADING",
        "MASTERDOWN",
        "MISCONF",
        "NOAUTH",
        "NOPERM",
        "NOREPLICAS",
        "OOM",
        "READONLY",
        "TRYAGAIN",
        "WRONGPASS",
    },
)
"""Answers of a server that refuses to work for now: nothing was executed."""

_REFUSED_CODES = frozenset({"NOAUTH", "NOPERM", "NOPROTO", "WRONGPASS"})
_WRAPPED_CODE = re.compile(r"[ -](OOM|READONLY|MISCONF|NOREPLICAS|MASTERDOWN) ")


class RedisReplyError(RuntimeError):
    """The server answered with an error: a wrong type, a fault in a script, a wrong command.

    ``code`` is the first word of the answer (``WRONGTYPE``, ``NOSCRIPT``, ``ERR``).
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.code = _code_of(text)


class RedisOutcomeUnknown(StoreUnavailable):
    """The call was sent and no answer came: it may or may not have been executed.

    ``timed_out`` tells a server that stayed silent from a connection that broke.
    """

    code = "outcome_unknown"
    title = "It is not known whether this was done"

    def __init__(self, detail: str = "", *, timed_out: bool = False) -> None:
        super().__init__(detail)
        self.timed_out = timed_out


def as_divan_error(error: RedisReplyError) -> Exception:
    """The error to raise for a call answered with ``error``."""
    if error.code in UNAVAILABLE_CODES or "max number of clients" in str(error):
        return StoreUnavailable(f"Redis refuses calls for now ({error.code})")
    return error


def as_greeting_error(error: RedisReplyError) -> Exception:
    """The error to raise when ``error`` answers the greeting of a new connection."""
    translated = as_divan_error(error)
    if error.code in _REFUSED_CODES or translated is error:
        return ConfigurationError(f"The Redis server refuses Divan's connection: {error}")
    return translated


def with_cause(fault: DivanError) -> str:
    """The fault in words for the log, with what lies beneath it, which no client is shown."""
    cause = fault.__cause__
    return f"{fault} ({type(cause).__name__}: {cause})" if cause else str(fault)


def _code_of(text: str) -> str:
    """The first word, or the one that Redis 6.2 wraps into a script's error."""
    code = text.partition(" ")[0]
    if code == "ERR" and "unning script" in text:
        wrapped = _WRAPPED_CODE.search(text)
        return wrapped.group(1) if wrapped else code
    return code

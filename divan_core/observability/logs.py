"""Logs as JSON lines.

Every line has ``ts``, ``level``, ``msg``, ``service`` and ``env``; the attribute ``facts`` of a
record (``extra={"facts": {...}}``) stands beside them. Of an exception a line tells its class and
where it came from, never its message: drivers put rows and addresses into theirs.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import msgspec

from divan_core.kernel.clock import Millis, rfc3339

SERVICE: Final = "divan"

_encode: Final = msgspec.json.Encoder(enc_hook=str).encode


class JsonLines(logging.Handler):
    """Writes records to a binary stream, each as one line of JSON, and each at once."""

    def __init__(self, stream: BinaryIO, env: str) -> None:
        """Write to ``stream``, naming the deployment's ``env`` on every line."""
        super().__init__()
        self._stream = stream
        self._env = env
        self._second = -1
        self._second_text = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; what cannot be written is reported as logging does."""
        try:
            self._stream.write(_encode(self._line(record)) + b"\n")
            self._stream.flush()
        except (OSError, ValueError, msgspec.MsgspecError):
            self.handleError(record)

    def _line(self, record: logging.LogRecord) -> dict[str, Any]:
        line: dict[str, Any] = {
            "ts": self._time(record.created),
            "level": record.levelname.lower(),
            "msg": record.getMessage(),
            "service": SERVICE,
            "env": self._env,
            "logger": record.name,
        }
        line |= getattr(record, "facts", {})
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = list(told(record.exc_info[1]))
        return line

    def _time(self, created: float) -> str:
        """RFC 3339 with milliseconds; what a second has in common is made once."""
        second, millis = divmod(int(created * 1000), 1000)
        if second != self._second:
            self._second, self._second_text = second, rfc3339(Millis(second * 1000))[:-4]
        return f"{self._second_text}{millis:03d}Z"


def told(error: BaseException) -> Iterator[str]:
    """The error and what caused it, each once, with its class and the places it passed."""
    at: BaseException | None = error
    seen = set[int]()  # nothing keeps errors from being each other's cause
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        places = reversed(traceback.extract_tb(at.__traceback__))
        path = " < ".join(f"{one.filename}:{one.lineno} {one.name}" for one in places)
        yield f"{type(at).__module__}.{type(at).__qualname__} at {path}"
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)


def log_to(stream: BinaryIO, level: str, env: str) -> None:
    """Write all that this process logs to ``stream``, and nowhere else.

    ``level`` is one of Python's names of levels.
    """
    logging.basicConfig(level=level, handlers=[JsonLines(stream, env)], force=True)

import io
import logging
from typing import Any
from uuid import UUID

import msgspec
import pytest

from divan_core.observability.logs import JsonLines, log_to


class Lines(io.BytesIO):
    """A stream that gives what was written to it as JSON."""

    def parsed(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def lines() -> Lines:
    return Lines()


def test_everything_the_process_logs_becomes_a_line(lines: Lines) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        log_to(lines, "WARNING", "prod")
        logging.getLogger("uvicorn.error").warning("%s is odd", UUID(int=1))
        logging.getLogger("uvicorn.error").info("nobody reads this")
        fault = ValueError("secret")
        fault.__cause__ = OSError("cause")
        logging.getLogger("x").error("failed", exc_info=fault)
    finally:
        root.handlers[:], root.level = before
    odd, failed = lines.parsed()
    assert (odd["level"], odd["env"], odd["msg"]) == ("warning", "prod", f"{UUID(int=1)} is odd")
    assert [told.partition(" ")[0] for told in failed["exception"]] == [
        "builtins.ValueError",
        "builtins.OSError",
    ]
    assert "secret" not in str(failed)


def test_errors_that_caused_each_other_are_told_once(lines: Lines) -> None:
    one, other = ValueError(), OSError()
    one.__cause__, other.__cause__ = other, one
    itself = LookupError()
    itself.__cause__ = itself
    for error, told in ((one, 2), (itself, 1)):
        exc_info = (type(error), error, None)
        JsonLines(lines, "test").emit(logging.makeLogRecord({"msg": "x", "exc_info": exc_info}))
        assert len(lines.parsed()[-1]["exception"]) == told


@pytest.mark.parametrize(
    ("created", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1.9999, "1970-01-01T00:00:01.999Z"),
        (2.0, "1970-01-01T00:00:02.000Z"),
        (1_790_000_000.25, "2026-09-21T14:13:20.250Z"),
    ],
)
def test_times_have_milliseconds(lines: Lines, created: float, text: str) -> None:
    record = logging.makeLogRecord({"created": created, "msg": "x"})
    JsonLines(lines, "test").emit(record)
    assert lines.parsed()[0]["ts"] == text


def test_a_line_that_cannot_be_written_harms_nobody(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    handler = JsonLines(lines, "test")
    lines.close()
    handler.handle(logging.makeLogRecord({"msg": "x"}))

"""Where operators see something: log lines, labels of metrics, events, streams."""

from __future__ import annotations

import functools
import io
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import redis

from divan_core.kernel.events import Event
from divan_core.observability.logs import JsonLines
from divan_core.observability.metrics import Metrics
from tests.canaries.inputs import telling
from tests.canaries.watch import Watch, encoded

LOGS: Final = ("divan", "divan_core")
"""The product's own loggers."""

PEOPLE: Final = b"people"
"""The field of journals that holds ids one after the other, 16 bytes each."""


class Lines(JsonLines):
    """What would stand in the log, given to a watch."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(io.BytesIO(), "test")
        self._watch = watch

    def emit(self, record: logging.LogRecord) -> None:
        self._watch.tell("a log line", encoded(self._line(record)))


def watched(watch: Watch) -> None:
    """Tell ``watch`` of everything that operators see, requests that succeed included."""
    for name in LOGS:
        logging.getLogger(name).setLevel(logging.INFO)
    lines = Lines(watch)
    logger: Any = logging.Logger  # no handler: programs that set up a log remove them
    logger.handle = telling(logger.handle, lambda _logger, record: lines.emit(record))
    event: Any = Event  # through every store's outbox, and again when it is read from there
    event.__init__ = telling(event.__init__, lambda made, *_args, **_named: tell(watch, made))
    metrics: Any = Metrics
    metrics.__init__ = telling(
        metrics.__init__, lambda made: watch.ask(functools.partial(tell_labels, watch, made))
    )


def tell(watch: Watch, event: Event) -> None:
    """Keep an event as streams and rows have it."""
    watch.tell("an event", encoded(event))


def tell_labels(watch: Watch, metrics: Metrics) -> None:
    """Keep everything in metrics that is no number."""
    found = metrics.snapshot()
    for part in (found.counts, found.levels, found.spreads):
        for what, values in part.items():
            watch.tell("a metric", f"{what.name} {list(values)}")


def tell_log(watch: Watch, log: Path) -> None:
    """Keep what a process of its own has logged."""
    watch.tell("the log of a process", log.read_text())


def tell_streams(watch: Watch, url: str) -> None:
    """Keep what lies in the streams of a server."""
    with redis.Redis.from_url(url) as client:
        for name in client.scan_iter(count=10_000, _type="stream"):
            for at, fields in client.xrange(name):
                watch.tell("a stream", repr((at, {**fields, **ids_in(fields)})))


def ids_in(fields: Mapping[bytes, bytes]) -> dict[bytes, list[str]]:
    """Whom journals name, by ids in digits: sixteen bytes by chance may spell an address."""
    return {
        name: [str(UUID(bytes=packed[at : at + 16])) for at in range(0, len(packed), 16)]
        for name, packed in fields.items()
        if name == PEOPLE and not len(packed) % 16  # else it is "*", anybody
    }

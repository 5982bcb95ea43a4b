"""What workers tell operators, in the log."""

from __future__ import annotations

import logging
from typing import Final

from divan_core.errors import Unavailable
from divan_core.kernel.delivery import Group
from divan_core.kernel.events import Event
from divan_core.kernel.telemetry import Counter, Telemetry
from divan_core.observability.logs import told

FAILURES: Final = Counter(
    "divan_worker_failures_total", "Turns of workers that ended in a bug", ("worker",)
)
OUTAGES: Final = Counter(
    "divan_worker_outages_total", "Times that workers began to wait for a store", ("worker",)
)
RETRIES: Final = Counter(
    "divan_event_retries_total",
    "Events whose handling failed and is tried again",
    ("topic", "group"),
)
DEAD: Final = Counter(
    "divan_dead_letters_total", "Events that a group could not handle", ("topic", "group")
)

_LOG: Final = logging.getLogger("divan.workers")


class LoggedWorkers:
    """A :class:`~divan_core.workers.turns.WorkerLog`; nothing it writes comes out of an event."""

    def __init__(self, telemetry: Telemetry) -> None:
        """Count in ``telemetry`` as well."""
        self._telemetry = telemetry

    def retrying(self, group: Group) -> None:
        """See the port; the log would have a line of it for every try."""
        self._telemetry.count(RETRIES, group.topic, group.name)

    def failed(self, worker: str, fault: Exception) -> None:
        """See the port. Of the error its class and the places it passed, never its message."""
        self._telemetry.count(FAILURES, worker)
        facts = {"worker": worker, "exception": list(told(fault))}
        _LOG.error("the worker %s failed and begins anew", worker, extra={"facts": facts})

    def waiting(self, worker: str, fault: Unavailable) -> None:
        """See the port."""
        self._telemetry.count(OUTAGES, worker)
        facts = {"worker": worker, "code": fault.code}
        _LOG.warning("the worker %s waits for a store", worker, extra={"facts": facts})

    def resumed(self, worker: str) -> None:
        """See the port."""
        _LOG.info("the worker %s goes on", worker, extra={"facts": {"worker": worker}})

    def gave_up(self, group: Group, event: Event, reason: str) -> None:
        """See the port."""
        self._telemetry.count(DEAD, group.topic, group.name)
        facts = {"topic": group.topic, "group": group.name, "event": str(event.id)}
        _LOG.error(
            "an event is a dead letter",
            extra={"facts": {**facts, "event_name": event.name, "reason": reason}},
        )

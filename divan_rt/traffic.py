"""What goes over the sockets of this process, in numbers."""

from __future__ import annotations

from collections import Counter as Tally
from typing import Final, Literal, TypeAlias

from divan_core.kernel.telemetry import Counter, Gauge, Readings

CONNECTED: Final = Gauge("divan_sockets_connected", "Connections that have shown whose they are")
OPENED: Final = Counter("divan_sockets_opened_total", "Connections that have shown whose they are")
CLOSED: Final = Counter("divan_sockets_closed_total", "Connections that have ended", ("reason",))
EVENTS: Final = Counter(
    "divan_socket_events_total", "Events of clients", ("namespace", "event", "outcome")
)
EMITTED: Final = Counter("divan_socket_emitted_total", "Packets on their way to sockets")
DROPPED: Final = Counter("divan_socket_dropped_total", "Updates kept from sockets that are slow")
RESYNCS: Final = Counter("divan_socket_resyncs_total", "Sockets that were slow and have caught up")

UNKNOWN: Final = "unknown"
"""The name of events that are in no table."""

Ending: TypeAlias = Literal["client", "server", "slow"]
Outcome: TypeAlias = Literal["ok", "refused", "failed"]


class Traffic:
    """Counts by adding to numbers, as it is done for every packet to every socket."""

    __slots__ = ("closed", "dropped", "emitted", "events", "opened", "resyncs")

    def __init__(self) -> None:
        """Begin at zero."""
        self.opened = 0
        self.emitted = 0
        self.dropped = 0
        self.resyncs = 0
        self.closed: Tally[Ending] = Tally()
        self.events: Tally[tuple[str, str, Outcome]] = Tally()

    def tell(self, readings: Readings) -> None:
        """Say what it came to."""
        readings.set(CONNECTED, self.opened - self.closed.total())
        readings.total(OPENED, self.opened)
        readings.total(EMITTED, self.emitted)
        readings.total(DROPPED, self.dropped)
        readings.total(RESYNCS, self.resyncs)
        for reason, number in self.closed.items():
            readings.total(CLOSED, number, reason)
        for labels, number in self.events.items():
            readings.total(EVENTS, number, *labels)

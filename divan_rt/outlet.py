"""The way out to one socket, which never holds more than a few packets."""

from __future__ import annotations

from typing import Final

from divan_core.kernel.clock import Millis
from divan_rt.library import EnginePacket, EngineSocket
from divan_rt.traffic import Traffic

MAX_QUEUED: Final = 16
"""Packets waiting for a socket above which it gets no more updates."""

FEW_QUEUED: Final = 2
"""Packets waiting for a socket that has caught up; there may always be an answer on its way."""

HOPELESS_MS: Final = 30_000
"""How long a socket may be behind."""


class Outlet:
    """Sends to one socket; a slow one misses updates and is told the whole once it has caught up.

    python-engineio keeps one unbounded queue for each socket, and a task of its own that empties
    it as fast as the client reads. This looks at the queue's length before it adds to it.
    """

    def __init__(self, socket: EngineSocket, traffic: Traffic) -> None:
        """Send to ``socket``, and count it in ``traffic``."""
        self._socket = socket
        self._traffic = traffic
        self.behind_since: Millis | None = None

    def send(self, packet: EnginePacket) -> None:
        """Send an answer, of which there are no more than the client asks for."""
        if not self._socket.closed:
            self._socket.queue.put_nowait(packet)
            self._traffic.emitted += 1

    @property
    def has_room(self) -> bool:
        """Whether something more can be sent without keeping too much for a socket."""
        return self._socket.closed or self._socket.queue.qsize() < MAX_QUEUED

    def update(self, packet: EnginePacket, now: Millis) -> None:
        """Send an update, unless the socket is behind."""
        if self.behind_since is None and self._socket.queue.qsize() < MAX_QUEUED:
            self.send(packet)
            return
        self._traffic.dropped += 1
        if self.behind_since is None:
            self.behind_since = now

    def caught_up(self) -> bool:
        """Whether a socket that was behind has read nearly all; it is no longer behind then."""
        if self.behind_since is None or self._socket.queue.qsize() > FEW_QUEUED:
            return False
        self.behind_since = None
        self._traffic.resyncs += 1
        return True

    def hopeless(self, now: Millis) -> bool:
        """Whether the socket has been behind for too long, be it with answers alone."""
        if self.behind_since is None:
            self.behind_since = now if self._socket.queue.qsize() >= MAX_QUEUED else None
            return False
        return now - self.behind_since >= HOPELESS_MS

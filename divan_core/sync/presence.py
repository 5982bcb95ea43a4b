"""Presence for programs without an event loop."""

from __future__ import annotations

from msgspec import Raw

from divan_core.kernel.actor import Actor
from divan_core.kernel.paging import Page
from divan_core.presence.messages import (
    GoOffline,
    Heartbeat,
    HeartbeatAccepted,
    LookupAnswer,
    LookupQuery,
    NearbyPerson,
    NearbyQuery,
    OwnStatus,
)
from divan_core.presence.service import Presence
from divan_core.sync.waiting import Waiting


class SyncPresence:
    """:class:`~divan_core.presence.service.Presence`, waiting for each answer."""

    def __init__(self, service: Presence, waiting: Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def heartbeat(self, actor: Actor, command: Heartbeat) -> HeartbeatAccepted:
        """See ``Presence.heartbeat``."""
        return self._run(self._service.heartbeat, actor, command)

    def offline(self, actor: Actor, command: GoOffline) -> None:
        """See ``Presence.offline``."""
        self._run(self._service.offline, actor, command)

    def status(self, actor: Actor) -> OwnStatus:
        """See ``Presence.status``."""
        return self._run(self._service.status, actor)

    def lookup(self, actor: Actor, query: LookupQuery) -> LookupAnswer:
        """See ``Presence.lookup``."""
        return self._run(self._service.lookup, actor, query)

    def nearby(self, actor: Actor, query: NearbyQuery) -> Page[NearbyPerson]:
        """See ``Presence.nearby``."""
        return self._run(self._service.nearby, actor, query)

    def printed(self, actor: Actor, query: NearbyQuery) -> Page[Raw]:
        """See ``Presence.printed``."""
        return self._run(self._service.printed, actor, query)

"""Discovery for programs without an event loop."""

from __future__ import annotations

from msgspec import Raw

from divan_core.discovery.messages import DiscoverQuery, FoundPerson, FoundRoom, SearchQuery
from divan_core.discovery.service import Discovery
from divan_core.kernel.actor import Actor
from divan_core.kernel.paging import Page
from divan_core.sync.waiting import Waiting


class SyncDiscovery:
    """:class:`~divan_core.discovery.service.Discovery`, waiting for each answer."""

    def __init__(self, service: Discovery, waiting: Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def search_users(self, actor: Actor, query: SearchQuery) -> Page[FoundPerson]:
        """See ``Discovery.search_users``."""
        return self._run(self._service.search_users, actor, query)

    def printed(self, actor: Actor, query: SearchQuery) -> Page[Raw]:
        """See ``Discovery.printed``."""
        return self._run(self._service.printed, actor, query)

    def search_rooms(self, actor: Actor, query: SearchQuery) -> Page[FoundRoom]:
        """See ``Discovery.search_rooms``."""
        return self._run(self._service.search_rooms, actor, query)

    def people(self, actor: Actor, query: DiscoverQuery) -> Page[FoundPerson]:
        """See ``Discovery.people``."""
        return self._run(self._service.people, actor, query)

    def rooms(self, actor: Actor, query: DiscoverQuery) -> Page[FoundRoom]:
        """See ``Discovery.rooms``."""
        return self._run(self._service.rooms, actor, query)

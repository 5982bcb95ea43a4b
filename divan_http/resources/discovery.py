"""Being found by name, and being suggested."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from msgspec import Raw

from divan_core.discovery.messages import DiscoverQuery, FoundPerson, FoundRoom, SearchQuery
from divan_core.divan import Divan
from divan_core.errors import EnumerationBudget, InvalidCursor, RateLimited
from divan_core.kernel.actor import Actor
from divan_core.kernel.paging import Page
from divan_http.operation import Operation, PersonOperation


def search_users(divan: Divan, actor: Actor, query: SearchQuery) -> Awaitable[Page[Raw]]:
    """Find people of your campus by name or handle, the best first; slips are forgiven."""
    return divan.discovery.printed(actor, query)


def search_rooms(divan: Divan, actor: Actor, query: SearchQuery) -> Awaitable[Page[FoundRoom]]:
    """Find open rooms of your campus by name, the best first."""
    return divan.discovery.search_rooms(actor, query)


def people(divan: Divan, actor: Actor, query: DiscoverQuery) -> Awaitable[Page[FoundPerson]]:
    """List the people you might know, the best first; friends are left out."""
    return divan.discovery.people(actor, query)


def rooms(divan: Divan, actor: Actor, query: DiscoverQuery) -> Awaitable[Page[FoundRoom]]:
    """List the liveliest open rooms of your campus."""
    return divan.discovery.rooms(actor, query)


OPERATIONS: Final[tuple[Operation, ...]] = (
    PersonOperation(
        method="GET",
        path="/search/users",
        name="search.users",
        command=SearchQuery,
        view=Page[FoundPerson],
        perform=search_users,
        errors=(EnumerationBudget, InvalidCursor, RateLimited),
    ),
    PersonOperation(
        method="GET",
        path="/search/rooms",
        name="search.rooms",
        command=SearchQuery,
        view=Page[FoundRoom],
        perform=search_rooms,
        errors=(InvalidCursor, RateLimited),
    ),
    PersonOperation(
        method="GET",
        path="/discover/people",
        name="discover.people",
        command=DiscoverQuery,
        view=Page[FoundPerson],
        perform=people,
        errors=(EnumerationBudget, InvalidCursor, RateLimited),
    ),
    PersonOperation(
        method="GET",
        path="/discover/rooms",
        name="discover.rooms",
        command=DiscoverQuery,
        view=Page[FoundRoom],
        perform=rooms,
        errors=(InvalidCursor, RateLimited),
    ),
)

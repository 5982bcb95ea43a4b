"""Discovery's use cases: people and rooms by name, and suggestions."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from msgspec import Raw

from divan_core.discovery import policy
from divan_core.discovery.circles import Circles
from divan_core.discovery.messages import DiscoverQuery, FoundPerson, FoundRoom, SearchQuery
from divan_core.discovery.model import MOST_IN_TIER, RoomCard, Tier, Wanted, wanted
from divan_core.discovery.people import Found, PeopleSearch, Place
from divan_core.discovery.policy import check_search
from divan_core.discovery.ports import PeopleIndex, RoomDirectory
from divan_core.discovery.shares import Edge
from divan_core.discovery.suggestions import DiscoveryLimits, Suggestions
from divan_core.discovery.views import shown, shown_room
from divan_core.kernel.actor import Actor
from divan_core.kernel.audience import Audience
from divan_core.kernel.ids import UserId
from divan_core.kernel.limits import RateLimits
from divan_core.kernel.paging import CursorSealer, Page
from divan_core.kernel.turnstile import Entrance
from divan_core.kernel.values import value

_PLACE: Final = struct.Struct("<Bd16s")
_EDGE: Final = struct.Struct("<d16s")


@value
class DiscoveryTools:
    """What the service is built from, besides its sources."""

    audience: Audience
    entrance: Entrance
    limits: RateLimits
    circles: Circles
    suggestions: Suggestions
    sealer: CursorSealer


class Discovery:
    """Finds people and rooms of the actor's campus by what somebody remembers of their names."""

    def __init__(
        self,
        index: PeopleIndex,
        rooms: RoomDirectory,
        tools: DiscoveryTools,
        limits: DiscoveryLimits,
    ) -> None:
        """Ask ``index`` for people and ``rooms`` for rooms."""
        self._index = index
        self._people = PeopleSearch(index, tools.audience, tools.circles)
        self._rooms = rooms
        self._tools = tools
        self._limits = limits

    async def search_users(self, actor: Actor, query: SearchQuery) -> Page[FoundPerson]:
        """Who is called like this, as far as the actor may find them.

        First those whose handle or a word of whose name begins so, then those who have it inside,
        then those who are called similarly; among them by ``policy.person_score``, then by id. A
        later kind is looked for only when the earlier ones are fewer than 50 people, and of each
        only the first 200 are listed. A query of fewer than 2 letters finds nobody.

        Raises:
            ValidationFailed: the query or the limit is out of range.
            InvalidCursor: the cursor is not of this list, viewer and query.
            RateLimited: too many questions.
            EnumerationBudget: the page would tell of too many distinct people within a day.
            StoreUnavailable: the index, the limits or the journal cannot be reached.
        """
        found = await self._found(actor, query)
        if found is None:
            return Page(())
        people = await self._people.shown(found)
        await self._spend(actor, [card.user_id for card, _, _ in people])
        items = [shown(card, mutual, is_friend=is_friend) for card, is_friend, mutual in people]
        return Page(tuple(items), self._users_after(actor, query, found))

    async def printed(self, actor: Actor, query: SearchQuery) -> Page[Raw]:
        """:meth:`search_users`, each as JSON, for whoever only passes them on.

        Raises:
            ValidationFailed, InvalidCursor, RateLimited: as :meth:`search_users`.
            EnumerationBudget, StoreUnavailable: as :meth:`search_users`.
        """
        found = await self._found(actor, query)
        if found is None:
            return Page(())
        people, items = await self._people.printed(found)
        await self._spend(actor, people)
        return Page(tuple(items), self._users_after(actor, query, found))

    async def search_rooms(self, actor: Actor, query: SearchQuery) -> Page[FoundRoom]:
        """Which link rooms of the actor's campus are called like this, at most 200.

        By ``policy.room_search_score``, the highest first, then by id.

        Raises:
            ValidationFailed: the query or the limit is out of range.
            InvalidCursor: the cursor is not of this list, viewer and query.
            RateLimited: too many questions.
            StoreUnavailable: the rooms, the limits or the journal cannot be reached.
        """
        check_search(query)
        data = self._opened(actor, "rooms", query)
        await self._tools.entrance.admit(actor, self._limits.search)
        looked_for = wanted(query.q)
        if looked_for is None:
            return Page(())
        relations = await self._tools.audience.relations(actor.user_id)
        rooms = await self._rooms.named(actor.campus_id, relations, looked_for, MOST_IN_TIER)
        found = _rooms_from(looked_for, rooms, None if data is None else _edge(data))
        page = found[: query.limit]
        end = _packed_edge(page[-1][:2]) if len(found) > query.limit else None
        return Page(
            items=tuple([shown_room(room) for _, _, room in page]),
            cursor=self._sealed(actor, "rooms", query, end),
        )

    async def people(self, actor: Actor, query: DiscoverQuery) -> Page[FoundPerson]:
        """Whom the actor might know; see :meth:`Suggestions.people`."""
        return await self._tools.suggestions.people(actor, query)

    async def rooms(self, actor: Actor, query: DiscoverQuery) -> Page[FoundRoom]:
        """Which rooms are worth a look; see :meth:`Suggestions.rooms`."""
        return await self._tools.suggestions.rooms(actor, query)

    async def keep(self) -> int:
        """Look after what the index of people holds in this process; see ``PeopleIndex.keep``.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        return await self._index.keep()

    async def _found(self, actor: Actor, query: SearchQuery) -> Found | None:
        """The people of a page; None where the query is too short to find anybody."""
        check_search(query)
        data = self._opened(actor, "users", query)
        await self._tools.entrance.admit(actor, self._limits.search)
        looked_for = wanted(query.q)
        if looked_for is None:
            return None
        span = (None if data is None else _place(data)), query.limit
        return await self._people.find(actor, query.q, looked_for, span)

    def _users_after(self, actor: Actor, query: SearchQuery, found: Found) -> str | None:
        """The cursor of those who come after a page."""
        return self._sealed(actor, "users", query, found.end and _packed_place(found.end))

    async def _spend(self, actor: Actor, people: Sequence[UserId]) -> None:
        """Count the people of an answer against the actor's budget, all or none of them."""
        if people:
            budget = self._limits.enumeration
            await self._tools.limits.spend(actor.campus_id, actor.user_id, budget, people)

    def _opened(self, actor: Actor, listing: str, query: SearchQuery) -> bytes | None:
        if query.cursor is None:
            return None
        return self._tools.sealer.open(query.cursor, _binding(actor, listing, query))

    def _sealed(
        self, actor: Actor, listing: str, query: SearchQuery, end: bytes | None
    ) -> str | None:
        if end is None:
            return None
        return self._tools.sealer.seal(end, _binding(actor, listing, query))


def _binding(actor: Actor, listing: str, query: SearchQuery) -> bytes:
    words = f"search {listing} {query.q}".encode("utf-8", "surrogatepass")
    return actor.user_id.bytes + actor.campus_id.bytes + words


def _packed_place(place: Place) -> bytes:
    tier, score, number = place
    return _PLACE.pack(tier, score, number.to_bytes(16, "big"))


def _place(data: bytes) -> Place:
    tier, score, number = _PLACE.unpack(data)
    return Tier(tier), score, int.from_bytes(number, "big")


def _packed_edge(edge: Edge) -> bytes:
    return _EDGE.pack(edge[0], edge[1].to_bytes(16, "big"))


def _edge(data: bytes) -> Edge:
    score, number = _EDGE.unpack(data)
    return score, int.from_bytes(number, "big")


def _rooms_from(
    looked_for: Wanted, rooms: Sequence[RoomCard], after: Edge | None
) -> list[tuple[float, int, RoomCard]]:
    """The rooms after an edge, with minus their score and their number, in order."""
    scores = (policy.room_found_score(looked_for, room) for room in rooms)
    found = [(-score, room.room_id.int, room) for score, room in zip(scores, rooms, strict=True)]
    if after is not None:
        found = [one for one in found if one[:2] > after]
    return sorted(found, key=lambda one: one[:2])

"""Suggestions: people whom somebody might know, and rooms that are worth a look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from divan_core.discovery.acquaintances import Acquaintances
from divan_core.discovery.circles import Circle
from divan_core.discovery.lineup import Lineup, lineup, visible
from divan_core.discovery.messages import DiscoverQuery, FoundPerson, FoundRoom
from divan_core.discovery.ports import Inquiry, PresenceSignals, RoomDirectory, Signals
from divan_core.discovery.views import shown, shown_room
from divan_core.discovery.walk import (
    ANY_MOMENT,
    Place,
    Ranked,
    Walk,
    close,
    place,
    place_of_room,
    rooms_after,
)
from divan_core.kernel.actor import Actor
from divan_core.kernel.audience import Audience
from divan_core.kernel.clock import Clock
from divan_core.kernel.ids import UserId
from divan_core.kernel.limits import Limit, RateLimits
from divan_core.kernel.paging import CursorSealer, Page
from divan_core.kernel.turnstile import Entrance
from divan_core.kernel.values import value

HEARD_AT_ONCE: Final = 200
"""How many of those heard last one round trip brings."""

MOST_ROOMS: Final = 200
"""How many rooms are suggested, page by page."""


@value
class SuggestionTools:
    """What the service is built from, besides its sources."""

    audience: Audience
    acquaintances: Acquaintances
    entrance: Entrance
    limits: RateLimits
    clock: Clock
    sealer: CursorSealer


@value
class DiscoveryLimits:
    """How often one person may ask, and of how many different people they may be told."""

    search: Limit
    enumeration: Limit


class Suggestions:
    """People and rooms that somebody might like to know of."""

    def __init__(
        self,
        signals: PresenceSignals,
        rooms: RoomDirectory,
        tools: SuggestionTools,
        limits: DiscoveryLimits,
    ) -> None:
        """``signals`` tell of presence, ``rooms`` of rooms."""
        self._signals = signals
        self._rooms = rooms
        self._tools = tools
        self._limits = limits

    async def people(self, actor: Actor, query: DiscoverQuery) -> Page[FoundPerson]:
        """Whom the actor might know: by mutual friends, by nearness, by who was heard last.

        The best first, by ``policy.suggestion_scores``, then by id. A walk through the pages ranks
        by the moment of its first page, so nobody comes twice because time goes by. Whoever is
        heard from meanwhile counts as heard at that moment, and may so move to before the place
        that the walk has reached.

        Raises:
            InvalidCursor: the cursor is not of this list and viewer.
            RateLimited: too many questions.
            EnumerationBudget: too many distinct people within a day.
            StoreUnavailable: presence, limits or the journal cannot be reached.
        """
        after = self._opened(actor, "people", query.cursor)
        await self._tools.entrance.admit(actor, self._limits.search)
        now = self._tools.clock.now()
        walk = Walk(actor, now, now if after is None else after.moment, after, query.limit + 1)
        found = await self._found(walk)
        page, more = found[: query.limit], len(found) > query.limit
        await self._spend(actor, page)
        last = walk.place_of(page[-1]) if more else None
        return Page(
            items=tuple([shown(card, count, is_friend=False) for _, _, card, count in page]),
            cursor=self._sealed(actor, "people", last),
        )

    async def rooms(self, actor: Actor, query: DiscoverQuery) -> Page[FoundRoom]:
        """The liveliest link rooms of the actor's campus, by ``policy.room_score``; at most 200.

        Raises:
            InvalidCursor: the cursor is not of this list and viewer.
            RateLimited: too many questions.
            StoreUnavailable: limits or rooms cannot be reached.
        """
        after = self._opened(actor, "rooms", query.cursor)
        await self._tools.entrance.admit(actor, self._limits.search)
        relations = await self._tools.audience.relations(actor.user_id)
        rooms = await self._rooms.linked(actor.campus_id, relations, MOST_ROOMS)
        found = rooms_after(rooms, after)
        page, more = found[: query.limit], len(found) > query.limit
        last = place_of_room(page[-1]) if more else None
        return Page(
            items=tuple([shown_room(room) for _, _, room in page]),
            cursor=self._sealed(actor, "rooms", last),
        )

    async def _found(self, walk: Walk) -> list[Ranked]:
        """The people of a page and one more: those with mutual friends, then others if need be."""
        acquainted = await self._tools.acquaintances.of(walk.actor)
        known, found = acquainted.known, list[Ranked]()
        signals = None
        if walk.meets_known:
            most = 0 if len(known.people) >= walk.wanted else HEARD_AT_ONCE
            told = await self._told(walk, known.people, ANY_MOMENT, most)
            found = walk.first(known, told.heard, close(known, told) if told.near else ())
            signals = told if most else None
        if len(found) < walk.wanted:
            found += await self._others(walk, acquainted.circle, signals)
        return found[: walk.wanted]

    async def _others(self, walk: Walk, circle: Circle, signals: Signals | None) -> list[Ranked]:
        """Those without mutual friends: who is near, and behind them who was heard last."""
        signals = signals or await self._told(walk, (), walk.until, HEARD_AT_ONCE)
        moments = {one.user_id: one.heard for one in signals.near}
        people = await self._strangers(walk, circle, moments)
        near = close(people, signals)
        heard = [moments[one] for one in people.people]
        # Those who are not near enough after all stand behind the others, and come again below.
        found = [one for one in walk.first(people, heard, near) if one[1] in near]
        while len(found) < walk.wanted:
            moments = {one: at for one, at in signals.lately if one.int not in near}
            people = await self._strangers(walk, circle, moments)
            found += walk.first(people, [moments[one] for one in people.people])
            if not signals.complete_to:
                break
            signals = await self._told(walk, (), signals.complete_to - 1, HEARD_AT_ONCE)
        return found

    async def _strangers(self, walk: Walk, circle: Circle, people: Iterable[UserId]) -> Lineup:
        strangers = [one for one in people if one.int not in circle.mutual]
        cards = await self._tools.audience.cards(strangers)
        return lineup(visible(walk.actor, circle.relations, cards), {})

    async def _told(self, walk: Walk, people: Sequence[UserId], until: int, most: int) -> Signals:
        inquiry = Inquiry(walk.actor.campus_id, walk.actor.user_id, people, until, most)
        return await self._signals.signals(inquiry, walk.now)

    async def _spend(self, actor: Actor, page: Sequence[Ranked]) -> None:
        people = [card.user_id for _, _, card, _ in page]
        if people:
            budget = self._limits.enumeration
            await self._tools.limits.spend(actor.campus_id, actor.user_id, budget, people)

    def _opened(self, actor: Actor, listing: str, cursor: str | None) -> Place | None:
        if cursor is None:
            return None
        return place(self._tools.sealer.open(cursor, _binding(actor, listing)))

    def _sealed(self, actor: Actor, listing: str, last: Place | None) -> str | None:
        if last is None:
            return None
        return self._tools.sealer.seal(last.packed(), _binding(actor, listing))


def _binding(actor: Actor, listing: str) -> bytes:
    return f"discover {listing} {actor.user_id} {actor.campus_id}".encode()

"""Suggestions: people whom somebody might know, and rooms that are worth a look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from divan_core.discovery.circles import Circles
from divan_core.discovery.messages import DiscoverQuery, FoundPerson, FoundRoom
from divan_core.discovery.ports import Inquiry, PresenceSignals, RoomDirectory, Signals
from divan_core.discovery.views import shown, shown_room
from divan_core.discovery.walk import (
    ANY_MOMENT,
    Place,
    Ranked,
    Walk,
    place,
    place_of_room,
    rooms_after,
)
from divan_core.kernel.actor import Actor
from divan_core.kernel.audience import Audience
from divan_core.kernel.clock import Clock, Millis
from divan_core.kernel.ids import UserId
from divan_core.kernel.limits import Limit, RateLimits
from divan_core.kernel.paging import CursorSealer, Page
from divan_core.kernel.turnstile import Entrance
from divan_core.kernel.values import value
from divan_core.kernel.visibility import PersonCard

MOST_KNOWN: Final = 1_000
"""Of more friends of friends, those with the most mutual friends are suggested."""

HEARD_AT_ONCE: Final = 200
"""How many of those heard last one round trip brings."""

MOST_ROOMS: Final = 200
"""How many rooms are suggested, page by page."""


@value
class SuggestionTools:
    """What the service is built from, besides its sources."""

    audience: Audience
    circles: Circles
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

        The best first, by ``policy.suggestion_score``, then by id. A walk through the pages ranks
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
        walk = await self._begun(actor, after, query.limit + 1)
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

    async def _begun(self, actor: Actor, after: Place | None, wanted: int) -> Walk:
        now = self._tools.clock.now()
        circle = await self._tools.circles.of(actor)
        return Walk(actor, circle, now, now if after is None else after.moment, after, wanted)

    async def _found(self, walk: Walk) -> list[Ranked]:
        """The people of a page and one more: those with mutual friends, then others if need be."""
        found: list[Ranked] = []
        signals = None
        if walk.meets_known:
            known = await self._known(walk)
            most = 0 if len(known) >= walk.wanted else HEARD_AT_ONCE
            told = await self._told(walk, known, ANY_MOMENT, most)
            found = walk.first(known, told)
            signals = told if most else None
        if len(found) < walk.wanted:
            found += await self._others(walk, signals)
        return found[: walk.wanted]

    async def _known(self, walk: Walk) -> list[PersonCard]:
        """Those with mutual friends whom the viewer may see; of very many, those with the most."""
        people, count = walk.circle.known, walk.circle.mutual
        known: list[PersonCard] = []
        if len(people) > MOST_KNOWN:
            people = sorted(people, key=lambda one: (-count[one.int], one.int))
        for start in range(0, len(people), MOST_KNOWN):
            portion = people[start : start + MOST_KNOWN]
            known += walk.visible(await self._tools.audience.cards(portion))
            if len(known) >= MOST_KNOWN:
                break
        return known[:MOST_KNOWN]

    async def _others(self, walk: Walk, signals: Signals | None) -> list[Ranked]:
        """Those without mutual friends: who is near, and behind them who was heard last."""
        signals = signals or await self._told(walk, (), walk.until, HEARD_AT_ONCE)
        near = walk.close(await self._strangers(walk, signals.near), signals)
        found = walk.first(near, signals)
        met = {one.user_id for one in near}
        while len(found) < walk.wanted:
            lately = [one for one in signals.lately if one not in met]
            heard = Signals(signals.heard, near={})
            found += walk.first(await self._strangers(walk, lately), heard)
            if not signals.complete_to:
                break
            until = Millis(signals.complete_to - 1)
            signals = await self._told(walk, (), until, HEARD_AT_ONCE)
        return found

    async def _strangers(self, walk: Walk, people: Iterable[UserId]) -> list[PersonCard]:
        strangers = [one for one in people if one.int not in walk.circle.mutual]
        return walk.visible(await self._tools.audience.cards(strangers))

    async def _told(
        self, walk: Walk, people: Sequence[PersonCard], until: Millis, most: int
    ) -> Signals:
        asked = [one.user_id for one in people]
        inquiry = Inquiry(walk.actor.campus_id, walk.actor.user_id, asked, until, most)
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

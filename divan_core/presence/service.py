"""Presence's use cases."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Collection
from typing import Final, TypeVar
from uuid import UUID

import attrs
from msgspec import Raw

from divan_core.errors import CampusMismatch, PresenceRequired, UnknownUser
from divan_core.kernel.actor import Actor
from divan_core.kernel.audience import Audience
from divan_core.kernel.clock import Clock, Millis
from divan_core.kernel.geo import CampusArea
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.limits import Limit, RateLimits
from divan_core.kernel.paging import CursorSealer, Page
from divan_core.kernel.telemetry import Counter, Readings
from divan_core.kernel.turnstile import Entrance
from divan_core.kernel.values import value
from divan_core.kernel.visibility import PersonCard, Surface, can_see
from divan_core.presence import listing, policy
from divan_core.presence.crowds import EVERYTHING, PRINTED, Crowds, Question, groups_of
from divan_core.presence.drift import Drift
from divan_core.presence.listing import Near, Position
from divan_core.presence.messages import (
    GoOffline,
    Heartbeat,
    HeartbeatAccepted,
    LookupAnswer,
    LookupQuery,
    NearbyPerson,
    NearbyQuery,
    OwnStatus,
    Surroundings,
)
from divan_core.presence.model import (
    EVERYBODY,
    Amendment,
    Cell,
    Fix,
    Neighbourhood,
    Offset,
    PersonKey,
    PresenceRecord,
    Reach,
)
from divan_core.presence.ports import CampusAreas, PresenceIndex

ItemT = TypeVar("ItemT")

CHUNK: Final = 2_000
"""How many people one round trip of a long search is to bring; it bounds what it costs a store."""

HEARTBEATS: Final = Counter("divan_heartbeats_total", "Heartbeats that were accepted")
ANSWERS: Final = Counter("divan_nearby_total", "Questions about who is near that were answered")

_POSITION: Final = struct.Struct("<Hii16s")


@value
class PresenceLimits:
    """How often one person may do what."""

    heartbeat: Limit
    nearby: Limit
    lookup: Limit
    enumeration: Limit


@value
class PresenceTools:
    """What the service is built from, besides its store."""

    audience: Audience
    areas: CampusAreas
    entrance: Entrance
    limits: RateLimits
    clock: Clock
    drift: Drift
    sealer: CursorSealer


@value
class Search:
    """What to look for: more than ``wanted`` listed people, beginning after a position."""

    reach: Reach
    wanted: int
    friends_only: bool = False
    groups: int = EVERYTHING
    limit: Limit | None = None
    after: Position | None = None


@value
class Found:
    """What a search found from where the viewer is."""

    here: Fix
    near: list[Near]


class Presence:
    """Heartbeats in, nearness out."""

    def __init__(
        self, index: PresenceIndex, tools: PresenceTools, limits: PresenceLimits, floor_m: int
    ) -> None:
        """``floor_m`` is the smallest public cell of this deployment, in metres."""
        self._index = index
        self._tools = tools
        self._limits = limits
        self._floor_m = floor_m
        self._crowds = Crowds(tools.audience)
        self._campuses: dict[int, CampusId] = {}  # a number is hashed faster than an id
        self._heartbeats = self._answers = 0

    def tell(self, readings: Readings) -> None:
        """Say what was done, for operators."""
        readings.total(HEARTBEATS, self._heartbeats)
        readings.total(ANSWERS, self._answers)

    async def heartbeat(self, actor: Actor, command: Heartbeat) -> HeartbeatAccepted:
        """Show the actor online at this position for 90 seconds.

        Raises:
            ValidationFailed, AccuracyTooLow, ClockSkew, OutsideCampus, ImplausibleMovement:
                the fix is not believed; see their texts.
            CampusMismatch: another campus than the actor's is named.
            RateLimited: too many heartbeats.
            StoreUnavailable: nothing was changed.
        """
        tools = self._tools
        now = tools.clock.now()
        policy.check_heartbeat(command, now)
        _check_campus(actor, command.campus_id)
        area = tools.areas.kept(actor.campus_id) or await self._area(actor.campus_id)
        fix = policy.located(command, area, now)
        card = tools.audience.kept(actor.user_id) or await self._card(actor.user_id)
        size_m = listing.cell_size_m(card, self._floor_m)
        device = policy.fingerprint(command.device_id)

        def rule(record: PresenceRecord | None) -> Amendment:
            offset = policy.current_offset(record, now, lambda: self._draw(actor.user_id, now))
            return policy.after_heartbeat(record, fix, device, size_m, offset)

        self._campuses[actor.campus_id.int] = actor.campus_id
        await self._index.amend(_key(actor), rule, now, self._limits.heartbeat)
        self._heartbeats += 1
        return HeartbeatAccepted(ts=now)

    async def offline(self, actor: Actor, command: GoOffline) -> None:
        """End the leases of one device or of all, at once.

        Raises:
            StoreUnavailable: nothing was changed.
        """
        device = None if command.device_id is None else policy.fingerprint(command.device_id)
        now = self._tools.clock.now()
        await self._index.amend(
            _key(actor), lambda record: policy.after_offline(record, device), now
        )

    async def forget(self, actor: Actor) -> None:
        """Keep nothing of where somebody is or was; they are offline at once.

        When they were last heard, a moment without a place, goes within a day.

        Raises:
            StoreUnavailable: nothing was changed.
        """
        now = self._tools.clock.now()
        await self._index.amend(_key(actor), policy.after_erasure, now)

    async def status(self, actor: Actor) -> OwnStatus:
        """Whether the actor is online."""
        now = self._tools.clock.now()
        heard = await self._index.heard(actor.campus_id, (actor.user_id,), now)
        mine = heard.get(actor.user_id)
        return OwnStatus(online=mine is not None and mine.online, ts=mine.at if mine else None)

    async def lookup(self, actor: Actor, query: LookupQuery) -> LookupAnswer:
        """Whether these people are online, as far as the actor may know.

        Raises:
            RateLimited: too many look-ups.
            EnumerationBudget: too many distinct people within a day.
        """
        people = tuple(dict.fromkeys(query.user_ids))
        tools = self._tools
        await tools.entrance.admit(actor, self._limits.lookup)
        budget = self._limits.enumeration
        await tools.limits.spend(actor.campus_id, actor.user_id, budget, people)
        seen = await self._visible(actor, people)
        heard = await self._index.heard(actor.campus_id, seen, self._tools.clock.now())
        return LookupAnswer(tuple(listing.sighting(one, heard.get(one)) for one in people))

    async def online(self, campus_id: CampusId, people: Collection[UserId]) -> frozenset[UserId]:
        """Those of these who are online, for other contexts, which decide who may know it."""
        if not people:
            return frozenset()
        heard = await self._index.heard(campus_id, people, self._tools.clock.now())
        return frozenset(one for one, last in heard.items() if last.online)

    async def nearby(self, actor: Actor, query: NearbyQuery) -> Page[NearbyPerson]:
        """Who is near the actor, nearest first.

        Raises:
            PresenceRequired: the actor has no live presence.
            CampusMismatch: another campus than the actor's is named.
            InvalidCursor: the cursor is not of this list, viewer and parameters.
            RateLimited: too many questions.
        """
        return await self._page(actor, query, listing.shown)

    async def printed(self, actor: Actor, query: NearbyQuery) -> Page[Raw]:
        """:meth:`nearby`, each as JSON, for whoever only passes them on.

        Raises:
            PresenceRequired, CampusMismatch, InvalidCursor, RateLimited: as :meth:`nearby`.
        """
        return await self._page(actor, query, listing.printed, PRINTED)

    async def surroundings(self, actor: Actor, radius_m: int) -> Surroundings:
        """Everyone near the actor at this moment; uncounted, for live subscriptions.

        Raises:
            PresenceRequired: the actor has no live presence.
        """
        found = await self._search(actor, Search(Reach(radius_m, enough=CHUNK), EVERYBODY))
        return Surroundings(listing.shown(found.near), found.here.east, found.here.north)

    async def refresh(self, campus_id: CampusId, user_id: UserId) -> None:
        """Move a person into cells of the size their privacy asks for now."""
        now = self._tools.clock.now()
        size_m = listing.cell_size_m(await self._card(user_id), self._floor_m)

        def rule(record: PresenceRecord | None) -> Amendment:
            offset = policy.current_offset(record, now, lambda: self._draw(user_id, now))
            return policy.after_privacy(record, size_m, offset)

        await self._index.amend(PersonKey(campus_id, user_id), rule, now)

    async def sweep(self, campus_id: CampusId) -> None:
        """Drop ended presence of a campus and tell everyone's live lists."""
        await self._index.sweep(campus_id, self._tools.clock.now())

    async def sweep_all(self) -> None:
        """The same for every campus this process has had a heartbeat of."""
        for campus_id in tuple(self._campuses.values()):
            await self.sweep(campus_id)

    async def _page(
        self,
        actor: Actor,
        query: NearbyQuery,
        told: Callable[[list[Near]], tuple[ItemT, ...]],
        form: int = 0,
    ) -> Page[ItemT]:
        """A page of what is ``told`` of those found, who are listed in this form."""
        _check_campus(actor, query.campus_id)
        if self._tools.areas.kept(actor.campus_id) is None:
            await self._area(actor.campus_id)
        found = await self._search(actor, self._search_for(actor, query, form))
        self._answers += 1
        items = told(found.near)
        if len(items) <= query.limit:
            return Page(items)
        position = listing.position_before(found.near, len(items) - query.limit)
        return Page(items[: query.limit], self._sealed(actor, query, position))

    async def _search(self, actor: Actor, search: Search) -> Found:
        """Look outward until there are more listed people than wanted, or no more at all."""
        reach, limit = search.reach, search.limit
        near: list[Near] = []
        while True:
            hood = await self._around(actor, reach, limit)
            if hood.here is None:
                raise PresenceRequired
            relations = await self._tools.audience.relations(actor.user_id)
            question = Question(actor.user_id, relations, search.friends_only, search.groups)
            cells = listing.within(hood, (reach.beyond_m, reach.radius_m))
            for portion in listing.portions(cells, search.wanted + 2):  # they are in it themselves
                places = listing.places(portion)
                crowds = self._crowds.kept(places) or await self._crowds.made(places)
                apart = self._crowds.apart(question, crowds)
                listed = listing.listed(portion, crowds, question, apart)
                near += listing.after(listed, search.after, hood.here) if search.after else listed
                if len(portion) < len(cells) and listing.more_than(search.wanted, near):
                    break
            if math.isinf(hood.complete_m) or listing.more_than(search.wanted, near):
                return Found(hood.here, near)
            reach = attrs.evolve(reach, beyond_m=hood.complete_m)
            limit = None

    async def _around(self, actor: Actor, reach: Reach, limit: Limit | None) -> Neighbourhood:
        tools = self._tools
        hood = await self._index.around(
            _key(actor),
            reach,
            tools.clock.now(),
            since=tools.audience.position(actor.campus_id),
            limit=limit,
        )
        tools.audience.apply(actor.campus_id, hood.news)
        return hood

    async def _visible(self, actor: Actor, people: tuple[UserId, ...]) -> list[UserId]:
        audience = self._tools.audience
        relations = await audience.relations(actor.user_id)
        cards = await audience.cards(people)
        return [
            card.user_id
            for card in cards
            if card is not None
            and card.campus_id == actor.campus_id
            and can_see(actor.user_id, relations, card, Surface.LOOKUP)
        ]

    async def _area(self, campus_id: CampusId) -> CampusArea:
        area = await self._tools.areas.area(campus_id)
        if area is None:
            raise CampusMismatch
        return area

    async def _card(self, user_id: UserId) -> PersonCard:
        card = await self._tools.audience.card(user_id)
        if card is None:
            raise UnknownUser
        return card

    def _draw(self, user_id: UserId, now: Millis) -> Offset:
        return self._tools.drift.offset(user_id, now)

    def _search_for(self, actor: Actor, query: NearbyQuery, form: int) -> Search:
        after = None
        if query.cursor is not None:
            after = _position(self._tools.sealer.open(query.cursor, _binding(actor, query)))
        return Search(
            Reach(query.radius_m, from_cell=after.cell if after else None, enough=_enough(query)),
            query.limit,
            friends_only=query.filter == "friends",
            groups=groups_of(query.include) + form,
            limit=self._limits.nearby,
            after=after,
        )

    def _sealed(self, actor: Actor, query: NearbyQuery, position: Position) -> str:
        cell = position.cell
        packed = _POSITION.pack(cell.size_m, cell.column, cell.row, position.user_id.bytes)
        return self._tools.sealer.seal(packed, _binding(actor, query))


def _check_campus(actor: Actor, named: CampusId | None) -> None:
    if named is not None and named != actor.campus_id:
        raise CampusMismatch


def _key(actor: Actor) -> PersonKey:
    return PersonKey(actor.campus_id, actor.user_id)


def _enough(query: NearbyQuery) -> int:
    """How many people to gather for a page: some will be hidden, few are friends."""
    return CHUNK if query.filter == "friends" else query.limit * 3 // 2 + 10


def _binding(actor: Actor, query: NearbyQuery) -> bytes:
    include = ",".join(sorted(set(query.include)))
    words = f"nearby {actor.user_id} {actor.campus_id} {query.radius_m} {query.filter} {include}"
    return words.encode()


def _position(data: bytes) -> Position:
    size_m, column, row, user_id = _POSITION.unpack(data)
    return Position(Cell(size_m, column, row), UserId(UUID(bytes=user_id)))

"""Lists of invites and of people: keyset pages of what the viewer may see."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar
from uuid import UUID

import attrs
from msgspec import UNSET

from divan_core.errors import NotFound
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import UserId
from divan_core.kernel.paging import Page
from divan_core.kernel.units import Units
from divan_core.kernel.visibility import PersonCard, Surface, can_see
from divan_core.social import policy
from divan_core.social.messages import (
    Direction,
    FriendsQuery,
    InvitesQuery,
    ListedInvite,
    ListedPerson,
    MutualQuery,
    PersonView,
)
from divan_core.social.model import Friendship, Invite, InviteId, Way
from divan_core.social.ports import SocialUnit
from divan_core.social.tools import SocialTools, View, seen, view_of

RowT = TypeVar("RowT")
ItemT = TypeVar("ItemT")

AT_LEAST: Final = 50
"""How many rows are asked for at a time: some are of people who are hidden."""


@attrs.frozen
class Walk(Generic[RowT, ItemT]):
    """A list in the order of its keys: ``fetch`` has rows after a key, ``show`` has their items.

    A row that is not to be shown has the item None.
    """

    fetch: Callable[[UUID | None, int], Awaitable[Sequence[RowT]]]
    key: Callable[[RowT], UUID]
    show: Callable[[Sequence[RowT]], Awaitable[Sequence[ItemT | None]]]

    async def page(self, after: UUID | None, limit: int) -> tuple[list[ItemT], UUID | None]:
        """Up to ``limit`` items, and the key of the last one where more follow."""
        found: list[tuple[UUID, ItemT]] = []
        most = max(limit + 1, AT_LEAST)
        while True:
            rows = await self.fetch(after, most)
            items = await self.show(rows)
            pairs = zip(map(self.key, rows), items, strict=True)
            found += [(key, item) for key, item in pairs if item is not None]
            if len(found) > limit or len(rows) < most:
                break
            after = self.key(rows[-1])
        last = found[limit - 1][0] if len(found) > limit else None
        return [item for _, item in found[:limit]], last


class Lists:
    """Who is whose friend, and who has asked whom. The promises are those of ``Social``."""

    def __init__(self, units: Units[SocialUnit], tools: SocialTools) -> None:
        """Read through ``units``."""
        self._units = units
        self._tools = tools

    async def invites(self, actor: Actor, way: Way, query: InvitesQuery) -> Page[ListedInvite]:
        """Open invites, newest first, with the other person of each."""
        view = await view_of(self._tools.audience, actor)

        async def show(rows: Sequence[Invite]) -> Sequence[ListedInvite | None]:
            cards = await self._others(view, rows)
            pairs = zip(rows, cards, strict=True)
            return [None if card is None else listed_invite(one, card) for one, card in pairs]

        walk = Walk(self._open(actor, way), _id_of, show)
        return await self._page(walk, f"invites {way.value} {actor.user_id}", query)

    async def friends(self, actor: Actor, query: FriendsQuery) -> Page[ListedPerson]:
        """Friends, the blocked, or those with whom an invite is open."""
        view = await view_of(self._tools.audience, actor)
        name = f"friends {query.filter} {actor.user_id}"
        if query.filter == "pending":
            return await self._page(self._pending(view), name, query)
        walk = self._accepted(view) if query.filter == "accepted" else self._blocked(view)
        return await self._page(walk, name, query)

    async def mutual(self, actor: Actor, query: MutualQuery) -> Page[ListedPerson]:
        """The friends in common with somebody whom the actor may see."""
        Friendship.between(actor.user_id, query.user_id)
        audience = self._tools.audience
        if await seen(audience, actor, query.user_id, Surface.LOOKUP) is None:
            raise NotFound
        view = await view_of(audience, actor)
        theirs = await audience.relations(query.user_id)
        common = sorted(view.relations.friends & theirs.friends)

        async def fetch(after: UUID | None, limit: int) -> Sequence[UserId]:
            start = 0 if after is None else bisect_right(common, after)
            return common[start : start + limit]

        walk = Walk(fetch, _same, self._shown(view))
        return await self._page(walk, f"mutual {query.user_id} {actor.user_id}", query)

    def _accepted(self, view: View) -> Walk[UserId, ListedPerson]:
        async def fetch(after: UUID | None, limit: int) -> Sequence[UserId]:
            last = None if after is None else UserId(after)
            me = view.viewer.user_id
            return await self._units.read(lambda unit: unit.relations.friends(me, last, limit))

        async def show(people: Sequence[UserId]) -> Sequence[ListedPerson | None]:
            found = await self._shown(view)(people)
            online = await self._online(view, people)
            return [
                None if one is None else attrs.evolve(one, online=one.user_id in online)
                for one in found
            ]

        return Walk(fetch, _same, show)

    def _blocked(self, view: View) -> Walk[UserId, ListedPerson]:
        async def fetch(after: UUID | None, limit: int) -> Sequence[UserId]:
            last = None if after is None else UserId(after)
            me = view.viewer.user_id
            return await self._units.read(lambda unit: unit.relations.blocked_by(me, last, limit))

        async def show(people: Sequence[UserId]) -> Sequence[ListedPerson | None]:
            cards = await self._tools.audience.cards(people)
            shown = (view.shown(card, Surface.BLOCKED) for card in cards)
            return [listed_person(card, is_friend=False) for card in shown]

        return Walk(fetch, _same, show)

    def _pending(self, view: View) -> Walk[Invite, ListedPerson]:
        me = view.viewer.user_id

        async def show(rows: Sequence[Invite]) -> Sequence[ListedPerson | None]:
            cards = await self._others(view, rows)
            pairs = zip(rows, cards, strict=True)
            return [None if card is None else _asked(one, card, me) for one, card in pairs]

        return Walk(self._open(view.viewer, Way.EITHER), _id_of, show)

    def _open(
        self, actor: Actor, way: Way
    ) -> Callable[[UUID | None, int], Awaitable[Sequence[Invite]]]:
        now = self._tools.clock.now()

        async def fetch(after: UUID | None, limit: int) -> Sequence[Invite]:
            before = None if after is None else InviteId(after)
            return await self._units.read(
                lambda unit: unit.invites.open(actor.user_id, way, now, before, limit)
            )

        return fetch

    async def _others(self, view: View, rows: Sequence[Invite]) -> list[PersonCard | None]:
        """The other person of each invite, None where they do not exist for the viewer."""
        me = view.viewer.user_id
        others = [one.sender if one.recipient == me else one.recipient for one in rows]
        cards = await self._tools.audience.cards(others)
        surfaces = (Surface.INBOX if one.recipient == me else Surface.OUTBOX for one in rows)
        return [view.shown(card, where) for card, where in zip(cards, surfaces, strict=True)]

    def _shown(
        self, view: View
    ) -> Callable[[Sequence[UserId]], Awaitable[Sequence[ListedPerson | None]]]:
        """Friends of the viewer, None for those who do not exist for them."""

        async def show(people: Sequence[UserId]) -> Sequence[ListedPerson | None]:
            cards = await self._tools.audience.cards(people)
            shown = (view.shown(card, Surface.FRIENDS) for card in cards)
            return [listed_person(card, is_friend=True) for card in shown]

        return show

    async def _online(self, view: View, people: Sequence[UserId]) -> frozenset[UserId]:
        """Those who are online and do not hide it from the viewer."""
        cards = await self._tools.audience.cards(people)
        me, relations = view.viewer.user_id, view.relations
        visible = [
            card.user_id
            for card in cards
            if card is not None and can_see(me, relations, card, Surface.LOOKUP)
        ]
        return await self._tools.presence.online(view.viewer.campus_id, visible)

    async def _page(
        self,
        walk: Walk[RowT, ItemT],
        name: str,
        query: InvitesQuery | FriendsQuery | MutualQuery,
    ) -> Page[ItemT]:
        sealer, binding = self._tools.sealer, name.encode()
        after = None if query.cursor is None else UUID(bytes=sealer.open(query.cursor, binding))
        items, last = await walk.page(after, query.limit)
        return Page(tuple(items), None if last is None else sealer.seal(last.bytes, binding))


def listed_invite(invite: Invite, other: PersonCard) -> ListedInvite:
    """An invite, as one of its people is shown it with the other."""
    shown = policy.invite_view(invite)
    person = PersonView(other.user_id, other.handle, other.display_name, other.avatar_url)
    return ListedInvite(**attrs.asdict(shown, recurse=False), person=person)


def listed_person(card: PersonCard | None, *, is_friend: bool) -> ListedPerson | None:
    """Somebody in a list, with as much of their profile as there is; nobody stays nobody."""
    if card is None:
        return None
    return ListedPerson(
        card.user_id,
        card.handle,
        card.display_name,
        card.avatar_url,
        is_friend=is_friend,
        major=card.major or UNSET,
        graduation_year=card.graduation_year or UNSET,
        passions=card.passions or UNSET,
    )


def _asked(invite: Invite, other: PersonCard, viewer_id: UserId) -> ListedPerson | None:
    direction: Direction = "received" if invite.recipient == viewer_id else "sent"
    person = listed_person(other, is_friend=False)
    return person and attrs.evolve(person, direction=direction, invite_id=invite.id)


def _id_of(invite: Invite) -> UUID:
    return invite.id


def _same(user_id: UserId) -> UUID:
    return user_id

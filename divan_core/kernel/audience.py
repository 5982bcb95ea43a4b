"""Cards and relations of people, cached per process and never stale when it matters.

Every change of a person or of a relation is written into a journal of its campus. Whoever answers
from the cache first reads what the journal holds since last time (on Redis in the same round trip
as the answer itself) and forgets what changed, so that a change shows in the very next answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, Protocol, TypeAlias, TypeVar, cast
from uuid import UUID

import anyio

from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.news import RecentNews
from divan_core.kernel.values import value
from divan_core.kernel.visibility import PersonCard, Relations

ItemT = TypeVar("ItemT")

Forget: TypeAlias = Callable[[CampusId, Collection[UserId] | None], object]
"""Told that people of a campus have changed, or that everybody of it may have."""

CAPACITY: Final = 200_000
"""How many cards, relations and lists of friends one process keeps of each."""


@value
class JournalSlice:
    """What a journal holds after a position.

    ``changed`` is None when the position is no longer known there: then anything may have changed.
    """

    position: bytes
    changed: frozenset[UserId] | None = frozenset()


Moment = tuple[bytes, int]
"""How much of a campus's journal a process knew, and how often it had lost its place before."""

START: Final = b""
"""The position of whoever has not read a journal yet."""


class ChangeJournal(Protocol):
    """The changes of people and relations of each campus, in order, seen by every process."""

    async def announce(self, campus_id: CampusId, people: Collection[UserId]) -> None:
        """Say, before the change is committed, that it may be.

        Should nothing follow (the process died), the journal records the change by itself within
        ten seconds.

        Raises:
            StoreUnavailable: nothing was announced, so nothing must be committed.
        """
        ...

    async def record(self, campus_id: CampusId, people: Collection[UserId]) -> None:
        """Say that the announced change is committed, or given up.

        Raises:
            StoreUnavailable: it was not recorded; the announcement stands.
        """
        ...

    async def read(self, campus_id: CampusId, after: bytes) -> JournalSlice:
        """What came after a position.

        Raises:
            StoreUnavailable: the journal cannot be reached.
        """
        ...


class PeopleSource(Protocol):
    """Where cards and relations come from when they are not cached."""

    async def cards(self, people: Collection[UserId]) -> dict[UserId, PersonCard]:
        """The cards of those who exist, in one or two statements; unknown ids are left out."""
        ...

    async def relations(self, user_id: UserId) -> Relations:
        """The person's friends and blocks in one statement; empty for an unknown id."""
        ...

    async def relations_of(self, people: Collection[UserId]) -> dict[UserId, Relations]:
        """The same of many, in one statement for every five thousand; unknown ids are empty."""
        ...

    async def friends_of(self, people: Collection[UserId]) -> dict[UserId, Sequence[int]]:
        """The friends of many as the numbers of their ids, in any order; unknown ids have none.

        In one statement for every five thousand. Whoever counts the friends of somebody's friends
        looks at hundreds of ids, which are made, hashed and compared by Python code.
        """
        ...

    async def circle(self, user_id: UserId) -> tuple[Relations, dict[UserId, Sequence[int]]]:
        """The person's ``relations``, and ``friends_of`` their friends, in one statement."""
        ...


class Audience:
    """The cache. One per process; bounded; the oldest entries go first.

    Its keys are ids as numbers: UUIDs are hashed and compared by Python code, which for the people
    of one answer took longer than all other work on them.
    """

    def __init__(
        self, source: PeopleSource, journal: ChangeJournal, capacity: int = CAPACITY
    ) -> None:
        """Cache what ``source`` has, as long as ``journal`` does not say otherwise."""
        self._source = source
        self._journal = journal
        self._capacity = capacity
        self._cards: dict[int, PersonCard] = {}
        self._relations: dict[int, Relations] = {}
        self._friends: dict[int, Sequence[int]] = {}
        self._positions: dict[int, bytes] = {}
        self._news: defaultdict[int, RecentNews] = defaultdict(RecentNews)
        self._forgotten = 0
        self._lapses = 0
        self._followers: list[Forget] = []

    def follow(self, forget: Forget) -> None:
        """Call ``forget`` with a campus, and whom of it is forgotten here: None for everybody.

        For what another context remembers of people: it is as good as cards and relations are,
        where whoever changes it wraps the write in :meth:`changing`.
        """
        self._followers.append(forget)

    def position(self, campus_id: CampusId) -> bytes:
        """Up to where this process has read the campus's journal."""
        return self._positions.get(campus_id.int, START)

    def moment(self, campus_id: CampusId) -> Moment:
        """What else may be cached by: it is another one as soon as this process reads news.

        What is read from a store after this moment was asked for stays good as long as the
        moment after each further reading of the journal is the same.
        """
        return self.position(campus_id), self._lapses

    def changed(self, campus_id: CampusId, since: Moment) -> frozenset[UserId] | None:
        """Who changed after a moment, and perhaps a few more; None where that is not known.

        What was cached at that moment is as good as new if it does not depend on any of them.
        """
        position, lapses = since
        return self._news[campus_id.int].since(position) if lapses == self._lapses else None

    def apply(self, campus_id: CampusId, news: JournalSlice) -> None:
        """Forget what the journal says has changed."""
        if news.changed or news.position != self.position(campus_id):
            self._news[campus_id.int].heard(news.position, news.changed)
        if news.changed is None:
            self._forget_all(campus_id)
        elif news.changed:
            self._forget(campus_id, news.changed)
        self._positions[campus_id.int] = news.position

    async def refresh(self, campus_id: CampusId) -> None:
        """Read the campus's journal now, where no answer brought its news along."""
        self.apply(campus_id, await self._journal.read(campus_id, self.position(campus_id)))

    def kept(self, user_id: UserId) -> PersonCard | None:
        """The card of one person if it is here, which nobody needs to await; else None."""
        return self._cards.get(user_id.int)

    async def card(self, user_id: UserId) -> PersonCard | None:
        """The card of one person; None if there is no such person."""
        return self.kept(user_id) or (await self.cards((user_id,)))[0]

    async def numbered(self, numbers: Sequence[int]) -> list[PersonCard | None]:
        """The card of each of these, whose ids are given as numbers; as ``cards``."""
        found = list(map(self._cards.get, numbers))
        if all(found):
            return found
        missing = [one for one, card in zip(numbers, found, strict=True) if card is None]
        loaded = iter(await self.cards([UserId(UUID(int=one)) for one in missing]))
        return [next(loaded) if card is None else card for card in found]

    async def cards(self, people: Sequence[UserId]) -> list[PersonCard | None]:
        """The card of each of these, in their order; None for whoever does not exist."""
        kept = self._cards.get
        found = [kept(one.int) for one in people]
        if all(found):  # cards are always true; `None in` would compare each of them
            return found
        missing = [one for one, card in zip(people, found, strict=True) if card is None]
        forgotten = self._forgotten
        loaded = await self._source.cards(missing)
        if forgotten == self._forgotten:
            self._keep(self._cards, loaded)
        return [card or loaded.get(one) for one, card in zip(people, found, strict=True)]

    async def relations(self, user_id: UserId) -> Relations:
        """The person's friends and blocks."""
        found = self._relations.get(user_id.int)
        if found is None:
            forgotten = self._forgotten
            found = await self._source.relations(user_id)
            if forgotten == self._forgotten:
                self._keep(self._relations, {user_id: found})
        return found

    async def relations_of(self, people: Sequence[UserId]) -> list[Relations]:
        """The friends and blocks of each of these, in their order."""
        return await self._of(self._relations, people, self._source.relations_of)

    async def friends_of(self, people: Sequence[UserId]) -> list[Sequence[int]]:
        """The friends of each of these, in their order: the numbers of their ids, in any order."""
        return await self._of(self._friends, people, self._source.friends_of)

    async def circle(self, user_id: UserId) -> tuple[Relations, list[Sequence[int]]]:
        """The person's ``relations``, and ``friends_of`` their friends, in the order of these.

        In one statement, whatever of it is not here.
        """
        relations = self._relations.get(user_id.int)
        if relations is not None:
            return relations, await self.friends_of(tuple(relations.friends))
        forgotten = self._forgotten
        relations, friends = await self._source.circle(user_id)
        if forgotten == self._forgotten:
            self._keep(self._relations, {user_id: relations})
            self._keep(self._friends, friends)
        return relations, [friends[one] for one in relations.friends]

    @asynccontextmanager
    async def changing(
        self, campus_id: CampusId, people: Collection[UserId]
    ) -> AsyncIterator[None]:
        """Wrap the write that changes these people or their relations.

        Raises:
            StoreUnavailable: before the write, when it could not be made to show everywhere.
        """
        await self._journal.announce(campus_id, people)
        try:
            yield
        finally:
            self._forget(campus_id, people)
            with anyio.CancelScope(shield=True):
                await self._journal.record(campus_id, people)

    async def _of(
        self,
        cache: dict[int, ItemT],
        people: Sequence[UserId],
        load: Callable[[Collection[UserId]], Awaitable[Mapping[UserId, ItemT]]],
    ) -> list[ItemT]:
        """What is cached of each of these, or is loaded."""
        found = [cache.get(one.int) for one in people]
        missing = [one for one, known in zip(people, found, strict=True) if known is None]
        if not missing:
            return cast("list[ItemT]", found)
        forgotten = self._forgotten
        loaded = await load(missing)
        if forgotten == self._forgotten:
            self._keep(cache, loaded)
        return [
            loaded[one] if known is None else known
            for one, known in zip(people, found, strict=True)
        ]

    def _keep(self, cache: dict[int, ItemT], loaded: Mapping[UserId, ItemT]) -> None:
        cache.update((one.int, item) for one, item in loaded.items())
        while len(cache) > self._capacity:
            del cache[next(iter(cache))]

    def _forget(self, campus_id: CampusId, people: Collection[UserId]) -> None:
        self._forgotten += 1
        for user_id in people:
            self._cards.pop(user_id.int, None)
            self._relations.pop(user_id.int, None)
            self._friends.pop(user_id.int, None)
        for follower in self._followers:
            follower(campus_id, people)

    def _forget_all(self, campus_id: CampusId) -> None:
        self._forgotten += 1
        self._lapses += 1
        self._cards.clear()
        self._relations.clear()
        self._friends.clear()
        for follower in self._followers:
            follower(campus_id, None)

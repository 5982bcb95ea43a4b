"""Campuses and people in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

import attrs

from divan_core.accounts.handles import normalised, skeleton
from divan_core.accounts.model import Campus, Person
from divan_core.errors import HandleTaken
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.units import UnitMisused
from divan_core.kernel.visibility import PersonCard, Standing
from divan_core.stores.memory.changes import Changes
from divan_core.stores.memory.ordered import OrderedIds
from divan_core.stores.memory.search import SearchRecords


@attrs.define
class AccountRecords:
    """All campuses and people, with what finds them; ``keys`` tell what handles look like."""

    campuses: dict[CampusId, Campus] = attrs.field(factory=dict)
    people: dict[UserId, Person] = attrs.field(factory=dict)
    handles: dict[str, UserId] = attrs.field(factory=dict)
    keys: dict[str, UserId] = attrs.field(factory=dict)
    campus_order: OrderedIds[CampusId] = attrs.field(factory=OrderedIds)
    members: defaultdict[CampusId, OrderedIds[UserId]] = attrs.field(
        factory=lambda: defaultdict(OrderedIds)
    )
    search: SearchRecords = attrs.field(factory=SearchRecords)


class MemoryCampuses:
    """Keeps campuses."""

    def __init__(self, records: AccountRecords, changes: Changes) -> None:
        """Work on ``records``, and remember in ``changes`` how to take it back."""
        self._records = records
        self._changes = changes

    async def get(self, campus_id: CampusId) -> Campus | None:
        """The campus, or None."""
        return self._records.campuses.get(campus_id)

    async def timezones(self, campuses: Collection[CampusId]) -> Mapping[CampusId, str]:
        """By which time zones clocks of those of these go that there are."""
        known = self._records.campuses
        return {one: known[one].timezone for one in campuses if one in known}

    async def page(self, after: CampusId | None, limit: int) -> Sequence[Campus]:
        """Up to ``limit`` campuses with an id above ``after``, by id ascending."""
        ids = self._records.campus_order.page(after, limit)
        return [self._records.campuses[campus_id] for campus_id in ids]

    async def put(self, campuses: Sequence[Campus]) -> None:
        """Keep these, replacing those that have the same id."""
        self._changes.begin()
        for campus in campuses:
            self._changes.set(self._records.campuses, campus.id, campus)
            self._records.campus_order.add(campus.id, self._changes)


class MemoryPeople:
    """Keeps people."""

    def __init__(self, records: AccountRecords, changes: Changes) -> None:
        """Work on ``records``, and remember in ``changes`` how to take it back."""
        self._records = records
        self._changes = changes

    async def get(self, user_id: UserId) -> Person | None:
        """The person, deleted ones included, or None."""
        return self._records.people.get(user_id)

    async def get_many(self, people: Sequence[UserId]) -> Sequence[Person]:
        """Those who exist, in any order."""
        known = self._records.people
        return [known[user_id] for user_id in dict.fromkeys(people) if user_id in known]

    async def standings(self, people: Collection[UserId]) -> Mapping[UserId, Standing]:
        """How those of these stand who exist."""
        known = self._records.people
        return {one: known[one].standing for one in people if one in known}

    async def handles(self, handles: Sequence[str]) -> dict[str, UserId]:
        """Who has exactly these handles, however they are written; free ones are left out."""
        records = self._records
        found = {handle: records.handles.get(normalised(handle)) for handle in handles}
        return {
            handle: user_id
            for handle, user_id in found.items()
            if user_id is not None and records.people[user_id].handle_key is not None
        }

    async def look_alikes(self, handles: Sequence[str]) -> dict[str, UserId]:
        """Who has these handles or ones that look like them; free ones are left out."""
        taken = self._records.keys
        keys = {handle: skeleton(normalised(handle)) for handle in handles}
        return {handle: taken[key] for handle, key in keys.items() if key in taken}

    async def page(self, campus_id: CampusId, after: UserId | None, limit: int) -> Sequence[Person]:
        """Up to ``limit`` people of the campus with an id above ``after``, by id ascending."""
        members = self._records.members.get(campus_id)
        ids = members.page(after, limit) if members else ()
        return [self._records.people[user_id] for user_id in ids]

    async def count(self, campus_id: CampusId) -> int:
        """How many people the campus has, deleted ones not counted."""
        people = self._records.people
        return sum(
            people[user_id].standing is not Standing.DELETED
            for user_id in self._records.members.get(campus_id, ())
        )

    async def put(self, people: Sequence[Person]) -> None:
        """Keep these, one after the other, replacing those that have the same id.

        Raises:
            HandleTaken: somebody else has one of the handles.
        """
        self._changes.begin()
        for person in people:
            self._put(person)

    def _put(self, person: Person) -> None:
        records, changes = self._records, self._changes
        if any(found.get(name, person.id) != person.id for found, name in _names(records, person)):
            raise changes.failed(HandleTaken())
        if person.campus_id not in records.campuses:
            raise changes.failed(UnitMisused("A person's campus does not exist."))
        before = records.people.get(person.id)
        known = None if before is None else card_of(before)
        records.search.replace(known, card_of(person), changes)
        if before is not None:
            for found, name in _names(records, before):
                changes.drop(found, name)
            records.members[before.campus_id].discard(before.id, changes)
        changes.set(records.people, person.id, person)
        for found, name in _names(records, person):
            changes.set(found, name, person.id)
        records.members[person.campus_id].add(person.id, changes)


def _names(records: AccountRecords, person: Person) -> Iterator[tuple[dict[str, UserId], str]]:
    """What nobody else may have of a person's handle, and where it is written down."""
    yield records.handles, person.handle
    if person.handle_key is not None:
        yield records.keys, person.handle_key


def card_of(person: Person) -> PersonCard:
    """What other contexts may know of a person."""
    return PersonCard(
        user_id=person.id,
        campus_id=person.campus_id,
        handle=person.handle,
        display_name=person.display_name,
        avatar_url=person.avatar_url,
        visibility=person.privacy.visibility,
        ghost_mode=person.privacy.ghost_mode,
        blur_distance_m=person.privacy.blur_distance_m,
        chat_from=person.privacy.chat_from,
        read_receipts=person.privacy.read_receipts,
        standing=person.standing,
        roles=person.roles,
        major=person.profile.major,
        graduation_year=person.profile.graduation_year,
        passions=person.profile.passions,
    )

"""The second look: what lines mean beside what is there already.

The same functions look before writing, to tell every bad line, and while writing, to be sure.
They await nothing but the unit that they are given.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from typing import Final

import attrs

from divan_core.accounts.model import Campus, Person
from divan_core.auth.model import Login, mailbox_key
from divan_core.bulk.lines import (
    BadLine,
    BlockLine,
    FriendshipLine,
    PersonLine,
    block_of,
    check_password,
    friendship_of,
    login_of,
    parse,
    person_of,
)
from divan_core.bulk.report import Fate, Kind
from divan_core.bulk.spool import NumberedLine
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import Standing
from divan_core.social.model import Between, Block, Friendship, Invite
from divan_core.social.policy import after_befriend, after_block
from divan_core.stores.bundle import StoreUnit

PORTION: Final = 1_000
"""How many sessions one statement removes."""


@attrs.define
class Findings:
    """What weighing finds out, as it goes on; weighing a line once more does no harm.

    ``campuses`` and ``people`` are known to be good: of the file or of the store; somebody who
    comes with the file is in ``newcomers`` as well. ``fates`` and ``faults`` are told by the
    number of the line. ``changing`` are those who existed before and will look different, and
    ``resized`` those of them whose cells on the map change. ``hashes`` are those of passwords, as
    far as they are known.
    """

    now: Millis
    blocked: set[Friendship]
    campuses: set[CampusId] = attrs.field(factory=set)
    people: dict[UserId, CampusId] = attrs.field(factory=dict)
    newcomers: set[UserId] = attrs.field(factory=set)
    fates: dict[int, tuple[Kind, Fate]] = attrs.field(factory=dict)
    faults: dict[int, str] = attrs.field(factory=dict)
    changing: defaultdict[CampusId, set[UserId]] = attrs.field(factory=lambda: defaultdict(set))
    resized: set[UserId] = attrs.field(factory=set)
    hashes: dict[int, str] = attrs.field(factory=dict, repr=False)

    @property
    def touched(self) -> set[int]:
        """The numbers of the lines that bring anything."""
        return {number for number, (_, fate) in self.fates.items() if fate != "unchanged"}


async def weigh_campuses(
    unit: StoreUnit, campuses: Iterable[tuple[int, Campus]], found: Findings
) -> list[Campus]:
    """The campuses that are new or differ from what is there."""
    differing: list[Campus] = []
    for number, campus in campuses:
        known = await unit.campuses.get(campus.id)
        found.campuses.add(campus.id)
        if known != campus:
            differing.append(campus)
        fate: Fate = "added" if known is None else "changed"
        found.fates[number] = ("campus", "unchanged" if known == campus else fate)
    return differing


@attrs.define
class Arrivals:
    """The people and logins that are new or differ from what is there.

    ``stranded`` are those who have no address any more, ``renewed`` those with another password.
    """

    people: list[Person] = attrs.field(factory=list)
    logins: list[Login] = attrs.field(factory=list)
    stranded: list[UserId] = attrs.field(factory=list)
    renewed: list[UserId] = attrs.field(factory=list)

    async def write(self, unit: StoreUnit) -> None:
        """Write what is new; whoever has another password has to sign in again."""
        await unit.people.put(self.people)
        for user_id in self.stranded:
            await unit.logins.remove(user_id)
        await unit.logins.put(self.logins)
        for user_id in (*self.stranded, *self.renewed):
            while await unit.sessions.remove_of(user_id, PORTION):
                pass

    def take(self, before: Login | None, login: Login | None, user_id: UserId) -> bool:
        """Take how somebody signs in; whether that is new."""
        if login == before:
            return False
        if login is None:
            self.stranded.append(user_id)
            return True
        self.logins.append(login)
        if before is not None and before.password_hash != login.password_hash:
            self.renewed.append(user_id)
        return True


async def weigh_people(unit: StoreUnit, batch: Sequence[NumberedLine], found: Findings) -> Arrivals:
    """The people who are new, or differ from what is there, and how they sign in."""
    lines = [(number, person_line(raw)) for number, raw in batch]
    await _know_campuses(unit, {line.campus_id for _, line in lines}, found)
    there = await _there(unit, [line for _, line in lines])
    arrivals = Arrivals()
    for number, line in lines:
        known, before = there.people.get(line.id), there.logins.get(line.id)
        try:
            person = _person(line, known, there.owners.get(line.handle), found)
            login = login_of(line, person, before, found.hashes.get(number), found.now)
            _check_mailbox(line, login, there)
        except BadLine as fault:
            found.faults[number] = str(fault)
            continue
        if person != known:
            arrivals.people.append(person)
        is_new = arrivals.take(before, login, line.id)
        _note_person(number, person, known, found)
        if is_new and known == person:
            found.fates[number] = ("person", "changed")
    return arrivals


@attrs.frozen
class _There:
    """What the store has of the people of some lines, and who has their handles and mailboxes."""

    people: dict[UserId, Person]
    owners: dict[str, UserId]
    logins: dict[UserId, Login]
    mailboxes: dict[str, UserId]


async def _there(unit: StoreUnit, lines: Sequence[PersonLine]) -> _There:
    ids = [line.id for line in lines]
    keys = [mailbox_key(line.email) for line in lines if isinstance(line.email, str)]
    return _There(
        people={one.id: one for one in await unit.people.get_many(ids)},
        owners=await unit.people.look_alikes([line.handle for line in lines]),
        logins={one.user_id: one for one in await unit.logins.get_many(ids)},
        mailboxes={one.email_key: one.user_id for one in await unit.logins.find(keys)},
    )


def _check_mailbox(line: PersonLine, login: Login | None, there: _There) -> None:
    """Refuse an address that is somebody else's, and credentials without an address."""
    check_password(line, None if login is None else login.email_key)
    if login is not None and there.mailboxes.get(login.email_key, line.id) != line.id:
        raise BadLine(f"email: the person {there.mailboxes[login.email_key]} has it")


async def weigh_relations(unit: StoreUnit, batch: Sequence[NumberedLine], found: Findings) -> Ties:
    """The friendships and blocks that are not there, and the friendships that blocks end."""
    lines = [(number, _relation(raw)) for number, raw in batch]
    involved = {user_id for _, relation in lines for user_id in _ends(relation)}
    await know_people(unit, involved, found)
    ties = await _ties_there(unit, involved - found.newcomers)
    for number, relation in lines:
        try:
            campus_id = _shared_campus(relation, found)
        except BadLine as fault:
            found.faults[number] = str(fault)
            continue
        is_new = ties.take(relation, found.blocked)
        if is_new:
            known = set(_ends(relation)) - found.newcomers
            found.changing[campus_id].update(known)
            if len(known) == len(_ends(relation)):
                ties.settling.append(relation)
        kind: Kind = "block" if isinstance(relation, Block) else "friendship"
        found.fates[number] = (kind, "added" if is_new else "unchanged")
    return ties


@attrs.define
class Ties:
    """Friendships and blocks that are there, and what a batch of lines does about them.

    ``settling`` are the new ones of people who knew each other before, perhaps by an invite.
    """

    friendships: set[Friendship] = attrs.field(factory=set)
    blocks: set[Block] = attrs.field(factory=set)
    befriended: list[Friendship] = attrs.field(factory=list)
    blocked: list[Block] = attrs.field(factory=list)
    ended: list[Friendship] = attrs.field(factory=list)
    settling: list[Friendship | Block] = attrs.field(factory=list)

    async def write(self, unit: StoreUnit, now: Millis) -> None:
        """Write what is new, and end what must end, open invites included."""
        for relation in self.settling:
            between = await unit.invites.between(*_ends(relation))
            if between.invites:
                await unit.invites.put(_answered(between, relation, now))
        for friendship in self.ended:
            await unit.relations.unfriend(friendship)
        await unit.relations.befriend(self.befriended)
        await unit.relations.block(self.blocked)

    def take(self, relation: Friendship | Block, parted: Container[Friendship]) -> bool:
        """Add a relation; whether it is new. No friendship comes about where a block stands."""
        if isinstance(relation, Block):
            return self._take_block(relation)
        if relation in self.friendships or relation in parted or self._parts(relation):
            return False
        self.friendships.add(relation)
        self.befriended.append(relation)
        return True

    def _parts(self, friendship: Friendship) -> bool:
        """Whether there is a block between the two."""
        if not self.blocks:  # as mostly, and making two of them takes longer than all the rest
            return False
        low, high = friendship.low, friendship.high
        return not self.blocks.isdisjoint((Block(low, high), Block(high, low)))

    def _take_block(self, block: Block) -> bool:
        if block in self.blocks:
            return False
        friendship = Friendship.between(block.by, block.target)
        if friendship in self.friendships:
            self.friendships.remove(friendship)
            self.ended.append(friendship)
        self.blocks.add(block)
        self.blocked.append(block)
        return True


def person_line(raw: bytes) -> PersonLine:
    """A line that sorting has found to be a person's."""
    line = parse(raw)
    assert isinstance(line, PersonLine)  # noqa: S101 - sorting put it here
    return line


def _relation(raw: bytes) -> Friendship | Block:
    line = parse(raw)
    if isinstance(line, BlockLine):
        return block_of(line)
    assert isinstance(line, FriendshipLine)  # noqa: S101 - sorting put it here
    return friendship_of(line)


def _ends(relation: Friendship | Block) -> tuple[UserId, UserId]:
    if isinstance(relation, Block):
        return relation.by, relation.target
    return relation.low, relation.high


def _person(
    line: PersonLine, known: Person | None, owner: UserId | None, found: Findings
) -> Person:
    if line.campus_id not in found.campuses:
        raise BadLine(f"campus_id: there is no campus {line.campus_id}")
    if known is not None and known.standing is Standing.DELETED:
        raise BadLine("id: this person was deleted")
    if known is not None and known.campus_id != line.campus_id:
        raise BadLine(f"campus_id: this person belongs to the campus {known.campus_id}")
    if owner is not None and owner != line.id:
        raise BadLine(f"handle: the person {owner} has it")
    return person_of(line, known, found.now)


def _note_person(number: int, person: Person, known: Person | None, found: Findings) -> None:
    found.people[person.id] = person.campus_id
    if known is None:
        found.newcomers.add(person.id)
        found.fates[number] = ("person", "added")
    elif person == known:
        found.fates[number] = ("person", "unchanged")
    else:
        found.changing[person.campus_id].add(person.id)
        found.fates[number] = ("person", "changed")
        if person.privacy.blur_distance_m != known.privacy.blur_distance_m:
            found.resized.add(person.id)


def _answered(between: Between, relation: Friendship | Block, now: Millis) -> tuple[Invite, ...]:
    """The invites of two people, closed by what a line says of them."""
    if isinstance(relation, Block):
        return after_block(between, relation, now).invites
    return after_befriend(between, relation, now).invites


def _shared_campus(relation: Friendship | Block, found: Findings) -> CampusId:
    one, other = _ends(relation)
    for user_id in (one, other):
        if user_id not in found.people:
            raise BadLine(f"there is no person {user_id}")
    if found.people[one] != found.people[other]:
        raise BadLine("they are on different campuses")
    return found.people[one]


async def _know_campuses(unit: StoreUnit, campuses: Iterable[CampusId], found: Findings) -> None:
    for campus_id in set(campuses) - found.campuses:
        if await unit.campuses.get(campus_id) is not None:
            found.campuses.add(campus_id)


async def know_people(unit: StoreUnit, people: Iterable[UserId], found: Findings) -> None:
    """Note of which campuses these people are, those who exist and are not deleted."""
    unknown = [user_id for user_id in people if user_id not in found.people]
    for person in await unit.people.get_many(unknown):
        if person.standing is not Standing.DELETED:
            found.people[person.id] = person.campus_id


async def _ties_there(unit: StoreUnit, people: Iterable[UserId]) -> Ties:
    asked = list(people)
    return Ties(
        friendships=set(await unit.relations.friendships_among(asked)),
        blocks=set(await unit.relations.blocks_among(asked)),
    )

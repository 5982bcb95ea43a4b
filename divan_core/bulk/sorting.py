"""The first look at a file: which lines are good by themselves, and of what kind."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import IO, Final, TypeVar

import attrs
from msgspec import UNSET

from divan_core.accounts.model import Campus
from divan_core.auth.model import mailbox_key
from divan_core.bulk.lines import (
    BadLine,
    BlockLine,
    CampusLine,
    FriendshipLine,
    PersonLine,
    RoomLine,
    block_of,
    campus_of,
    check_password,
    friendship_of,
    parse,
    person_of,
)
from divan_core.bulk.report import Progress
from divan_core.bulk.rooms import room_of
from divan_core.bulk.spool import LONGEST_LINE, Spool, numbered_lines
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, RoomId, UserId
from divan_core.social.model import Friendship

KeyT = TypeVar("KeyT")

TELL_EVERY: Final = 5_000


@attrs.frozen
class SortedLines:
    """The lines of one file by kind, since they may stand in any order.

    ``campuses``, ids, mailboxes and what handles look like are told by the number of their line;
    ``blocked`` holds the pairs that a block of the file parts, ``passwords`` the numbers of the
    lines that have one.
    """

    people: Spool
    relations: Spool
    rooms: Spool
    campuses: dict[int, Campus] = attrs.field(factory=dict)
    campus_ids: dict[CampusId, int] = attrs.field(factory=dict)
    ids: dict[UserId, int] = attrs.field(factory=dict)
    room_ids: dict[RoomId, int] = attrs.field(factory=dict)
    handles: dict[str, int] = attrs.field(factory=dict)
    mailboxes: dict[str, int] = attrs.field(factory=dict)
    passwords: set[int] = attrs.field(factory=set)
    blocked: set[Friendship] = attrs.field(factory=set)
    faults: dict[int, str] = attrs.field(factory=dict)

    @property
    def count(self) -> int:
        """How many lines are good so far."""
        return len(self.campuses) + self.people.count + self.relations.count + self.rooms.count


@contextlib.contextmanager
def sorted_lines() -> Iterator[SortedLines]:
    """Nothing sorted yet; what is set aside is gone when the context ends."""
    with Spool() as people, Spool() as relations, Spool() as rooms:
        yield SortedLines(people, relations, rooms)


def sort_lines(source: IO[bytes], lines: SortedLines, now: Millis, progress: Progress) -> None:
    """Read a file to its end into ``lines``. Blocks: call it in a thread."""
    number = 0
    for number, raw in numbered_lines(source):
        try:
            if raw is None:
                raise BadLine(f"is longer than {LONGEST_LINE} bytes")  # noqa: TRY301 - as all others
            _sort(lines, number, raw, now)
        except BadLine as fault:
            lines.faults[number] = str(fault)
        if number % TELL_EVERY == 0:
            progress("reading", number, None)
    progress("reading", number, number)


def _sort(lines: SortedLines, number: int, raw: bytes, now: Millis) -> None:
    line = parse(raw)
    if isinstance(line, CampusLine):
        lines.campuses[number] = _sort_campus(lines, number, line)
    elif isinstance(line, PersonLine):
        _sort_person(lines, number, line, now)
        lines.people.add(number, raw)
    elif isinstance(line, RoomLine):
        _sort_room(lines, number, line, now)
        lines.rooms.add(number, raw)
    else:
        _check_relation(lines, line)
        lines.relations.add(number, raw)


def _sort_campus(lines: SortedLines, number: int, line: CampusLine) -> Campus:
    campus = campus_of(line)
    _once(lines.campus_ids, campus.id, "id")
    lines.campus_ids[campus.id] = number
    return campus


def _sort_person(lines: SortedLines, number: int, line: PersonLine, now: Millis) -> None:
    person = person_of(line, None, now)
    key = person.handle_key or ""
    _once(lines.ids, line.id, "id")
    _once(lines.handles, key, "handle")
    if person.email is not None:
        check_password(line, person.email)
        _once(lines.mailboxes, mailbox_key(person.email), "email")
        lines.mailboxes[mailbox_key(person.email)] = number
    if line.password is not UNSET:
        lines.passwords.add(number)
    lines.ids[line.id] = lines.handles[key] = number


def _sort_room(lines: SortedLines, number: int, line: RoomLine, now: Millis) -> None:
    room_of(line, now)
    _once(lines.room_ids, line.id, "id")
    lines.room_ids[line.id] = number


def _once(seen: dict[KeyT, int], key: KeyT, name: str) -> None:
    if key in seen:
        raise BadLine(f"{name}: line {seen[key]} has the same")


def _check_relation(lines: SortedLines, line: FriendshipLine | BlockLine) -> None:
    if isinstance(line, BlockLine):
        block = block_of(line)
        lines.blocked.add(Friendship.between(block.by, block.target))
    else:
        friendship_of(line)

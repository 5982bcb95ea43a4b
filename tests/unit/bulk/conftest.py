"""Import files on every relational store."""

import io
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest

from divan_core.accounts.model import Campus, Person
from divan_core.auth.model import Login
from divan_core.bulk.importer import Importer, ImportTools
from divan_core.bulk.report import ImportReport
from divan_core.kernel.audience import Audience
from divan_core.kernel.ids import CampusId, RoomId, UserId
from divan_core.kernel.visibility import Relations
from divan_core.stores.bundle import RelationalStores
from divan_core.stores.factories import sql_relational
from divan_core.stores.memory.journal import MemoryJournal
from divan_core.stores.memory.notices import MemoryNotices
from divan_core.stores.memory.unit import open_memory
from divan_core.testing.clock import ManualClock
from divan_core.testing.mail import quick_hasher
from tests.servers.sqlite import migrated

Line = Mapping[str, Any]

CAMPUS = CampusId(UUID(int=0xCA))


def user(number: int) -> UserId:
    return UserId(UUID(int=number))


def campus_line(number: int = 0xCA, **changes: Any) -> Line:
    line = {
        "type": "campus",
        "id": str(UUID(int=number)),
        "name": "Test",
        "lat": 45.5,
        "lon": -73.5,
        "timezone": "America/Toronto",
    }
    return line | changes


def person_line(number: int, **changes: Any) -> Line:
    line = {
        "type": "person",
        "id": str(user(number)),
        "campus_id": str(CAMPUS),
        "handle": f"person.{number}",
        "display_name": f"Person {number}",
    }
    return line | changes


def room_id(number: int) -> RoomId:
    """The id of room ``number``."""
    return RoomId(UUID(int=0xF000 + number))


def room_line(number: int, **changes: Any) -> Line:
    """Room ``number`` of person 1, with person 2 in it."""
    line = {
        "type": "room",
        "id": str(room_id(number)),
        "campus_id": campus_line()["id"],
        "name": "Den",
        "preset": "2-4",
        "visibility": "link",
        "owner": str(user(1)),
        "members": [str(user(2))],
    }
    return line | changes


def friendship_line(one: int, other: int) -> Line:
    return {"type": "friendship", "a": str(user(one)), "b": str(user(other))}


def block_line(by: int, target: int) -> Line:
    return {"type": "block", "by": str(user(by)), "target": str(user(target))}


class RecordingJournal(MemoryJournal):
    """Remembers whose change was announced."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock, MemoryNotices())
        self.portions: list[list[UserId]] = []

    async def announce(self, campus_id: CampusId, people: Iterable[UserId]) -> None:
        self.portions.append(list(people))
        await super().announce(campus_id, self.portions[-1])

    @property
    def announced(self) -> set[UserId]:
        return {one for portion in self.portions for one in portion}


class RecordingPresence:
    """Remembers whose cells were recomputed."""

    def __init__(self) -> None:
        self.refreshed: list[tuple[CampusId, UserId]] = []

    async def refresh(self, campus_id: CampusId, user_id: UserId) -> None:
        self.refreshed.append((campus_id, user_id))


@attrs.frozen
class Desk:
    """An importer over a store, and what it told others."""

    stores: RelationalStores
    clock: ManualClock
    journal: RecordingJournal
    presence: RecordingPresence
    importer: Importer

    async def load(self, *lines: Line | str, keep_good: bool = False) -> ImportReport:
        """Import these lines."""
        self.journal.portions.clear()
        texts = (one if isinstance(one, str) else json.dumps(one) for one in lines)
        source = io.BytesIO("".join(f"{text}\n" for text in texts).encode())
        return await self.importer.load(source, keep_good=keep_good)

    async def person(self, number: int) -> Person | None:
        return await self.stores.units.read(lambda unit: unit.people.get(user(number)))

    async def campus(self, number: int = 0xCA) -> Campus | None:
        campus_id = CampusId(UUID(int=number))
        return await self.stores.units.read(lambda unit: unit.campuses.get(campus_id))

    async def count(self) -> int:
        return await self.stores.units.read(lambda unit: unit.people.count(CAMPUS))

    async def login(self, number: int) -> Login | None:
        return await self.stores.units.read(lambda unit: unit.logins.get(user(number)))

    async def relations(self, number: int) -> Relations:
        return await self.stores.people.relations(user(number))


def relational(kind: str, request: pytest.FixtureRequest) -> RelationalStores:
    if kind == "memory":
        return open_memory()
    if kind == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        return sql_relational(f"sqlite:///{migrated(folder / 'divan.sqlite3')}")
    return sql_relational(request.getfixturevalue("postgres_url"))


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    stores = relational(request.param, request)
    clock, presence = ManualClock(), RecordingPresence()
    journal = RecordingJournal(clock)
    tools = ImportTools(Audience(stores.people, journal), presence, clock, quick_hasher())
    async with AsyncExitStack() as stack:
        for part in stores.lifecycle:
            await stack.enter_async_context(part.running())
        yield Desk(stores, clock, journal, presence, Importer(stores.units, tools))

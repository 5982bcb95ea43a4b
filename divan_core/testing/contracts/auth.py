"""What stores keep of logins, registrations and sessions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import attrs
import pytest

from divan_core.auth.model import (
    Arrival,
    Login,
    Registration,
    RegistrationId,
    Session,
    SessionId,
)
from divan_core.errors import EmailTaken
from divan_core.kernel.clock import Millis
from divan_core.kernel.units import UnitMisused
from divan_core.kernel.visibility import Standing
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.clock import START_MS
from divan_core.testing.contracts.samples import HIDDEN, campus_id, person, populate, user_id

NOW = Millis(START_MS)
HASH = "$argon2id$"


class AuthContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_a_login_comes_back_as_put(self, stores: RelationalStores) -> None:
        """By person and by mailbox, alone and among several."""
        await populate(stores, 3)
        full = attrs.evolve(login(1), password_hash=HASH, verified_at=NOW)
        await put(stores, full, login(2))

        async def body(unit: StoreUnit) -> None:
            assert await unit.logins.get(user_id(1)) == full
            assert await unit.logins.get(user_id(3)) is None
            people = [user_id(2), user_id(1), user_id(3), user_id(1)]
            several = await unit.logins.get_many(people)
            assert sorted(several, key=lambda one: one.user_id) == [full, login(2)]
            found = await unit.logins.find(["2@example.org", "nobody@example.org"])
            assert list(found) == [login(2)]
            assert await unit.logins.is_verified(user_id(1))
            assert not await unit.logins.is_verified(user_id(2))
            assert not await unit.logins.is_verified(user_id(3))

        await stores.units.read(body)

    async def test_how_people_came_here(self, stores: RelationalStores) -> None:
        """Those who are, whether they can sign in or not; nobody who was deleted or never came."""
        await populate(stores, 4)
        await put(stores, *(attrs.evolve(login(one), verified_at=NOW) for one in (2, 3)), login(4))
        gone = person(3, standing=Standing.DELETED)
        await stores.units.write(lambda unit: unit.people.put([gone]))
        ids = [user_id(one) for one in (4, 2, 3, 9, 1, 2)]
        found = await stores.units.read(lambda unit: unit.logins.arrivals(ids))
        assert found == {
            user_id(one): Arrival(person(one).created_at, verified=one == 2) for one in (1, 2, 4)
        }
        assert await stores.units.read(lambda unit: unit.logins.arrivals([])) == {}

    async def test_a_login_is_replaced_and_removed(self, stores: RelationalStores) -> None:
        """Its old mailbox is free then."""
        await populate(stores, 2)
        await put(stores, attrs.evolve(login(1), password_hash=HASH, verified_at=NOW))
        await put(stores, attrs.evolve(login(1), email_key="new@example.org"))
        await put(stores, attrs.evolve(login(2), email_key="1@example.org"))
        assert await stores.units.write(lambda unit: unit.logins.remove(user_id(1)))
        assert not await stores.units.write(lambda unit: unit.logins.remove(user_id(1)))
        await put(stores, attrs.evolve(login(2), email_key="new@example.org"))
        found = await stores.units.read(lambda unit: unit.logins.find(["new@example.org"]))
        assert [one.user_id for one in found] == [user_id(2)]

    async def test_a_mailbox_is_one_persons(self, stores: RelationalStores) -> None:
        """Nothing of the unit is kept that would give it to another."""
        await populate(stores, 3)
        await put(stores, login(1))
        with pytest.raises(EmailTaken):
            await put(stores, login(3), attrs.evolve(login(2), email_key="1@example.org"))
        with pytest.raises(EmailTaken):
            await stores.units.write(lambda unit: unit.logins.claim(user_id(2), "1@Example.org"))
        assert await stores.units.read(lambda unit: unit.logins.get(user_id(3))) is None

    async def test_claiming_a_mailbox(self, stores: RelationalStores) -> None:
        """The same one again leaves the login alone; another one is not verified."""
        await populate(stores, 1)
        full = attrs.evolve(login(1), password_hash=HASH, verified_at=NOW)
        await put(stores, full)
        await stores.units.write(lambda unit: unit.logins.claim(user_id(1), "1@EXAMPLE.org"))
        assert await stores.units.read(lambda unit: unit.logins.get(user_id(1))) == full
        await stores.units.write(lambda unit: unit.logins.claim(user_id(1), "B@example.org"))
        found = await stores.units.read(lambda unit: unit.logins.get(user_id(1)))
        assert found == Login(user_id(1), "b@example.org")

    async def test_nobodys_login(self, stores: RelationalStores) -> None:
        """A login, a session and a registration belong to what exists."""
        await populate(stores, 1)
        with pytest.raises(UnitMisused, match="not exist"):
            await put(stores, login(2))
        with pytest.raises(UnitMisused, match="not exist"):
            await stores.units.write(lambda unit: unit.sessions.put(session(1, 2)))
        stray = registration(1, campus_id=campus_id(2))
        with pytest.raises(UnitMisused, match="not exist"):
            await stores.units.write(lambda unit: unit.registrations.put(stray))

    async def test_many_logins(self, stores: RelationalStores) -> None:
        """More than a statement has room for."""
        await populate(stores, 12_000, HIDDEN)
        logins = [login(number) for number in range(1, 12_001)]
        await put(stores, *logins)
        people, keys = [one.user_id for one in logins], [one.email_key for one in logins]
        assert len(await stores.units.read(lambda unit: unit.logins.get_many(people))) == 12_000
        assert len(await stores.units.read(lambda unit: unit.logins.find(keys))) == 12_000

    async def test_registrations(self, stores: RelationalStores) -> None:
        """By id, and the newest of a mailbox; all of a mailbox go together."""
        await populate(stores, 1)
        first, second = registration(1), registration(2, email="1@Example.org", at=5)
        other = registration(3)
        for one in (second, first, other):
            await add(stores, one)

        async def body(unit: StoreUnit) -> None:
            assert await unit.registrations.get(first.id) == first
            assert await unit.registrations.get(RegistrationId(UUID(int=99))) is None
            assert await unit.registrations.newest("1@example.org") == second
            assert await unit.registrations.newest("nobody@example.org") is None

        await stores.units.read(body)
        removed = await stores.units.write(lambda unit: unit.registrations.remove("1@example.org"))
        assert removed == 2
        assert await stores.units.read(lambda unit: unit.registrations.get(first.id)) is None
        assert await stores.units.read(lambda unit: unit.registrations.get(other.id)) == other

    async def test_mails_are_due_until_they_are_out(self, stores: RelationalStores) -> None:
        """Those that were taken are due again later, the longest waiting first."""
        await populate(stores, 1)
        for number in (3, 1, 2):
            await add(stores, registration(number, at=number))
        assert await due(stores, 0, 100, 5) == []
        assert await due(stores, 2, 100, 5) == [1, 2]
        assert await due(stores, 50, 100, 5) == [3]
        assert await due(stores, 99, 200, 5) == []
        await stores.units.write(lambda unit: unit.registrations.mailed(registration(1).id))
        assert await due(stores, 100, 200, 1) == [2]
        assert await due(stores, 100, 200, 5) == [3]
        await stores.units.write(lambda unit: unit.registrations.remove("2@example.org"))
        await stores.units.write(lambda unit: unit.registrations.mailed(registration(2).id))
        assert await due(stores, 500, 600, 5) == [3]

    async def test_a_reader_cannot_take_mails(self, stores: RelationalStores) -> None:
        """Taking is writing."""
        await populate(stores, 1)
        await add(stores, registration(1))
        with pytest.raises(UnitMisused):
            await stores.units.read(lambda unit: unit.registrations.due(NOW, NOW, 1))

    async def test_what_is_over_is_purged(self, stores: RelationalStores) -> None:
        """A portion at a time."""
        await populate(stores, 1)
        for number in range(1, 6):
            await add(stores, registration(number, at=number))
            await keep(stores, session(number, 1, expires_at=Millis(NOW + number)))
        now = Millis(registration(4, at=4).expires_at)
        assert await stores.units.write(lambda unit: unit.registrations.purge(now, 3)) == 3
        assert await stores.units.write(lambda unit: unit.registrations.purge(now, 3)) == 1
        assert await due(stores, 99, 100, 9) == [5]
        now = Millis(NOW + 4)
        assert await stores.units.write(lambda unit: unit.sessions.purge(now, 3)) == 3
        assert await stores.units.write(lambda unit: unit.sessions.purge(now, 3)) == 1
        assert await sessions_of(stores, 1) == [5]

    async def test_sessions(self, stores: RelationalStores) -> None:
        """By id and by person; one is replaced, or removed, or all of somebody are."""
        await populate(stores, 2)
        for number, owner in ((3, 1), (1, 1), (2, 2), (4, 1)):
            await keep(stores, session(number, owner))
        renewed = attrs.evolve(session(3, 1), token_hash=b"x" * 32, expires_at=Millis(NOW + 9))
        await keep(stores, renewed)
        found = await stores.units.read(lambda unit: unit.sessions.get(renewed.id))
        assert found == renewed
        assert await sessions_of(stores, 1) == [1, 3, 4]
        assert await stores.units.write(lambda unit: unit.sessions.remove(renewed.id))
        assert not await stores.units.write(lambda unit: unit.sessions.remove(renewed.id))
        assert await stores.units.write(lambda unit: unit.sessions.remove_of(user_id(1), 1)) == 1
        assert await stores.units.write(lambda unit: unit.sessions.remove_of(user_id(1), 9)) == 1
        assert await stores.units.write(lambda unit: unit.sessions.remove_of(user_id(1), 9)) == 0
        assert await sessions_of(stores, 2) == [2]


def login(number: int) -> Login:
    """A login of person ``number`` without a password."""
    return Login(user_id(number), f"{number}@example.org")


def registration(number: int, *, at: int = 0, **changes: Any) -> Registration:  # noqa: ANN401
    """Registration ``number``, begun ``at`` milliseconds."""
    made = Registration(
        id=RegistrationId(UUID(int=number)),
        campus_id=campus_id(1),
        email=f"{number}@example.org",
        handle=f"newcomer.{number}",
        display_name=f"Newcomer {number}",
        password_hash=HASH,
        created_at=Millis(NOW + at),
        expires_at=Millis(NOW + at + 1000),
    )
    return attrs.evolve(made, **changes)


def session(number: int, owner: int, expires_at: Millis = NOW) -> Session:
    """Session ``number``."""
    made = SessionId(UUID(int=number))
    return Session(made, user_id(owner), bytes([number]) * 32, NOW, expires_at)


async def put(stores: RelationalStores, *logins: Login) -> None:
    """Keep these logins."""
    await stores.units.write(lambda unit: unit.logins.put(logins))


async def add(stores: RelationalStores, one: Registration) -> None:
    """Keep a registration."""
    await stores.units.write(lambda unit: unit.registrations.put(one))


async def keep(stores: RelationalStores, one: Session) -> None:
    """Keep a session."""
    await stores.units.write(lambda unit: unit.sessions.put(one))


async def due(stores: RelationalStores, now: int, until: int, most: int) -> list[int]:
    """Take mails; the numbers of their registrations."""
    at, then = Millis(NOW + now), Millis(NOW + until)
    expected = await stores.units.read(lambda unit: unit.registrations.any_due(at))
    found = await stores.units.write(lambda unit: unit.registrations.due(at, then, most))
    assert expected is bool(found)
    return [one.id.int for one in found]


async def sessions_of(stores: RelationalStores, owner: int) -> list[int]:
    """The numbers of a person's sessions."""
    found = await stores.units.read(lambda unit: unit.sessions.of(user_id(owner), 9))
    return [one.id.int for one in found]

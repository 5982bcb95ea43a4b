"""How many statements the hot paths cost, on both databases."""

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import Engine, event

from divan_core.social.model import Block, Friendship
from divan_core.stores.bundle import RelationalStores
from divan_core.stores.sql.store import open_sql
from divan_core.testing.contracts.samples import person, populate, running, user_id

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite_url", "postgres_url"])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[RelationalStores]:
    async with running(open_sql(request.getfixturevalue(request.param))) as opened:
        await populate(opened, 60)
        yield opened


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """What is sent to any database, without what begins and ends transactions."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)


async def test_cards(stores: RelationalStores, statements: list[str]) -> None:
    found = await stores.people.cards([user_id(number) for number in range(1, 51)])
    assert len(found) == 50
    assert len(statements) == 1


async def test_relations(stores: RelationalStores, statements: list[str]) -> None:
    friends = [Friendship.between(user_id(1), user_id(number)) for number in range(2, 30)]
    await stores.units.write(lambda unit: unit.relations.befriend(friends))
    blocks = [Block(user_id(number), user_id(1)) for number in range(30, 60)]
    await stores.units.write(lambda unit: unit.relations.block(blocks))
    statements.clear()
    found = await stores.people.relations(user_id(1))
    assert len(found.friends) + len(found.blocked) == 58
    assert len(statements) == 1


async def test_many_people_are_few_statements(
    stores: RelationalStores, statements: list[str]
) -> None:
    people = [person(number) for number in range(100, 5000)]
    await stores.units.write(lambda unit: unit.people.put(people))
    assert len(statements) <= 5


async def test_a_person_is_one(stores: RelationalStores, statements: list[str]) -> None:
    assert await stores.units.read(lambda unit: unit.people.get(user_id(1))) == person(1)
    assert len(statements) == 1

"""How many statements the hot paths cost, on both databases."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import anyio
import attrs
import pytest
from sqlalchemy import Engine, TextClause
from sqlalchemy import event as listening

from divan_core.chat.model import ConversationId, Pair
from divan_core.kernel.clock import Millis
from divan_core.kernel.visibility import Relations
from divan_core.social.model import Block, Friendship
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.stores.sql.connection import Parameters, ThreadConnection
from divan_core.stores.sql.postgres_connection import LoopConnection
from divan_core.stores.sql.postgres_lone import PostgresConvoy
from divan_core.stores.sql.spelling import Statement, Together, driver_text
from divan_core.stores.sql.store import open_sql
from divan_core.testing.contracts.invites import invite
from divan_core.testing.contracts.keys import SCOPE, event, keyed, record
from divan_core.testing.contracts.letters import (
    dialogue,
    dialogues,
    draft,
    editions,
    history,
    keep,
    send,
    waiting,
)
from divan_core.testing.contracts.rooms import (
    link_rooms,
    member,
    put,
    room,
    rooms_of,
    roster,
    seated,
)
from divan_core.testing.contracts.samples import person, populate, running, user_id
from tests.unit.stores.sql.conftest import note_together

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

    listening.listen(Engine, "before_cursor_execute", note)
    yield sent
    listening.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, statements: list[str]) -> list[str]:
    """The same with what the drivers are given directly."""
    for kind in (ThreadConnection, LoopConnection):
        monkeypatch.setattr(kind, "rows", _noting(kind, statements))
        monkeypatch.setattr(kind, "rows_of_text", _noting_text(kind, statements))
    commit = PostgresConvoy.commit

    async def noted(connection: PostgresConvoy) -> None:
        statements.append(connection.load[0])
        await commit(connection)
        if not connection.names:
            statements.append("wrong")

    monkeypatch.setattr(PostgresConvoy, "commit", noted)
    note_together(monkeypatch, statements)
    return statements


def _noting(
    kind: type[ThreadConnection | LoopConnection], statements: list[str]
) -> Callable[[Any, Statement | Together, Parameters], Awaitable[object]]:
    execute = kind.rows

    async def noted(
        connection: Any, statement: Statement | Together, parameters: Parameters
    ) -> object:
        if isinstance(statement, Together):
            statements.append(statement.name)
        else:
            statements.append(driver_text(statement, kind.dialect).sql)
        return await execute(connection, statement, parameters)

    return noted


def _noting_text(
    kind: type[ThreadConnection | LoopConnection], statements: list[str]
) -> Callable[[Any, TextClause, Mapping[str, Any]], Awaitable[object]]:
    execute = kind.rows_of_text

    async def noted(
        connection: Any, statement: TextClause, parameters: Mapping[str, Any]
    ) -> object:
        statements.append(str(statement))
        return await execute(connection, statement, parameters)

    return noted


async def test_cards(stores: RelationalStores, run: list[str]) -> None:
    found = await stores.people.cards([user_id(number) for number in range(1, 51)])
    assert len(found) == 50
    assert len(run) == 1


async def test_relations(stores: RelationalStores, run: list[str]) -> None:
    friends = [Friendship.between(user_id(1), user_id(number)) for number in range(2, 30)]
    await stores.units.write(lambda unit: unit.relations.befriend(friends))
    blocks = [Block(user_id(number), user_id(1)) for number in range(30, 60)]
    await stores.units.write(lambda unit: unit.relations.block(blocks))
    run.clear()
    found = await stores.people.relations(user_id(1))
    assert len(found.friends) + len(found.blocked) == 58
    assert len(run) == 1


async def test_many_people_are_few_statements(
    stores: RelationalStores, statements: list[str]
) -> None:
    people = [person(number) for number in range(100, 5000)]
    await stores.units.write(lambda unit: unit.people.put(people))
    assert len(statements) <= 12


async def test_a_person_is_one(stores: RelationalStores, statements: list[str]) -> None:
    assert await stores.units.read(lambda unit: unit.people.get(user_id(1))) == person(1)
    assert len(statements) == 1


@pytest.mark.parametrize("events", [1, 2, 3])
async def test_a_keyed_unit(stores: RelationalStores, run: list[str], events: int) -> None:
    """One statement to claim, one at the end; on SQLite its own for more than two events."""

    async def writes(unit: StoreUnit) -> None:
        await keyed(b"1")(unit)
        await unit.outbox.add(*(event(number) for number in range(1, events + 1)))
        run.append("end")

    await stores.units.write(writes)
    claim, end = run.index("end"), len(run) - run.index("end") - 1
    assert (claim, end) == (1, 2 if "CAST(ROUND" in run[0] and events > 2 else 1)
    run.clear()
    await stores.units.write(lambda unit: unit.people.get(user_id(1)))
    assert len(run) == 1


async def test_an_end_with_only_one_thing_to_write(
    stores: RelationalStores, run: list[str]
) -> None:
    await stores.units.write(keyed(b"1"))
    assert len(run) == 2
    run.clear()
    await stores.units.write(record(event(1), event(2)))
    assert len(run) == 1


async def test_a_repeat_of_a_key(stores: RelationalStores, run: list[str]) -> None:
    await stores.units.write(keyed(b"1"))
    run.clear()
    assert await stores.keys.recall(SCOPE) is not None
    assert len(run) == 1


async def test_what_stands_between_two(stores: RelationalStores, statements: list[str]) -> None:
    await stores.units.write(lambda unit: unit.invites.put([invite(1, 1, 2)]))
    statements.clear()
    pair = user_id(1), user_id(2)
    assert (await stores.units.read(lambda unit: unit.invites.between(*pair))).invites
    assert len(statements) == 1


@pytest.mark.parametrize("kind", ["the first one", "another one", "in a room"])
async def test_a_message(stores: RelationalStores, run: list[str], kind: str) -> None:
    """With its key and its event three statements on PostgreSQL, on SQLite four of its driver's."""
    await put(stores, room(1), member(1, 1))
    if kind == "another one":
        await send(stores, 1, 1, 2)
    await stores.units.write(keeping(kind, 3), locking=True)
    run.clear()
    await stores.units.write(keeping(kind, 4), locking=True)
    assert len(run) == (4 if "CAST(ROUND" in run[0] else 3)


@pytest.mark.parametrize("kind", ["another one", "in a room"])
async def test_a_brief_message(stores: RelationalStores, run: list[str], kind: str) -> None:
    """On PostgreSQL one statement and no more, and one before it where others write, too."""
    await put(stores, room(1), member(1, 1))
    if kind == "another one":
        await send(stores, 1, 1, 2)
    await stores.units.write(keeping(kind, 3), locking=True)
    run.clear()
    await stores.units.write(keeping(kind, 4), locking=True, brief=True)
    if "CAST(ROUND" in run[0]:
        return
    (only,) = run
    assert only.startswith("WITH bumped")
    run.clear()
    await stores.units.write(keeping(kind, 5, key=4), locking=True, brief=True)
    assert run[:2] == [only, "wrong"]  # the database has no error to write in its log


@pytest.mark.parametrize("kind", ["another one", "in a room"])
async def test_brief_messages_at_the_same_time(
    stores: RelationalStores, run: list[str], kind: str
) -> None:
    """Those to the same go together, and one that is a repeat takes nothing with it."""
    await put(stores, room(1), member(1, 1))
    if kind == "another one":
        await send(stores, 1, 1, 2)
    for number in (3, 4):
        await stores.units.write(keeping(kind, number), locking=True)
    run.clear()
    await _at_once(stores, [keeping(kind, number) for number in range(5, 15)])
    if "CAST(ROUND" not in run[0]:
        assert len(run) == 2  # of which the first has gone at once, by itself
        assert all(one.startswith("WITH bumped") for one in run)
    await _at_once(stores, [keeping(kind, 15), keeping(kind, 16, key=5), keeping(kind, 17)])
    direct = kind == "another one"
    place = Pair.of(user_id(1), user_id(2)).conversation_id if direct else room(1).id
    messages, _ = await stores.units.look(
        lambda unit: unit.messages.news(ConversationId(place), 0, 50)
    )
    assert [one.seq for one in messages] == list(range(1, 16 if direct else 15))
    assert [one.at for one in messages] == sorted(one.at for one in messages)
    assert "message 16" not in {one.content.body for one in messages}


@pytest.mark.parametrize("kind", ["another one", "in a room"])
async def test_many_begin_a_conversation_at_the_same_time(
    stores: RelationalStores, run: list[str], kind: str
) -> None:
    """One of them asks for a number, by which the others know theirs."""
    await put(stores, room(1), member(1, 1))
    async with anyio.create_task_group() as tasks:
        for number in range(10):  # so that there is a connection for each of them
            tasks.start_soon(dialogue, stores, 1, 20 + number)
    run.clear()
    await _at_once(stores, [keeping(kind, number) for number in range(1, 11)])
    if "CAST(ROUND" in run[0]:
        return
    answered = [one for one in run if one.startswith("WITH recorded")]
    assert len(answered) == 1
    assert "wrong" not in run
    assert len(run) <= 10 + 3 + 9  # what each looked up, one transaction, what was supposed


async def _at_once(
    stores: RelationalStores, bodies: Sequence[Callable[[StoreUnit], Awaitable[None]]]
) -> None:
    async with anyio.create_task_group() as tasks:
        for body in bodies:
            tasks.start_soon(partial(stores.units.write, body, locking=True, brief=True))


def keeping(
    kind: str, number: int, key: int | None = None
) -> Callable[[StoreUnit], Awaitable[None]]:
    """Write a message with its key and its event, if the key is new."""

    async def body(unit: StoreUnit) -> None:
        scope = attrs.evolve(SCOPE, key=f"key {key or number}")
        if await unit.keys.claim(scope, bytes(32), 1) is not None:
            return
        if kind == "in a room":
            letter = draft(number, 1, 2, conversation_id=ConversationId(room(1).id))
            assert await unit.messages.send_to_room(letter) is not None
        else:
            peer = number if kind == "the first one" else 2
            await keep(unit, draft(number, 1, peer, client_id=f"{number}"), 1, peer)
        await unit.outbox.add(event(number))
        await unit.keys.answer(scope, b"{}", 60)

    return body


async def test_reading_a_conversation(stores: RelationalStores, run: list[str]) -> None:
    """Each list is one, however long."""
    for number in range(20):
        await send(stores, number, 1, 2 + number % 3)
    for read in (
        history(stores, 1, 2),
        editions(stores, 1, 2),
        waiting(stores, 2, 1),
        dialogues(stores, 1),
        dialogue(stores, 1, 2),
    ):
        run.clear()
        assert await read
        assert len(run) == 1


async def test_rooms(stores: RelationalStores, statements: list[str]) -> None:
    for number in range(1, 20):
        await put(stores, room(number), member(number, 1), member(number, 2))
    for read in (
        rooms_of(stores, 1),
        seated(stores, 1, 1),
        roster(stores, 1),
        link_rooms(stores, Relations(), Millis(0)),
    ):
        statements.clear()
        assert await read
        assert len(statements) == 1

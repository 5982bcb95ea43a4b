"""Every row of the table of idempotent writes, on every kind of store."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import anyio
import asyncpg
import attrs
import httpx2
import pytest

from divan_core.accounts.messages import CreatePerson
from divan_core.divan import Divan
from divan_core.errors import OutcomeUnknown
from divan_core.settings import IdempotencySettings, LimitSettings, Settings
from divan_core.stores.bundle import Stores
from divan_core.stores.factories import sql_stores
from divan_core.testing.clock import ManualClock, SeededEntropy
from divan_core.testing.faults import FaultPoints
from divan_http.app import create_app
from tests.http.keys import KINDS, break_keys, stores_of
from tests.http.world import World, asgi_client, open_world, problem
from tests.unit.idempotency.writer import Gates

pytestmark = pytest.mark.anyio

SEND = "/invites/send"
TTL = 60
REPLAYED, STATUS, ORIGINAL = (
    "idempotent-replayed",
    "idempotency-status",
    "idempotency-original-status",
)


def settings(**idempotency: Any) -> Settings:
    given = IdempotencySettings(**({"ttl_seconds": TTL} | idempotency))
    return Settings(env="test", workers_enabled=False, idempotency=given)


@attrs.frozen
class Keys:
    """A world whose keys may be broken, and whose units stand behind gates."""

    world: World
    kind: str
    gates: Gates
    faults: FaultPoints
    request: pytest.FixtureRequest

    async def send(
        self, to: UUID, *keys: str, client: httpx2.AsyncClient | None = None, **more: Any
    ) -> httpx2.Response:
        """Send Ana's invite with these keys."""
        headers = [*self.world.headers().items(), *(("Idempotency-Key", key) for key in keys)]
        body = {"to_user_id": str(to)} | more
        return await (client or self.world.client).post(SEND, json=body, headers=headers)

    async def somebody(self, handle: str = "cem") -> UUID:
        """Let one more person in."""
        command = CreatePerson(self.world.campus, handle, handle.title())
        return (await self.world.divan.accounts.create_person(command)).user_id

    async def events(self) -> int:
        """Count what has been recorded to be told."""
        return (await self.world.divan.stores.outbox.lag({})).waiting

    async def break_keys(self) -> None:
        """Take the storage of keys away."""
        await break_keys(self.kind, self.request, self.faults)

    def counted(self, outcome: str) -> int:
        """Tell how many invites ended in this way."""
        line = f'divan_idempotency_total{{operation="invites.send",outcome="{outcome}"}} '
        text = self.world.divan.metrics.exposition()
        found = [one.removeprefix(line) for one in text.splitlines() if one.startswith(line)]
        return int(float(found[0])) if found else 0


@asynccontextmanager
async def opened(kind: str, request: pytest.FixtureRequest, given: Settings) -> AsyncIterator[Keys]:
    clock, faults = ManualClock(), FaultPoints()
    stores: Stores = faults.around(stores_of(kind, request, clock))
    gates = Gates(stores.units)
    async with open_world(given, attrs.evolve(stores, units=gates), clock) as world:
        yield Keys(world, kind, gates, faults, request)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
async def keys(kind: str, request: pytest.FixtureRequest) -> AsyncIterator[Keys]:
    async with opened(kind, request, settings()) as made:
        yield made


@pytest.fixture
async def strict(kind: str, request: pytest.FixtureRequest) -> AsyncIterator[Keys]:
    """A deployment that refuses writes whose key cannot be kept."""
    async with opened(kind, request, settings(required=True)) as made:
        yield made


@pytest.fixture
async def postgres(request: pytest.FixtureRequest) -> AsyncIterator[Keys]:
    async with opened("postgres", request, settings(wait_ms=200)) as made:
        yield made


@pytest.fixture
async def patient(request: pytest.FixtureRequest) -> AsyncIterator[Keys]:
    """A deployment whose duplicates wait as long as they may, however busy the machine is."""
    async with opened("postgres", request, settings(wait_ms=5000)) as made:
        yield made


def is_first(answer: httpx2.Response) -> bool:
    assert answer.status_code in {200, 201}, answer.text
    first = answer.status_code == 201
    assert answer.headers[REPLAYED] == ("false" if first else "true")
    assert answer.headers.get(ORIGINAL) == (None if first else "201")
    assert STATUS not in answer.headers
    return first


async def test_first_and_replay(keys: Keys) -> None:
    world = keys.world
    first = await keys.send(world.ben, "a-key")
    assert is_first(first)
    assert first.json() | {"id": None} == {
        "id": None,
        "from_user_id": str(world.ana),
        "to_user_id": str(world.ben),
        "state": "open",
        "created_at": "2026-09-21T14:13:20.000Z",
        "expires_at": "2026-09-28T14:13:20.000Z",
    }
    for key in ("a-key", '"a-key"'):
        again = await keys.send(world.ben, key)
        assert not is_first(again)
        assert again.content == first.content
        assert again.headers["content-type"] == "application/json"
    assert await keys.events() == 1
    assert (keys.counted("first"), keys.counted("replayed")) == (1, 2)


async def test_a_replay_needs_credentials_too(keys: Keys) -> None:
    await keys.send(keys.world.ben, "key")
    body = {"to_user_id": str(keys.world.ben)}
    client = keys.world.client
    answer = await client.post(SEND, json=body, headers={"Idempotency-Key": "key"})
    problem(answer, 401, "unauthenticated")
    headers = keys.world.headers(keys.world.ben, Idempotency_Key="key")
    problem(await client.post(SEND, json=body, headers=headers), 422, "invalid_input")


async def test_many_at_once_are_one(keys: Keys) -> None:
    answers: list[httpx2.Response] = []

    async def send() -> None:
        answers.append(await keys.send(keys.world.ben, "key"))

    async with anyio.create_task_group() as tasks:
        for _ in range(30):
            tasks.start_soon(send)
    assert [is_first(answer) for answer in answers].count(True) == 1
    assert len({answer.content for answer in answers}) == 1
    assert await keys.events() == 1


async def test_a_duplicate_waits_no_longer_than_agreed(
    kind: str, request: pytest.FixtureRequest
) -> None:
    async with opened(kind, request, settings(wait_ms=20)) as keys:
        keys.gates.before = anyio.Event()
        async with anyio.create_task_group() as tasks:
            keys.gates.reached = anyio.Event()
            tasks.start_soon(keys.send, keys.world.ben, "key")
            await keys.gates.reached.wait()  # else the second might be the first
            answer = await keys.send(keys.world.ben, "key")
            keys.gates.open()
        assert problem(answer, 409, "idempotency_in_progress")["retry_after"] == 1
        assert answer.headers["retry-after"] == "1"
        assert not is_first(await keys.send(keys.world.ben, "key"))
        assert keys.counted("in_progress") == 1


async def test_another_payload(keys: Keys) -> None:
    ben, cem = keys.world.ben, await keys.somebody()
    first = await keys.send(ben, "key", note=[1, 2])
    for other in (
        await keys.send(cem, "key", note=[1, 2]),
        await keys.send(ben, "key", note=[2, 1]),
        await keys.send(ben, "key"),
        await keys.world.client.post(
            f"{SEND}?a=b",
            json={"to_user_id": str(ben), "note": [1, 2]},
            headers=keys.world.headers(Idempotency_Key="key"),
        ),
    ):
        problem(other, 422, "idempotency_key_reused")
    reordered = b'{"note":[1.0,2],"to_user_id":"%s"}' % str(ben).encode()
    headers = keys.world.headers(Idempotency_Key="key", Content_Type="application/json")
    again = await keys.world.client.post(SEND, content=reordered, headers=headers)
    assert not is_first(again)
    assert again.content == first.content
    assert await keys.events() == 1
    assert keys.counted("reused") == 4


@pytest.mark.parametrize(
    "given", [("a", "a"), ("a", "b"), ("",), ("a b",), ("a,b",), ('"a',), ("a" * 256,)]
)
async def test_a_key_that_is_none(world: World, given: tuple[str, ...]) -> None:
    headers = [*world.headers().items(), *(("Idempotency-Key", one) for one in given)]
    answer = await world.client.post(SEND, content=b"not even JSON", headers=headers)
    problem(answer, 400, "idempotency_key_invalid")


async def test_without_a_key(keys: Keys) -> None:
    answer = await keys.send(keys.world.ben)
    assert answer.status_code == 201
    assert not {REPLAYED, STATUS, ORIGINAL} & set(answer.headers)
    problem(await keys.send(keys.world.ben), 409, "invite_exists")
    assert (keys.counted("unkeyed"), keys.counted("failed")) == (1, 1)


async def test_keys_may_be_mandatory() -> None:
    async with open_world(settings(key_mandatory=True)) as world:
        body = {"to_user_id": str(world.ben)}
        answer = await world.client.post(SEND, json=body, headers=world.headers())
        problem(answer, 400, "idempotency_key_missing")
        headers = world.headers(Idempotency_Key="key")
        assert is_first(await world.client.post(SEND, json=body, headers=headers))


async def test_an_error_leaves_the_key_unused(keys: Keys) -> None:
    problem(await keys.send(UUID(int=404), "key"), 404, "not_found")
    assert is_first(await keys.send(keys.world.ben, "key"))
    problem(await keys.send(keys.world.ben, "another"), 409, "invite_exists")
    assert is_first(await keys.send(await keys.somebody(), "another"))


async def test_an_unknown_outcome_is_settled_by_a_retry(keys: Keys) -> None:
    keys.gates.loss = OutcomeUnknown()
    answer = await keys.send(keys.world.ben, "key")
    assert problem(answer, 503, "outcome_unknown")["retry_after"] == 1
    assert answer.headers["retry-after"] == "1"
    keys.gates.loss = None
    assert not is_first(await keys.send(keys.world.ben, "key"))
    assert await keys.events() == 1


async def test_keys_that_must_be_kept_and_cannot_be(strict: Keys) -> None:
    assert is_first(await strict.send(strict.world.ben, "before"))
    await strict.break_keys()
    for key in ("before", "after"):
        answer = await strict.send(await strict.somebody(key), key)
        assert problem(answer, 503, "idempotency_unavailable")["retry_after"] == 1
        assert answer.headers["retry-after"] == "1"
    assert await strict.events() == 1
    assert (await strict.send(await strict.somebody("dan"))).status_code == 201
    assert strict.counted("unavailable") == 2


async def test_keys_that_need_not_be_kept(keys: Keys, caplog: pytest.LogCaptureFixture) -> None:
    await keys.break_keys()
    for handle in ("cem", "dan"):
        answer = await keys.send(await keys.somebody(handle), "key")
        assert answer.status_code == 201
        assert (answer.headers[STATUS], answer.headers[REPLAYED]) == ("unprotected", "false")
    assert await keys.events() == 2
    assert keys.counted("unprotected") == 2
    assert len([one for one in caplog.records if "without protection" in one.message]) == 1


async def test_a_key_expires(keys: Keys) -> None:
    await keys.send(keys.world.ben, "key")
    cem = await keys.somebody()
    keys.world.clock.advance(TTL - 0.001)
    problem(await keys.send(cem, "key"), 422, "idempotency_key_reused")
    keys.world.clock.advance(0.001)
    assert is_first(await keys.send(cem, "key"))
    assert not is_first(await keys.send(cem, "key"))


async def test_replays_do_not_count(kind: str, request: pytest.FixtureRequest) -> None:
    limit = LimitSettings(invite_per_minute=2)
    async with opened(kind, request, attrs.evolve(settings(), limit=limit)) as keys:
        people = [await keys.somebody(handle) for handle in ("cem", "dan")]
        for to in people:
            assert is_first(await keys.send(to, str(to)))
            assert not is_first(await keys.send(to, str(to)))
        problem(await keys.send(keys.world.ben, "key"), 429, "rate_limited")
        assert not is_first(await keys.send(people[0], str(people[0])))


async def test_health(keys: Keys) -> None:
    answer = await keys.world.client.get("/health/idempotency")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    await keys.break_keys()
    answer = await keys.world.client.get("/health/idempotency")
    assert (answer.status_code, answer.json()["status"]) == (503, "down")
    assert answer.json()["latency_ms"] >= 0


ODD = [
    b"1e999",
    b"1" * 5000,
    b"[" * 100 + b"]" * 100,
    b"[" * 127 + b"]" * 127,
    b"0.1e-9999",
]
NONE = [b"[" * 150 + b"]" * 150, b"NaN", b"-Infinity", b"1e", b'"\xff"', b'"\\ud800"']


@pytest.mark.parametrize(
    ("extra", "good"), [(one, True) for one in ODD] + [(one, False) for one in NONE]
)
async def test_what_nobody_reads_is_the_same_with_a_key_and_without(
    world: World, extra: bytes, *, good: bool
) -> None:
    body = b'{"to_user_id":"%s","x":%s}' % (str(world.ben).encode(), extra)
    answers = []
    for key in ({}, {"Idempotency-Key": "key"}):
        headers = world.headers(Content_Type="application/json") | key
        answers.append(await world.client.post(SEND, content=body, headers=headers))
    if good:
        assert answers[0].status_code == 201
        problem(answers[1], 409, "invite_exists")
    else:
        for answer in answers:
            problem(answer, 400, "bad_request")


async def test_odd_numbers_are_told_apart(world: World) -> None:
    headers = world.headers(Idempotency_Key="key", Content_Type="application/json")
    for extra, status in ((b"1e999", 201), (b"1e999", 200), (b"1e998", 422), (b"-1e999", 422)):
        body = b'{"x":%s,"to_user_id":"%s"}' % (extra, str(world.ben).encode())
        answer = await world.client.post(SEND, content=body, headers=headers)
        assert answer.status_code == status


async def test_two_processes_on_one_database(patient: Keys, postgres_url: str) -> None:
    world, answers = patient.world, list[httpx2.Response]()
    async with AsyncExitStack() as stack:
        second = await stack.enter_async_context(
            Divan.open(
                world.divan.settings,
                stores=sql_stores(postgres_url, world.clock),
                clock=world.clock,
                entropy=SeededEntropy(),
            )
        )
        other = await stack.enter_async_context(asgi_client(create_app(second)))

        async def send(to: UUID, client: httpx2.AsyncClient) -> None:
            answers.append(await patient.send(to, str(to), client=client))

        for number in range(5):
            to = await patient.somebody(f"friend{number}")
            async with anyio.create_task_group() as tasks:
                for client in (world.client, other) * 10:
                    tasks.start_soon(send, to, client)
            assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 19}
            assert len({answer.content for answer in answers}) == 1
            answers.clear()
    assert await patient.events() == 5


async def test_another_process_is_waited_for_no_longer_than_agreed(
    postgres: Keys, postgres_url: str
) -> None:
    holder = await asyncpg.connect(postgres_url)
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute(
        "INSERT INTO idempotency_keys (subject, operation, key, fingerprint, expires_at)"
        " VALUES ($1, 'invites.send', 'key', '', '2100-01-01')",
        str(postgres.world.ana),
    )
    answer = await postgres.send(postgres.world.ben, "key")
    problem(answer, 409, "idempotency_in_progress")
    await transaction.rollback()
    await holder.close()
    assert is_first(await postgres.send(postgres.world.ben, "key"))

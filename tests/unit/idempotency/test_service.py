import anyio
import attrs
import msgspec
import pytest

from divan_core.errors import (
    IdempotencyInProgress,
    IdempotencyKeyInvalid,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    IdempotencyUnavailable,
    OutcomeUnknown,
    RateLimited,
    StoreUnavailable,
)
from divan_core.kernel.once import Done, IdempotencyKey
from divan_core.stores.bundle import Stores
from divan_core.stores.factories import memory_stores
from divan_core.testing.clock import ManualClock
from divan_core.testing.faults import FaultPoints, Raise

from .writer import HOUR, RULES, Founded, Impossible, Writer, writer

pytestmark = pytest.mark.anyio

REQUIRED = attrs.evolve(RULES, required=True)
CLAIM = "keys.claim:before"
AWAY = Raise(StoreUnavailable())


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def faults() -> FaultPoints:
    return FaultPoints()


@pytest.fixture
def stores(clock: ManualClock, faults: FaultPoints) -> Stores:
    return faults.around(memory_stores(clock))


@pytest.fixture
def one(stores: Stores) -> Writer:
    return writer(stores)


@pytest.fixture
def other(stores: Stores) -> Writer:
    """Another process over the same stores."""
    return writer(stores, seed=1)


def same(done: Done[Founded], first: Done[Founded]) -> bool:
    """Whether an answer is a replay of the first one."""
    return done == attrs.evolve(first, replayed=True)


async def test_a_key_is_done_once(one: Writer, other: Writer) -> None:
    first = await one.found("Here")
    assert first == Done(first.view, msgspec.json.encode(first.view))
    assert same(await one.found("Here", '"key"'), first)
    assert same(await other.found("Here"), first)
    assert await one.founded() == ["Here"]
    assert one.outcomes() == {"first": 1, "replayed": 1}
    assert other.outcomes() == {"replayed": 1}


async def test_a_known_key_is_looked_up_and_another_is_not(
    one: Writer, other: Writer, faults: FaultPoints
) -> None:
    await one.found("Here")
    assert faults.reached("keys.recall:before") == 0
    await one.found("Here")
    assert faults.reached("keys.recall:after") == 1
    assert one.gates.entered == 1
    await other.found("Here")
    assert faults.reached("keys.recall:after") == 1
    assert other.gates.entered == 1


async def test_people_operations_and_keys_do_not_collide(one: Writer) -> None:
    await one.found("a")
    await one.found("b", by=2)
    await one.found("c", operation="campus.refound")
    await one.found("d", "another")
    assert await one.founded() == ["a", "b", "c", "d"]


async def test_another_payload_with_the_key_is_refused(one: Writer, other: Writer) -> None:
    first = await one.found("Here")
    for process in (one, other):
        with pytest.raises(IdempotencyKeyReused):
            await process.found("There")
    assert same(await other.found("Here"), first)
    assert await one.founded() == ["Here"]
    assert one.outcomes() == {"first": 1, "reused": 1}


async def test_what_a_transport_was_sent_is_the_payload(one: Writer) -> None:
    first = await one.found("Here", IdempotencyKey("key", {"name": "Here", "x": [1, 2.0]}))
    again = IdempotencyKey("key", {"x": [1.0, 2], "name": "Here"})
    assert same(await one.found("Here", again), first)
    others: list[object] = [{"name": "Here"}, {"name": "Here", "x": [2, 1]}, []]
    for payload in others:
        with pytest.raises(IdempotencyKeyReused):
            await one.found("Here", IdempotencyKey("key", payload))


async def test_a_program_and_a_transport_mean_the_same(one: Writer) -> None:
    first = await one.found("Here")
    assert same(await one.found("Here", IdempotencyKey("key", {"name": "Here"})), first)
    assert same(await one.found("Here", IdempotencyKey("key")), first)


async def test_without_a_key_it_is_done_each_time(one: Writer) -> None:
    one_answer, another = await one.found("Here", None), await one.found("Here", None)
    assert one_answer.view.id != another.view.id
    assert one_answer == Done(one_answer.view, msgspec.json.encode(one_answer.view))
    assert await one.founded() == ["Here", "Here"]
    assert one.outcomes() == {"unkeyed": 2}


async def test_keys_may_be_mandatory(stores: Stores) -> None:
    one = writer(stores, attrs.evolve(RULES, mandatory=True))
    with pytest.raises(IdempotencyKeyMissing):
        await one.found("Here", None)
    with pytest.raises(IdempotencyKeyMissing):
        one.idempotency.checked("campus.found", [])
    await one.found("Here")
    assert await one.founded() == ["Here"]
    assert one.outcomes() == {"missing": 2, "first": 1}


async def test_a_malformed_key_is_refused(one: Writer) -> None:
    with pytest.raises(IdempotencyKeyInvalid):
        await one.found("Here", "no key")
    for given in (["a", "a"], [""], ["", ""], ["a", ""]):
        with pytest.raises(IdempotencyKeyInvalid):
            one.idempotency.checked("campus.found", given)
    assert one.idempotency.checked("campus.found", ['"a"']) == "a"
    assert one.idempotency.checked("campus.found", []) is None
    assert await one.founded() == []
    assert one.outcomes() == {"invalid": 5}


async def test_a_key_expires(one: Writer, other: Writer, clock: ManualClock) -> None:
    first = await one.found("Here")
    clock.advance(RULES.ttl_s - 0.001)
    assert same(await one.found("Here"), first)
    clock.advance(0.001)
    second = await one.found("There")
    assert same(await other.found("There"), second)
    assert await one.founded() == ["Here", "There"]


async def test_a_refused_write_leaves_the_key_unused(one: Writer) -> None:
    with pytest.raises(Impossible):
        await one.found("Nowhere")
    assert await one.founded() == []
    first = await one.found("Here")
    assert not first.replayed
    assert one.outcomes() == {"failed": 1, "first": 1}


async def waited(process: Writer, entered: int = 1) -> None:
    """Wait until so many attempts stand before the gate, and all others behind them."""
    while process.gates.entered < entered:
        await anyio.lowlevel.checkpoint()
    await anyio.wait_all_tasks_blocked()


async def test_duplicates_wait_for_the_first_and_share_its_answer(
    one: Writer, faults: FaultPoints
) -> None:
    answers: list[Done[Founded]] = []
    one.gates.before = anyio.Event()

    async def found() -> None:
        answers.append(await one.found("Here"))

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(found)
        await waited(one)
        one.gates.open()
    assert (one.gates.entered, faults.reached("keys.recall:before")) == (1, 0)
    assert sorted(done.replayed for done in answers) == [False] + [True] * 49
    assert {done.body for done in answers} == {answers[0].body}
    assert await one.founded() == ["Here"]


async def test_a_waiting_duplicate_with_another_payload_is_refused(one: Writer) -> None:
    one.gates.before = anyio.Event()

    async def different() -> None:
        with pytest.raises(IdempotencyKeyReused):
            await one.found("There")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one.found, "Here")
        await waited(one)
        tasks.start_soon(different)
        await anyio.wait_all_tasks_blocked()
        one.gates.open()
    assert one.gates.entered == 1
    assert await one.founded() == ["Here"]


async def test_nobody_waits_longer_than_agreed(stores: Stores) -> None:
    one = writer(stores, attrs.evolve(RULES, wait_ms=20))
    one.gates.before = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one.found, "Here")
        await waited(one)
        with pytest.raises(IdempotencyInProgress) as caught:
            await one.found("Here")
        assert caught.value.retry_after == 1
        one.gates.open()
    assert one.outcomes() == {"in_progress": 1, "first": 1}


async def test_when_the_first_fails_a_duplicate_is_the_first(
    one: Writer, faults: FaultPoints
) -> None:
    answers: list[Done[Founded]] = []
    one.gates.before = anyio.Event()
    faults.arm("campuses.put:after", Raise(Impossible()))

    async def found() -> None:
        try:
            answers.append(await one.found("Here"))
        except Impossible:
            answers.clear()

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(found)
        await waited(one)
        one.gates.open()
    assert [done.replayed for done in answers] == [False, True]
    assert await one.founded() == ["Here"]


@pytest.mark.parametrize(("gate", "replayed"), [("before", False), ("after", True)])
async def test_nobody_waits_for_somebody_who_went_away(
    one: Writer, gate: str, replayed: bool
) -> None:
    setattr(one.gates, gate, anyio.Event())
    answers: list[Done[Founded]] = []
    gone = anyio.CancelScope()

    async def first() -> None:
        with gone:
            await one.found("Here")

    async def second() -> None:
        answers.append(await one.found("Here"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first)
        await waited(one)
        tasks.start_soon(second)
        await anyio.wait_all_tasks_blocked()
        gone.cancel()
        await anyio.wait_all_tasks_blocked()
        one.gates.open()
    assert [done.replayed for done in answers] == [replayed]
    assert await one.founded() == ["Here"]


async def test_a_replay_does_not_count_and_is_never_too_much(one: Writer, other: Writer) -> None:
    for number in range(3):
        await one.found(f"{number}", f"{number}", limit=HOUR)
        for process in (one, other):
            assert (await process.found(f"{number}", f"{number}", limit=HOUR)).replayed
    with pytest.raises(RateLimited):
        await one.found("3", "3", limit=HOUR)
    third = writer(other.stores, seed=2)
    assert (await third.found("0", "0", limit=HOUR)).replayed
    with pytest.raises(IdempotencyKeyReused):
        await third.found("1", "0", limit=HOUR)
    assert third.outcomes() == {"replayed": 1, "reused": 1}
    assert await one.founded() == ["0", "1", "2"]


async def test_a_refused_key_does_not_count(one: Writer, other: Writer) -> None:
    await one.found("0", "0", limit=HOUR)
    for _ in range(5):
        with pytest.raises(IdempotencyKeyReused):
            await other.found("1", "0", limit=HOUR)
    await other.found("1", "1", limit=HOUR)
    await other.found("2", None, limit=HOUR)
    with pytest.raises(RateLimited):
        await other.found("3", None, limit=HOUR)


async def test_a_replay_leaves_a_later_write_its_moment(
    one: Writer, other: Writer, clock: ManualClock
) -> None:
    await one.found("0", "0", limit=HOUR)
    clock.advance(1)
    other.gates.before = anyio.Event()

    async def replay() -> None:
        assert (await other.found("0", "0", limit=HOUR)).replayed

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(replay)
        await waited(other)
        clock.advance(1)
        await one.found("1", "1", limit=HOUR)
        other.gates.open()
    await one.found("2", "2", limit=HOUR)
    clock.advance(3598)
    await one.found("3", "3", limit=HOUR)  # "0" has left the window
    clock.advance(1)  # and now the replay would
    with pytest.raises(RateLimited):
        await one.found("4", "4", limit=HOUR)


@pytest.mark.parametrize("key", ["once", None])
async def test_what_was_refused_does_not_count(one: Writer, key: str | None) -> None:
    for _ in range(5):
        with pytest.raises(Impossible):
            await one.found("Nowhere", key, limit=HOUR)
    for number in range(3):
        await one.found("Here", f"{number}", limit=HOUR)
    with pytest.raises(RateLimited):
        await one.found("Here", key, limit=HOUR)
    assert one.outcomes() == {"failed": 6, "first": 3}


@pytest.mark.parametrize("key", ["once", None])
async def test_what_may_have_been_done_counts(
    one: Writer, faults: FaultPoints, key: str | None
) -> None:
    faults.arm("campuses.put:before", Raise(OutcomeUnknown()), times=3)
    for _ in range(3):
        with pytest.raises(OutcomeUnknown):
            await one.found("Here", key, limit=HOUR)
    with pytest.raises(RateLimited):
        await one.found("Here", key, limit=HOUR)


async def test_a_key_that_must_be_kept_and_cannot_be(one: Writer, faults: FaultPoints) -> None:
    strict = writer(one.stores, REQUIRED)
    faults.arm(CLAIM, AWAY, times=2)
    for _ in range(2):
        with pytest.raises(IdempotencyUnavailable) as caught:
            await strict.found("Here", limit=HOUR)
        assert caught.value.retry_after == 1
    assert await strict.founded() == []
    for number in range(3):
        await strict.found("Here", f"{number}", limit=HOUR)
    assert strict.outcomes() == {"unavailable": 2, "first": 3}
    assert strict.warnings == []


async def test_a_key_that_need_not_be_kept(one: Writer, faults: FaultPoints) -> None:
    faults.arm(CLAIM, AWAY, times=2)
    first, again = await one.found("Here", limit=HOUR), await one.found("Here", limit=HOUR)
    assert first == Done(first.view, first.body, protected=False)
    assert first.view.id != again.view.id
    assert await one.founded() == ["Here", "Here"]
    assert len(set(one.warnings)) == 1
    await one.found("There", limit=HOUR)
    with pytest.raises(RateLimited):
        await one.found("Elsewhere", "fourth", limit=HOUR)
    assert one.outcomes() == {"unprotected": 2, "first": 1, "failed": 1}


async def test_without_protection_duplicates_of_one_process_still_share(
    one: Writer, faults: FaultPoints
) -> None:
    faults.arm(CLAIM, AWAY, times=None)
    one.gates.before = anyio.Event()
    answers: list[Done[Founded]] = []

    async def found() -> None:
        answers.append(await one.found("Here"))

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(found)
        await waited(one)
        one.gates.open()
    assert await one.founded() == ["Here"]
    assert sorted(done.protected for done in answers) == [False] + [True] * 4


@pytest.mark.parametrize(
    ("required", "refusal", "outcome"),
    [(True, IdempotencyUnavailable, "unavailable"), (False, StoreUnavailable, "failed")],
)
async def test_the_whole_database_away(
    stores: Stores,
    faults: FaultPoints,
    required: bool,
    refusal: type[Exception],
    outcome: str,
) -> None:
    one = writer(stores, attrs.evolve(RULES, required=required))
    faults.arm("keys.recall:before", AWAY)
    one.gates.failure = StoreUnavailable()
    with pytest.raises(refusal) as caught:
        await one.found("Here")
    assert type(caught.value) is refusal
    one.gates.failure = None
    assert not (await one.found("Here")).replayed
    assert one.outcomes() == {outcome: 1, "first": 1}


async def test_a_store_that_fails_after_the_claim_is_just_that(
    stores: Stores, faults: FaultPoints
) -> None:
    strict = writer(stores, REQUIRED)
    faults.arm("campuses.put:before", AWAY)
    with pytest.raises(StoreUnavailable):
        await strict.found("Here")
    assert not (await strict.found("Here")).replayed


@pytest.mark.parametrize("key", ["once", None])
async def test_what_a_store_could_not_do_does_not_count(
    one: Writer, faults: FaultPoints, key: str | None
) -> None:
    faults.arm("campuses.put:before", AWAY, times=5)
    for _ in range(5):
        with pytest.raises(StoreUnavailable):
            await one.found("Here", key, limit=HOUR)
    for number in range(3):
        await one.found("Here", f"{number}", limit=HOUR)
    with pytest.raises(RateLimited):
        await one.found("Here", limit=HOUR)


@pytest.mark.parametrize("required", [True, False])
async def test_an_unknown_outcome_is_settled_by_a_retry(
    stores: Stores, faults: FaultPoints, required: bool
) -> None:
    one = writer(stores, attrs.evolve(RULES, required=required))
    one.gates.loss = OutcomeUnknown()
    with pytest.raises(OutcomeUnknown):
        await one.found("Here")
    one.gates.loss = None
    assert (await one.found("Here")).replayed
    assert faults.reached("keys.recall:after") == 1
    assert await one.founded() == ["Here"]
    assert one.outcomes() == {"unknown": 1, "replayed": 1}


async def test_limits_that_cannot_be_counted(one: Writer, faults: FaultPoints) -> None:
    faults.arm("limits.admit:before", AWAY)
    with pytest.raises(StoreUnavailable):
        await one.found("Here", limit=HOUR)
    first = await one.found("Here", limit=HOUR)
    faults.arm("limits.withdraw:before", AWAY)
    assert same(await writer(one.stores).found("Here", limit=HOUR), first)


async def test_a_bug_is_not_an_outcome(one: Writer, faults: FaultPoints) -> None:
    faults.arm("campuses.put:before", Raise(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        await one.found("Here")
    assert not (await one.found("Here")).replayed
    assert one.outcomes() == {"first": 1}


async def test_the_probe_asks_the_store(one: Writer, faults: FaultPoints) -> None:
    await one.idempotency.probe()
    faults.arm("keys.probe:before", AWAY)
    with pytest.raises(StoreUnavailable):
        await one.idempotency.probe()

import anyio
import pytest

from divan_core.errors import IdempotencyInProgress
from divan_core.idempotency.flights import Flights, Met
from divan_core.idempotency.model import KeyScope
from tests.clockwork import Backend, clockwork

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> Backend:
    return clockwork()


def scope(number: int = 1) -> KeyScope:
    return KeyScope("ana", "invites.send", f"{number}")


async def test_what_was_waited_is_not_waited_again() -> None:
    flights, left = Flights(), list[int]()

    async def second() -> None:
        async with flights.turn(scope(), 1000) as turn:
            left.append(turn.left_ms)

    async with anyio.create_task_group() as tasks, flights.turn(scope(), 1000) as first:
        tasks.start_soon(second)
        await anyio.sleep(0.05)
    assert first.left_ms == 1000
    assert left == [950]


async def test_with_no_patience_a_duplicate_is_refused_at_once() -> None:
    flights = Flights()
    async with flights.turn(scope(), 0), flights.turn(scope(2), 0):
        with pytest.raises(IdempotencyInProgress):
            async with flights.turn(scope(), 0):
                pytest.fail("it had its turn")


async def test_turns_are_had_one_at_a_time() -> None:
    flights, together, most = Flights(), 0, 0

    async def attempt() -> None:
        nonlocal together, most
        async with flights.turn(scope(), 10_000):
            together += 1
            most = max(most, together)
            await anyio.lowlevel.checkpoint()
            together -= 1

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(attempt)
    assert most == 1


def test_only_the_latest_keys_are_remembered() -> None:
    met = Met(capacity=2)
    for number in (1, 2, 1, 3):
        met.add(scope(number))
    assert [scope(number) in met for number in (1, 2, 3)] == [True, False, True]

"""When a link gives up a server that is silent, by a clock that a busy machine does not move."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from divan_core.stores.redis import link as module
from divan_core.stores.redis.errors import RedisOutcomeUnknown
from divan_core.stores.redis.link import ConnectionPolicy, pack
from tests.clockwork import Backend, Clockwork, clockwork, this_clockwork
from tests.unit.stores.redis.fake import connected, turn

pytestmark = pytest.mark.anyio

GET = pack(b"GET", b"key")


@pytest.fixture(scope="module")
def anyio_backend() -> Backend:
    return clockwork()


@pytest.fixture
async def loop(monkeypatch: pytest.MonkeyPatch) -> Clockwork:
    """The loop, by whose clock links go too."""
    running = this_clockwork()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=running.time))
    return running


async def test_a_silent_server_is_given_up_when_the_oldest_call_is_overdue(
    loop: Clockwork,
) -> None:
    link, _ = connected()
    began = loop.time()
    oldest = link.send(GET)
    await asyncio.sleep(0.06)
    younger = link.send(GET)
    await asyncio.wait([oldest])
    assert loop.time() - began == pytest.approx(0.1)
    assert younger.done()
    for call in (oldest, younger):
        with pytest.raises(RedisOutcomeUnknown, match=r"0\.1 s") as failed:
            await call
        assert failed.value.timed_out


async def test_answers_move_the_clock_on_to_the_next_call(loop: Clockwork) -> None:
    link, _ = connected()
    began = loop.time()
    link.send(GET)
    await asyncio.sleep(0.06)
    younger = link.send(GET)
    await turn()
    link.data_received(b"+OK\r\n")
    with pytest.raises(RedisOutcomeUnknown):
        await younger
    assert loop.time() - began == pytest.approx(0.16)


async def test_a_link_without_calls_never_times_out(loop: Clockwork) -> None:
    link, _ = connected()
    call = link.send(GET)
    await turn()
    link.data_received(b"+OK\r\n")
    await call
    began = loop.time()
    await asyncio.sleep(0.12)
    assert loop.time() - began == pytest.approx(0.12)
    assert not link.ended.is_set()


async def test_a_stall_of_this_process_is_not_blamed_on_the_server(loop: Clockwork) -> None:
    link, _ = connected()
    call = link.send(GET)
    await turn()
    loop.call_later(0.01, loop.stall, 0.2)
    await asyncio.sleep(0.02)  # over the stall: the overdue timer has just run
    await turn()
    link.data_received(b"+OK\r\n")
    assert await call == b"OK"


async def test_a_silent_server_is_given_up_after_a_stall_too(loop: Clockwork) -> None:
    link, _ = connected()
    call = link.send(GET)
    await turn()
    loop.stall(0.2)
    began = loop.time()
    with pytest.raises(RedisOutcomeUnknown):
        await call
    assert loop.time() - began == pytest.approx(0.05)


async def test_a_process_that_stalls_all_the_time_gives_up_too(loop: Clockwork) -> None:
    link, _ = connected()
    call = link.send(GET)
    for _ in range(8):
        await turn()
        loop.stall(0.08)
    assert call.done()
    assert isinstance(call.exception(), RedisOutcomeUnknown)


async def test_one_timer_watches_all_calls(
    loop: Clockwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    timers: list[float] = []
    real = loop.call_later

    def counted(delay: float, *rest: Any) -> asyncio.TimerHandle:
        timers.append(delay)
        return real(delay, *rest)

    monkeypatch.setattr(loop, "call_later", counted)
    link, _ = connected(ConnectionPolicy(timeout_s=10))
    for _ in range(50):
        link.send(GET)
        link.send(GET)
        await turn()
    link.data_received(b"+OK\r\n" * 100)
    link.send(GET)
    await turn()
    assert len(timers) == 1

"""Nobody misses a ring."""

from __future__ import annotations

import anyio
import pytest

from divan_core.kernel.bell import Bell, Bells

pytestmark = pytest.mark.anyio

LONG_S = 60.0


async def test_a_ring_before_the_wait_is_heard() -> None:
    bell = Bell()
    heard = bell.rings
    bell.ring()
    with anyio.fail_after(5):
        await bell.wait(heard, LONG_S)


async def test_all_who_wait_are_woken() -> None:
    bell = Bell()
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(bell.wait, bell.rings, LONG_S)
            await anyio.wait_all_tasks_blocked()
            bell.ring()


async def test_silence_ends_with_the_timeout() -> None:
    bell = Bell()
    await bell.wait(bell.rings, 0.0)
    assert bell.rings == 0


async def test_each_name_has_a_bell() -> None:
    bells = Bells()
    one, other = bells.of("one"), bells.of("other")
    bells.ring(("one", "nobody's"))
    assert (one.rings, other.rings) == (1, 0)
    bells.ring()
    assert (bells.of("one").rings, bells.of("other").rings) == (2, 1)

"""Making way for what somebody waits for."""

from __future__ import annotations

from contextlib import suppress

import anyio
import pytest

from divan_core.kernel.urgency import Foreground

pytestmark = pytest.mark.anyio


async def make_way(foreground: Foreground, made_way: anyio.Event) -> None:
    """As a worker does that has all the time there is."""
    await foreground.give_way(3600)
    made_way.set()


async def test_where_nobody_waits_nobody_makes_way() -> None:
    foreground = Foreground()
    with foreground:
        pass
    with anyio.CancelScope() as scope:
        scope.cancel()  # whoever waits even for a moment would end here
        await foreground.give_way(3600)
        return
    pytest.fail("it waited")


async def test_it_is_until_the_last_of_those_in_hand_is_done_with() -> None:
    foreground, made_way = Foreground(), anyio.Event()
    async with anyio.create_task_group() as tasks:
        with foreground:
            with suppress(LookupError), foreground:
                tasks.start_soon(make_way, foreground, made_way)
                await anyio.wait_all_tasks_blocked()
                raise LookupError
            await anyio.wait_all_tasks_blocked()
            assert not made_way.is_set()
    assert made_way.is_set()


async def test_a_short_moment_between_two_is_enough() -> None:
    foreground, made_way = Foreground(), anyio.Event()
    async with anyio.create_task_group() as tasks:
        with foreground:
            tasks.start_soon(make_way, foreground, made_way)
            await anyio.wait_all_tasks_blocked()
        with foreground:
            await made_way.wait()


async def test_nobody_makes_way_for_ever() -> None:
    foreground = Foreground()
    with foreground, anyio.fail_after(10):
        await foreground.give_way(0.001)

"""From an event to its acknowledgement."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest

from divan_core.kernel.urgency import Foreground
from divan_core.testing.clock import ManualClock, SeededIds
from divan_rt.audience import Session
from divan_rt.dispatch import Dispatch, Event, Problems
from divan_rt.messages import Refused, UnsubscribeNearby
from divan_rt.packet import Envelope
from divan_rt.quota import EventQuota
from divan_rt.traffic import Traffic

pytestmark = pytest.mark.anyio


async def test_workers_make_way_for_an_event_until_it_is_answered() -> None:
    foreground, begun, going_on, made_way = Foreground(), anyio.Event(), anyio.Event(), []
    answers: list[Any] = []

    async def perform(_session: Session, _command: UnsubscribeNearby) -> object:
        begun.set()
        await going_on.wait()
        raise RuntimeError  # it ends there, too

    table = {"ask": Event(UnsubscribeNearby, perform)}
    problems = Problems(SeededIds())
    dispatch = Dispatch("/chat", table, Traffic(), ManualClock(), problems, foreground)
    session = cast("Session", SimpleNamespace(quota=EventQuota()))

    async def ask() -> None:
        answers.append(await dispatch.answer(session, Envelope("ask", b"{}")))

    async def make_way() -> None:
        await foreground.give_way(3600)
        made_way.append(True)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await begun.wait()
        tasks.start_soon(make_way)
        await anyio.wait_all_tasks_blocked()
        assert not made_way
        going_on.set()
    assert made_way
    assert isinstance(answers[0], Refused)

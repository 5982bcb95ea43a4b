"""Typing duels of many at the same time: how long a submission takes, and what it costs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final
from uuid import uuid4

import anyio
import attrs
import uvloop
from anyio.abc import TaskGroup

from benchmarks.chat_scene import PAIRS, let_in, person
from benchmarks.deciding import addresses
from benchmarks.fanout import spread
from benchmarks.report import table
from benchmarks.search_server import stores_at
from benchmarks.world import CAMPUS, settings
from divan_core import Divan
from divan_core.activities.games.typing import SubmitText
from divan_core.activities.messages import ActivityId, ActivityQuery, CreateActivity, prompt_of
from divan_core.kernel.actor import Actor

SPREAD_S: Final = 5.0
"""Over how long everybody hands in; all of them are in the middle of their duels."""

WANTED_MS: Final = 50.0


@attrs.frozen
class Duel:
    """A duel that has begun."""

    id: ActivityId
    prompt: str
    players: tuple[Actor, Actor]


def run() -> None:
    """Print the table."""
    with addresses() as places:
        rows = [uvloop.run(_measured(name, there)) for name, there in places]
    title = f"{PAIRS} typing duels at once, both hand in with a key; workers inside"
    header = ("stores", "submissions/s", "CPU ms each", "p50/p95/p99 ms", "wanted p95 ms")
    table(title, header, rows)


async def _measured(name: str, there: list[str]) -> tuple[object, ...]:
    async with Divan.open(settings(), stores=stores_at(there)) as divan:
        await let_in(divan)
        duels = [await _begun(divan, pair) for pair in range(PAIRS)]
        await divan.drain()
        took_ms: list[float] = []
        began, used = anyio.current_time(), time.process_time()
        async with anyio.create_task_group() as group:
            await _hand_in(group, divan, duels, took_ms)
        took = anyio.current_time() - began
        await divan.drain()
        cost_ms = (time.process_time() - used) / len(took_ms) * 1000
    rate = f"{len(took_ms) / took:.0f}"
    return name, rate, f"{cost_ms:.1f}", spread(took_ms), f"{WANTED_MS:.0f}"


async def _begun(divan: Divan, pair: int) -> Duel:
    one, other = (Actor(person(2 * pair + side), CAMPUS) for side in (0, 1))
    await divan.social.befriend(one, other.user_id)
    command = CreateActivity(other.user_id, "typing_duel", {"duration_s": 300})
    made = await divan.activities.create(one, command)
    view = await divan.activities.start(other, ActivityQuery(made.view.id))
    return Duel(view.id, prompt_of(view).prompt, (one, other))


async def _hand_in(
    group: TaskGroup, divan: Divan, duels: Sequence[Duel], took_ms: list[float]
) -> None:
    began = anyio.current_time()
    every = [(duel, player) for player in (0, 1) for duel in duels]
    for number, (duel, player) in enumerate(every):
        await anyio.sleep_until(began + number * SPREAD_S / len(every))
        group.start_soon(_submit, divan, duel, player, took_ms)


async def _submit(divan: Divan, duel: Duel, player: int, took_ms: list[float]) -> None:
    began = anyio.current_time()
    typed = duel.prompt if player else duel.prompt[:-7]
    move = SubmitText(duel.id, 1, typed)
    await divan.activities.play(duel.players[player], move, idempotency_key=str(uuid4()))
    took_ms.append((anyio.current_time() - began) * 1000)

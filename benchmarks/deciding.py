"""From a message to what the machine does about it: decided, enforced, and told."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

import anyio
import attrs
import uvloop
from anyio.abc import TaskGroup

from benchmarks.chat_scene import PAIRS, WORDS, let_in, person
from benchmarks.fanout import spread
from benchmarks.http import migrate
from benchmarks.report import table
from benchmarks.search_server import stores_at
from benchmarks.world import CAMPUS, settings
from divan_cli.collecting import settle_memory
from divan_core import Divan
from divan_core.chat.messages import SendMessage
from divan_core.chat.model import MessageId, ulid
from divan_core.kernel.actor import Actor
from divan_core.kernel.delivery import Group
from divan_core.kernel.events import Event
from divan_core.moderation.actionmessages import ACTION_APPLIED, ACTIONS
from divan_core.stores.bundle import StoreUnit
from divan_core.stores.factories import file_address
from divan_core.workers.subscription import Subscription
from tests.servers.databases import Databases
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import RedisServer, valkey_binary

RATE: Final = 200
"""Messages per second."""

FOUL_EACH: Final = 20
"""One message of so many is acted on; all are decided about."""

FOUL: Final = "You are such a fucking bitch, fuck you"
WANTED_MS: Final = 100.0


@attrs.define
class Watch:
    """When foul messages were sent, and when it was told that they are hidden, by their ids."""

    sent: dict[str, float] = attrs.field(factory=dict)
    told: dict[str, float] = attrs.field(factory=dict)

    async def see(self, _unit: StoreUnit, event: Event) -> None:
        """An action was applied; its event comes after its effect."""
        kind, _, target = event.data["target"].partition(":")
        if event.name == ACTION_APPLIED and kind == "message":
            # Units may run where no event loop is, so not by its clock.
            self.told[ulid(MessageId(UUID(target)))] = time.perf_counter()

    @property
    def took_ms(self) -> list[float]:
        """How long it took of each that is hidden."""
        hidden = self.sent.keys() & self.told.keys()
        return [(self.told[one] - self.sent[one]) * 1000 for one in hidden]


def run(seconds: int) -> None:
    """Print the table."""
    with addresses() as places:
        rows = [uvloop.run(_measured(name, addresses, seconds)) for name, addresses in places]
    title = f"{RATE} messages/s, one of {FOUL_EACH} foul, to hidden and told; workers inside"
    header = (
        "stores",
        "sent/s",
        "CPU ms a message",
        "foul",
        "not hidden",
        "p50/p95/p99 ms",
        "wanted p95 ms",
    )
    table(title, header, rows)


@contextmanager
def addresses() -> Iterator[list[tuple[str, list[str]]]]:
    """The stores there are, by name, with their addresses."""
    with (
        tempfile.TemporaryDirectory() as folder,
        PostgresServer() as postgres,
        RedisServer(valkey_binary()) as valkey,
        Databases(postgres.url, migrate) as databases,
        databases.migrated() as url,
    ):
        sqlite = file_address(Path(folder, "divan.sqlite3"))
        yield [
            ("in memory", []),
            ("SQLite file", [sqlite]),
            ("PostgreSQL and Valkey", [url, valkey.url]),
        ]


async def _measured(name: str, addresses: list[str], seconds: int) -> tuple[object, ...]:
    watch = Watch()
    subscription = Subscription(Group("bench", ACTIONS), watch.see)
    stores = stores_at(addresses)
    async with Divan.open(settings(), stores=stores, subscriptions=[subscription]) as divan:
        await let_in(divan)
        for one in range(2 * PAIRS):  # what a process knows of people, it knows
            await divan.chat.send(Actor(person(one), CAMPUS), SendMessage(person(one ^ 1), WORDS))
        for one in range(FOUL_EACH // 2, 2 * PAIRS, FOUL_EACH):  # connections have prepared all
            await divan.chat.send(Actor(person(one), CAMPUS), SendMessage(person(one ^ 1), FOUL))
        await divan.drain()
        settle_memory()  # as a server does
        began, used, count = anyio.current_time(), time.process_time(), RATE * seconds
        async with anyio.create_task_group() as group:
            await _send(group, divan, watch, count)
        took = anyio.current_time() - began
        await divan.drain()
        cost_ms = (time.process_time() - used) / count * 1000
    missing = len(watch.sent) - len(watch.took_ms)
    figures = (len(watch.sent), missing, spread(watch.took_ms), f"{WANTED_MS:.0f}")
    return name, f"{count / took:.0f}", f"{cost_ms:.1f}", *figures


async def _send(group: TaskGroup, divan: Divan, watch: Watch, count: int) -> None:
    began = anyio.current_time()
    for number in range(count):
        await anyio.sleep_until(began + number / RATE)
        group.start_soon(_write, divan, watch, number)


async def _write(divan: Divan, watch: Watch, number: int) -> None:
    one = number % (2 * PAIRS)
    # Somebody else in each round: trust is lost quickly.
    foul = (number + number // (2 * PAIRS)) % FOUL_EACH == 0
    command = SendMessage(person(one ^ 1), FOUL if foul else f"{WORDS} {number}")
    done = await divan.chat.send(Actor(person(one), CAMPUS), command)
    if foul:
        watch.sent[done.view.message_id] = time.perf_counter()

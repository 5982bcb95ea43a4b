"""A mixed load for many minutes, while what can go away does, and what is true after it.

``DIVAN_SOAK_MINUTES`` says for how long; without it nothing is soaked. Two servers share PostgreSQL
and Valkey. The second is killed now and then; the first lives through it all, so that its memory
shows whether anything is kept for ever.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from typing import Final

import aiohttp
import anyio
import attrs
import psutil
import pytest

from tests.conftest import migrate
from tests.faults.campus import credentials, people, person
from tests.faults.clients import Ledger, client_of
from tests.faults.process import SETTINGS, FaultServer, serving
from tests.faults.replicas import Replica
from tests.faults.truth import Rows, Truth, check_effects
from tests.faults.writers import Place, Told
from tests.servers import process
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import RedisServer
from tests.soak import checks, load

MINUTES: Final = float(os.environ.get("DIVAN_SOAK_MINUTES", "0"))
TROUBLE_S: Final = 15.0
"""How long it goes well in between."""

OUTAGE_S: Final = 1.0
START_S: Final = 180
"""How long servers may take to start on a machine that is busy for so long."""

SAMPLE_S: Final = 2.0
MOST_PER_MINUTE: Final = 2.0
GROWN: Final = 12.0
"""MiB by which the first server may grow in a minute of its second half; a short soak is noise."""

MANY: Final = "1000000"
LIMITS: Final = {
    f"DIVAN_LIMIT_{name}": MANY
    for name in ("MESSAGE_PER_MINUTE", "HEARTBEAT_PER_MINUTE", "REPORT_PER_DAY")
}

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not MINUTES, reason="nox -s soak sets DIVAN_SOAK_MINUTES"),
]


async def test_everything_is_true_in_the_end(
    breakable_postgres: PostgresServer,
    breakable_redis: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "START_TIMEOUT_S", START_S)
    url = breakable_postgres.url
    migrate(url)
    await people(url, load.PEOPLE)
    settings = {"DIVAN_DATABASE_URL": url, "DIVAN_REDIS_URL": breakable_redis.url, **LIMITS}
    with serving(settings, 2) as servers:
        soaked = Soaked([one.url for one in servers])
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            place = await room(soaked.urls, http)
            copies = [Replica(place, person(number)) for number in (1, load.TALKERS)]
            troubles = cycle(all_troubles(servers[1], breakable_postgres, breakable_redis))
            await soaked.run(place, copies, servers[0], troubles)
            await soaked.check(url, settings, place, copies)


async def room(urls: Sequence[str], http: aiohttp.ClientSession) -> Place:
    """A room of all talkers."""
    async with client_of(urls[0]) as client:
        body = {"name": "Agora", "preset": "12+", "visibility": "link"}
        made = (await client.post("/rooms", json=body, headers=credentials(person(1)))).json()
        for number in range(2, load.TALKERS + 1):
            path = f"/rooms/{made['id']}/join"
            joined = await client.post(path, headers=credentials(person(number)))
            assert joined.status_code == 200, joined.text
    return Place(made["id"], urls, http)


def all_troubles(
    server: FaultServer, postgres: PostgresServer, redis: RedisServer
) -> list[Callable[[], None]]:
    """What goes wrong, one after the other."""
    return [
        server.kill,
        partial(lost, redis),
        postgres.restart,
        partial(frozen, redis),
        server.kill,
        partial(frozen, postgres),
    ]


def lost(redis: RedisServer) -> None:
    """Redis goes away with what it held."""
    redis.stop()
    time.sleep(OUTAGE_S)
    redis.start()


def frozen(server: RedisServer | PostgresServer) -> None:
    """A server hangs for a while."""
    server.pause()
    time.sleep(OUTAGE_S)
    server.resume()


@attrs.define
class Soaked:
    """What happened in the soak."""

    urls: Sequence[str]
    told: Told = attrs.field(factory=Told)
    letters: load.Letters = attrs.field(factory=load.Letters)
    ledger: Ledger = attrs.field(factory=Ledger)
    ended: anyio.Event = attrs.field(factory=anyio.Event)
    memory: list[tuple[float, float]] = attrs.field(factory=list)
    """Seconds since the beginning, and MiB of the first server."""
    troubles: int = 0

    async def run(
        self,
        place: Place,
        copies: Sequence[Replica],
        first: FaultServer,
        troubles: cycle[Callable[[], None]],
    ) -> None:
        """Load the servers for as long as was asked, and let what they do come to its end."""
        pid = first.pid
        async with anyio.create_task_group() as around:
            around.start_soon(self._measure, pid)
            for copy in copies:
                around.start_soon(copy.follow, 10**9)
            around.start_soon(self._disturb, troubles)
            async with anyio.create_task_group() as tasks:
                for talker in load.talkers(place, self.told):
                    tasks.start_soon(talker.talk, self.ended)
                for number in range(1, load.TALKERS + 1):
                    tasks.start_soon(load.correspond, self.urls, self.letters, number, self.ended)
                for number in range(load.VISITORS):
                    tasks.start_soon(load.visit, self.urls, self.letters, number, self.ended)
                tasks.start_soon(load.invite, self.urls[0], self.ledger, self.ended)
                tasks.start_soon(load.moderate, self.urls, self.letters, self.ended)
                await anyio.sleep(MINUTES * 60)
                self.ended.set()
            around.cancel_scope.cancel()
        assert first.pid == pid, "the first server died"

    async def check(
        self,
        url: str,
        settings: dict[str, str],
        place: Place,
        copies: Sequence[Replica],
    ) -> None:
        """Everything that was promised is true."""
        assert self.letters.faults == []
        async with checks.beside(SETTINGS | settings) as divan:
            await checks.check_delivery(divan)
            await checks.check_audit(divan, self.letters.acted)
        found = await checks.kept(url)
        checks.check_messages(found, self.told, self.letters)
        total = max(view["seq"] for view in self.told.views.values())
        for copy in copies:
            with anyio.fail_after(checks.SETTLED_S):
                await copy.follow(total)
            assert copy.faults == []
            assert set(copy.kept) >= set(range(1, total + 1))
        truth = await Truth.of(url)
        check_effects(attrs.evolve(truth, keys=_of_invites(truth)), self.ledger)
        checks.check_echoes(truth)
        await checks.check_boards(self.urls[0], found)
        await checks.check_presence(self.urls)
        self._tell(len(found.messages), place)
        assert self.growth <= (MOST_PER_MINUTE if MINUTES >= 10 else GROWN)

    @property
    def growth(self) -> float:
        """MiB a minute of the first server, by least squares over the second half."""
        half = self.memory[len(self.memory) // 2 :]
        mean_at = sum(at for at, _ in half) / len(half)
        mean = sum(size for _, size in half) / len(half)
        slope = sum((at - mean_at) * (size - mean) for at, size in half)
        return 60 * slope / sum((at - mean_at) ** 2 for at, _ in half)

    async def _measure(self, pid: int) -> None:
        watched, began = psutil.Process(pid), time.monotonic()
        while True:
            size = watched.memory_info().rss / 2**20
            self.memory.append((time.monotonic() - began, size))
            await anyio.sleep(SAMPLE_S)

    async def _disturb(self, troubles: cycle[Callable[[], None]]) -> None:
        while not self.ended.is_set():
            with anyio.move_on_after(TROUBLE_S):
                await self.ended.wait()
                return
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(next(troubles))
                self.troubles += 1

    def _tell(self, messages: int, place: Place) -> None:
        """Print what came to pass; pytest shows it with -s or -rP."""
        sizes = [round(size) for _, size in self.memory]
        print(  # noqa: T201 - it is what the session is run for
            f"{MINUTES} minutes, room {place.room_id}: {messages} messages, "
            f"{len(self.ledger.bodies)} invites, {self.letters.acted} actions, "
            f"{self.troubles} troubles, {self.told.lost} lines repeated, "
            f"answers {dict(self.letters.answers)}; memory {sizes[0]} to {sizes[-1]} MiB, "
            f"{self.growth:.2f} a minute at the end"
        )


def _of_invites(truth: Truth) -> Rows:
    return [row for row in truth.keys if row.operation == "invites.send"]

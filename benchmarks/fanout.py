"""Live lists: a thousand sockets around two thousand walkers, on one server on one core."""

from __future__ import annotations

import asyncio
import bisect
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

import attrs
import msgspec
import uvloop
import websockets
from websockets.asyncio.client import ClientConnection

from benchmarks.cores import OTHERS, SERVERS, tied
from benchmarks.fanout_server import PEOPLE, READY, STEP_S, SUBSCRIBERS, Told, moved
from benchmarks.report import table
from benchmarks.server import SIDE_M
from benchmarks.world import CAMPUS, Walker, walkers
from divan_core.presence.messages import Heartbeat
from tests.servers.process import free_port

EVENT = "42/presence,"
ACK = "43/presence,"
AT_ONCE = 50
SETTLE_S = 6.0


@attrs.frozen
class Body:
    """What is read of an update or of an acknowledgement."""

    seq: int = 0
    ok: bool = True
    items: tuple[msgspec.Raw, ...] = ()


_event = msgspec.json.Decoder(tuple[str, Body])
_answer = msgspec.json.Decoder(tuple[Body])


@attrs.define
class Tally:
    """What all clients received: when, how much, and how many had to be told anew."""

    arrivals: list[float] = attrs.field(factory=list)
    characters: int = 0
    resyncs: int = 0
    listed: list[int] = attrs.field(factory=list)


class Client:
    """One subscriber, who walks."""

    def __init__(self, walker: Walker, tally: Tally) -> None:
        """Count into ``tally``."""
        self._walker = walker
        self._at = walker.at
        self._tally = tally
        self._seq = 0
        self._chance = random.Random(walker.user_id.int)
        self._calls = 0

    async def follow(self, port: int, radius_m: int, ready: asyncio.Event) -> None:
        """Subscribe, say so, and follow the list until cancelled."""
        address = f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"
        async with websockets.connect(address, compression=None, ping_interval=None) as socket:
            await self._begin(socket, radius_m)
            ready.set()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._walk(socket))
                while True:
                    await self._read(socket, await socket.recv())

    async def _begin(self, socket: ClientConnection, radius_m: int) -> None:
        auth = f'{{"user_id":"{self._walker.user_id}","campus_id":"{CAMPUS}"}}'
        await socket.recv()
        await socket.send(f"40/presence,{auth}")
        assert str(await socket.recv()).startswith("40")
        await socket.send(f'{EVENT}1["nearby:subscribe",{{"radius_m":{radius_m}}}]')
        frame = str(await socket.recv())
        (answer,) = _answer.decode(frame.removeprefix(f"{ACK}1"))
        assert answer.ok
        self._seq = answer.seq
        self._tally.listed.append(len(answer.items))

    async def _walk(self, socket: ClientConnection) -> None:
        await asyncio.sleep(self._chance.uniform(0, STEP_S))
        while True:
            self._at = moved(self._at, self._chance)
            here = Heartbeat(self._at.lat, self._at.lon, 10.0, "phone", int(time.time() * 1000))
            text = msgspec.json.encode(("presence:heartbeat", here)).decode()
            await socket.send(f"{EVENT}2{text}")
            await asyncio.sleep(STEP_S)

    async def _read(self, socket: ClientConnection, frame: str | bytes) -> None:
        text = str(frame)
        if text == "2":
            await socket.send("3")
        elif text.startswith(ACK):
            assert '"ok":true' in text, text
        elif text.startswith(EVENT.removesuffix("presence,")) and "nearby" in text[:30]:
            self._count(text)

    def _count(self, text: str) -> None:
        name, body = _event.decode(text.removeprefix(EVENT))
        if name == "nearby:update":
            assert body.seq == self._seq + 1
            self._tally.arrivals.append(time.monotonic())
            self._tally.characters += len(text)
        else:
            self._tally.resyncs += 1
        self._seq = body.seq


async def subscribers(port: int, radius_m: int, tell: IO[str], seconds: int) -> Tally:
    """All of them, for some seconds after the last has subscribed."""
    tally = Tally()
    clients = [Client(walker, tally) for walker in walkers(PEOPLE, SIDE_M)[:SUBSCRIBERS]]
    tasks = []
    for number in range(0, len(clients), AT_ONCE):
        batch = [(client, asyncio.Event()) for client in clients[number : number + AT_ONCE]]
        tasks += [asyncio.create_task(one.follow(port, radius_m, there)) for one, there in batch]
        await asyncio.wait_for(asyncio.gather(*(there.wait() for _, there in batch)), 30)
    await asyncio.sleep(SETTLE_S)
    print("measure", file=tell, flush=True)
    tally.arrivals.clear()
    tally.characters = tally.resyncs = 0
    await asyncio.sleep(seconds)
    failed = [task for task in tasks if task.done()]
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert not failed, failed[0]
    return tally


def run(seconds: int) -> None:
    """Print the table."""
    with tied(OTHERS):
        rows = [_measure(radius_m, seconds) for radius_m in (50, 200)]
    header = (
        "radius",
        "listed",
        "beats",
        "missed",
        "late ms p50/p95/p99",
        "work ms p50/p95/p99",
        "CPU ms/beat",
        "updates/s",
        "KB each",
        "resyncs",
        "arrival ms p50/p95/p99",
    )
    title = f"Live lists: {SUBSCRIBERS} sockets around {PEOPLE} walkers, one server on one core"
    table(title, header, rows)


def _measure(radius_m: int, seconds: int) -> tuple[object, ...]:
    port = free_port()
    with _server(port) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        assert server.stdout.readline().strip() == READY
        time.sleep(1)
        tally = uvloop.run(subscribers(port, radius_m, server.stdin, seconds))
        print("end", file=server.stdin, flush=True)
        told = msgspec.json.decode(server.stdout.readline(), type=Told)
    return _row(radius_m, tally, told, seconds)


def _row(radius_m: int, tally: Tally, told: Told, seconds: int) -> tuple[object, ...]:
    beats = told.beats
    begins = [one.began for one in beats]
    delays = [at - begins[bisect.bisect(begins, at) - 1] for at in tally.arrivals]
    return (
        f"{radius_m} m",
        round(sum(tally.listed) / len(tally.listed)),
        len(beats),
        sum(one.beat.missed for one in beats),
        spread([one.beat.late_s * 1000 for one in beats]),
        spread([one.beat.took_s * 1000 for one in beats]),
        round(told.cpu_s * 1000 / len(beats)),
        round(len(tally.arrivals) / seconds),
        f"{tally.characters / max(1, len(tally.arrivals)) / 1000:.1f}",
        tally.resyncs,
        spread([delay * 1000 for delay in delays]),
    )


def percentiles(values: Sequence[float]) -> list[float]:
    """The 50th, 95th and 99th."""
    ordered = sorted(values) or [0.0]
    return [ordered[min(len(ordered) - 1, len(ordered) * part // 100)] for part in (50, 95, 99)]


def spread(values: Sequence[float]) -> str:
    """The same as one text."""
    return "/".join(f"{value:.0f}" for value in percentiles(values))


@contextmanager
def _server(port: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.fanout_server", str(port)]
    with tied(SERVERS):
        process = subprocess.Popen(command, stdin=-1, stdout=-1, text=True)  # noqa: S603 - our own
    try:
        yield process
    finally:
        process.kill()
        process.wait()

"""From sending a message by HTTP to its receipt by a socket of somebody else."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

import anyio
import attrs
import msgspec
import uvloop
from aiohttp import ClientSession, ClientWebSocketResponse
from anyio.abc import TaskGroup

from benchmarks.chat_scene import INSIDE, WORDS, inside, person, room
from benchmarks.fanout import percentiles
from benchmarks.posting import Posts, posting
from benchmarks.world import CAMPUS
from divan_cli.collecting import settled_memory
from divan_core.kernel.ids import RoomId, UserId

RATE: Final = 200
"""Messages per second."""

LISTENERS: Final = 20
"""Sockets that hear messages to themselves; in rooms, those of two rooms."""

SETTLE_S: Final = 1.0
"""How long to let sockets settle, and to look whether anything comes that is not due."""

PATIENCE_S: Final = 30.0
"""How long to wait in the end for what is still under way."""


MESSAGES: Final = frozenset({"chat:message", "room:message"})


@attrs.frozen
class Heard:
    """What is read of a message."""

    client_msg_id: str = ""


_event = msgspec.json.Decoder(tuple[str, Heard])


@attrs.frozen
class Route:
    """The origins of the server that messages are sent ``to``, and that they come ``by``."""

    to: str
    by: str


@attrs.define
class Arrivals:
    """When messages were sent, by client_msg_id, and how long each took to each socket."""

    began: dict[str, float] = attrs.field(factory=dict)
    took_ms: list[float] = attrs.field(factory=list)
    _due: int = 0
    _complete: anyio.Event = attrs.field(factory=anyio.Event)

    def expect(self, due: int) -> None:
        """Begin anew; so many are due."""
        self.took_ms.clear()
        self._due, self._complete = due, anyio.Event()

    async def complete(self) -> None:
        """Wait until all have come that are due, or for too long."""
        with anyio.move_on_after(PATIENCE_S):
            await self._complete.wait()

    def heard(self, name: str) -> None:
        """Count a message that has come to a socket."""
        took_s = time.perf_counter() - self.began[name]  # the loop's time is in milliseconds
        self.took_ms.append(took_s * 1000)
        if len(self.took_ms) == self._due:
            self._complete.set()


@attrs.frozen
class Letter:
    """A message of somebody, by the path it is sent to; ``sockets`` are to hear it."""

    sender: UserId
    path: str
    body: Mapping[str, Any]
    sockets: int = 1


@attrs.frozen
class Listener:
    """A socket of somebody, to messages to them or in these rooms."""

    user_id: UserId
    rooms: tuple[RoomId, ...] = ()


@attrs.frozen
class Delivered:
    """How long messages took to sockets: the percentiles, and how many did not come."""

    to: str
    sockets: int
    missing: int
    p50: float
    p95: float
    p99: float


def deliver(route: Route, seconds: int, *, rooms: bool) -> Delivered:
    """Let messages arrive at sockets for some seconds."""
    with settled_memory():  # what it collects meanwhile would count as the server's
        return uvloop.run(_deliver(route, seconds, rooms=rooms))


async def _deliver(route: Route, seconds: int, *, rooms: bool) -> Delivered:
    letters, listeners = _in_rooms() if rooms else _between_two()
    arrivals = Arrivals()
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession(route.by))
        tasks = await stack.enter_async_context(anyio.create_task_group())
        for one in listeners:
            await _listen(session, tasks, one, arrivals)
        await anyio.sleep(SETTLE_S)
        posts = await stack.enter_async_context(posting(route.to))
        await _write(posts, letters, arrivals, RATE)  # one second warms up
        due = await _write(posts, letters, arrivals, RATE * seconds)
        tasks.cancel_scope.cancel()
    p50, p95, p99 = percentiles(arrivals.took_ms)
    place = f"rooms of {INSIDE}" if rooms else "a person"
    return Delivered(place, len(listeners), due - len(arrivals.took_ms), p50, p95, p99)


def _between_two() -> tuple[Sequence[Letter], Sequence[Listener]]:
    people = range(0, 2 * LISTENERS, 2)
    letters = [
        Letter(person(one), "/chat/messages", {"to_user_id": str(person(one + 1))})
        for one in people
    ]
    return letters, [Listener(person(one + 1)) for one in people]


def _in_rooms() -> tuple[Sequence[Letter], Sequence[Listener]]:
    numbers = range(1, 1 + LISTENERS // INSIDE)
    letters = [
        Letter(one, f"/rooms/{room(number)}/messages", {}, INSIDE)
        for number in numbers
        for one in inside(number)
    ]
    return letters, [Listener(one, (room(number),)) for number in numbers for one in inside(number)]


async def _listen(
    session: ClientSession, tasks: TaskGroup, listener: Listener, arrivals: Arrivals
) -> None:
    """Join as a client of Socket.IO does, in its own words: a library would work as the server."""
    namespace = "/rooms" if listener.rooms else "/chat"
    socket = await session.ws_connect("/socket.io/?EIO=4&transport=websocket", max_msg_size=0)
    auth = msgspec.json.encode({"user_id": str(listener.user_id), "campus_id": str(CAMPUS)})
    await socket.receive_str()
    await socket.send_str(f"40{namespace},{auth.decode()}")
    assert (await socket.receive_str()).startswith(f"40{namespace}")
    for one in listener.rooms:
        await socket.send_str(f'42{namespace},1["room:join",{{"room_id":"{one}"}}]')
        answer = await socket.receive_str()
        assert '"ok":true' in answer, answer
    tasks.start_soon(_hear, socket, f"42{namespace},", arrivals)


async def _hear(socket: ClientWebSocketResponse, prefix: str, arrivals: Arrivals) -> None:
    async with socket:
        async for frame in socket:
            if frame.data == "2":
                await socket.send_str("3")
            elif frame.data.startswith(prefix):
                name, message = _event.decode(frame.data[len(prefix) :])
                if name in MESSAGES:
                    arrivals.heard(message.client_msg_id)


async def _write(posts: Posts, letters: Sequence[Letter], arrivals: Arrivals, count: int) -> int:
    """Write so many at a steady rate, and wait for them; how often they are to be heard."""
    chosen = list(itertools.islice(itertools.cycle(letters), count))
    due = sum(letter.sockets for letter in chosen)
    arrivals.expect(due)
    async with anyio.create_task_group() as tasks:
        began = anyio.current_time()
        for number, letter in enumerate(chosen):
            await anyio.sleep_until(began + number / RATE)
            tasks.start_soon(_post, posts, letter, arrivals)
    await arrivals.complete()
    await anyio.sleep(SETTLE_S)
    return due


async def _post(posts: Posts, letter: Letter, arrivals: Arrivals) -> None:
    name = f"{id(posts):x}-{len(arrivals.began)}"
    headers = f"X-User-Id: {letter.sender}\r\nX-Campus-Id: {CAMPUS}\r\nIdempotency-Key: {name}\r\n"
    body = msgspec.json.encode({**letter.body, "body": WORDS, "client_msg_id": name})
    arrivals.began[name] = time.perf_counter()
    status, answer = await posts.post(letter.path, headers, body)
    assert status == 201, answer

"""A campus behind a real server on a free port, and clients that keep what they are told."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import anyio
import attrs
import msgspec
import socketio
import uvicorn
from anyio.lowlevel import checkpoint

from divan_core.accounts.messages import ChangePrivacy, CreateCampus, CreatePerson
from divan_core.divan import Divan
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Clock
from divan_core.kernel.geo import LocalFrame, Point
from divan_core.kernel.ids import CampusId
from divan_core.presence.messages import Heartbeat, NearbyQuery
from divan_core.settings import LimitSettings, Settings
from divan_core.stores.bundle import Stores
from divan_core.testing.clock import ManualClock
from divan_rt.library import Asgi
from divan_rt.server import UVICORN, Options, SocketServer, create_server

CAMPUS = CampusId(UUID(int=0xCA))
FRAME = LocalFrame(Point(45.5048, -73.5772))
ROOMY = LimitSettings(
    heartbeat_per_minute=100_000, nearby_per_minute=100_000, subscribe_per_minute=100_000
)
PRESENCE = "/presence"
PATIENCE_S = 10.0
NARROW = 4096
"""Bytes that the kernel holds for a connection: whoever does not read is noticed soon."""

Item = Mapping[str, Any]
Found = dict[str, Item]


def heartbeat_json(clock: Clock, east: float, north: float = 0.0) -> dict[str, Any]:
    place = FRAME.position(east, north)
    return {
        "lat": place.lat,
        "lon": place.lon,
        "accuracy_m": 5,
        "device_id": "phone",
        "ts_client": clock.now(),
    }


class LiveClient:
    """A Socket.IO client that applies updates to the list it was given."""

    def __init__(self, clock: Clock) -> None:
        library: Any = socketio  # it has no types
        self.sio = library.AsyncClient(reconnection=False)
        self.clock = clock
        self.seq = -1
        self.items: Found = {}
        self.updates: list[Item] = []
        self.resyncs: list[Item] = []
        self.acks: list[Item] = []
        self.closed = anyio.Event()
        self._changed = anyio.Event()
        self.sio.on("nearby:update", self._updated, namespace=PRESENCE)
        self.sio.on("nearby:resync", self._resynced, namespace=PRESENCE)
        self.sio.on("presence:ack", self.acks.append, namespace=PRESENCE)
        self.sio.on("disconnect", self._disconnected, namespace=PRESENCE)

    async def connect(self, url: str, auth: object, *transports: str) -> None:
        await self.sio.connect(
            url,
            auth=auth,
            namespaces=[PRESENCE],
            transports=list(transports) or ["websocket"],
            wait_timeout=PATIENCE_S,
        )

    async def call(self, event: str, payload: object = None) -> Any:
        return await self.sio.call(event, payload, namespace=PRESENCE, timeout=PATIENCE_S)

    async def subscribe(self, radius_m: int, **fields: Any) -> Any:
        answer = await self.call("nearby:subscribe", {"radius_m": radius_m, **fields})
        if answer["ok"]:
            self.seq = answer["seq"]
            self.items = by_id(answer["items"])
        return answer

    async def beat(self, east: float, north: float = 0.0) -> Any:
        answer = await self.call("presence:heartbeat", heartbeat_json(self.clock, east, north))
        assert answer["ok"], answer
        return answer

    async def settle(self) -> Found:
        """The list, once everything that was sent so far is here."""
        answer = await self.call("settle", {})
        assert answer["error"]["code"] == "not_found", answer
        return self.items

    async def until(self, condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        """Wait for updates that make it true."""
        with anyio.fail_after(patience_s):
            while not condition():
                await self._changed.wait()

    async def ended(self) -> None:
        with anyio.fail_after(PATIENCE_S):
            await self.closed.wait()

    async def close(self) -> None:
        await self.sio.disconnect()

    def _updated(self, update: Item) -> None:
        self._changed.set()
        self._changed = anyio.Event()
        self.updates.append(update)
        if update["seq"] <= self.seq:  # sent again to whoever comes back
            return
        assert update["seq"] == self.seq + 1, "an update is missing"
        self.seq = update["seq"]
        for item in update["added"]:
            assert item["user_id"] not in self.items
        for user_id in update["removed"]:
            del self.items[user_id]
        for item in update["updated"]:
            assert self.items[item["user_id"]] != item
        self.items |= by_id(update["added"]) | by_id(update["updated"])

    def _resynced(self, whole: Item) -> None:
        self.resyncs.append(whole)
        self.seq = whole["seq"]
        self.items = by_id(whole["items"])

    def _disconnected(self, _reason: str) -> None:
        self.closed.set()


def by_id(items: Sequence[Item]) -> Found:
    return {item["user_id"]: item for item in items}


@attrs.define
class World:
    """One server, its Divan, and whoever was let in through :meth:`client`."""

    divan: Divan
    clock: ManualClock
    server: SocketServer
    url: str
    stack: AsyncExitStack

    async def join(self, name: str, **privacy: Any) -> Actor:
        """Add a person."""
        account = await self.divan.accounts.create_person(
            CreatePerson(CAMPUS, name, name.title(), privacy=ChangePrivacy(**privacy))
        )
        return await self.divan.accounts.actor(account.user_id)

    async def beat(self, actor: Actor, east: float, north: float = 0.0) -> None:
        """A heartbeat through the library, as HTTP makes it."""
        command = msgspec.convert(heartbeat_json(self.clock, east, north), Heartbeat)
        await self.divan.presence.heartbeat(actor, command)

    async def client(self, actor: Actor, *transports: str) -> LiveClient:
        """A connected client of this person."""
        client = LiveClient(self.clock)
        await client.connect(self.url, ids_of(actor), *transports)
        self.stack.push_async_callback(client.close)
        return client

    async def tick(self) -> None:
        """Two beats of the server: the first may find endings, which the second then shows.

        Before each there is time for notices, of which one is heard in a turn of the event loop.
        """
        for _ in range(2):
            for _ in range(200):
                await checkpoint()
            await self.server.tick()

    async def nearby(self, actor: Actor, radius_m: int) -> Found:
        """What ``GET /proximity/nearby`` answers on all its pages."""
        items: list[Item] = []
        cursor: str | None = None
        while True:
            query = NearbyQuery(radius_m, limit=200, cursor=cursor)
            page = await self.divan.presence.nearby(actor, query)
            items += msgspec.json.decode(msgspec.json.encode(page.items))
            cursor = page.cursor
            if cursor is None:
                return by_id(items)


def ids_of(actor: Actor) -> dict[str, str]:
    return {"user_id": str(actor.user_id), "campus_id": str(actor.campus_id)}


SLOW_TICK = Settings(env="test", nearby_tick_s=5.0, limit=ROOMY)
"""The server's own beat hardly comes; tests make their own, and every list is computed on each."""

FAST_TICK = attrs.evolve(SLOW_TICK, nearby_tick_s=0.05)
"""Only lists that were stirred are computed on a beat, and a few others in turn."""


@asynccontextmanager
async def a_world(
    stores: Stores, clock: ManualClock, settings: Settings = SLOW_TICK, *, polling: bool = True
) -> AsyncIterator[World]:
    """Everything, running until the context ends."""
    async with AsyncExitStack() as stack:
        divan = await stack.enter_async_context(Divan.open(settings, stores=stores, clock=clock))
        centre = FRAME.centre
        await divan.accounts.create_campus(
            CreateCampus("Campus", centre.lat, centre.lon, id=CAMPUS)
        )
        server = create_server(divan, Options(polling=polling))
        await stack.enter_async_context(server.running())
        url = await stack.enter_async_context(served(server))
        clients = await stack.enter_async_context(AsyncExitStack())
        yield World(divan, clock, server, url, clients)


@asynccontextmanager
async def served(server: Asgi) -> AsyncIterator[str]:
    """The address at which uvicorn serves an application."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listening:
        # asyncio does this only for sockets that name their protocol; uvloop, for all.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, NARROW)
        config = uvicorn.Config(
            server, lifespan="off", log_config=None, access_log=False, loop="none", **UVICORN
        )
        web = uvicorn.Server(config)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(web.serve, [listening])
            try:
                yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            finally:
                web.should_exit = True
                web.force_exit = True

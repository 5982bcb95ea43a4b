"""Clients of which no two behave: every event is answered as documented, and the server stays up.

``DIVAN_FUZZ_EXAMPLES`` (8) says how many connections are made; each sends some forty frames.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final

import attrs
import httpx2
import pytest

from divan_core.activities.messages import ActivityQuery
from divan_core.chat.messages import SendMessage, Typing
from divan_core.chat.roommessages import RoomTyping, SendRoomMessage
from divan_core.presence.messages import Heartbeat
from divan_core.stores.factories import memory_stores
from divan_core.testing.clock import ManualClock
from divan_rt.messages import (
    AcknowledgePeer,
    JoinRoom,
    LeaveRoom,
    SubscribeNearby,
    SubscribeSelf,
    UnsubscribeNearby,
    WatchQueue,
)
from tests.rt.raw import RawClient
from tests.rt.world import World, a_world, heartbeat_json, ids_of

pytestmark = pytest.mark.anyio

CONNECTIONS: Final = int(os.environ.get("DIVAN_FUZZ_EXAMPLES", "8"))
FRAMES: Final = 40
DOCUMENTED: Final = frozenset({400, 401, 403, 404, 409, 410, 413, 422, 429, 503})
SOMEBODY: Final = "00000000-0000-0000-0000-000000000001"
EVENTS: Final[Mapping[str, Mapping[str, type[Any]]]] = {
    "/presence": {
        "presence:heartbeat": Heartbeat,
        "nearby:subscribe": SubscribeNearby,
        "nearby:unsubscribe": UnsubscribeNearby,
    },
    "/social": {"subscribe:self": SubscribeSelf},
    "/chat": {"chat:send": SendMessage, "chat:typing": Typing, "chat:ack": AcknowledgePeer},
    "/rooms": {
        "room:join": JoinRoom,
        "room:leave": LeaveRoom,
        "room:send": SendRoomMessage,
        "room:typing": RoomTyping,
    },
    "/activities": {"activity:join": ActivityQuery, "activity:leave": ActivityQuery},
    "/mod": {"queue:watch": WatchQueue},
}
RESERVED: Final = ("connect", "disconnect", "envelope", "connect_error", "", "*", "__init__", "\0")


@attrs.define
class Misbehaved:
    """One client, and what its dice make it do; ``ids`` are of people that are there."""

    dice: random.Random
    client: RawClient
    world: World
    ids: Sequence[str]
    joined: list[str] = attrs.field(factory=list)
    asked: int = 0

    async def join(self, auth: Mapping[str, str]) -> None:
        """Connect to some namespaces, or all."""
        for namespace in self.dice.sample(sorted(EVENTS), self.dice.randint(1, len(EVENTS))):
            await self.client.send(f"40{namespace},{json.dumps(auth)}")
            answer = ""
            while not answer.startswith((f"40{namespace},", f"44{namespace},")):
                answer = await self.client.frame()
            if answer.startswith("40"):
                self.joined.append(namespace)

    async def ask(self) -> None:
        """Send an event, mostly one that there is, and hold the answer against the documents."""
        namespace = self.dice.choice(self.joined)
        name = self.dice.choice([*EVENTS[namespace]] * 4 + [*RESERVED, self.text()])
        event = json.dumps([name, self.payload(EVENTS[namespace].get(name))])
        self.asked += 1
        await self.client.send(f"42{namespace},{self.asked}{event}")
        begin = f"43{namespace},{self.asked}["
        frame = ""
        while not frame.startswith(begin):
            frame = await self.client.frame()
        (answer,) = json.loads(frame[len(begin) - 1 :])
        if not answer["ok"]:
            found = answer["error"]
            assert found["status"] in DOCUMENTED, (event, answer)
            assert set(found) >= {"type", "title", "detail", "code", "request_id"}

    async def rave(self) -> None:
        """Send what is no event, or none that asks for an answer."""
        await self.client.send(self.dice.choice((self.mangled, self.binary, self.packet))())

    def payload(self, command: type[Any] | None) -> Any:
        """What an event brings: fields that it has, of whatever type, or something else."""
        if command is None or self.dice.random() < 0.1:
            return self.value(3)
        good: dict[str, Any] = {}
        if command is Heartbeat:
            good = heartbeat_json(self.world.clock, self.dice.uniform(0, 5))
        for field in attrs.fields(command):
            if self.dice.random() < 0.4:
                good[field.name] = self.fitting(field.name)
        return good

    def fitting(self, name: str) -> Any:
        """A value that may do for a field of this name."""
        if self.dice.random() < 0.3:
            return self.value(2)
        if name.endswith("_id"):
            return self.dice.choice(self.ids)
        return self.dice.choice((1, 50, True, "A text.", "m1", [], {}, None))

    def value(self, depth: int) -> Any:
        """Anything that JSON can say, and some that it cannot."""
        kinds: list[Callable[[], Any]] = [
            lambda: None,
            lambda: self.dice.choice((True, False)),
            lambda: self.dice.choice((0, -1, 2**53, 2**63, 10**400, 1e308, 5e-324, -0.0)),
            lambda: self.dice.choice((float("nan"), float("inf"))),
            self.text,
            lambda: "x" * self.dice.choice((100, 17_000)),
        ]
        if depth:
            kinds += [
                lambda: [self.value(depth - 1) for _ in range(self.dice.randrange(4))],
                lambda: {self.text(): self.value(depth - 1) for _ in range(self.dice.randrange(4))},
                lambda: json.loads("[" * 100 + "]" * 100),
            ]
        return self.dice.choice(kinds)()

    def text(self) -> str:
        """A short text of any letters."""
        return "".join(
            chr(self.dice.choice((self.dice.randrange(128), self.dice.randrange(0xD7FF))))
            for _ in range(self.dice.randrange(8))
        )

    def mangled(self) -> str:
        """A frame that was one, with letters changed behind the first."""
        frame = list('42/presence,1["nearby:subscribe",{"radius_m":50}]')
        for _ in range(self.dice.randint(1, 6)):
            frame[self.dice.randrange(1, len(frame))] = chr(self.dice.randrange(32, 0x3000))
        return "".join(frame)

    def binary(self) -> bytes:
        """Bytes."""
        return self.dice.randbytes(self.dice.randint(1, 200))

    def packet(self) -> str:
        """A packet of another kind, in a namespace that is there or not."""
        namespace = self.dice.choice(("/", "/nowhere", "/presence/x", "/presence?a=b", ""))
        number = self.dice.choice(("", "7", "9" * 30))
        return f"4{self.dice.choice('2356')}{self.dice.choice(('', '1-'))}{namespace},{number}[]"


@pytest.fixture(scope="module")
async def world() -> AsyncIterator[World]:
    clock = ManualClock()
    async with a_world(memory_stores(clock), clock) as made:
        yield made


async def test_nobody_can_stop_the_server(world: World, caplog: pytest.LogCaptureFixture) -> None:
    people = [await world.join(f"person{number}") for number in range(4)]
    ids = [*(str(one.user_id) for one in people), SOMEBODY]
    asked = 0
    for number in range(CONNECTIONS):
        dice = random.Random(number)
        async with RawClient.open(world.url) as client:
            one = Misbehaved(dice, client, world, ids)
            await client.frame()
            await one.join(ids_of(dice.choice(people)))
            for _ in range(FRAMES):
                world.clock.advance(0.4)
                asks = one.joined and dice.random() < 0.8  # who wanted /mod alone is let in nowhere
                await (one.ask() if asks else one.rave())
            asked += one.asked
    assert asked > CONNECTIONS * FRAMES // 2
    await well(world, caplog)


async def test_connections_that_hardly_begin(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever comes and goes at once, or never says who they are, leaves nothing behind."""
    ana, dice = await world.join("ana"), random.Random(1)
    for number in range(CONNECTIONS):
        async with RawClient.open(world.url) as client:
            frames = [f"40/presence,{json.dumps(ids_of(ana))}", "41/presence,", "40/presence,{"]
            for frame in dice.choices(frames, k=number % 5):
                await client.send(frame)
            await client.send(dice.choice(("1", "41", "2probe", "5", "6", "3", "4" + "0" * number)))
    await well(world, caplog)


async def test_polling_with_whatever(world: World, caplog: pytest.LogCaptureFixture) -> None:
    dice, query = random.Random(2), {"EIO": "4", "transport": "polling"}
    async with httpx2.AsyncClient(base_url=f"{world.url}/socket.io/") as http:
        opened = await http.get("", params=query)
        sid = json.loads(opened.text[1:])["sid"]
        for _ in range(CONNECTIONS):
            changes = dice.choice(({"sid": sid}, {"sid": "x" * 300}, {"EIO": "x"}, {"j": "0"}, {}))
            body = dice.choice((b"", b"4", b"40/presence,{}", b"4" * 70_000, dice.randbytes(50)))
            reply = await http.post("", params=query | changes, content=body)
            assert reply.status_code in {200, 400, 413}
            assert "x-request-id" in reply.headers
    await well(world, caplog)


async def well(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The server answers somebody who behaves, and had nothing to complain about."""
    world.clock.advance(60)
    for _ in range(3):
        await world.tick()
    client = await world.client(await world.join(f"well{random.randrange(10**9)}"))
    await client.beat(0)
    await client.settle()
    await client.close()
    assert [one for one in caplog.records if one.levelname in {"ERROR", "CRITICAL"}] == []

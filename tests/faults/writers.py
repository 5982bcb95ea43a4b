"""People who write into a room by HTTP and by socket, and insist on every message."""

import random
from collections.abc import Sequence
from typing import Any, Final

import aiohttp
import anyio
import attrs
import httpx2

from divan_core.kernel.bell import Bell
from divan_core.kernel.ids import UserId
from tests.faults.campus import CAMPUS, credentials
from tests.faults.clients import IN_PROGRESS, PATIENCE_S, PAUSE_S, client_of
from tests.faults.wires import View, Wire

BY_SOCKET: Final = 0.25
"""Of the messages that may go either way; a socket takes 30 events in 10 s."""

REPEATED: Final = 0.05
"""Of those that were acknowledged, how many are sent once more."""

_LATER: Final = {503: None, 409: IN_PROGRESS, 429: "rate_limited"}


@attrs.frozen
class Line:
    """One message of somebody, which they insist on."""

    sender: UserId
    number: int

    @property
    def text(self) -> str:
        return f"{self.sender} {self.number}"

    @property
    def named(self) -> bool:
        """Whether it has a ``client_msg_id``; if not, a key protects it, and HTTP carries it."""
        return self.number % 3 > 0

    @property
    def payload(self) -> dict[str, str]:
        name = {"client_msg_id": f"m{self.number}"} if self.named else {}
        return {"body": self.text, **name}


@attrs.define
class Told:
    """What senders were told of each message that was acknowledged to them."""

    views: dict[Line, View] = attrs.field(factory=dict)
    bell: Bell = attrs.field(factory=Bell)
    lost: int = 0
    """How often there was no answer, or one that asks to try again."""
    repeated: int = 0
    """How often a message was there already when it was sent."""

    def note(self, line: Line, view: View, *, replayed: bool) -> None:
        """Keep an answer: one message each time, and made anew the first time at most."""
        assert self.views.setdefault(line, view) == view
        self.repeated += replayed
        self.bell.ring()


@attrs.frozen
class Place:
    """The room, the servers that lead to it, and what one connects with."""

    room_id: str
    urls: Sequence[str]
    http: aiohttp.ClientSession


class Writer:
    """Somebody who writes one message after the other, each through whichever door and server."""

    def __init__(self, place: Place, user_id: UserId, told: Told) -> None:
        self._place = place
        self._user_id = user_id
        self._told = told
        self._dice = random.Random(str(user_id))
        self._clients: list[httpx2.AsyncClient] = []
        self._wire = Wire(place.http)
        self._wire.lost.set()

    async def write(self, count: int) -> None:
        """Write so many messages."""
        async with client_of(self._place.urls[0]) as one, client_of(self._place.urls[-1]) as other:
            self._clients = [one, other]
            for number in range(count):
                line = Line(self._user_id, number)
                await self._insist(line)
                if self._dice.random() < REPEATED:
                    await self._insist(line)
        await self._wire.close()

    async def _insist(self, line: Line) -> None:
        with anyio.fail_after(PATIENCE_S):
            while not await self._acknowledged(line):
                self._told.lost += 1
                await anyio.sleep(PAUSE_S)

    async def _acknowledged(self, line: Line) -> bool:
        if line.named and self._dice.random() < BY_SOCKET:
            return await self._by_socket(line)
        return await self._by_http(line)

    async def _by_http(self, line: Line) -> bool:
        key = {} if line.named else {"Idempotency-Key": f"k{line.number}"}
        headers = credentials(self._user_id) | key
        path = f"/rooms/{self._place.room_id}/messages"
        client = self._dice.choice(self._clients)
        try:
            answer = await client.post(path, json=line.payload, headers=headers)
        except httpx2.TransportError:
            return False
        if answer.status_code not in {200, 201}:
            return _later(answer.json())
        self._told.note(line, answer.json(), replayed=answer.status_code == 200)
        return True

    async def _by_socket(self, line: Line) -> bool:
        if self._wire.lost.is_set():
            self._wire = Wire(self._place.http)
            await self._wire.connect(self._dice.choice(self._place.urls), ids_of(self._user_id))
        if self._wire.lost.is_set():
            return False
        payload = {"room_id": self._place.room_id, **line.payload}
        answer = await self._wire.call("room:send", payload)
        if answer is None:
            return False
        if not answer["ok"]:
            return _later(answer["error"])
        self._told.note(line, answer["message"], replayed=answer["replayed"])
        return True


def _later(problem: Any) -> bool:
    """Nothing is acknowledged, and it was right to refuse: one may try again."""
    code = _LATER[problem["status"]]
    assert code in {None, problem["code"]}, problem
    return False


def ids_of(user_id: UserId) -> dict[str, str]:
    """What one connects with."""
    return {"user_id": str(user_id), "campus_id": str(CAMPUS)}

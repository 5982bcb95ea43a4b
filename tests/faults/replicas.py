"""Clients that keep a room: while they are connected, after they were cut off or went away."""

import random
from typing import Final

import anyio
import httpx2

from divan_core.kernel.bell import Bell
from divan_core.kernel.ids import UserId
from tests.faults.campus import credentials
from tests.faults.clients import PAUSE_S, client_of
from tests.faults.wires import View, Wire
from tests.faults.writers import Place, ids_of

PAGE: Final = 200


class Replica:
    """A client's copy of the room, as a simple one keeps it: messages, and the last number.

    With ``by_history`` it connects without a word of where it left off, and fetches what it finds
    missing; otherwise it names its last number and is sent everything, in order.
    """

    def __init__(self, place: Place, user_id: UserId, *, by_history: bool = False) -> None:
        self.kept: dict[int, View] = {}
        self.last = 0
        """The number up to which nothing is missing."""
        self.faults: list[str] = []
        self.connections = 0
        self.fetched = 0
        self._place = place
        self.user_id = user_id
        self._by_history = by_history
        self._dice = random.Random(str(user_id))
        self._bell = Bell()
        self._doing = "away"
        self._wire: Wire | None = None
        self._known = 0
        """The last number that the server has named."""
        self._told: int | None = None
        """The last number that came by this connection; None where any may be next."""

    def __str__(self) -> str:
        kind = "looks for gaps" if self._by_history else "names its place"
        return f"{self.user_id}, which {kind}, has all up to {self.last} and is {self._doing}"

    async def follow(self, until: int) -> None:
        """Stay connected, however often that ends, until everything up to a number is here."""
        while self.last < until:
            self.connections += 1
            self._told = None if self._by_history else self.last
            wire, self._doing = Wire(self._place.http, self._hear), "connecting"
            if await wire.connect(self._dice.choice(self._place.urls), self._greeting()):
                self._wire, self._doing = wire, "joining"
                await self._join(wire)
                self._doing = "listening"
                await self._listen(wire, until)
            self._doing = "closing"
            await wire.close()
            await anyio.sleep(PAUSE_S)
        self._doing = "away"

    def cut(self) -> None:
        """Lose the connection, if there is one."""
        if self._wire is not None:
            self._wire.cut()

    def _greeting(self) -> dict[str, object]:
        since = {self._place.room_id: self.last}
        return ids_of(self.user_id) | ({} if self._by_history else {"since": since})

    async def _join(self, wire: Wire) -> None:
        """Listen to the room: one that named its place in the greeting does already."""
        if not self._by_history:
            return
        answer = await wire.call("room:join", {"room_id": self._place.room_id})
        if answer is not None and answer["ok"]:
            self._known = answer["room"]["last_seq"]
        else:
            await wire.close()

    async def _listen(self, wire: Wire, until: int) -> None:
        while self.last < until and not wire.lost.is_set():
            heard = self._bell.rings
            if gap := self._gap():
                await self._fill(gap)
            else:
                await self._bell.wait(heard, timeout_s=0.1)

    def _hear(self, view: View) -> None:
        seq = view["seq"]
        if self._told is not None and seq != self._told + 1:
            self.faults.append(f"{seq} came after {self._told}")
        self._told = seq
        self._keep(view)
        self._bell.ring()

    def _keep(self, view: View) -> None:
        if self.kept.setdefault(view["seq"], view) != view:
            self.faults.append(f"{view['seq']} was two different messages")
        while self.last + 1 in self.kept:
            self.last += 1

    def _gap(self) -> int | None:
        """The number before which something is missing; None where nothing is."""
        if self.last == max(self._known, *self.kept, 0):
            return None
        return min((seq for seq in self.kept if seq > self.last), default=self._known + 1)

    async def _fill(self, before: int) -> None:
        """Fetch what is missing before a number, if that is possible now."""
        path = f"/rooms/{self._place.room_id}/messages"
        bounds: dict[str, str | int] = {"after_seq": self.last, "before_seq": before, "limit": PAGE}
        async with client_of(self._dice.choice(self._place.urls)) as client:
            while self.last + 1 < before:
                try:
                    answer = await client.get(
                        path, params=bounds, headers=credentials(self.user_id)
                    )
                except httpx2.TransportError:
                    return
                if answer.status_code == 503:
                    return
                page = answer.json()
                for view in page["items"]:
                    self.fetched += view["seq"] not in self.kept
                    self._keep(view)
                if page["cursor"] is None:
                    return
                bounds["cursor"] = page["cursor"]

"""Who loads the servers of the soak: talkers, writers of letters, inviters, visitors and staff."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
import attrs
import httpx2

from divan_core.kernel.ids import UserId
from divan_core.system import SystemClock
from tests.faults.campus import credentials, person
from tests.faults.clients import Ledger, Write, client_of, insist
from tests.faults.writers import Line, Place, Told, Writer

TALKERS: Final = 8
INVITERS: Final = 40
VISITORS: Final = 4
SUSPECT: Final = TALKERS + INVITERS + 1
"""Somebody who is reported all the time, and otherwise does nothing."""

ADMIN: Final = SUSPECT + 1
PEOPLE: Final = ADMIN
MOD: Final = "/api/mod/v1"
PAUSE_S: Final = 0.2

GOOD: Final = frozenset({200, 201, 204})
BORNE: Final = frozenset({409, 429, 503})
"""Somebody who comes again may be told so."""

_READS: Final[Sequence[tuple[str, Mapping[str, str]]]] = (
    ("/proximity/nearby", {"radius_m": "200"}),
    ("/search/users", {"q": "person"}),
    ("/search/rooms", {"q": "agora"}),
    ("/discover/people", {}),
    ("/leaderboards/overall", {"period": "daily"}),
    ("/chat/conversations", {}),
    ("/friends/list", {}),
    ("/rooms", {}),
    ("/me", {}),
    ("/health/ready", {}),
)


@attrs.define
class Letters:
    """What was acknowledged of letters, by sender and number; and what nobody should be told."""

    views: dict[tuple[UserId, str], Mapping[str, Any]] = attrs.field(factory=dict)
    faults: list[str] = attrs.field(factory=list)
    answers: Counter[int] = attrs.field(factory=Counter)
    acted: int = 0
    """How much staff did."""


class Caller:
    """Sends requests to either server, and keeps what should not have been answered."""

    def __init__(self, urls: Sequence[str], letters: Letters, seed: object) -> None:
        self._urls = urls
        self._letters = letters
        self.dice = random.Random(str(seed))
        self._clients: list[httpx2.AsyncClient] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        async with client_of(self._urls[0]) as one, client_of(self._urls[-1]) as other:
            self._clients = [one, other]
            yield

    async def ask(
        self, method: str, path: str, by: UserId, *, role: str = "", **given: Any
    ) -> httpx2.Response | None:
        """The answer, if it is a good one."""
        headers = credentials(by) | ({"X-User-Roles": role} if role else {})
        try:
            client = self.dice.choice(self._clients)
            answer = await client.request(method, path, headers=headers, **given)
        except httpx2.TransportError:
            return None
        self._letters.answers[answer.status_code] += 1
        if answer.status_code in GOOD:
            return answer
        if answer.status_code not in BORNE:
            self._letters.faults.append(f"{method} {path}: {answer.text}")
        return None


class Talker(Writer):
    """Somebody who writes into the room until they are told to end."""

    count = 0

    async def talk(self, ended: anyio.Event) -> None:
        """Write, and insist on every line."""
        async with client_of(self._place.urls[0]) as one, client_of(self._place.urls[-1]) as other:
            self._clients = [one, other]
            while not ended.is_set():
                line = Line(self._user_id, self.count)
                await self._insist(line)
                self.count += 1
                if self.count % 20 == 0:
                    await self._insist(line)
                await anyio.sleep(PAUSE_S)
        await self._wire.close()


async def correspond(
    urls: Sequence[str], letters: Letters, number: int, ended: anyio.Event
) -> None:
    """Write letters to the other talkers, each until it is acknowledged."""
    caller, sender, count = Caller(urls, letters, f"letters {number}"), person(number), 0
    async with caller.open():
        while not ended.is_set():
            other = person(number % TALKERS + 1)
            name = f"l{count}"
            body = {"to_user_id": str(other), "body": f"Letter {count}.", "client_msg_id": name}
            answer = await caller.ask("POST", "/chat/messages", sender, json=body)
            if answer is None:
                await anyio.sleep(PAUSE_S)
                continue
            view = answer.json()
            if letters.views.setdefault((sender, name), view) != view:
                letters.faults.append(f"{sender} {name} was two messages")
            count += 1
            await anyio.sleep(PAUSE_S)


async def invite(url: str, ledger: Ledger, ended: anyio.Event) -> None:
    """Invite everybody of the inviters, pair by pair, both ways, which makes friends."""
    numbers = range(TALKERS + 1, TALKERS + INVITERS + 1)
    async with client_of(url) as client:
        for one in numbers:
            for other in range(one + 1, TALKERS + INVITERS + 1):
                for sender, recipient in ((one, other), (other, one)):
                    if ended.is_set():
                        return
                    key = f"{sender}:{recipient}"
                    await insist(client, Write(person(sender), person(recipient), key), ledger)
                    await anyio.sleep(PAUSE_S)


async def visit(urls: Sequence[str], letters: Letters, number: int, ended: anyio.Event) -> None:
    """Beat and look at everything, as anybody of the campus."""
    caller = Caller(urls, letters, f"visitor {number}")
    async with caller.open():
        while not ended.is_set():
            who = caller.dice.randrange(1, TALKERS + INVITERS + 1)
            await caller.ask("POST", "/presence/heartbeat", person(who), json=beat(who))
            path, query = caller.dice.choice(_READS)
            await caller.ask("GET", path, person(who), params=dict(query))
            await anyio.sleep(PAUSE_S)


def beat(number: int) -> dict[str, object]:
    """A heartbeat of somebody who always stands in the same place."""
    return {
        "lat": 45.5048 + number * 1e-5,
        "lon": -73.5772,
        "accuracy_m": 5,
        "device_id": "phone",
        "ts_client": SystemClock().now(),
    }


async def moderate(urls: Sequence[str], letters: Letters, ended: anyio.Event) -> None:
    """Report somebody, look at the case, warn, and close it, again and again."""
    caller, admin, reporters = Caller(urls, letters, "staff"), person(ADMIN), 0
    async with caller.open():
        while not ended.is_set():
            reporters += 1
            reporter = person(TALKERS + 1 + reporters % INVITERS)
            about = {"subject_type": "user", "subject_id": str(person(SUSPECT))}
            report = {**about, "reason_code": "spam"}
            await caller.ask("POST", f"{MOD}/reports", reporter, json=report)
            role = "staff.admin"
            found = await caller.ask("GET", f"{MOD}/cases/next", admin, role=role)
            case = None if found is None else found.json()["case"]
            if case is not None:
                path = f"{MOD}/cases/{case['id']}/actions"
                act = {"action": "warn", "reason": "Because of that."}
                done = await caller.ask("POST", path, admin, role=role, json=act)
                letters.acted += done is not None
            await anyio.sleep(5 * PAUSE_S)


def talkers(place: Place, told: Told) -> list[Talker]:
    """All who write into the room."""
    return [Talker(place, person(number), told) for number in range(1, TALKERS + 1)]

"""Clients that retry with their keys until they are answered, and what they were told."""

import ssl
from collections import Counter
from collections.abc import Iterable
from typing import Final

import anyio
import attrs
import httpx2

from divan_core.kernel.bell import Bell
from divan_core.kernel.ids import UserId
from tests.faults.campus import credentials

PATIENCE_S: Final = 120.0
PAUSE_S: Final = 0.02
IN_PROGRESS: Final = "idempotency_in_progress"
TIMEOUT: Final = httpx2.Timeout(10.0)
PLAIN: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Nothing here is encrypted, and reading all authorities for each client takes a while."""


@attrs.frozen
class Write:
    """An invite with its key."""

    sender: UserId
    recipient: UserId
    key: str

    async def send(self, client: httpx2.AsyncClient) -> httpx2.Response:
        """Send it once."""
        headers = credentials(self.sender) | {"Idempotency-Key": self.key}
        body = {"to_user_id": str(self.recipient)}
        return await client.post("/invites/send", json=body, headers=headers)


@attrs.define
class Ledger:
    """What clients were told of each write that was acknowledged to them."""

    bodies: dict[Write, set[bytes]] = attrs.field(factory=dict)
    statuses: dict[Write, Counter[int]] = attrs.field(factory=dict)
    bell: Bell = attrs.field(factory=Bell)
    lost: int = 0

    def note(self, write: Write, answer: httpx2.Response) -> None:
        """Keep an answer; only those that were to be expected are."""
        replayed = answer.headers.get("idempotent-replayed")
        assert (answer.status_code, replayed) in {(201, "false"), (200, "true")}, answer.text
        self.bodies.setdefault(write, set()).add(answer.content)
        self.statuses.setdefault(write, Counter())[answer.status_code] += 1
        self.bell.ring()

    @property
    def acknowledged(self) -> int:
        """How many writes were acknowledged."""
        return len(self.bodies)


async def insist(client: httpx2.AsyncClient, write: Write, ledger: Ledger) -> None:
    """Send a write again and again until it is acknowledged."""
    with anyio.fail_after(PATIENCE_S):
        while True:
            if await _acknowledged(client, write, ledger):
                break
            await anyio.sleep(PAUSE_S)


async def _acknowledged(client: httpx2.AsyncClient, write: Write, ledger: Ledger) -> bool:
    try:
        answer = await write.send(client)
    except httpx2.TransportError:
        ledger.lost += 1
        return False
    if answer.status_code == 503 or in_progress(answer):
        return False
    ledger.note(write, answer)
    return True


def in_progress(answer: httpx2.Response) -> bool:
    """Whether an answer says that the first request with the key still runs."""
    found = answer.status_code == 409 and answer.json()["code"] == IN_PROGRESS
    assert not found or answer.headers["retry-after"] == "1"
    return found


def client_of(url: str) -> httpx2.AsyncClient:
    """A client with a connection of its own."""
    return httpx2.AsyncClient(base_url=url, timeout=TIMEOUT, trust_env=False, verify=PLAIN)


def there_and_back(pairs: Iterable[tuple[UserId, UserId]]) -> Iterable[Write]:
    """For each pair, an invite, and then one the other way, which makes them friends."""
    for one, other in pairs:
        yield Write(one, other, f"{one}:{other}")
        yield Write(other, one, f"{other}:{one}")

"""Two servers behind a plain TCP balancer: one address, one truth, and no outage when one dies."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import attrs
import httpx2
import pytest

from divan_cli.seed import CAMPUS_ID, FRIEND, ME
from divan_core.kernel.ids import UserId
from divan_core.system import SystemClock
from tests.rt.told import ToldClient
from tests.rt.world import PATIENCE_S, Found, LiveClient, by_id, heartbeat_json
from tests.servers.balancer import Balancer

from .conftest import Command, Serve, Served

pytestmark = pytest.mark.anyio

RADIUS_M = 50
CLOCK = SystemClock()


@attrs.frozen
class Cluster:
    """Two servers, and whoever comes to them through the balancer; everyone leaves in the end."""

    balancer: Balancer
    servers: list[Served]
    stack: AsyncExitStack

    async def ask(self, by: UserId, method: str, path: str, **given: Any) -> Any:
        """What is answered over a new connection."""
        headers = {"X-User-Id": str(by), "X-Campus-Id": str(CAMPUS_ID)}
        async with httpx2.AsyncClient(base_url=self.balancer.url, timeout=PATIENCE_S) as client:
            answer = await client.request(method, path, headers=headers, **given)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def beat(self, who: UserId, east: float) -> None:
        await self.ask(who, "POST", "/presence/heartbeat", json=heartbeat_json(CLOCK, east))

    async def nearby(self, who: UserId) -> Found:
        found = await self.ask(who, "GET", "/proximity/nearby", params={"radius_m": RADIUS_M})
        return by_id(found["items"])

    async def live(self, who: UserId, url: str = "") -> LiveClient:
        """A live list's client; ``url`` is the server that it is to be carried to."""
        client = LiveClient(CLOCK)
        await self._turn_of(url)
        await client.connect(self.balancer.url, credentials(who))
        self.stack.push_async_callback(client.close)
        return client

    async def chat(self, who: UserId, url: str = "", **since: Any) -> ToldClient:
        """A client of conversations, which goes on from the numbers of ``since``."""
        client = ToldClient("/chat", ["chat:message"])
        await self._turn_of(url)
        auth = credentials(who) | ({"since": since} if since else {})
        await client.sio.connect(
            self.balancer.url,
            auth=auth,
            namespaces=["/chat"],
            transports=["websocket"],
            wait_timeout=PATIENCE_S,
        )
        self.stack.push_async_callback(client.sio.disconnect)
        return client

    async def _turn_of(self, url: str) -> None:
        """Let connections pass until it is this server's turn."""
        while url and self.balancer.last in {url, ""}:
            await self.ask(ME, "GET", "/health/live")


def credentials(who: UserId) -> dict[str, str]:
    return {"user_id": str(who), "campus_id": str(CAMPUS_ID)}


@pytest.fixture
def servers(
    divan: Command, serve: Serve, postgres_url: str, redis_url: str
) -> Iterator[list[Served]]:
    settings = {
        "DIVAN_ENV": "test",
        "DIVAN_DATABASE_URL": postgres_url,
        "DIVAN_REDIS_URL": redis_url,
        "DIVAN_SECRET_KEY": "a secret of at least thirty-two bytes",
        "DIVAN_NEARBY_TICK_S": "0.05",
    }
    assert divan("seed", "demo", "--people", 0, **settings).status == 0
    with ExitStack() as stack:
        yield [stack.enter_context(serve(**settings)) for _ in range(2)]


@pytest.fixture
async def cluster(servers: list[Served]) -> AsyncIterator[Cluster]:
    with Balancer([one.url for one in servers]) as balancer:
        async with AsyncExitStack() as stack:
            yield Cluster(balancer, servers, stack)


async def alike(cluster: Cluster, **clients: LiveClient) -> None:
    """Wait until each has what HTTP answers its person."""
    for who, client in zip((ME, FRIEND), clients.values(), strict=True):
        found = await cluster.nearby(who)
        await client.until(lambda client=client, found=found: client.items == found)  # type: ignore[misc]


async def test_one_of_two_servers_dies(cluster: Cluster) -> None:
    """Whoever was carried to it comes back through the other, and has missed nothing."""
    dying, other = cluster.servers
    await cluster.beat(ME, 0)
    await cluster.beat(FRIEND, 10)
    assert len(cluster.balancer.carried) == 2, "a heartbeat for each of them"
    assert set(await cluster.nearby(ME)) == {str(FRIEND)}

    mine, theirs = await cluster.live(ME, dying.url), await cluster.live(FRIEND, other.url)
    chat = await cluster.chat(ME, dying.url)
    for client in (mine, theirs):
        assert (await client.subscribe(RADIUS_M))["ok"]
    await alike(cluster, mine=mine, theirs=theirs)
    assert (len(mine.items), len(theirs.items)) == (1, 1)
    await check_that_polling_does_not_stick(cluster)
    first = await send(cluster, "one")
    assert [one["body"] for one in await chat.hears("chat:message")] == ["one"]

    await cluster.ask(ME, "PATCH", "/me/privacy", json={"ghost_mode": True})
    await theirs.until(lambda: theirs.items == {})
    dying.process.kill()
    await mine.ended()
    await cluster.ask(ME, "PATCH", "/me/privacy", json={"ghost_mode": False})
    await cluster.ask(FRIEND, "PATCH", "/me/privacy", json={"ghost_mode": True})
    await send(cluster, "two")

    back = await cluster.live(ME)
    assert (await back.subscribe(RADIUS_M, since_seq=mine.seq))["ok"]
    chat = await cluster.chat(ME, **{first["conversation_id"]: first["seq"]})
    assert [one["body"] for one in await chat.hears("chat:message")] == ["two"]
    await alike(cluster, back=back, theirs=theirs)
    assert (back.items, len(theirs.items)) == ({}, 1)
    await cluster.ask(FRIEND, "PATCH", "/me/privacy", json={"ghost_mode": False})
    await back.until(lambda: set(back.items) == {str(FRIEND)})
    assert cluster.balancer.last == other.url


async def send(cluster: Cluster, body: str) -> Any:
    message = {"to_user_id": str(ME), "body": body, "client_msg_id": body}
    return await cluster.ask(FRIEND, "POST", "/chat/messages", json=message)


async def check_that_polling_does_not_stick(cluster: Cluster) -> None:
    """What one server has begun another one refuses, with a problem."""
    address = f"{cluster.balancer.url}/socket.io/?EIO=4&transport=polling"
    async with httpx2.AsyncClient(timeout=PATIENCE_S) as one:
        begun = await one.get(address)
    sid = begun.text.partition('"sid":"')[2].partition('"')[0]
    async with httpx2.AsyncClient(timeout=PATIENCE_S) as another:
        refused = await another.get(f"{address}&sid={sid}")
    assert (begun.status_code, refused.status_code) == (200, 400)
    assert refused.headers["content-type"] == "application/problem+json"

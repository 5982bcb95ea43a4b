"""A small campus behind the HTTP interface."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import attrs
import httpx2

from divan_core.accounts.messages import CreateCampus, CreatePerson
from divan_core.divan import Divan
from divan_core.kernel.ids import CampusId, UserId
from divan_core.settings import Settings
from divan_core.stores.bundle import Stores
from divan_core.stores.factories import memory_stores
from divan_core.testing.clock import ManualClock, SeededEntropy, SeededIds
from divan_core.testing.mail import Letters, quick_hasher
from divan_http.app import create_app
from divan_http.exchange import Asgi

LAT, LON = 45.5048, -73.5772
TEST_SETTINGS = Settings(env="test")


@attrs.frozen
class World:
    """Ana and Ben of one campus, Zoe of another, and a client without credentials."""

    divan: Divan
    clock: ManualClock
    app: Asgi
    client: httpx2.AsyncClient
    campus: CampusId
    elsewhere: CampusId
    ana: UserId
    ben: UserId
    zoe: UserId
    letters: Letters

    def headers(self, user_id: UserId | None = None, **more: str) -> dict[str, str]:
        """Credentials of development, Ana's if nobody else's."""
        names = {"X-User-Id": str(user_id or self.ana), "X-Campus-Id": str(self.campus)}
        return names | {name.replace("_", "-"): value for name, value in more.items()}

    def fix(self, **changes: object) -> dict[str, object]:
        """A heartbeat's body, good unless changed."""
        body: dict[str, object] = {
            "lat": LAT,
            "lon": LON,
            "accuracy_m": 10,
            "device_id": "phone",
            "ts_client": self.clock.now(),
        }
        return body | changes

    async def beat(self, user_id: UserId | None = None, **changes: Any) -> httpx2.Response:
        """Send a heartbeat."""
        headers = self.headers(user_id)
        body = self.fix(**changes)
        return await self.client.post("/presence/heartbeat", json=body, headers=headers)

    async def get(self, path: str, user_id: UserId | None = None, **query: Any) -> httpx2.Response:
        """Ask as somebody."""
        return await self.client.get(path, params=query, headers=self.headers(user_id))


@asynccontextmanager
async def open_world(
    settings: Settings = TEST_SETTINGS,
    stores: Stores | None = None,
    clock: ManualClock | None = None,
) -> AsyncIterator[World]:
    """A world that goes when the context ends, in memory unless there are ``stores``."""
    clock, letters = clock or ManualClock(), Letters()
    async with Divan.open(
        settings,
        stores=stores or memory_stores(clock),
        clock=clock,
        ids=SeededIds(),
        entropy=SeededEntropy(),
        hasher=quick_hasher(),
        mailer=letters,
    ) as divan:
        app = create_app(divan)
        async with asgi_client(app) as client:
            yield World(divan, clock, app, client, **await settled(divan), letters=letters)


def asgi_client(app: Asgi) -> httpx2.AsyncClient:
    """A client of an application in this process."""
    transport = httpx2.ASGITransport(cast("Any", app), raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://divan")


async def settled(divan: Divan, called: str = "") -> dict[str, Any]:
    """Found the campuses, let the people in, and say which ids they have.

    Handles end with what the people are ``called``.
    """
    accounts = divan.accounts
    here = (await accounts.create_campus(CreateCampus("Here", LAT, LON))).id
    elsewhere = (await accounts.create_campus(CreateCampus("Elsewhere", 40.0, -70.0))).id
    ids: dict[str, Any] = {"campus": here, "elsewhere": elsewhere}
    for name, campus in (("ana", here), ("ben", here), ("zoe", elsewhere)):
        person = await accounts.create_person(CreatePerson(campus, name + called, name.title()))
        ids[name] = person.user_id
    return ids


def problem(answer: httpx2.Response, status: int, code: str) -> Mapping[str, Any]:
    """The problem that an answer has to be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: Mapping[str, Any] = answer.json()
    assert found["code"] == code
    assert found["status"] == status
    assert found["type"] == f"urn:divan:problem:{code}"
    assert found["request_id"] == answer.headers["x-request-id"]
    assert found["title"]
    assert found["detail"]
    return found


def paths(found: Mapping[str, Any]) -> list[str]:
    """Where the faults of a problem are."""
    return [fault["path"] for fault in found["errors"]]

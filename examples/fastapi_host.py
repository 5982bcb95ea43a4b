"""Divan inside a FastAPI application: opened by its lifespan, on its loop; it tries itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import httpx2
from fastapi import FastAPI, Request, Response

from divan_core import Divan, DivanError, Settings, memory_stores
from divan_core.accounts.messages import CreateCampus, CreatePerson
from divan_core.codec.problems import problem_of
from divan_core.codec.reader import JsonReader, encode
from divan_core.kernel.ids import UserId
from divan_core.presence.messages import Heartbeat, NearbyQuery

HEARTBEAT = JsonReader(Heartbeat)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with Divan.open(Settings(), stores=memory_stores()) as app.state.divan:
        yield


app = FastAPI(lifespan=lifespan)


@app.exception_handler(DivanError)
async def refused(request: Request, fault: DivanError) -> Response:
    problem = problem_of(fault, request.headers.get("X-Request-Id", ""))
    return Response(encode(problem), problem.status, media_type="application/problem+json")


@app.post("/here/{person}")  # a real application knows its people by their session
async def here(person: UUID, request: Request) -> Response:
    divan: Divan = request.app.state.divan
    me, heartbeat = await divan.accounts.actor(UserId(person)), HEARTBEAT.read(await request.body())
    return Response(encode(await divan.presence.heartbeat(me, heartbeat)))


@app.get("/near/{person}")
async def near(person: UUID, request: Request) -> Response:
    divan: Divan = request.app.state.divan
    me = await divan.accounts.actor(UserId(person))
    return Response(encode(await divan.presence.nearby(me, NearbyQuery(radius_m=50))))


async def show() -> None:
    door = httpx2.ASGITransport(app)
    async with lifespan(app), httpx2.AsyncClient(transport=door, base_url="http://x") as client:
        divan, fix = app.state.divan, {"lat": 45.5, "lon": -73.5, "accuracy_m": 8, "device_id": "x"}
        campus = await divan.accounts.create_campus(CreateCampus("McGill", 45.5048, -73.5772))
        for name in ("ana", "ben"):
            user = await divan.accounts.create_person(CreatePerson(campus.id, name, name.title()))
            fix["ts_client"] = divan.clock.now()
            print((await client.post(f"/here/{user.user_id}", json=fix)).json())
            print((await client.get(f"/near/{user.user_id}")).json())


asyncio.run(show())

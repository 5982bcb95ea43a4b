"""The server under measurement: ``python -m benchmarks.server PORT [DATABASE_URL REDIS_URL]``.

``/hello`` is the yardstick: a bare Falcon route without any of Divan's layers, on the same server;
at the next port everything stands on uvicorn's own HTTP, whose writes nobody gathers.
"""

from __future__ import annotations

import asyncio
import sys

import falcon.asgi
import uvicorn
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from benchmarks.world import populate, settings, walkers
from divan_cli.collecting import settle_memory
from divan_cli.doorway import DoorwayProtocol
from divan_core import Divan, memory_stores
from divan_core.stores.factories import production_stores
from divan_http.app import create_app
from divan_http.exchange import Asgi, Receive, Scope, Send
from divan_rt.server import UVICORN

PEOPLE = 2_000
SIDE_M = 1_000.0
READY = "ready"


class Hello:
    """The smallest useful answer."""

    async def on_get(self, _request: falcon.asgi.Request, response: falcon.asgi.Response) -> None:
        """Return one small JSON object."""
        response.content_type = "application/json"
        response.data = b'{"hello":"world"}'


def hello() -> Asgi:
    """The yardstick."""
    bare: falcon.asgi.App[falcon.asgi.Request, falcon.asgi.Response] = falcon.asgi.App()
    bare.add_route("/hello", Hello())
    return bare


def beside_hello(divan: Divan) -> Asgi:
    """Divan, with the yardstick next to it."""
    bare, whole = hello(), create_app(divan)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (bare if scope.get("path") == "/hello" else whole)(scope, receive, send)

    return app


async def serve(port: int, addresses: list[str]) -> None:
    """Populate the stores, say so, and serve until killed."""
    stores = (
        production_stores(addresses[0], addresses[1], key=bytes(32))
        if addresses
        else memory_stores()
    )
    async with Divan.open(settings(), stores=stores) as divan:
        await populate(divan, walkers(PEOPLE, SIDE_M))
        settle_memory()
        ours = uvicorn.Server(config(beside_hello(divan), port, DoorwayProtocol))
        plain = uvicorn.Server(config(beside_hello(divan), port + 1, HttpToolsProtocol))
        print(READY, flush=True)
        await asyncio.gather(ours.serve(), plain.serve())


def config(app: Asgi, port: int, protocol: type[asyncio.Protocol]) -> uvicorn.Config:
    """A server without anything that a measurement has no use for."""
    return uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        http=protocol,
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        **UVICORN,
    )


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2:]))

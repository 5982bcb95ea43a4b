"""What is written to: ``python -m benchmarks.chat_server PORT first|second [URL [REDIS]]``.

Without a database's address, everything is in memory. HTTP and sockets are at one address, and
``/hello`` is the yardstick, as in ``benchmarks.server``, and ``/drain`` answers when workers have
nothing left to do. The ``second`` process on a database finds everybody there already.
"""

from __future__ import annotations

import sys
from typing import Final

import uvicorn
import uvloop

from benchmarks.chat_scene import settle
from benchmarks.search_server import stores_at
from benchmarks.server import READY, beside_hello, config
from benchmarks.world import settings
from divan_cli.asgi import split
from divan_cli.collecting import settle_memory
from divan_cli.doorway import DoorwayProtocol
from divan_core import Divan
from divan_http.exchange import Asgi, Receive, Scope, Send
from divan_rt.server import PATH, Options, create_server

DRAIN: Final = "/drain"
DRAIN_S: Final = 600.0


async def serve(port: int, addresses: list[str], *, first: bool) -> None:
    """Let everybody in, say so, and serve until killed."""
    async with Divan.open(settings(), stores=stores_at(addresses)) as divan:
        if first:
            await settle(divan)
            await divan.drain()
        sockets = create_server(divan, Options(polling=False))
        app = split({PATH: sockets, DRAIN: draining(divan)}, beside_hello(divan))
        async with sockets.running():
            settle_memory()
            print(READY, flush=True)
            await uvicorn.Server(config(app, port, DoorwayProtocol)).serve()


def draining(divan: Divan) -> Asgi:
    """Answers once everything recorded is handled."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await divan.drain(DRAIN_S)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return app


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[3:], first=sys.argv[2] == "first"))

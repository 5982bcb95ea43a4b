"""The server that is searched: ``python -m benchmarks.search_server PORT PEOPLE [URL [REDIS]]``.

Without a database's address, everything is in memory. ``/hello`` is the yardstick, as in
``benchmarks.server``.
"""

from __future__ import annotations

import gc
import sys
import time

import anyio
import uvicorn
import uvloop

from benchmarks.crowd import settle, viewers
from benchmarks.server import READY, beside_hello, config
from benchmarks.world import settings
from divan_cli.collecting import settle_memory
from divan_cli.doorway import DoorwayProtocol
from divan_cli.hugepages import collapse, keep_on_huge_pages
from divan_core import Divan, Stores, memory_stores
from divan_core.discovery.messages import SearchQuery
from divan_core.discovery.register import OFTEN
from divan_core.kernel.actor import Actor
from divan_core.stores.factories import production_stores, sql_stores
from divan_core.testing.contracts.samples import campus_id


def stores_at(addresses: list[str]) -> Stores:
    """The stores at these addresses."""
    if len(addresses) > 1:
        return production_stores(addresses[0], addresses[1], key=bytes(32))
    return sql_stores(addresses[0]) if addresses else memory_stores()


async def copy_names(divan: Divan, people: int) -> None:
    """Ask so often that the names are copied into the process, which a server does beside."""
    actor = Actor(viewers(people)[0], campus_id(1))
    for number in range(OFTEN):
        await divan.discovery.search_users(actor, SearchQuery(f"nobody{number}"))
    while await divan.discovery.keep():
        pass


async def serve(port: int, people: int, addresses: list[str]) -> None:
    """Let everybody in, say so, and serve until killed."""
    async with Divan.open(settings(), stores=stores_at(addresses)) as divan:
        began = time.perf_counter()
        gc.disable()  # nothing of what is let in goes away again
        await settle(divan, people)
        settled = time.perf_counter()
        await copy_names(divan, people)
        gc.enable()
        settle_memory()
        collapse()  # as a server does within a minute
        took = settled - began, time.perf_counter() - settled
        print(READY, *(f"{one:.0f}" for one in took), flush=True)
        async with anyio.create_task_group() as beside:
            beside.start_soon(keep_on_huge_pages)
            await uvicorn.Server(config(beside_hello(divan), port, DoorwayProtocol)).serve()
            beside.cancel_scope.cancel()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))

"""A server that is killed again and again, under clients that repeat what was not answered."""

import random
from itertools import product

import anyio
import pytest

from divan_core.social.messages import FRIENDSHIP_BEGUN, INVITE_ACCEPTED, INVITE_SENT
from tests.faults.campus import people, person
from tests.faults.clients import Ledger, client_of, insist, there_and_back
from tests.faults.process import FaultServer, serving
from tests.faults.scale import SCALE
from tests.faults.truth import Truth, check_effects, check_events

pytestmark = pytest.mark.anyio

CLIENTS = 8
SENDERS = 10
RECIPIENTS = 1000
LATEST_S = 0.2
"""Up to how long a process works before it is killed."""

BOTH_WAYS = (INVITE_SENT, INVITE_ACCEPTED, FRIENDSHIP_BEGUN)


async def test_nothing_is_lost_or_done_twice(settings: dict[str, str]) -> None:
    url, ledger, over = settings["DIVAN_DATABASE_URL"], Ledger(), anyio.Event()
    await people(url, CLIENTS * SENDERS + RECIPIENTS)
    with serving(settings) as (server,):
        async with anyio.create_task_group() as tasks:
            for number in range(CLIENTS):
                tasks.start_soon(keep_writing, server.url, number, ledger, over)
            await keep_killing(server, ledger)
            over.set()
        truth = await Truth.delivered(url)
    assert ledger.lost
    check_effects(truth, ledger)
    friends = {row.aggregate for row in truth.events if row.name == FRIENDSHIP_BEGUN}
    check_events(truth, lambda pair: BOTH_WAYS if pair in friends else BOTH_WAYS[:1])
    assert len(truth.events) == len(truth.invites) + len(friends)


async def keep_writing(url: str, number: int, ledger: Ledger, over: anyio.Event) -> None:
    """Be one client: make friends, one pair after the other."""
    first = 1 + number * SENDERS
    others = range(1 + CLIENTS * SENDERS, 1 + CLIENTS * SENDERS + RECIPIENTS)
    pairs = (
        (person(one), person(other))
        for other, one in product(others, range(first, first + SENDERS))
    )
    async with client_of(url) as client:
        for write in there_and_back(pairs):
            if over.is_set():
                break
            await insist(client, write, ledger)


async def keep_killing(server: FaultServer, ledger: Ledger) -> None:
    """Kill each process at some moment after it has acknowledged something."""
    for _ in range(SCALE.kills):
        before = ledger.acknowledged
        await ledger.bell.wait(ledger.bell.rings, timeout_s=60)
        assert ledger.acknowledged > before
        await anyio.sleep(random.uniform(0, LATEST_S))
        await anyio.to_thread.run_sync(server.kill)

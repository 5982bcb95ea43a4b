"""Many identical requests at once, at two servers: one is performed, the others hear of it."""

from contextlib import AsyncExitStack

import anyio
import httpx2
import pytest

from divan_core.social.messages import INVITE_SENT
from tests.faults.campus import people, person
from tests.faults.clients import Ledger, Write, in_progress
from tests.faults.process import serving
from tests.faults.scale import SCALE
from tests.faults.truth import Truth, check_effects, check_events

pytestmark = pytest.mark.anyio


async def together(urls: list[str], write: Write, count: int) -> list[httpx2.Response]:
    """Send a write ``count`` times at once, to each server as often as to the others."""
    answers: list[httpx2.Response] = []

    async def send(client: httpx2.AsyncClient) -> None:
        answers.append(await write.send(client))

    limits = httpx2.Limits(max_connections=count)
    timeout = httpx2.Timeout(60.0)
    async with AsyncExitStack() as stack, anyio.create_task_group() as tasks:
        for url in urls:
            client = httpx2.AsyncClient(
                base_url=url, limits=limits, timeout=timeout, trust_env=False
            )
            await stack.enter_async_context(client)
            for _ in range(count // len(urls)):
                tasks.start_soon(send, client)
    return answers


async def test_one_of_many_identical_requests_is_performed(
    postgres_url: str, redis_url: str
) -> None:
    await people(postgres_url, 2 * SCALE.rounds)
    settings = {"DIVAN_DATABASE_URL": postgres_url, "DIVAN_REDIS_URL": redis_url}
    ledger = Ledger()
    with serving(settings, 2) as (one, other):
        for number in range(SCALE.rounds):
            write = Write(person(2 * number + 1), person(2 * number + 2), f"round-{number}")
            answers = await together([one.url, other.url], write, SCALE.duplicates)
            assert len(answers) == SCALE.duplicates
            for answer in answers:
                if not in_progress(answer):
                    ledger.note(write, answer)
            assert ledger.statuses[write][201] == 1
        truth = await Truth.delivered(postgres_url)
    check_effects(truth, ledger)
    check_events(truth, lambda _aggregate: [INVITE_SENT])
    assert len(truth.invites) == SCALE.rounds

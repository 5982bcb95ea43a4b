"""A game whose process dies in the middle of a round: another one finishes it, in time and once."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import anyio
import httpx2
import pytest
from anyio.to_thread import run_sync

from divan_core.activities.messages import ACTIVITIES, ACTIVITY_COMPLETED, ActivityId
from divan_core.activities.model import Activity
from divan_core.social.model import Friendship
from divan_core.stores.factories import sql_relational
from divan_core.testing.contracts.samples import running
from tests.faults.campus import credentials, people, person
from tests.faults.clients import client_of
from tests.faults.process import serving
from tests.faults.server import Arm
from tests.faults.truth import POLL_S, Truth

pytestmark = pytest.mark.anyio

ROUND_S: Final = 5
IN_TIME_S: Final = 15.0
"""A second until somebody looks, and what a process takes to begin on a busy machine."""

DYING: Final = Arm("activities.replace:after", "kill")


async def test_a_round_ends_whoever_dies(settings: dict[str, str]) -> None:
    url = settings["DIVAN_DATABASE_URL"]
    await people(url, 2)
    await befriend(url)
    servers = 2 if "DIVAN_REDIS_URL" in settings else 1
    with serving(settings, servers) as (first, *others):
        async with client_of(first.url) as client:
            match = await begun(client)
        for server in (first, *others):
            await run_sync(server.arm, DYING)
        over = await finished(url, match)
        assert sum(server.struck(DYING) for server in (first, *others)) >= 1
    truth = await Truth.of(url)
    assert over.winner_id == person(1)
    assert over.ended_at is not None
    assert over.started_at is not None
    took_s = (over.ended_at - over.started_at) / 1000
    assert ROUND_S <= took_s <= ROUND_S + IN_TIME_S
    completed = [one for one in truth.events if one.name == ACTIVITY_COMPLETED]
    assert [one.topic for one in completed] == [ACTIVITIES]


async def begun(client: httpx2.AsyncClient) -> ActivityId:
    """A game of one question, which the first one has answered, and so wins: right or not."""

    async def post(path: str, body: Any = None) -> Any:
        answer = await client.post(path, json=body, headers=credentials(person(1)))
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    options = {"questions": 1, "per_question_s": ROUND_S}
    asked = {"kind": "trivia", "options": options}
    match = (await post(f"/activities/with/{person(2)}", asked))["id"]
    await post(f"/activities/{match}/start")
    await post("/activities/trivia/answers", {"activity_id": match, "round": 1, "choice": 0})
    return ActivityId(UUID(match))


async def befriend(url: str) -> None:
    """Let the two be friends."""
    async with running(sql_relational(url)) as stores:
        pair = Friendship.between(person(1), person(2))
        await stores.units.write(lambda unit: unit.relations.befriend((pair,)))


async def finished(url: str, match: ActivityId) -> Activity:
    """What has become of it, in the database: asking a server would finish it."""
    async with running(sql_relational(url)) as stores:
        with anyio.fail_after(ROUND_S + 2 * IN_TIME_S):
            while True:
                found = await stores.units.look(lambda unit: unit.activities.get(match))
                assert found is not None
                if not found.is_open:
                    return found
                await anyio.sleep(POLL_S)

"""What has to be true after the soak, read from the database and asked of the servers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import anyio
import attrs
from sqlalchemy import Row, select

from divan_core.configuration import load
from divan_core.divan import Divan
from divan_core.stores.sql.address import parse_address
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.postgres import PostgresEngine
from divan_core.stores.sql.tables import CONVERSATIONS, MESSAGES, ROOMS
from tests.faults.campus import credentials, person
from tests.faults.clients import client_of
from tests.faults.echo import echoed, echoes
from tests.faults.truth import Truth
from tests.faults.writers import Told
from tests.soak.load import INVITERS, TALKERS, Letters, beat

SETTLED_S: Final = 300.0
MESSAGE: Final = 15
LETTER: Final = 30
"""Hundredths of points."""

MOST: Final[Mapping[int, int]] = {MESSAGE: 80, LETTER: 60}
"""How many of them count on a day."""


@attrs.frozen
class Kept:
    """All messages of all conversations, in order; the last number of each; and which are rooms."""

    messages: Sequence[Row[Any]]
    last: Mapping[Any, int]
    rooms: frozenset[Any]


async def kept(url: str) -> Kept:
    """Read them."""
    engine = PostgresEngine(parse_address(url))

    async def read(connection: SqlConnection) -> Kept:
        order = (MESSAGES.c.conversation_id, MESSAGES.c.seq)
        messages = (await connection.execute(select(MESSAGES).order_by(*order))).all()
        last = (
            await connection.execute(select(CONVERSATIONS.c.id, CONVERSATIONS.c.last_seq))
        ).all()
        rooms = (await connection.execute(select(ROOMS.c.id))).all()
        return Kept(
            messages, {row.id: row.last_seq for row in last}, frozenset(row.id for row in rooms)
        )

    async with engine.running():
        return await engine.read(read)


def check_messages(found: Kept, told: Told, letters: Letters) -> None:
    """Numbers have no gaps, and what was acknowledged is there once, as it was told."""
    seqs: defaultdict[Any, list[int]] = defaultdict(list)
    for row in found.messages:
        seqs[row.conversation_id].append(row.seq)
    assert {one: list(range(1, last + 1)) for one, last in found.last.items()} == {
        one: seqs[one] for one in found.last
    }
    assert len({row.id for row in found.messages}) == len(found.messages)
    by_body = Counter((str(row.sender_id), row.body) for row in found.messages)
    assert max(by_body.values()) == 1
    acknowledged = {(view["sender_id"], view["body"]) for view in told.views.values()}
    acknowledged |= {(view["sender_id"], view["body"]) for view in letters.views.values()}
    assert acknowledged <= set(by_body)
    seq_of = {(str(row.sender_id), row.body): row.seq for row in found.messages}
    for view in (*told.views.values(), *letters.views.values()):
        assert seq_of[view["sender_id"], view["body"]] == view["seq"]


@asynccontextmanager
async def beside(settings: Mapping[str, str]) -> AsyncIterator[Divan]:
    """A Divan of the deployment, which only looks."""
    known = load({**settings, "DIVAN_WORKERS_ENABLED": "false"}).settings
    async with Divan.open(known, subscriptions=(echoes(),)) as divan:
        yield divan


async def check_delivery(divan: Divan) -> None:
    """Every event was handled by every group, and none was given up."""
    with anyio.move_on_after(SETTLED_S):
        while True:
            lag = await divan.workers.lag()
            if not lag.waiting + lag.unsettled:
                break
            await anyio.sleep(0.5)
    assert (lag.waiting, lag.unsettled, lag.given_up) == (0, 0, 0)
    assert [one for one in lag.groups if one.dead] == []


def check_echoes(truth: Truth) -> None:
    """Each event of friendships was acted on once, in the order of its aggregate."""
    events = [row for row in truth.events if row.topic == "social"]
    assert Counter(map(echoed, truth.echoes)) == Counter(str(row.id) for row in events)
    acted: defaultdict[str, list[str]] = defaultdict(list)
    for row in truth.echoes:
        acted[row.aggregate].append(echoed(row))
    expected: defaultdict[str, list[str]] = defaultdict(list)
    for row in events:
        expected[row.aggregate].append(str(row.id))
    assert acted == expected


async def check_audit(divan: Divan, acted: int) -> None:
    """The chain is whole, and has an entry for each thing that staff was told it did."""
    report = await divan.audit.verify(lambda _done, _total: None, None)
    assert report.ok
    assert report.count >= acted


async def check_boards(url: str, found: Kept) -> None:
    """Every talker has the points that their messages of today come to."""
    expected = scores(found)
    with anyio.move_on_after(SETTLED_S):
        while True:
            shown = await board(url)
            if shown == expected:
                return
            await anyio.sleep(0.5)
    assert await board(url) == expected


def scores(found: Kept) -> dict[str, float]:
    """The oracle: points of the social board today, by the contract's rules."""
    today = datetime.now(UTC).date()
    counts: Counter[tuple[str, int]] = Counter()
    for row in found.messages:
        day = datetime.fromtimestamp(row.at / 1000, UTC).date()
        if day == today and row.veil is None and not row.shadowed:
            worth = MESSAGE if row.conversation_id in found.rooms else LETTER
            counts[str(row.sender_id), worth] += 1
    points: Counter[str] = Counter()
    for (sender, worth), count in counts.items():
        points[sender] += worth * min(count, MOST[worth])
    return {sender: one / 100 for sender, one in points.items()}


async def board(url: str) -> dict[str, float]:
    """The scores of talkers on the social board of today."""
    names = {str(person(number)) for number in range(1, TALKERS + 1)}
    async with client_of(url) as client:
        answer = await client.get(
            "/leaderboards/social", params={"limit": 200}, headers=credentials(person(1))
        )
    items = answer.json()["items"]
    return {one["user_id"]: one["score"] for one in items if one["user_id"] in names}


async def check_presence(urls: Sequence[str]) -> None:
    """Everybody who beats is seen by all, on every server, and nobody of those who have gone."""
    everybody = range(1, TALKERS + INVITERS + 1)
    async with client_of(urls[0]) as client:
        for number in everybody:
            headers = credentials(person(number))
            answer = await client.post("/presence/heartbeat", json=beat(number), headers=headers)
            assert answer.status_code == 200, answer.text
        for number in everybody[TALKERS:]:
            await client.post("/presence/offline", headers=credentials(person(number)))
    expected = {str(person(number)) for number in everybody[:TALKERS]}
    for url in urls:
        async with client_of(url) as client:
            for number in everybody[:TALKERS]:
                query, headers = {"radius_m": 5000}, credentials(person(number))
                answer = await client.get("/proximity/nearby", params=query, headers=headers)
                seen = {one["user_id"] for one in answer.json()["items"]}
                assert seen == expected - {str(person(number))}

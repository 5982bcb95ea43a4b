"""What the database holds in the end, and what must be true of it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import anyio
import attrs
import msgspec
from sqlalchemy import Row, Select, select

from divan_core.stores.sql.address import parse_address
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.postgres import PostgresEngine
from divan_core.stores.sql.sqlite import SqliteEngine
from divan_core.stores.sql.tables import IDEMPOTENCY_KEYS, INVITES, OUTBOX
from tests.faults.clients import Ledger
from tests.faults.echo import ECHO, echoed

DELIVERED_S: Final = 60.0
POLL_S: Final = 0.05

Rows = Sequence[Row[Any]]


@attrs.frozen
class Truth:
    """The rows of a database, each table's in its own order."""

    invites: Rows
    keys: Rows
    events: Rows
    echoes: Rows

    @classmethod
    async def of(cls, url: str) -> "Truth":
        """Read everything."""
        address = parse_address(url)
        postgres = address.dialect == "postgresql"
        engine = PostgresEngine(address) if postgres else SqliteEngine(address)
        async with engine.running():
            return await engine.read(_everything)

    @classmethod
    async def delivered(cls, url: str) -> "Truth":
        """Read everything, once there is an echo for each event."""
        with anyio.move_on_after(DELIVERED_S):
            while True:
                truth = await cls.of(url)
                if len(truth.echoes) >= len(truth.events):
                    return truth
                await anyio.sleep(POLL_S)
        missing = {str(row.id) for row in truth.events} - {echoed(row) for row in truth.echoes}
        raise AssertionError(f"{len(missing)} events were not delivered")


async def _everything(connection: SqlConnection) -> Truth:
    async def rows(query: Select[Any]) -> Rows:
        return (await connection.execute(query)).all()

    events = select(OUTBOX).order_by(OUTBOX.c.position)
    return Truth(
        invites=await rows(select(INVITES)),
        keys=await rows(select(IDEMPOTENCY_KEYS)),
        events=await rows(events.where(OUTBOX.c.topic != ECHO)),
        echoes=await rows(events.where(OUTBOX.c.topic == ECHO)),
    )


def check_effects(truth: Truth, ledger: Ledger) -> None:
    """Each key had one effect, and every acknowledged answer tells of it."""
    assert len(truth.invites) == len(truth.keys) == ledger.acknowledged
    invites = {(row.sender_id, row.recipient_id): row.id for row in truth.invites}
    assert len(invites) == len(truth.invites)
    for write, bodies in ledger.bodies.items():
        (body,) = bodies
        told = msgspec.json.decode(body)
        assert told["id"] == str(invites[write.sender, write.recipient])
        assert ledger.statuses[write][201] <= 1


def check_events(truth: Truth, expected: Callable[[str], Sequence[str]]) -> None:
    """Every aggregate has the events it should have, each was acted on once, and in order."""
    assert Counter(map(echoed, truth.echoes)) == Counter(str(row.id) for row in truth.events)
    recorded, acted = _by_aggregate(truth.events), _by_aggregate(truth.echoes)
    for aggregate, rows in recorded.items():
        assert [row.name for row in rows] == list(expected(aggregate))
        assert [echoed(row) for row in acted[aggregate]] == [str(row.id) for row in rows]


def _by_aggregate(rows: Iterable[Row[Any]]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.aggregate].append(row)
    return found

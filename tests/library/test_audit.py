"""The audit as a library, on every set of stores, and what is found in a database behind it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from divan_core import Divan, Settings
from divan_core.errors import InvalidCursor, NotAllowed
from divan_core.kernel.actor import ADMIN, MODERATOR, Actor
from divan_core.kernel.clock import Millis, rfc3339
from divan_core.kernel.trail import Deed
from divan_core.moderation.auditmessages import AuditFault, AuditQuery
from divan_core.stores.bundle import StoreUnit
from divan_core.testing.clock import START_MS, ManualClock
from tests.library.conftest import CAMPUS, World

pytestmark = pytest.mark.anyio

ELSEWHERE = "00000000-0000-0000-0000-0000000000cb"


def deed(number: int, **changes: object) -> Deed:
    given: dict[str, object] = {
        "action": "case.dismissed",
        "about": f"case:{number}",
        "at": Millis(START_MS + number),
        "campus_id": CAMPUS,
        "words": f"Number {number}.",
    }
    return Deed(**(given | changes))  # type: ignore[arg-type]  # the fields of a deed


async def record(divan: Divan, *deeds: Deed) -> None:
    async def body(unit: StoreUnit) -> None:
        await divan.audit.append(unit, *deeds)

    await divan.stores.units.write(body, locking=True)


def staff(actor: Actor, role: str) -> Actor:
    return Actor(actor.user_id, actor.campus_id, frozenset({role}))


async def test_staff_reads_what_is_on_record(world: World) -> None:
    ana = await world.join("ana")
    deeds = [deed(number, actor_id=ana.user_id, data={"n": number}) for number in range(5)]
    await record(world.divan, *deeds, deed(9, campus_id=None, words=None))
    moderator, admin = staff(ana, MODERATOR), staff(ana, ADMIN)
    audit = world.divan.audit
    first = await audit.page(moderator, AuditQuery(limit=3))
    rest = await audit.page(moderator, AuditQuery(limit=3, cursor=first.cursor))
    assert [one.seq for one in first.items + rest.items] == [1, 2, 3, 4, 5]
    assert rest.cursor is None
    assert [one.seq for one in (await audit.page(admin, AuditQuery(after=4))).items] == [5, 6]
    one = first.items[1]
    assert (one.action, one.about, one.reason) == ("case.dismissed", "case:1", "Number 1.")
    assert (one.actor_id, one.campus_id, one.data) == (ana.user_id, CAMPUS, {"n": 1})
    assert (one.at, one.erased) == (rfc3339(Millis(START_MS + 1)), False)
    with pytest.raises(NotAllowed):
        await audit.page(ana, AuditQuery())
    with pytest.raises(NotAllowed):
        await audit.check(ana)
    with pytest.raises(InvalidCursor):
        await audit.page(admin, AuditQuery(cursor=first.cursor))


async def test_it_is_whole_and_tells_how_much_was_erased(world: World) -> None:
    ana, audit = await world.join("ana"), world.divan.audit
    assert (await audit.verify()).ok
    await record(world.divan, *(deed(number, person_id=ana.user_id) for number in range(3)))
    await world.divan.personal.erase(ana.user_id)
    found = await audit.check(staff(ana, ADMIN))
    assert (found.ok, found.count, found.erased, found.fault) == (True, 3, 3, None)
    assert {(one.reason, one.erased) for one in await audit.tail(9)} == {(None, True)}
    assert [one.seq for one in await audit.tail(2)] == [2, 3]


Tamper = Callable[[sa.Connection], object]


def ran(*statements: str) -> Tamper:
    def tamper(connection: sa.Connection) -> None:
        for one in statements:
            connection.execute(sa.text(one))

    return tamper


CUT = ("DELETE FROM audit_entries WHERE seq > 3",)
HEAD_BACK = ("UPDATE audit_head SET seq = 3, mac = (SELECT mac FROM audit_entries WHERE seq = 3)",)
SWAP = "UPDATE audit_entries SET seq = seq - 6 WHERE seq IN (2, 4)"

TAMPERED = {
    "changed": (ran("UPDATE audit_entries SET words = 'No.' WHERE seq = 2"), "changed", 2),
    "emptied": (
        ran("UPDATE audit_entries SET words = NULL, salt = NULL, words_hash = NULL WHERE seq = 3"),
        "changed",
        3,
    ),
    "missing": (ran("DELETE FROM audit_entries WHERE seq = 2"), "missing", 2),
    "the first one missing": (ran("DELETE FROM audit_entries WHERE seq = 1"), "missing", 1),
    "reordered": (
        ran(SWAP, "UPDATE audit_entries SET seq = -seq WHERE seq < 0"),
        "changed",
        2,
    ),
    "stamped anew": (
        ran("UPDATE audit_entries SET payload = replace(payload, 'at', 'At')"),
        "changed",
        1,
    ),
    "cut": (ran(*CUT), "truncated", 4),
    "cut with the head": (ran(*CUT, *HEAD_BACK), "truncated", 4),
    "emptied altogether": (
        ran("DELETE FROM audit_entries", "DELETE FROM audit_head"),
        "truncated",
        1,
    ),
    "no head": (ran("DELETE FROM audit_head"), "changed", 0),
    "added": (
        ran(
            "INSERT INTO audit_entries (seq, about, payload, mac)"
            " SELECT 6, about, payload, mac FROM audit_entries WHERE seq = 5"
        ),
        "added",
        6,
    ),
}


@asynccontextmanager
async def opened(folder: Path, clock: ManualClock) -> AsyncIterator[Divan]:
    settings = Settings(env="test", data_dir=str(folder), workers_enabled=False)
    async with Divan.open(settings, clock=clock) as divan:
        yield divan


@pytest.mark.parametrize("name", TAMPERED)
async def test_what_is_done_behind_its_back_is_found(
    name: str, tmp_path: Path, clock: ManualClock
) -> None:
    tamper, kind, seq = TAMPERED[name]
    async with opened(tmp_path, clock) as divan:
        await record(divan, *(deed(number) for number in range(5)))
        assert await divan.audit.checkpoint() == 1
        assert await divan.audit.checkpoint() == 0
        assert (await divan.audit.verify()).ok
    engine = sa.create_engine(f"sqlite:///{tmp_path}/divan.sqlite3")
    with engine.begin() as connection:
        tamper(connection)
    engine.dispose()
    async with opened(tmp_path, clock) as divan:
        found = await divan.audit.verify()
    assert found.fault == AuditFault(kind, seq)
    assert (found.ok, found.count) == (False, 5 if name in {"added", "no head"} else seq - 1)


async def test_an_earlier_state_that_went_on_is_found(tmp_path: Path, clock: ManualClock) -> None:
    database = tmp_path / "divan.sqlite3"
    async with opened(tmp_path, clock) as divan:
        await record(divan, *(deed(number) for number in range(3)))
        await divan.audit.checkpoint()
    early = database.read_bytes()
    async with opened(tmp_path, clock) as divan:
        await record(divan, deed(4), deed(5))
        await divan.audit.checkpoint()
    database.write_bytes(early)
    async with opened(tmp_path, clock) as divan:
        assert (await divan.audit.verify()).fault == AuditFault("truncated", 4)
        await record(divan, deed(6), deed(7), deed(8))
        found = await divan.audit.verify()
        assert (found.fault, found.count) == (AuditFault("rolled_back", 4), 4)
        assert (await divan.audit.verify(lines=())).ok


async def test_a_forged_checkpoint_is_named(tmp_path: Path, clock: ManualClock) -> None:
    checkpoints = tmp_path / "divan.sqlite3.checkpoints"
    async with opened(tmp_path, clock) as divan:
        await record(divan, deed(1))
        await divan.audit.checkpoint()
        checkpoints.write_text(checkpoints.read_text() + '{"count": 0}\n')
        found = await divan.audit.verify()
        assert (found.fault, found.checkpoints) == (AuditFault("checkpoint", 2), 1)
    assert checkpoints.stat().st_mode & 0o777 == 0o600


async def test_it_is_exported_with_its_seals(world: World) -> None:
    await record(world.divan, deed(1), deed(2, words=None))
    found = [one async for one in world.divan.audit.export()]
    assert [(one.seq, one.about, one.words) for one in found] == [
        (1, "case:1", "Number 1."),
        (2, "case:2", None),
    ]
    assert all(len(one.mac) == 64 for one in found)
    assert (await world.divan.audit.verify()).head == found[-1].mac

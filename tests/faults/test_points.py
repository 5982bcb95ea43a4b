"""Fault points and faulty stores do what they say."""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from divan_core.errors import StoreUnavailable
from divan_core.stores.bundle import Stores, StoreUnit
from divan_core.stores.calls import BUNDLE_CALLS
from divan_core.stores.factories import memory_stores
from divan_core.testing.contracts.samples import campus, campus_id, user_id
from divan_core.testing.faults import FaultPoints, Hang, Kill, Raise
from divan_core.testing.faulty import FaultyStores, faulty_stores

pytestmark = pytest.mark.anyio


class Oops(Exception):
    """An error that is nobody's own."""


@pytest.fixture
def faults() -> FaultPoints:
    return FaultPoints()


@pytest.fixture
def stores(faults: FaultPoints) -> Stores:
    return faults.around(memory_stores())


async def keep(unit: StoreUnit) -> None:
    await unit.campuses.put([campus()])


async def kept(stores: Stores) -> bool:
    async def body(unit: StoreUnit) -> bool:
        return await unit.campuses.get(campus_id(1)) is not None

    return await stores.units.read(body)


def test_there_is_a_point_before_and_after_every_call() -> None:
    points = FaultPoints.points()
    assert len(set(points)) == len(points)
    assert {"units.write:before", "keys.claim:after", "bus.take:before"} <= set(points)
    assert {name.rpartition(":")[2] for name in points} == {"before", "after"}


@pytest.mark.parametrize(
    ("point", "stays"),
    [
        ("units.write:before", False),
        ("campuses.put:before", False),
        ("campuses.put:after", False),
        ("units.write:after", True),
    ],
)
async def test_an_error_before_the_commit_undoes_the_unit(
    stores: Stores, faults: FaultPoints, point: str, *, stays: bool
) -> None:
    faults.arm(point, Raise(Oops()))
    with pytest.raises(Oops):
        await stores.units.write(keep)
    assert await kept(stores) is stays
    await stores.units.write(keep)
    assert await kept(stores)
    assert faults.reached(point) == 2


async def test_a_fault_strikes_when_and_as_often_as_it_is_told(
    stores: Stores, faults: FaultPoints
) -> None:
    faults.arm("people.cards:before", Raise(Oops()), after=2, times=2)
    struck = []
    for _ in range(6):
        try:
            await stores.people.cards([user_id(1)])
            struck.append(False)
        except Oops:
            struck.append(True)
    assert struck == [False, False, True, True, False, False]


async def test_a_fault_strikes_until_it_is_disarmed(stores: Stores, faults: FaultPoints) -> None:
    faults.arm("people.cards:after", Raise(Oops()), times=None)
    for _ in range(3):
        with pytest.raises(Oops):
            await stores.people.cards([user_id(1)])
    faults.disarm()
    assert await stores.people.cards([user_id(1)]) == {}


def test_there_must_be_such_a_point(faults: FaultPoints) -> None:
    with pytest.raises(ValueError, match=r"There is no point keys\.claim;"):
        faults.arm("keys.claim", Kill())


async def test_what_hangs_goes_on_when_it_is_released(stores: Stores, faults: FaultPoints) -> None:
    faults.arm("campuses.put:after", Hang())
    threading.Timer(0.05, faults.release).start()
    await stores.units.write(keep)
    assert await kept(stores)
    assert faults.reached("campuses.put:after") == 1


async def test_a_kill_is_the_end_of_the_process(
    stores: Stores, faults: FaultPoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *given: killed.append(given))
    faults.arm("journal.read:before", Kill())
    await stores.journal.read(campus_id(1), b"")
    assert killed == [(os.getpid(), signal.SIGKILL)]


async def test_what_is_no_call_passes_through(faults: FaultPoints) -> None:
    inner = memory_stores()
    stores = faults.around(inner)
    assert stores.outbox.bell is inner.outbox.bell
    async with stores.notices.listen() as notices:
        assert notices is not None


CALLS: dict[str, Callable[[Stores], Any]] = {
    "units": kept,
    "people": lambda stores: stores.people.cards([user_id(1)]),
    "journal": lambda stores: stores.journal.read(campus_id(1), b""),
}


async def test_faulty_stores_never_answer() -> None:
    stores = faulty_stores()
    assert {name for name in BUNDLE_CALLS if hasattr(stores, name)} == set(BUNDLE_CALLS)
    for call in CALLS.values():
        with pytest.raises(StoreUnavailable):
            await call(stores)


async def test_one_port_fails_and_is_mended() -> None:
    faulty = FaultyStores()
    for failing, mended in CALLS.items():
        faulty.fail(failing)
        for name, call in CALLS.items():
            if name == failing:
                with pytest.raises(StoreUnavailable):
                    await call(faulty.stores)
            else:
                await call(faulty.stores)
        faulty.mend(failing)
        await mended(faulty.stores)
    with pytest.raises(ValueError, match="There is no port bank"):
        faulty.fail("bank")


async def test_the_health_of_faulty_stores_is_told() -> None:
    faulty = FaultyStores()
    (lifecycle,) = faulty.stores.lifecycle
    with anyio.fail_after(10):
        async with lifecycle.running():
            assert all(one.ok for one in (await lifecycle.health()).values())
            faulty.fail("bus")
            assert not (await lifecycle.health())["bus"].ok

"""The live stores of one process keep their contracts."""

from uuid import UUID

import pytest

from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.notices import PersonNotice
from divan_core.kernel.units import run_through
from divan_core.stores.bundle import LiveStores
from divan_core.stores.memory.bus import MemoryBus
from divan_core.stores.memory.journal import MemoryJournal
from divan_core.stores.memory.limits import MemoryRateLimits
from divan_core.stores.memory.notices import MemoryNotices, MemoryPersonNotices
from divan_core.stores.memory.presence import MemoryPresence
from divan_core.stores.memory.signals import MemorySignals
from divan_core.stores.memory.turnstile import MemoryTurnstile
from divan_core.testing.clock import ManualClock
from divan_core.testing.contracts.bus import BusContract
from divan_core.testing.contracts.bushistories import BusHistoriesContract
from divan_core.testing.contracts.courses import CourseContract
from divan_core.testing.contracts.journal import JournalContract
from divan_core.testing.contracts.limits import RateLimitsContract
from divan_core.testing.contracts.live import LiveContract
from divan_core.testing.contracts.neighbourhood import NeighbourhoodContract
from divan_core.testing.contracts.notices import NoticesContract, PersonNoticesContract
from divan_core.testing.contracts.presence import PresenceContract
from divan_core.testing.contracts.signals import SignalsContract
from divan_core.testing.contracts.turnstile import TurnstileContract


class OnMemory(LiveContract):
    @pytest.fixture
    def live(self, clock: ManualClock) -> LiveStores:
        notices, limits = MemoryNotices(), MemoryRateLimits(clock)
        journal = MemoryJournal(clock, notices)
        presence = MemoryPresence(journal, limits, notices)
        return LiveStores(
            presence=presence,
            signals=MemorySignals(presence),
            journal=journal,
            limits=limits,
            turnstile=MemoryTurnstile(journal, limits),
            notices=notices,
            person_notices=MemoryPersonNotices(),
            bus=MemoryBus(clock),
        )


class TestMemoryPresence(OnMemory, PresenceContract):
    pass


class TestMemoryCourses(OnMemory, CourseContract):
    pass


class TestMemoryNeighbourhood(OnMemory, NeighbourhoodContract):
    pass


class TestMemoryRateLimits(OnMemory, RateLimitsContract):
    pass


class TestMemoryTurnstile(OnMemory, TurnstileContract):
    pass


class TestMemorySignals(OnMemory, SignalsContract):
    pass


class TestMemoryJournal(OnMemory, JournalContract):
    pass


class TestMemoryNotices(OnMemory, NoticesContract):
    pass


class TestMemoryPersonNotices(OnMemory, PersonNoticesContract):
    async def test_what_was_told_is_heard_without_waiting(self, live: LiveStores) -> None:
        told = [
            PersonNotice(CampusId(UUID(int=1)), UserId(UUID(int=one)), "chat", "x")
            for one in range(3)
        ]
        async with live.person_notices.listen() as heard:
            for one in told:
                await live.person_notices.publish(one)
            assert [run_through(anext(heard)) for _ in told] == told


class TestMemoryBus(OnMemory, BusContract):
    pass


class TestMemoryBusHistories(OnMemory, BusHistoriesContract):
    pass

"""What the contracts of the live stores share: fixtures, and people to put on a campus."""

from __future__ import annotations

from uuid import uuid4

import attrs
import pytest

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.limits import Limit, Window
from divan_core.presence.model import (
    LEASE_MS,
    Amendment,
    Cell,
    Fix,
    Heard,
    Lease,
    Neighbourhood,
    PersonKey,
    PresenceRecord,
    Reach,
    Rule,
)
from divan_core.presence.ports import PresenceIndex
from divan_core.stores.bundle import LiveStores
from divan_core.testing.clock import ManualClock

PHONE = b"phone---"
TABLET = b"tablet--"
HOME = Cell(25, 0, 0)
AWAY = Cell(25, 40, -40)


class LiveContract:
    """The fixtures of a contract. Give ``live``, and ``other`` where there can be two processes."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def clock(self) -> ManualClock:
        """The clock of every process."""
        return ManualClock()

    @pytest.fixture
    def live(self, clock: ManualClock) -> LiveStores:
        """The stores under test, running, with nothing in them."""
        raise NotImplementedError

    @pytest.fixture
    def other(self, live: LiveStores) -> LiveStores:
        """The same stores as another process has them; the very same where there is only one."""
        return live

    @pytest.fixture
    def campus_id(self) -> CampusId:
        """A campus nobody has been on."""
        return CampusId(uuid4())


def somebody() -> UserId:
    """A person nobody has heard of."""
    return UserId(uuid4())


def at_most(count: int, seconds: int, name: str = "walk") -> Limit:
    """A limit of one window."""
    return Limit(name, (Window(count, seconds),))


def standing(cell: Cell, now: Millis, device: bytes = PHONE) -> Rule:
    """A rule that puts a person into the middle of a cell and renews one device's lease."""

    def rule(before: PresenceRecord | None) -> Amendment:
        leases = before.leases if before is not None else ()
        others = tuple(one for one in leases if one.device != device and one.until > now)
        record = PresenceRecord(
            fixes=(Fix(now, cell.east, cell.north, 8.0),),
            leases=(*others, Lease(device, Millis(now + LEASE_MS))),
            cell=cell,
        )
        return Amendment(record)

    return rule


def leaving(device: bytes | None = None) -> Rule:
    """A rule that ends one device's lease, or all."""

    def rule(before: PresenceRecord | None) -> Amendment:
        record = before or PresenceRecord()
        kept = tuple(one for one in record.leases if device is not None and one.device != device)
        return Amendment(attrs.evolve(record, leases=kept))

    return rule


@attrs.frozen
class Walker:
    """A person with phones, on one campus of one process's index."""

    index: PresenceIndex
    clock: ManualClock
    campus_id: CampusId
    user_id: UserId = attrs.field(factory=somebody)

    @property
    def key(self) -> PersonKey:
        """Where the person's presence is kept."""
        return PersonKey(self.campus_id, self.user_id)

    async def stand(
        self, cell: Cell = HOME, device: bytes = PHONE, limit: Limit | None = None
    ) -> PresenceRecord:
        """Be online in a cell for the length of a lease."""
        now = self.clock.now()
        return await self.index.amend(self.key, standing(cell, now, device), now, limit)

    async def leave(self, device: bytes | None = None) -> PresenceRecord:
        """Go offline with one device or with all."""
        return await self.index.amend(self.key, leaving(device), self.clock.now())

    async def record(self) -> PresenceRecord | None:
        """What is kept of the person."""
        return await self.index.record(self.key, self.clock.now())

    async def heard(self) -> Heard | None:
        """When the person was last heard."""
        people = (self.user_id,)
        return (await self.index.heard(self.campus_id, people, self.clock.now())).get(self.user_id)

    async def look(self, reach: Reach, limit: Limit | None = None) -> Neighbourhood:
        """See who is around."""
        return await self.index.around(self.key, reach, self.clock.now(), since=b"", limit=limit)

    async def sees(self, radius_m: float = 100.0) -> dict[UserId, Cell]:
        """Whom the person finds within a radius, and in which cell each."""
        return people_of(await self.look(Reach(radius_m)))


def people_of(hood: Neighbourhood) -> dict[UserId, Cell]:
    """Everybody of a neighbourhood; nobody stands in two cells, and no cell comes twice."""
    cells = [cell for cell, _ in hood.cells]
    assert len(cells) == len(set(cells))
    found = [(one, cell) for cell, people in hood.cells for one in people]
    assert len(found) == len(dict(found))
    return dict(found)

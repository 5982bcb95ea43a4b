"""The contract of :class:`~divan_core.presence.ports.PresenceIndex` for any course of events.

Steps drawn at random are taken on the store, by two processes in turn, and on a model of a few
lines; after each step both must say the same, and in the end the same notices must have gone out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import TypeAlias
from uuid import UUID, uuid4

import anyio
import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.presence.model import (
    LEASE_MS,
    Cell,
    Heard,
    Notice,
    PeopleChanged,
    PublicMove,
    Reach,
)
from divan_core.stores.bundle import LiveStores
from divan_core.testing.clock import ManualClock
from divan_core.testing.contracts.live import (
    AWAY,
    HOME,
    PHONE,
    TABLET,
    LiveContract,
    Walker,
    people_of,
)

PEOPLE = [UserId(UUID(int=number)) for number in (1, 2)]
CELLS = [HOME, AWAY, Cell(25, 1, 0), Cell(50, 0, 0)]


@attrs.frozen
class Stand:
    """Somebody sends a heartbeat."""

    person: UserId
    cell: Cell
    device: bytes


@attrs.frozen
class Leave:
    """Somebody goes offline."""

    person: UserId
    device: bytes | None


@attrs.frozen
class Wait:
    """Time passes."""

    millis: int


@attrs.frozen
class Sweep:
    """A process sweeps."""


Step: TypeAlias = Stand | Leave | Wait | Sweep

STEPS = st.one_of(
    st.builds(
        Stand, st.sampled_from(PEOPLE), st.sampled_from(CELLS), st.sampled_from([PHONE, TABLET])
    ),
    st.builds(Leave, st.sampled_from(PEOPLE), st.sampled_from([PHONE, TABLET, None])),
    st.builds(Wait, st.sampled_from([1, 5_000, 40_000, 45_000, 89_999, LEASE_MS])),
    st.builds(Sweep),
)


@attrs.define
class Person:
    """What the model knows of somebody."""

    leases: dict[bytes, int] = attrs.field(factory=dict)
    cell: Cell = HOME
    at: Millis | None = None
    inside: bool = False

    @property
    def until(self) -> int:
        """When the last lease ends."""
        return max(self.leases.values(), default=0)


class Model:
    """Presence in a few lines: everyone is looked at on every step."""

    def __init__(self, now: Millis) -> None:
        self.now = now
        self.people = {one: Person() for one in PEOPLE}
        self.moves: Counter[tuple[Cell | None, Cell | None]] = Counter()

    def take(self, step: Step) -> None:
        """Do what the store is asked to do."""
        if isinstance(step, Wait):
            self.now = Millis(self.now + step.millis)
            for person in self.people.values():
                self._settle(person, person.cell)
        elif isinstance(step, Stand):
            person = self.people[step.person]
            person.leases[step.device] = self.now + LEASE_MS
            person.at = self.now
            self._settle(person, step.cell)
        elif isinstance(step, Leave):
            person = self.people[step.person]
            gone = [step.device] if step.device else list(person.leases)
            for device in gone:
                person.leases.pop(device, None)
            self._settle(person, person.cell)

    def heard(self) -> dict[UserId, Heard]:
        """Who was heard when."""
        return {
            one: Heard(online=person.inside, at=person.at)
            for one, person in self.people.items()
            if person.at is not None
        }

    def online(self) -> dict[UserId, Cell]:
        """Who stands where."""
        return {one: person.cell for one, person in self.people.items() if person.inside}

    def _settle(self, person: Person, cell: Cell) -> None:
        """Stand a person where they belong, and note the move if it is one."""
        left = person.cell if person.inside else None
        person.inside = person.until > self.now
        entered = cell if person.inside else None
        person.cell = cell
        if left != entered:
            self.moves[left, entered] += 1


class CourseContract(LiveContract):
    """Any course of events."""

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(steps=st.lists(st.tuples(st.booleans(), STEPS), min_size=5, max_size=25))
    async def test_any_course_of_events(
        self,
        live: LiveStores,
        other: LiveStores,
        clock: ManualClock,
        steps: Sequence[tuple[bool, Step]],
    ) -> None:
        """The store says what the model says, to either process, at every step."""
        campus_id, model = CampusId(uuid4()), Model(clock.now())
        async with other.notices.listen() as notices:
            for first, step in steps:
                stores = live if first else other
                model.take(step)
                await take(step, Walker(stores.presence, clock, campus_id))
                await agree(model, Walker((other if first else live).presence, clock, campus_id))
            await live.journal.record(campus_id, ())
            told = await moves_until(PeopleChanged(campus_id), notices)
        assert told == model.moves


async def take(step: Step, walker: Walker) -> None:
    """Do one step on the store."""
    if isinstance(step, Wait):
        walker.clock.advance(step.millis / 1000)
    elif isinstance(step, Stand):
        await attrs.evolve(walker, user_id=step.person).stand(step.cell, step.device)
    elif isinstance(step, Leave):
        await attrs.evolve(walker, user_id=step.person).leave(step.device)
    else:
        await walker.index.sweep(walker.campus_id, walker.clock.now())


async def agree(model: Model, walker: Walker) -> None:
    """Compare every answer of the store with the model's."""
    index, campus_id, now = walker.index, walker.campus_id, walker.clock.now()
    assert await index.heard(campus_id, PEOPLE, now) == model.heard()
    online = model.online()
    for one in PEOPLE:
        person = attrs.evolve(walker, user_id=one)
        found = people_of(await person.look(Reach(5000.0)))
        assert found == (online if one in online else {})
        record = await person.record()
        known = model.people[one]
        kept = known.at is not None and max(known.at + LEASE_MS, known.until) > now
        assert (record is not None) == kept
        assert record is None or record.online(now) == (one in online)
    assert await index.everybody(campus_id, now) == online


async def moves_until(
    last: PeopleChanged, notices: AsyncIterator[Notice]
) -> Counter[tuple[Cell | None, Cell | None]]:
    """Count the moves of a campus that are told before a certain notice of it."""
    moves: Counter[tuple[Cell | None, Cell | None]] = Counter()
    with anyio.fail_after(5):
        while (notice := await anext(notices)) != last:
            if isinstance(notice, PublicMove) and notice.campus_id == last.campus_id:
                moves[notice.left, notice.entered] += 1
    return moves

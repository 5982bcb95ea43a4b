"""The contract of :meth:`PresenceIndex.around`, held against a search by brute force."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from uuid import UUID, uuid4

import anyio
import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from divan_core.errors import RateLimited
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.presence.lattice import distance_to
from divan_core.presence.model import (
    EVERYBODY,
    LEASE_MS,
    Amendment,
    Cell,
    Fix,
    Lease,
    Neighbourhood,
    PresenceRecord,
    Reach,
    Rule,
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
    at_most,
    people_of,
    somebody,
)

SLOW = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""Fixtures are shared by all examples, so each example plays on a campus of its own."""

SIZES = st.sampled_from([10, 25, 50, 200])
METRES = st.one_of(
    st.integers(-600, 600).map(float),
    st.floats(-600, 600, allow_nan=False).map(lambda x: round(x, 3)),
)


def cells(span_m: int) -> st.SearchStrategy[Cell]:
    """Cells of any size, up to so many metres from the centre."""
    return SIZES.flatmap(lambda size_m: cells_of(size_m, span_m))


def cells_of(size_m: int, span_m: int) -> st.SearchStrategy[Cell]:
    """Cells of one size, up to so many metres from the centre."""
    index = st.integers(-(span_m // size_m) - 1, span_m // size_m)
    return st.builds(Cell, st.just(size_m), index, index)


CROWDS = st.one_of(
    st.lists(cells(600), max_size=60),
    st.lists(cells(100), max_size=60),
    st.lists(cells_of(25, 60), min_size=20, max_size=60),
)
"""From a few people far apart to many close together."""

REACHES = st.builds(
    Reach,
    radius_m=st.one_of(st.sampled_from([1, 10, 20, 50, 200]), st.integers(1, 900)).map(float),
    beyond_m=st.one_of(st.just(-1.0), st.integers(0, 900).map(float)),
    from_cell=st.one_of(st.none(), cells(600)),
    enough=st.one_of(st.just(EVERYBODY), st.integers(1, 40)),
)


def at(east: float, north: float, cell: Cell, now: Millis) -> Rule:
    """A rule that puts a person to a position, seen by others in any cell."""
    record = PresenceRecord(
        fixes=(Fix(now, east, north, 8.0),),
        leases=(Lease(PHONE, Millis(now + LEASE_MS)),),
        cell=cell,
    )
    return lambda _: Amendment(record)


def wanted(here: Fix, cell: Cell, reach: Reach) -> bool:
    """Whether the question is about this cell, as :class:`Reach` says."""
    distance = distance_to(cell, here.east, here.north)
    begin = reach.from_cell
    return reach.beyond_m < distance <= max(reach.radius_m, cell.size_m) and (
        begin is None or distance >= distance_to(begin, here.east, here.north)
    )


def check(hood: Neighbourhood, reach: Reach, everyone: dict[UserId, Cell]) -> None:
    """Compare an answer with everyone there is."""
    here = hood.here
    assert here is not None
    found = people_of(hood)
    assert found.items() <= everyone.items(), "somebody is shown where they are not"
    expected = {
        one
        for one, cell in everyone.items()
        if wanted(here, cell, reach) and distance_to(cell, here.east, here.north) <= hood.complete_m
    }
    assert expected <= found.keys()
    crowds = Counter(everyone.values())
    assert all(len(people) == crowds[cell] for cell, people in hood.cells)
    if not math.isinf(hood.complete_m):
        assert reach.enough < EVERYBODY
        assert len(found) >= reach.enough
        assert hood.complete_m > reach.beyond_m


class NeighbourhoodContract(LiveContract):
    """Who is found around somebody."""

    @pytest.fixture
    def walker(self, live: LiveStores, clock: ManualClock, campus_id: CampusId) -> Walker:
        """Somebody who has never been here."""
        return Walker(live.presence, clock, campus_id)

    async def test_nobody_is_around_someone_who_is_not_there(self, walker: Walker) -> None:
        """No fix, no cells, complete; and nothing counted, also after leaving."""
        limit = at_most(1, 60)
        await attrs.evolve(walker, user_id=somebody()).stand()
        for _ in range(2):
            hood = await walker.look(Reach(100.0), limit)
            assert (hood.here, tuple(hood.cells), hood.complete_m) == (None, (), math.inf)
        await walker.stand()
        await walker.leave()
        assert (await walker.look(Reach(100.0), limit)).here is None
        await walker.stand()
        await walker.look(Reach(100.0), limit)
        with pytest.raises(RateLimited) as refused:
            await walker.look(Reach(100.0), limit)
        assert refused.value.retry_after == 60

    async def test_the_viewers_own_fix_comes_along(self, walker: Walker) -> None:
        """The last accepted one, exactly as it was given."""
        now = walker.clock.now()
        record = PresenceRecord(
            fixes=(Fix(now, 9.0, 9.0, 8.0), Fix(now, 1 / 3, -1 / 7, 8.0)),
            leases=(Lease(PHONE, Millis(now + LEASE_MS)),),
            cell=HOME,
        )
        await walker.index.amend(walker.key, lambda _: Amendment(record), now)
        assert (await walker.look(Reach(10.0))).here == record.here()

    async def test_somebody_who_moves_is_found_in_one_cell(
        self, walker: Walker, other: LiveStores
    ) -> None:
        """The new one, in the very next answer of every process."""
        viewer = attrs.evolve(walker, user_id=somebody(), index=other.presence)
        await viewer.stand(HOME)
        for cell in (HOME, Cell(25, 1, 0), Cell(25, -1, -1), Cell(50, 0, 0), HOME):
            await walker.stand(cell)
            assert await viewer.sees() == {viewer.user_id: HOME, walker.user_id: cell}
        await walker.stand(AWAY)
        assert walker.user_id not in await viewer.sees()

    async def test_cells_are_found_by_the_larger_of_radius_and_size(self, walker: Walker) -> None:
        """A cell of 200 m whose middle is 141 m away is found from 10 m on, one of 25 m is not."""
        here, now = attrs.evolve(walker, user_id=somebody()), walker.clock.now()
        await here.index.amend(here.key, at(0.0, 0.0, AWAY, now), now)
        wide = attrs.evolve(walker, user_id=somebody())
        await wide.stand(Cell(200, 0, 0))
        middle = attrs.evolve(walker, user_id=somebody())
        await middle.stand(Cell(50, 0, 0))
        far = attrs.evolve(walker, user_id=somebody())
        await far.stand(Cell(25, 4, 4))
        found = await here.sees(10.0)
        assert found[wide.user_id] == Cell(200, 0, 0)
        assert found[middle.user_id] == Cell(50, 0, 0)
        assert (await here.sees(200.0))[far.user_id] == Cell(25, 4, 4)

    async def test_an_end_of_a_lease_shows_in_the_next_answer(self, walker: Walker) -> None:
        """Though nobody swept, and though others in the cell go on."""
        stays = attrs.evolve(walker, user_id=somebody())
        await walker.stand(HOME)
        walker.clock.advance(30)
        await stays.stand(HOME, TABLET)
        walker.clock.advance(59.999)
        assert (await stays.sees()).keys() == {stays.user_id, walker.user_id}
        walker.clock.advance(0.001)
        assert (await stays.sees()).keys() == {stays.user_id}

    async def test_news_of_the_journal_comes_along(self, live: LiveStores, walker: Walker) -> None:
        """With and without live presence; once, and from the position given."""
        first = (await walker.look(Reach(10.0))).news
        assert first.changed is None
        await live.journal.record(walker.campus_id, (walker.user_id,))
        around, now = walker.index.around, walker.clock.now()
        second = (await around(walker.key, Reach(10.0), now, since=first.position)).news
        assert second.changed == frozenset({walker.user_id})
        await walker.stand()
        third = (await around(walker.key, Reach(10.0), now, since=second.position)).news
        assert (third.position, third.changed) == (second.position, frozenset())
        again = (await around(walker.key, Reach(10.0), now, since=first.position)).news
        assert again == second

    async def test_a_change_only_announced_comes_along_in_time(
        self, live: LiveStores, walker: Walker
    ) -> None:
        """Ten seconds after the announcement it is news."""
        first = (await walker.look(Reach(10.0))).news
        await live.journal.announce(walker.campus_id, (walker.user_id,))
        for seconds, changed in ((9.999, frozenset[UserId]()), (0.001, {walker.user_id})):
            walker.clock.advance(seconds)
            hood = await walker.index.around(
                walker.key, Reach(10.0), walker.clock.now(), since=first.position
            )
            assert hood.news.changed == frozenset(changed)

    async def test_leaving_takes_nobody_elses_place(self, walker: Walker) -> None:
        """Though one id can be read out of the bytes of two others side by side."""
        a, b, c, d = (bytes([number]) * 8 for number in (1, 2, 3, 4))
        people = [UserId(UUID(bytes=data)) for data in (a + b, c + d, b + c)]
        for one in people:
            await attrs.evolve(walker, user_id=one).stand(HOME)
        await attrs.evolve(walker, user_id=people[2]).leave()
        viewer = attrs.evolve(walker, user_id=people[0])
        assert await viewer.sees() == {people[0]: HOME, people[1]: HOME}

    async def test_a_crowded_campus(self, walker: Walker) -> None:
        """1,600 occupied cells; every radius finds whom it should."""
        crowd = [Cell(25, column, row) for column in range(-20, 20) for row in range(-20, 20)]
        everyone = await populate(walker, (3.5, -7.25), crowd)
        radii = (50.0, 300.0, 480.0, 700.0, 5000.0)
        reaches = [Reach(radius) for radius in radii]
        reaches += [Reach(700.0, enough=enough) for enough in range(1, 200, 8)]
        for reach in reaches:
            check(await walker.look(reach), reach, everyone)

    @SLOW
    @given(
        here=st.tuples(METRES, METRES),
        crowd=CROWDS,
        questions=st.lists(REACHES, min_size=1, max_size=4),
        begin=st.integers(0, 59),
    )
    async def test_answers_equal_a_search_by_brute_force(
        self,
        walker: Walker,
        here: tuple[float, float],
        crowd: Sequence[Cell],
        questions: Sequence[Reach],
        begin: int,
    ) -> None:
        """For any crowd, any position and any question, also one that begins at somebody's cell."""
        walker = attrs.evolve(walker, campus_id=CampusId(uuid4()))
        everyone = await populate(walker, here, crowd)
        somewhere = crowd[begin % len(crowd)] if crowd else HOME
        for reach in (*questions, attrs.evolve(questions[0], from_cell=somewhere)):
            check(await walker.look(reach), reach, everyone)

    @SLOW
    @given(
        here=st.tuples(METRES, METRES),
        crowd=CROWDS,
        enough=st.integers(1, 20),
        radius=st.integers(1, 900),
    )
    async def test_a_search_in_steps_finds_everyone_nearest_first(
        self,
        walker: Walker,
        here: tuple[float, float],
        crowd: Sequence[Cell],
        enough: int,
        radius: int,
    ) -> None:
        """Going on from ``complete_m`` until it is infinite leaves nobody out."""
        walker = attrs.evolve(walker, campus_id=CampusId(uuid4()))
        everyone = await populate(walker, here, crowd)
        reach, seen = Reach(float(radius), enough=enough), set[UserId]()
        while not math.isinf(reach.beyond_m):
            hood = await walker.look(reach)
            check(hood, reach, everyone)
            seen |= people_of(hood).keys()
            reach = attrs.evolve(reach, beyond_m=hood.complete_m)
        fix = Fix(walker.clock.now(), *here, 8.0)
        whole = Reach(float(radius))
        assert seen >= {one for one, cell in everyone.items() if wanted(fix, cell, whole)}


async def populate(
    viewer: Walker, here: tuple[float, float], crowd: Sequence[Cell]
) -> dict[UserId, Cell]:
    """Put the viewer and a crowd onto a campus; who stands where."""
    now = viewer.clock.now()
    everyone = {UserId(UUID(int=number + 1)): cell for number, cell in enumerate(crowd)}
    everyone[viewer.user_id] = HOME
    async with anyio.create_task_group() as group:
        for one, cell in everyone.items():
            key = attrs.evolve(viewer, user_id=one).key
            group.start_soon(viewer.index.amend, key, at(*here, cell, now), now)
    return everyone

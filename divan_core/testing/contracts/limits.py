"""The contract of :class:`~divan_core.kernel.limits.RateLimits`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID, uuid4

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from divan_core.errors import EnumerationBudget, RateLimited
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.limits import Limit, RateLimits, Window
from divan_core.stores.bundle import LiveStores
from divan_core.testing.clock import ManualClock
from divan_core.testing.contracts.live import LiveContract, at_most, somebody

EXAMPLES = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PAUSE_MS = st.one_of(st.just(0), st.integers(1, 4000), st.sampled_from([999, 1000, 1001, 5000]))
PAUSES_MS = st.lists(PAUSE_MS, min_size=1, max_size=60)
WINDOWS = st.lists(
    st.builds(Window, st.integers(1, 6), st.integers(1, 10)), min_size=1, max_size=3
).map(tuple)
STEP = st.tuples(PAUSE_MS, st.lists(st.integers(0, 5), max_size=3))
"""A pause, and which of the latest moments are withdrawn after it."""
FILL: list[tuple[int, list[int]]] = [(0, [])] * 6
PEOPLE = [UserId(UUID(int=number)) for number in range(1, 9)]
ANSWERS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 400, 1000, 2500]), st.lists(st.sampled_from(PEOPLE), max_size=4)
    ),
    min_size=3,
    max_size=25,
)


def fits(admitted: Sequence[int], windows: Iterable[Window], now: int) -> bool:
    """Whether one more action keeps every window, by counting what is inside it."""
    return all(
        sum(now - at < window.seconds * 1000 for at in admitted) < window.count
        for window in windows
    )


async def passes(limits: RateLimits, campus_id: CampusId, user_id: UserId, limit: Limit) -> bool:
    """Try one action; whether it was admitted."""
    try:
        await limits.admit(campus_id, user_id, limit)
    except RateLimited:
        return False
    return True


async def wait_to_spend(
    limits: RateLimits,
    campus_id: CampusId,
    user_id: UserId,
    limit: Limit,
    people: Sequence[UserId],
) -> int:
    """Try one answer; seconds to wait, 0 when it was admitted."""
    try:
        await limits.spend(campus_id, user_id, limit, people)
    except EnumerationBudget as refused:
        return refused.retry_after or -1
    return 0


class RateLimitsContract(LiveContract):
    """Exact sliding windows, and the budget of distinct people."""

    @EXAMPLES
    @given(windows=WINDOWS, pauses=PAUSES_MS)
    async def test_admissions_equal_a_count_by_brute_force(
        self, live: LiveStores, clock: ManualClock, windows: tuple[Window, ...], pauses: list[int]
    ) -> None:
        """For any windows and any pauses; a refused action is not remembered."""
        campus_id, user_id = CampusId(uuid4()), somebody()
        limit, admitted = Limit("any", windows), list[int]()
        for pause in pauses:
            clock.advance(pause / 1000)
            expected = fits(admitted, windows, clock.now())
            assert await passes(live.limits, campus_id, user_id, limit) == expected
            if expected:
                admitted.append(clock.now())

    @EXAMPLES
    @given(windows=WINDOWS, steps=st.lists(STEP, max_size=60))
    async def test_withdrawals_equal_a_count_by_brute_force(
        self,
        live: LiveStores,
        other: LiveStores,
        clock: ManualClock,
        windows: tuple[Window, ...],
        steps: list[tuple[int, list[int]]],
    ) -> None:
        """What was withdrawn never was; what was not is counted as long as any window holds it."""
        campus_id, user_id = CampusId(uuid4()), somebody()
        limit, admitted, told = Limit("any", windows), list[Millis](), list[Millis]()
        for pause, back in [*steps, *FILL]:
            clock.advance(pause / 1000)
            told.append(clock.now())
            if fits(admitted, windows, clock.now()):
                assert await live.limits.admit(campus_id, user_id, limit) == clock.now()
                admitted.append(clock.now())
            else:
                assert not await passes(live.limits, campus_id, user_id, limit)
            for at in (told[-1 - one % len(told)] for one in back):
                await other.limits.withdraw(campus_id, user_id, limit, at)
                if at in admitted:
                    admitted.remove(at)

    async def test_withdrawing_makes_room_for_one(
        self, live: LiveStores, other: LiveStores, clock: ManualClock, campus_id: CampusId
    ) -> None:
        """Of the same person, under the same limit; where there is none, nothing happens."""
        limit, another, user_id = at_most(2, 60), at_most(2, 60, "another"), somebody()
        now = clock.now()
        await live.limits.withdraw(campus_id, user_id, limit, now)
        for one in (limit, limit, another, another):
            assert await live.limits.admit(campus_id, user_id, one) == now
        await live.limits.withdraw(campus_id, somebody(), limit, now)
        await live.limits.withdraw(campus_id, user_id, limit, Millis(now - 1))
        assert not await passes(live.limits, campus_id, user_id, limit)
        await other.limits.withdraw(campus_id, user_id, limit, now)
        assert await passes(live.limits, campus_id, user_id, limit)
        assert not await passes(live.limits, campus_id, user_id, limit)
        assert not await passes(other.limits, campus_id, user_id, another)
        for _ in range(5):
            await live.limits.withdraw(campus_id, user_id, limit, now)
        for expected in (True, True, False):
            assert await passes(live.limits, campus_id, user_id, limit) == expected

    async def test_withdrawing_leaves_a_later_admission_its_moment(
        self, live: LiveStores, other: LiveStores, clock: ManualClock, campus_id: CampusId
    ) -> None:
        """Of two actions that overlap, the one that was done counts for its own window."""
        limit, user_id = at_most(2, 60), somebody()
        mistaken = await live.limits.admit(campus_id, user_id, limit)
        clock.advance(1)
        done = await other.limits.admit(campus_id, user_id, limit)
        assert done - mistaken == 1000
        await live.limits.withdraw(campus_id, user_id, limit, mistaken)
        clock.advance(1)
        assert await passes(live.limits, campus_id, user_id, limit)
        clock.advance(58.999)
        assert not await passes(other.limits, campus_id, user_id, limit)
        clock.advance(0.001)
        assert await passes(other.limits, campus_id, user_id, limit)
        assert not await passes(live.limits, campus_id, user_id, limit)

    async def test_withdrawing_from_a_full_memory_makes_room_for_one(
        self, live: LiveStores, other: LiveStores, clock: ManualClock, campus_id: CampusId
    ) -> None:
        """And not for the one that the withdrawn admission pushed out."""
        limit, user_id = at_most(3, 60), somebody()
        for _ in range(3):
            clock.advance(20)
            await live.limits.admit(campus_id, user_id, limit)
        for _ in range(8):
            clock.advance(20)
            at = await live.limits.admit(campus_id, user_id, limit)
            await other.limits.withdraw(campus_id, user_id, limit, at)
            assert await passes(other.limits, campus_id, user_id, limit)
            assert not await passes(live.limits, campus_id, user_id, limit)

    async def test_a_refusal_says_when_there_is_room(
        self, live: LiveStores, other: LiveStores, clock: ManualClock, campus_id: CampusId
    ) -> None:
        """In whole seconds, rounded up; a millisecond before there is none."""
        limit, user_id = Limit("two", (Window(2, 10), Window(3, 3600))), somebody()
        await live.limits.admit(campus_id, user_id, limit)
        clock.advance(3.5)
        await other.limits.admit(campus_id, user_id, limit)
        with pytest.raises(RateLimited) as refused:
            await live.limits.admit(campus_id, user_id, limit)
        assert refused.value.retry_after == 7
        clock.advance(6.499)
        assert not await passes(other.limits, campus_id, user_id, limit)
        clock.advance(0.001)
        assert await passes(live.limits, campus_id, user_id, limit)
        with pytest.raises(RateLimited) as refused:
            await other.limits.admit(campus_id, user_id, limit)
        assert refused.value.retry_after == 3590

    async def test_exactly_as_many_pass_as_may(
        self, live: LiveStores, other: LiveStores, clock: ManualClock, campus_id: CampusId
    ) -> None:
        """Of 300 concurrent actions over two processes; and as many again a window later."""
        limit, user_id, passed = at_most(37, 60), somebody(), list[bool]()

        async def act(stores: LiveStores) -> None:
            passed.append(await passes(stores.limits, campus_id, user_id, limit))

        for round_number in (1, 2):
            async with anyio.create_task_group() as group:
                for _ in range(150):
                    group.start_soon(act, live)
                    group.start_soon(act, other)
            assert sum(passed) == 37 * round_number
            clock.advance(60)

    async def test_people_limits_and_campuses_are_apart(
        self, live: LiveStores, campus_id: CampusId
    ) -> None:
        """One being full says nothing of another."""
        limit, user_id = at_most(1, 60), somebody()
        assert await passes(live.limits, campus_id, user_id, limit)
        assert not await passes(live.limits, campus_id, user_id, limit)
        assert await passes(live.limits, campus_id, somebody(), limit)
        assert await passes(live.limits, campus_id, user_id, at_most(1, 60, "another"))

    @EXAMPLES
    @given(answers=ANSWERS, count=st.integers(2, 5))
    async def test_budgets_equal_a_count_by_brute_force(
        self,
        live: LiveStores,
        clock: ManualClock,
        answers: list[tuple[int, list[UserId]]],
        count: int,
    ) -> None:
        """No window ever holds answers about more distinct people; whatever fits passes."""
        campus_id, user_id = CampusId(uuid4()), somebody()
        limit, told = at_most(count, 3, "budget"), list[tuple[int, UserId]]()
        for pause, people in answers:
            clock.advance(pause / 1000)
            recent = {one for at, one in told if clock.now() - at < 3000}
            try:
                await live.limits.spend(campus_id, user_id, limit, people)
            except EnumerationBudget:
                assert len(recent | set(people)) > count
            else:
                assert not people or len(recent | set(people)) <= count
                told += [(clock.now(), one) for one in people]

    @EXAMPLES
    @given(answers=ANSWERS, count=st.integers(2, 5))
    async def test_a_refused_answer_passes_when_it_was_told_to_return(
        self,
        live: LiveStores,
        clock: ManualClock,
        answers: list[tuple[int, list[UserId]]],
        count: int,
    ) -> None:
        """Unless it holds more people than the whole budget."""
        campus_id, user_id = CampusId(uuid4()), somebody()
        limit = at_most(count, 3, "budget")
        for pause, people in answers:
            clock.advance(pause / 1000)
            wait = await wait_to_spend(live.limits, campus_id, user_id, limit, people)
            assert 0 <= wait <= 3
            if wait and len(set(people)) <= count:
                clock.advance(wait)
                await live.limits.spend(campus_id, user_id, limit, people)

    async def test_a_budget_is_spent_by_all_processes(
        self, live: LiveStores, other: LiveStores, clock: ManualClock, campus_id: CampusId
    ) -> None:
        """Known people are free, a refused answer costs nothing, and all is free a window later."""
        limit, user_id = at_most(3, 60), somebody()
        first, second, third, fourth = PEOPLE[:4]
        await live.limits.spend(campus_id, user_id, limit, [first, second, first])
        await other.limits.spend(campus_id, user_id, limit, [second])
        with pytest.raises(EnumerationBudget):
            await other.limits.spend(campus_id, user_id, limit, [third, fourth])
        await live.limits.spend(campus_id, user_id, limit, [third])
        with pytest.raises(EnumerationBudget) as refused:
            await live.limits.spend(campus_id, user_id, limit, [fourth])
        assert refused.value.retry_after == 60
        await live.limits.spend(campus_id, somebody(), limit, [fourth])
        clock.advance(60)
        await live.limits.spend(campus_id, user_id, limit, [fourth, first, second])

    async def test_a_budget_is_exact_under_concurrent_calls(
        self, live: LiveStores, other: LiveStores, campus_id: CampusId
    ) -> None:
        """Of 100 answers about different people over two processes, 20 pass."""
        limit, user_id, passed = at_most(20, 60), somebody(), list[UserId]()

        async def spend(stores: LiveStores, one: UserId) -> None:
            try:
                await stores.limits.spend(campus_id, user_id, limit, [one])
            except EnumerationBudget:
                return
            passed.append(one)

        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(spend, (live, other)[number % 2], somebody())
        assert len(passed) == 20

"""The runner keeps workers at work, and ends them in good order."""

from collections.abc import Awaitable, Callable

import anyio
import attrs
import pytest

from divan_core.errors import ValidationFailed
from divan_core.kernel.bell import Bell
from divan_core.kernel.clock import Millis
from divan_core.testing.clock import ManualClock, SeededEntropy
from divan_core.workers import runner, shift
from divan_core.workers.periodic import MOST, Job, Periodic
from divan_core.workers.runner import RESTART_LONGEST_MS, Runner
from divan_core.workers.turns import POLL_S, Turn, Worker, WorkerTools
from tests.workers.stage import Stage, Told

pytestmark = pytest.mark.anyio


@attrs.define
class Work:
    """A worker that does what a test says."""

    name: str
    act: Callable[[], Awaitable[Turn]]
    bell: Bell = attrs.field(factory=Bell)
    left: int = 0
    patient: bool = False

    async def turn(self, *, hurry: bool = False) -> Turn:
        assert not hurry
        return await self.act()

    async def leave(self) -> None:
        self.left += 1


@attrs.define
class Pauses:
    """Ends short rests at once and others by their bell only; notes how long they should last."""

    short_s: float
    seconds: list[float] = attrs.field(factory=list)

    async def __call__(self, bell: Bell, heard: int, seconds: float) -> None:
        self.seconds.append(seconds)
        if seconds >= self.short_s:
            await bell.wait(heard, 3600)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def tools(clock: ManualClock, told: Told) -> WorkerTools:
    return WorkerTools(clock, SeededEntropy(), told)


async def nothing() -> Turn:
    return Turn(0, 3600)


async def test_a_worker_that_fails_begins_anew_and_the_others_go_on(
    tools: WorkerTools, told: Told
) -> None:
    pauses, well = Pauses(60), anyio.Event()
    fails = 0

    async def failing() -> Turn:
        nonlocal fails
        fails += 1
        if fails <= 3:
            raise LookupError("what nobody is to read")
        well.set()
        return Turn(0, 3600)

    broken, whole = Work("broken", failing), Work("whole", nothing)
    with anyio.fail_after(10):
        async with Runner([broken, whole], tools, pauses).running():
            await well.wait()
    assert told.lines == [("failed", "broken", "LookupError")] * 3
    setbacks = [one for one in pauses.seconds if one < 3600]
    assert setbacks == sorted(setbacks)
    assert all(0.25 <= one <= RESTART_LONGEST_MS / 1000 for one in setbacks)
    assert (broken.left, whole.left) == (4, 1)


async def test_a_bell_ends_a_rest_unless_it_is_deaf(tools: WorkerTools) -> None:
    turns: dict[str, int] = {"deaf": 0, "hears": 0}
    twice = anyio.Event()

    def resting(name: str, *, deaf: bool) -> Work:
        async def act() -> Turn:
            turns[name] += 1
            if turns["hears"] == 2:
                twice.set()
            return Turn(0, 3600, deaf)

        return Work(name, act)

    deaf, hears = resting("deaf", deaf=True), resting("hears", deaf=False)
    with anyio.fail_after(10):
        async with Runner([deaf, hears], tools).running():
            await anyio.wait_all_tasks_blocked()
            deaf.bell.ring()
            hears.bell.ring()
            await twice.wait()
    assert turns == {"deaf": 1, "hears": 2}


async def test_a_deaf_rest_is_ended_by_its_alarm(tools: WorkerTools) -> None:
    turns, alarm, twice = 0, Bell(), anyio.Event()

    async def act() -> Turn:
        nonlocal turns
        turns += 1
        if turns == 2:
            twice.set()
        return Turn(1, 3600, deaf=True, alarm=alarm)

    work = Work("work", act)
    with anyio.fail_after(10):
        async with Runner([work], tools).running():
            await anyio.wait_all_tasks_blocked()
            work.bell.ring()
            await anyio.wait_all_tasks_blocked()
            assert turns == 1
            alarm.ring()
            await twice.wait()


@pytest.mark.parametrize("patient", [False, True])
async def test_who_is_patient_makes_way_for_what_somebody_waits_for(
    tools: WorkerTools, monkeypatch: pytest.MonkeyPatch, *, patient: bool
) -> None:
    monkeypatch.setattr(runner, "GIVE_WAY_S", 3600)
    turns, first, second = 0, anyio.Event(), anyio.Event()

    async def act() -> Turn:
        nonlocal turns
        turns += 1
        (second if turns == 2 else first).set()
        return Turn(1, 3600)

    work = Work("work", act, patient=patient)
    with anyio.fail_after(10):
        async with Runner([work], tools).running():
            await first.wait()
            with tools.foreground:
                work.bell.ring()
                await anyio.wait_all_tasks_blocked()
                assert second.is_set() is not patient
            await second.wait()


async def test_who_makes_way_when_it_ends_takes_no_other_turn(tools: WorkerTools) -> None:
    turns, first = 0, anyio.Event()

    async def act() -> Turn:
        nonlocal turns
        turns += 1
        first.set()
        return Turn(0, 1)

    work = Work("work", act, patient=True)
    with anyio.fail_after(10), tools.foreground:
        async with Runner([work], tools, Pauses(3600)).running():
            await first.wait()
    assert turns == 1


async def test_a_bell_that_rings_during_a_turn_is_heard(tools: WorkerTools) -> None:
    turns = 0
    done = anyio.Event()

    async def act() -> Turn:
        nonlocal turns
        turns += 1
        if turns == 1:
            work.bell.ring()
        else:
            done.set()
        return Turn(0, 3600)

    work = Work("work", act)
    with anyio.fail_after(10):
        async with Runner([work], tools).running():
            await done.wait()


async def test_the_end_waits_for_what_is_in_hand(tools: WorkerTools) -> None:
    begun, finished = anyio.Event(), False

    async def slow() -> Turn:
        nonlocal finished
        begun.set()
        for _ in range(100):
            await anyio.lowlevel.checkpoint()
        finished = True
        return Turn(1)

    work = Work("slow", slow)
    async with Runner([work], tools).running():
        await begun.wait()
    assert finished
    assert work.left == 1


async def test_cancellation_does_so_too(tools: WorkerTools) -> None:
    begun, finished = anyio.Event(), False

    async def slow() -> Turn:
        nonlocal finished
        begun.set()
        for _ in range(100):
            await anyio.lowlevel.checkpoint()
        finished = True
        return Turn(1)

    work = Work("slow", slow)
    with anyio.CancelScope() as scope:
        async with Runner([work], tools).running():
            await begun.wait()
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert finished
    assert work.left == 1


async def test_but_not_for_ever(tools: WorkerTools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shift, "FAREWELL_S", 0.01)
    begun = anyio.Event()

    async def endless() -> Turn:
        begun.set()
        await anyio.sleep_forever()
        raise AssertionError

    work = Work("endless", endless)
    with anyio.fail_after(10):
        async with Runner([work], tools).running():
            await begun.wait()
    assert work.left == 1


async def test_the_callers_own_exception_comes_out_as_it_was(tools: WorkerTools) -> None:
    fault = LookupError()
    with pytest.raises(LookupError) as caught:
        async with Runner([Work("work", nothing)], tools).running():
            raise fault
    assert caught.value is fault


async def test_workers_are_chosen_by_name_and_are_at_work_once(tools: WorkerTools) -> None:
    turns: list[str] = []

    def noting(name: str) -> Work:
        async def act() -> Turn:
            turns.append(name)
            return Turn(0, 3600)

        return Work(name, act)

    runner = Runner([noting("a"), noting("b"), noting("c")], tools)
    async with runner.running({"a"}):
        await anyio.wait_all_tasks_blocked()
        assert turns == ["a"]
        async with runner.running({"a", "b"}):
            await anyio.wait_all_tasks_blocked()
        assert turns == ["a", "b"]
    async with runner.running():
        await anyio.wait_all_tasks_blocked()
    assert sorted(turns) == ["a", "a", "b", "b", "c"]


async def test_an_unknown_name_is_refused_with_those_there_are(tools: WorkerTools) -> None:
    runner = Runner([Work("a", nothing), Work("b", nothing)], tools)
    with pytest.raises(ValidationFailed, match=r"no worker called x\. There are: a, b\."):
        async with runner.running({"x"}):
            pytest.fail("it was accepted")


async def test_a_fault_while_leaving_is_told(tools: WorkerTools, told: Told) -> None:
    class Stubborn(Work):
        async def leave(self) -> None:
            raise LookupError

    async with Runner([Stubborn("stubborn", nothing)], tools).running():
        pass
    assert told.lines == [("failed", "stubborn", "LookupError")]


async def test_events_arrive_by_bells_alone(stage: Stage) -> None:
    pauses = Pauses(POLL_S)  # nobody polls
    workers: list[Worker] = [stage.relay(), stage.consumer()]
    async with Runner(workers, stage.tools(), pauses).running():
        for count in range(3):
            await anyio.wait_all_tasks_blocked()
            await stage.say(("a", count))
            await anyio.wait_all_tasks_blocked()
            assert len(stage.seen) == count + 1


async def test_a_job_comes_round_by_the_clock(clock: ManualClock, tools: WorkerTools) -> None:
    done: list[int] = []

    async def act() -> int:
        done.append(clock.now())
        return 3

    job = Periodic(Job("job", 60, act), tools)
    assert await job.turn() == Turn(0, 60)
    clock.advance(59)
    assert await job.turn() == Turn(0, 1)
    clock.advance(1)
    assert await job.turn() == Turn(3, 60)
    clock.advance(-3600)  # somebody sets the clock
    assert await job.turn() == Turn(0, 60)
    assert (await job.turn(hurry=True)).done == 3
    assert len(done) == 2


async def test_a_job_is_done_before_its_time_where_something_is_due(
    clock: ManualClock, tools: WorkerTools
) -> None:
    moments = [Millis(clock.now() + 7_000), Millis(clock.now() + 20_000)]

    async def act() -> int:
        moments.pop(0)
        return 1

    job = Periodic(Job("job", 10, act, lambda: moments[0] if moments else None), tools)
    assert await job.turn() == Turn(0, 7)
    clock.advance(7)
    assert await job.turn() == Turn(1, 10)  # the other moment is later than its own time
    clock.advance(13)
    assert await job.turn() == Turn(1, 10)


async def test_a_job_that_has_more_to_do_goes_on(clock: ManualClock, tools: WorkerTools) -> None:
    left = [MOST, MOST, 5]

    async def act() -> int:
        return left.pop(0)

    job = Periodic(Job("job", 60, act), tools)
    clock.advance(60)
    assert [(await job.turn()).rest_s for _ in range(4)] == [0, 0, 60, 60]

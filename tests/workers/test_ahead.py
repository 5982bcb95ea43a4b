"""What a group may handle ahead of its delivery is handled in the unit that has recorded it."""

from collections.abc import Sequence

import attrs
import pytest

from divan_core.errors import StoreUnavailable
from divan_core.kernel.delivery import CONSUMER_LEASE_MS, Group
from divan_core.kernel.events import Event
from divan_core.stores.bundle import StoreUnit
from divan_core.testing.clock import ManualClock
from divan_core.workers import ahead
from divan_core.workers.ahead import Ahead
from divan_core.workers.consumer import RETRY_LONGEST_MS, Consumer
from divan_core.workers.relay import Relay, Route
from divan_core.workers.subscription import Subscription, groups_of
from tests.workers.stage import GROUP, Crashed, Stage, event, number, until_idle

pytestmark = pytest.mark.anyio

LATER = Group("doing", "later")


@attrs.define
class Play:
    """A group that records something to be done of each event, and one that does it.

    What is of an odd number may be done ahead. ``done`` is what was done, in order, by units;
    ``told`` what followed once it was durable.
    """

    stage: Stage
    done: list[list[tuple[str, int]]] = attrs.field(factory=list)
    told: list[tuple[str, int]] = attrs.field(factory=list)
    fault: Exception | None = None

    def workers(self) -> tuple[Relay, Consumer, Consumer]:
        """Those of a new process: the relay, who records, and who does."""
        doing = Subscription(
            LATER,
            self._do,
            self._tell,
            together=self._do_all,
            ahead=Ahead(lambda one: number(one) % 2 == 1),
        )
        recording = Subscription(GROUP, self._record, together=self._record_all, then=doing)
        stage = self.stage
        return (
            Relay(Route.of(stage.stores, groups_of([recording, doing])), stage.tools()),
            Consumer(recording, stage.stores, stage.tools()),
            Consumer(doing, stage.stores, stage.tools()),
        )

    @property
    def whole(self) -> list[tuple[str, int]]:
        """All that was done."""
        return [one for some in self.done for one in some]

    async def _record(self, unit: StoreUnit, one: Event) -> None:
        await self._record_all(unit, (one,))

    async def _record_all(self, unit: StoreUnit, events: Sequence[Event]) -> Sequence[None]:
        made = (event(one.aggregate, number(one), topic=LATER.topic) for one in events)
        await unit.outbox.add(*made)
        return [None] * len(events)

    async def _do(self, unit: StoreUnit, one: Event) -> tuple[str, int]:
        return (await self._do_all(unit, (one,)))[0]

    async def _do_all(self, _: StoreUnit, events: Sequence[Event]) -> list[tuple[str, int]]:
        some = [(one.aggregate, number(one)) for one in events]
        if self.fault is not None and ("a", 1) in some:
            raise self.fault
        self.done.append(some)
        return some

    async def _tell(self, result: tuple[str, int]) -> None:
        self.told.append(result)


@pytest.fixture
async def play(clock: ManualClock) -> Play:
    return Play(await Stage.on_memory(clock))


async def test_it_is_done_in_the_unit_that_records_it(play: Play) -> None:
    await play.stage.say(("a", 1), ("b", 2), ("c", 3))
    relay, recorder, doer = play.workers()
    await until_idle(relay)
    await recorder.turn()
    assert play.done == [[("a", 1), ("c", 3)]]
    assert play.told == [("a", 1), ("c", 3)]
    await until_idle(relay, doer)
    assert play.done == [[("a", 1), ("c", 3)], [("b", 2)]]  # which goes the ordinary way
    assert play.told == [("a", 1), ("c", 3), ("b", 2)]
    assert (await play.stage.stores.bus.backlog(LATER)).pending == 0
    groups = {GROUP.topic: {GROUP.name}, LATER.topic: {LATER.name}}
    assert (await play.stage.stores.outbox.lag(groups)).unsettled == 0


async def test_alone_it_is_as_together(play: Play) -> None:
    await play.stage.say(("a", 1))
    relay, recorder, doer = play.workers()
    await until_idle(relay)
    await recorder.turn()
    assert play.told == [("a", 1)]
    await until_idle(relay, doer)
    assert play.done == [[("a", 1)]]


async def test_of_what_it_has_done_itself_a_process_asks_the_database_nothing(play: Play) -> None:
    await play.stage.say(("a", 1))
    relay, recorder, doer = play.workers()
    await until_idle(relay, recorder, relay)
    before = play.stage.faults.reached("units.write:before")
    assert (await doer.turn()).done
    assert play.stage.faults.reached("units.write:before") == before


async def test_another_process_does_nothing_again(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does one that has forgotten what it has done."""
    monkeypatch.setattr(ahead, "MOST_KEPT", 1)
    await play.stage.say(("a", 1), ("c", 3))
    relay, recorder, doer = play.workers()
    _, _, other = play.workers()
    await until_idle(relay, recorder, relay, other)
    await other.leave()
    await play.stage.say(("a", 5), ("c", 7))
    await until_idle(relay, recorder, relay, doer)
    assert play.whole == play.told == [("a", 1), ("c", 3), ("a", 5), ("c", 7)]


@pytest.mark.parametrize("point", ["units.write:before", "handled.begin_all:after"])
async def test_a_crash_leaves_all_of_it_or_nothing(play: Play, point: str) -> None:
    await play.stage.say(("a", 1), ("c", 3))
    relay, recorder, _ = play.workers()
    await until_idle(relay)
    after = 1 if point.startswith("handled") else 0
    play.stage.crash(point, after=after, times=None)
    for _ in range(3):
        await recorder.turn()  # each is tried alone, and fails as well
    assert not play.told
    play.stage.faults.disarm()
    await recorder.leave()
    relay, recorder, doer = play.workers()
    await until_idle(relay, recorder, relay, doer)
    assert sorted(play.told) == [("a", 1), ("c", 3)]


async def test_a_crash_after_the_commit_acts_once(play: Play) -> None:
    await play.stage.say(("a", 1), ("c", 3))
    relay, recorder, _ = play.workers()
    await until_idle(relay)
    play.stage.crash("bus.acknowledge:before")
    with pytest.raises(Crashed):
        await recorder.turn()
    assert play.done == [[("a", 1), ("c", 3)]]
    play.stage.clock.advance(CONSUMER_LEASE_MS / 1000)
    await until_idle(*play.workers())
    assert play.done == [[("a", 1), ("c", 3)]]


@pytest.mark.parametrize("fault", [LookupError(), StoreUnavailable()])
async def test_trouble_with_it_is_that_of_whoever_does_it(play: Play, fault: Exception) -> None:
    """What records it has its own way, a little later; who was beside it is not held up."""
    play.fault = fault
    await play.stage.say(("a", 1), ("c", 3))
    relay, recorder, doer = play.workers()
    await until_idle(relay, recorder)
    assert play.whole == [("c", 3)]
    play.stage.clock.advance(RETRY_LONGEST_MS / 1000)
    await until_idle(relay, recorder, relay, doer)
    backlog = play.stage.stores.bus.backlog
    assert ((await backlog(GROUP)).pending, (await backlog(LATER)).pending) == (0, 1)
    play.fault = None
    play.stage.clock.advance(RETRY_LONGEST_MS / 1000)
    await until_idle(doer)
    assert play.whole == play.told == [("c", 3), ("a", 1)]
    assert ("gave up",) not in [line[:1] for line in play.stage.told.lines]

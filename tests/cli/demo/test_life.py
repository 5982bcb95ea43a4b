"""What simulated devices send: through the library, within its limits, and nothing twice."""

import itertools
from collections import defaultdict
from collections.abc import Sequence

import attrs
import pytest

from divan_cli.demo.clock import QuickClock
from divan_cli.demo.life import MAX_GAP_MS, MIN_GAP_MS, Life
from divan_cli.demo.plan import Metres
from divan_core.divan import Divan
from divan_core.errors import DivanError
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import UserId
from divan_core.presence.messages import Heartbeat, HeartbeatAccepted
from divan_core.testing.clock import ManualClock
from tests.cli.demo.conftest import Demo

pytestmark = pytest.mark.anyio


@attrs.define
class Told:
    """A movement whose places the test tells."""

    places_now: list[Metres | None]
    accuracy_m: float = 5.0
    passed_s: float = 0.0

    def advance(self, seconds: float) -> None:
        self.passed_s += seconds

    def places(self) -> Sequence[Metres | None]:
        return self.places_now


@attrs.define
class Sent:
    """Every heartbeat of everybody, by the moment, and how often one was refused."""

    moments: dict[UserId, list[int]] = attrs.field(factory=lambda: defaultdict(list))
    refused: list[DivanError] = attrs.field(factory=list)


@pytest.fixture
def sent(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> Sent:
    heard, heartbeat = Sent(), demo.divan.presence.heartbeat

    async def listening(actor: Actor, command: Heartbeat) -> HeartbeatAccepted:
        heard.moments[actor.user_id].append(command.ts_client)
        try:
            return await heartbeat(actor, command)
        except DivanError as refusal:
            heard.refused.append(refusal)
            raise

    monkeypatch.setattr(demo.divan.presence, "heartbeat", listening)
    return heard


async def online(divan: Divan, actor: Actor) -> bool:
    return (await divan.presence.status(actor)).online


def gaps(moments: list[int]) -> list[int]:
    return [later - earlier for earlier, later in itertools.pairwise(moments)]


async def test_ten_minutes_of_a_crowd_are_believed_and_within_the_limits(
    demo: Demo, sent: Sent
) -> None:
    actors = [await demo.divan.accounts.actor(person.id) for person in demo.cast.crowd]
    life = Life(demo.divan, demo.scene.frame, actors, demo.scene.movement)
    for _ in range(600):
        await life.beat()
        demo.clock.advance(1)
    assert sent.refused == []
    assert len(sent.moments) == len(actors)
    every = [gap for moments in sent.moments.values() for gap in gaps(moments)]
    assert min(every) >= MIN_GAP_MS
    assert max(every) <= MAX_GAP_MS + 1000
    assert all([await online(demo.divan, actor) for actor in actors])


async def test_who_stays_keeps_the_lease_and_says_no_more(demo: Demo, sent: Sent) -> None:
    me = await demo.me()
    life = Life(demo.divan, demo.scene.frame, [me], Told([(0.0, 0.0)]))
    for _ in range(300):
        await life.beat()
        assert await online(demo.divan, me)
        demo.clock.advance(1)
    assert gaps(sent.moments[me.user_id]) == [MAX_GAP_MS] * 7


async def test_who_leaves_is_gone_at_once_and_can_return(demo: Demo) -> None:
    me = await demo.me()
    told = Told([(0.0, 0.0)])
    life = Life(demo.divan, demo.scene.frame, [me], told)
    await life.beat()
    told.places_now = [None]
    await life.beat()
    assert not await online(demo.divan, me)
    told.places_now = [(3.0, 0.0)]
    await life.beat()
    assert await online(demo.divan, me)


async def test_a_jump_is_refused_and_the_device_goes_on(demo: Demo, sent: Sent) -> None:
    me = await demo.me()
    told = Told([(0.0, 0.0)])
    life = Life(demo.divan, demo.scene.frame, [me], told)
    await life.beat()
    demo.clock.advance(5)
    told.places_now = [(400.0, 0.0)]
    await life.beat()
    assert [refusal.code for refusal in sent.refused] == ["implausible_movement"]
    demo.clock.advance(5)
    told.places_now = [(10.0, 0.0)]
    await life.beat()
    assert len(sent.refused) == 1


async def test_time_passes_as_the_clock_says(demo: Demo) -> None:
    told = Told([(0.0, 0.0)])
    life = Life(demo.divan, demo.scene.frame, [await demo.me()], told)
    demo.clock.advance(2.5)
    await life.beat()
    assert told.passed_s == 2.5


def test_a_quick_clock_starts_with_the_other_and_runs_ahead() -> None:
    clock = ManualClock()
    quick = QuickClock(clock, 8)
    assert quick.now() == clock.now()
    clock.advance(10)
    assert quick.now() == clock.now() + 70_000

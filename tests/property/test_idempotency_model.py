"""Any story of keys, payloads, people, time and failures, against a dictionary."""

from collections.abc import Callable

import anyio
import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divan_core.errors import (
    DivanError,
    IdempotencyKeyReused,
    IdempotencyUnavailable,
    OutcomeUnknown,
    StoreUnavailable,
)
from divan_core.kernel.clock import Clock
from divan_core.kernel.once import Done
from divan_core.stores.bundle import RelationalStores, Stores
from divan_core.stores.factories import memory_live
from divan_core.stores.memory.unit import open_memory
from divan_core.stores.sql.store import open_sql
from divan_core.testing.clock import ManualClock
from divan_core.testing.contracts.samples import running
from divan_core.testing.faults import FaultPoints, Raise
from tests.thorough import examples
from tests.unit.idempotency.writer import RULES, Founded, Impossible, Writer, writer

TTL_MS = RULES.ttl_s * 1000

POINTS = {
    "recall": "keys.recall:before",
    "claim": "keys.claim:before",
    "body": "campuses.put:after",
    "answer": "keys.answer:after",
}
"""Where a store may fail. ``commit`` is the connection lost after the commit."""

OPEN: dict[str, Callable[[Clock], RelationalStores]] = {
    "memory": open_memory,
    "sqlite": lambda clock: open_sql("sqlite://", clock=clock),
}


@attrs.frozen
class Write:
    """One attempt, by one of two processes; ``fault`` strikes if its point is reached."""

    process: int
    by: int
    operation: str
    key: str | None
    name: str
    fault: str | None


WRITES = st.builds(
    Write,
    process=st.integers(0, 1),
    by=st.integers(1, 2),
    operation=st.sampled_from(["campus.found", "campus.refound"]),
    key=st.sampled_from(["a", "b", None]),
    name=st.sampled_from(["Here", "There", "Nowhere"]),
    fault=st.sampled_from([None, None, None, *POINTS, "commit"]),
)
STORIES = st.lists(WRITES | st.sampled_from([0.001, RULES.ttl_s - 0.001, RULES.ttl_s]), max_size=25)


@attrs.frozen
class Kept:
    """An answer that ought to be kept; its bytes are not known when nobody has heard them."""

    name: str
    until: int
    body: bytes | None


@attrs.define
class Model:
    """What ought to be there: answers by key, and the names of what was founded."""

    required: bool
    now: Callable[[], int]
    kept: dict[tuple[int, str, str | None], Kept] = attrs.field(factory=dict)
    founded: list[str] = attrs.field(factory=list)

    def known(self, write: Write) -> Kept | None:
        """Give what the write's key was answered."""
        found = self.kept.get((write.by, write.operation, write.key))
        return found if found is not None and self.now() < found.until else None

    def answered(self, write: Write, done: Done[Founded]) -> None:
        """Check an answer, and take over what it says."""
        known = self.known(write)
        if done.replayed:
            assert known is not None
            assert (known.name, known.body or done.body) == (write.name, done.body)
            self.keep(write, known.until, done.body)
            return
        assert write.name != "Nowhere"
        self.founded.append(write.name)
        if done.protected:
            assert known is None
            self.keep(write, self.now() + TTL_MS, done.body)
        else:
            assert (write.fault, self.required) == ("claim", False)

    def refused(self, write: Write, refusal: DivanError) -> None:
        """Check a refusal, and that nothing but the loss of an answer changes anything."""
        known = self.known(write)
        if isinstance(refusal, IdempotencyKeyReused):
            assert known is not None
            assert known.name != write.name
        elif isinstance(refusal, Impossible):
            assert write.name == "Nowhere"
            assert known is None or (write.fault, self.required) == ("claim", False)
        elif isinstance(refusal, IdempotencyUnavailable):
            assert (write.fault, self.required) == ("claim", True)
        elif isinstance(refusal, OutcomeUnknown):
            assert write.fault == "commit"
            if known is None:
                self.founded.append(write.name)
                self.keep(write, self.now() + TTL_MS, None)
        else:
            assert type(refusal) is StoreUnavailable
            assert write.fault in {"body", "answer"}
            assert known is None

    def keep(self, write: Write, until: int, body: bytes | None) -> None:
        """Remember an answer, if there is a key."""
        if write.key is not None:
            self.kept[write.by, write.operation, write.key] = Kept(write.name, until, body)

    def expected(self, write: Write) -> str:
        """Tell how the write ends when nothing fails."""
        known = self.known(write)
        if known is not None:
            return "replayed" if known.name == write.name else "IdempotencyKeyReused"
        return "Impossible" if write.name == "Nowhere" else "first"


async def play(write: Write, process: Writer, faults: FaultPoints, model: Model) -> None:
    """Write, and compare what happens with what ought to."""
    expected = model.expected(write)
    if write.fault == "commit":
        process.gates.loss = OutcomeUnknown()
    elif write.fault is not None:
        faults.arm(POINTS[write.fault], Raise(StoreUnavailable()))
    try:
        done = await process.found(write.name, write.key, by=write.by, operation=write.operation)
    except DivanError as refusal:
        model.refused(write, refusal)
        happened = type(refusal).__name__
    else:
        model.answered(write, done)
        happened = "replayed" if done.replayed else "first"
    if write.fault in {None, "recall"}:
        assert happened == expected
    process.gates.loss = None
    faults.disarm()
    assert sorted(await process.founded()) == sorted(model.founded)


@pytest.mark.parametrize("required", [False, True])
@pytest.mark.parametrize("kind", OPEN)
def test_any_story(kind: str, required: bool) -> None:
    @given(STORIES)
    @settings(max_examples=examples(60), deadline=None)
    def told(story: list[Write | float]) -> None:
        anyio.run(tell, story)

    async def tell(story: list[Write | float]) -> None:
        clock, faults = ManualClock(), FaultPoints()
        async with running(OPEN[kind](clock)) as relational:
            stores = faults.around(Stores.of(relational, memory_live(clock)))
            rules = attrs.evolve(RULES, required=required)
            processes = [writer(stores, rules, seed) for seed in (0, 1)]
            model = Model(required, clock.now)
            for step in story:
                if isinstance(step, Write):
                    await play(step, processes[step.process], faults, model)
                else:
                    clock.advance(step)

    told()

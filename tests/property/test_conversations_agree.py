"""Memory and SQLite keep conversations alike, whatever is done to them."""

from collections.abc import Sequence
from typing import Any

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from divan_core.chat.model import Cursors, Window
from divan_core.errors import MessageExists
from divan_core.kernel.clock import Millis
from divan_core.stores.bundle import RelationalStores
from divan_core.stores.memory.unit import open_memory
from divan_core.stores.sql.store import open_sql
from divan_core.testing.clock import START_MS
from divan_core.testing.contracts.letters import draft, pair_of, send
from divan_core.testing.contracts.samples import populate, running, user_id
from tests.thorough import examples

NUMBERS = st.integers(1, 3)
PAIRS = st.tuples(NUMBERS, NUMBERS).filter(lambda pair: pair[0] != pair[1])
SENT = st.tuples(
    st.just("send"),
    PAIRS,
    st.fixed_dictionaries(
        {
            "at": st.integers(START_MS, START_MS + 9),
            "client_id": st.sampled_from([None, "a", "b"]),
            "shadowed": st.booleans(),
        }
    ),
)
MOVED = st.tuples(
    st.just("move"), PAIRS, st.builds(Cursors, *(st.integers(0, 6) for _ in range(3)))
)
STEPS = st.lists(st.one_of(SENT, SENT, MOVED), max_size=14)


async def perform(stores: RelationalStores, number: int, step: Any) -> object:
    deed, (one, other), given_to = step
    if deed == "move":
        conversation = pair_of(one, other).conversation_id
        return await stores.units.write(
            lambda unit: unit.messages.advance(conversation, user_id(one), given_to), locking=True
        )
    fields = {**given_to, "at": Millis(given_to["at"])}
    assert draft(number, one, other).sender == user_id(one)
    try:
        return await send(stores, number, one, other, **fields)
    except MessageExists as refusal:
        return type(refusal)


async def all_of(stores: RelationalStores) -> list[object]:
    """Everything that anybody can read."""

    async def body(unit: Any) -> list[object]:
        found: list[object] = [list(await unit.messages.tally(Millis(START_MS + 4)))]
        for viewer in (1, 2, 3):
            me = user_id(viewer)
            found.append(list(await unit.messages.dialogues(me, None, 9)))
            found.append(list(await unit.messages.dialogues(me, None, 1)))
            found.append(list(await unit.messages.recent(me, 9)))
            for other in {1, 2, 3} - {viewer}:
                talk = pair_of(viewer, other).conversation_id
                for window in (Window(me, 9), Window(me, 2, 1, 4)):
                    found.append(list(await unit.messages.history(talk, window)))
                    found += await unit.messages.editions([(talk, window)])
                    found.append(list(await unit.messages.waiting(talk, window)))
                found.append(await unit.messages.unread(talk, me))
        return found

    return await stores.units.read(body)


async def compare(steps: Sequence[Any]) -> None:
    async with running(open_memory()) as memory, running(open_sql("sqlite://")) as sqlite:
        for stores in (memory, sqlite):
            await populate(stores, 3)
        for number, step in enumerate(steps, start=1):
            assert await perform(memory, number, step) == await perform(sqlite, number, step)
        assert await all_of(memory) == await all_of(sqlite)


@settings(max_examples=examples(60), deadline=None)
@given(STEPS)
def test_they_agree(steps: Sequence[Any]) -> None:
    anyio.run(compare, steps)

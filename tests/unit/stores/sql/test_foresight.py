"""Where it is worth it to suppose something, and what is known then."""

import asyncio
from uuid import UUID

import anyio
import pytest
from anyio.lowlevel import checkpoint

from divan_core.chat.model import ConversationId
from divan_core.errors import StoreUnavailable
from divan_core.kernel.clock import Millis
from divan_core.stores.sql import foresight as module
from divan_core.stores.sql.foresight import RESTS, Foresight, Standing
from tests.clockwork import Backend, clockwork

ONE, OTHER, THIRD = (ConversationId(UUID(int=number)) for number in (1, 2, 3))


@pytest.fixture(scope="module")
def anyio_backend() -> Backend:
    return clockwork()


def at(seq: int) -> Standing:
    return Standing(seq, Millis(1000 + seq))


def supposed(foresight: Foresight, conversation_id: ConversationId) -> Standing | None:
    """What is supposed, where something is."""
    assert foresight.begins(conversation_id)
    return foresight.standing(conversation_id)


def test_what_was_seen_is_supposed() -> None:
    """Nothing is, where nothing was seen."""
    foresight = Foresight()
    assert supposed(foresight, ONE) is None
    assert foresight.looked_up(ONE, at(4)) == at(4)
    foresight.saw(ONE, at(5))
    assert supposed(foresight, ONE) == at(5)
    assert supposed(foresight, OTHER) is None


def test_one_follows_upon_the_other() -> None:
    """Whatever is looked up meanwhile, and in whatever order it is told."""
    foresight = Foresight()
    foresight.looked_up(ONE, at(1))
    for number in (2, 3, 4):
        assert supposed(foresight, ONE) == at(number - 1)
        foresight.gave(ONE, at(number))
    assert foresight.looked_up(ONE, at(1)) == at(4)
    for number in (2, 4, 3):
        foresight.kept(ONE, at(number))
    assert supposed(foresight, ONE) == at(4)


def test_what_follows_upon_something_wrong_is_wrong() -> None:
    """Nothing more is supposed until all of it has come back."""
    foresight = Foresight()
    foresight.looked_up(ONE, at(1))
    foresight.gave(ONE, at(2))
    foresight.gave(ONE, at(3))
    foresight.was_wrong(ONE, looked_up=False)
    assert not foresight.begins(ONE)
    foresight.was_wrong(ONE, looked_up=False)
    assert supposed(foresight, ONE) is None


def test_where_others_write_it_is_looked_up() -> None:
    """By one at a time, until it turns out that they do no longer."""
    foresight = Foresight()
    foresight.saw(ONE, at(1))
    assert supposed(foresight, ONE) == at(1)
    foresight.gave(ONE, at(2))
    assert not foresight.is_contested(ONE)
    foresight.was_wrong(ONE, looked_up=False)
    for _ in range(2):
        assert foresight.is_contested(ONE)
        assert supposed(foresight, ONE) is None
        assert not foresight.begins(ONE)
        foresight.looked_up(ONE, at(3))
        foresight.gave_up(ONE)
    assert not foresight.is_contested(ONE)
    assert supposed(foresight, ONE) == at(3)
    assert supposed(foresight, ONE) == at(3)


def test_what_has_gone_back_is_believed() -> None:
    """A database may have been restored."""
    foresight = Foresight()
    foresight.saw(ONE, at(9))
    foresight.gave(ONE, at(10))
    foresight.was_wrong(ONE, looked_up=False)
    assert foresight.looked_up(ONE, at(4)) == at(4)


def test_where_many_write_nothing_is_supposed_for_a_while() -> None:
    """What was just looked up was old already."""
    foresight = Foresight()
    assert supposed(foresight, ONE) is None
    foresight.looked_up(ONE, at(1))
    foresight.gave(ONE, at(2))
    foresight.was_wrong(ONE, looked_up=True)
    assert [foresight.begins(ONE) for _ in range(RESTS + 1)] == [False] * RESTS + [True]
    assert foresight.standing(ONE) is None


def test_the_oldest_is_forgotten() -> None:
    """Also while something of it is under way, which then comes back to a new place."""
    foresight = Foresight(capacity=2)
    foresight.gave(OTHER, at(1))
    for one in (ONE, OTHER, ONE, THIRD):
        foresight.saw(one, at(1))
    assert supposed(foresight, ONE) == supposed(foresight, THIRD) == at(1)
    assert supposed(foresight, OTHER) is None
    foresight.kept(OTHER, at(2))
    assert supposed(foresight, OTHER) == at(2)
    foresight.gave(OTHER, at(3))
    assert supposed(foresight, OTHER) == at(3)


@pytest.mark.anyio
async def test_where_nothing_is_supposed_one_goes_after_the_other() -> None:
    """As they have come, but who has lost patience; and nobody supposes anything beside them."""
    foresight, told = Foresight(), list[tuple[str, bool]]()
    may_go = anyio.Event()

    async def go(name: str) -> None:
        async with foresight.turn(ONE) as waited:
            told.append((name, waited))
            foresight.goes_openly(ONE)
            assert not foresight.begins(ONE)
            await may_go.wait()
        assert foresight.begins(ONE) or len(told) < 3

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(go, "a")
        await checkpoint()
        async with anyio.create_task_group() as others:
            others.start_soon(go, "gone")
            await checkpoint()
            others.cancel_scope.cancel()
        for name in ("b", "c"):
            tasks.start_soon(go, name)
            await checkpoint()
        async with foresight.turn(OTHER) as waited:
            assert not waited
        assert told == [("a", False)]
        may_go.set()
    assert told == [("a", False), ("b", True), ("c", True)]
    async with foresight.turn(ONE) as waited:
        assert not waited
        assert foresight.begins(ONE)


@pytest.mark.anyio
async def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.01)
    foresight = Foresight()

    async def wait() -> None:
        with pytest.raises(StoreUnavailable):
            async with foresight.turn(ONE):
                pass

    async with foresight.turn(ONE), anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
    async with foresight.turn(ONE) as waited:
        assert not waited


@pytest.mark.anyio
async def test_who_is_cancelled_as_the_turn_comes_passes_it_on() -> None:
    foresight, told = Foresight(), list[str]()

    async def go(name: str) -> None:
        async with foresight.turn(ONE):
            told.append(name)

    async with foresight.turn(ONE):
        late, other = (asyncio.create_task(go(name)) for name in ("late", "next"))
        for _ in range(10):  # both come to stand in line
            await asyncio.sleep(0)
    late.cancel()
    await asyncio.wait((late, other), timeout=5)
    assert late.cancelled()
    assert told == ["next"]

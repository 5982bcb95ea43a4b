"""What stores keep of what was decided by machine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import attrs
import pytest

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.kernel.ingress import Written
from divan_core.safety.facts import Facts
from divan_core.safety.pacing import REPEAT_MS, Background, Known, Lately, Recall
from divan_core.safety.policies import Decision, Match
from divan_core.safety.verdicts import DecisionId, Period, Place, Verdict
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.clock import START_MS
from divan_core.testing.contracts.samples import campus_id, user_id

NOW = Millis(START_MS)
ME, OTHER = user_id(1), user_id(2)
PRINT = b"12345678"
ENDLESS = Millis(NOW + 10**9)


def decision_id(number: int) -> DecisionId:
    """The id of decision ``number``."""
    return DecisionId(UUID(int=number << 64 | 7))


def verdict(number: int = 1, after: int = 0, **changes: object) -> Verdict:
    """Decision ``number``, about a message of somebody, so long after the beginning."""
    written = Written("message", UUID(int=number << 64 | 9), ME, campus_id(1))
    facts = Facts("message", trust=50.0, text={"profanity": 0}, signals={"links": 0, "trust": 50.0})
    made = Verdict(decision_id(number), written, Millis(NOW + after), facts, Decision("1", "none"))
    return attrs.evolve(made, **changes)  # type: ignore[arg-type]  # evolve knows


async def keep(stores: RelationalStores, *verdicts: Verdict) -> None:
    """Keep decisions."""

    async def body(unit: StoreUnit) -> None:
        await unit.decisions.add(*verdicts)

    await stores.units.write(body, locking=True)


def written_by(author: UserId, number: int, subject_type: str = "message") -> Written:
    """Something that somebody wrote."""
    return Written(subject_type, UUID(int=number << 64 | 9), author, campus_id(1))


class DecisionsContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_a_decision_comes_back_as_it_was(self, stores: RelationalStores) -> None:
        """Every field of it; a second one of its id is none."""
        hit = Match("rule", "tombstone", 2, (("text.profanity", 3.0), ("text", "contains:x")))
        decision = Decision(
            version="2026-11",
            action="tombstone",
            severity=2,
            reasons=("So.", "And so."),
            payload={"ttl_minutes": 60.0, "why": None},
            matched=(hit,),
            shadow=(attrs.evolve(hit, rule_id="other", evidence=()),),
        )
        facts = Facts(
            "message",
            trust=12.0,
            band="watch",
            text={"profanity": 3.0},
            image={"nsfw": 1.0},
            url={"malicious": 3.0},
            signals={"velocity": 2.0},
        )
        whole = verdict(2, decision=decision, facts=facts, print=PRINT)
        await keep(stores, verdict(1), whole, attrs.evolve(whole, decision=Decision("3", "ban")))
        for expected in (verdict(1), whole):
            found = await stores.units.read(
                lambda unit, expected=expected: unit.decisions.get(expected.id)  # type: ignore[misc]
            )
            assert found == expected
        assert await stores.units.read(lambda unit: unit.decisions.get(decision_id(9))) is None

    async def test_what_somebody_did_lately(self, stores: RelationalStores) -> None:
        """Spans end with the moment, and begin after what they go back to."""
        await keep(
            stores,
            verdict(1, 0, print=PRINT),
            verdict(2, 10, print=PRINT),
            verdict(3, 10, print=b"87654321"),
            verdict(4, 20),
            verdict(5, 20, written=written_by(OTHER, 5), print=PRINT),
            verdict(6, 20, written=written_by(ME, 6, "room"), print=PRINT),
        )
        assert await self.lately(stores, 20, PRINT, (10, 11, 21)) == Lately(3, (1, 3, 4))
        assert await self.lately(stores, 10, PRINT, (10, 11)) == Lately(2, (2, 3))
        assert await self.lately(stores, 20, None, (1,)) == Lately(0, (1,))
        assert await self.lately(stores, 9, PRINT, ()) == Lately(1, ())
        assert await self.lately(stores, REPEAT_MS, PRINT, (1,)) == Lately(2, (0,))
        assert await self.lately(stores, REPEAT_MS + 10, PRINT, ()) == Lately(1, ())
        assert await self.lately(stores, 0, PRINT, (5,), user_id(7)) == Lately(0, (0,))

    async def lately(
        self,
        stores: RelationalStores,
        after: int,
        text: bytes | None,
        spans: tuple[int, ...],
        author: UserId = ME,
    ) -> Lately | None:
        """What is recalled of messages."""
        recall = Recall(author, "message", Millis(NOW + after), text, spans)
        found = await stores.units.read(lambda unit: unit.decisions.background(recall))
        return None if found is None else found.known[0].lately

    async def test_what_many_did_lately(self, stores: RelationalStores) -> None:
        """Each by their own moment, kind and spans, in the order that was asked for."""
        await keep(
            stores,
            verdict(1, 0, print=PRINT),
            verdict(2, 10, print=PRINT),
            verdict(3, 20, written=written_by(OTHER, 3, "room"), print=PRINT),
        )
        recalls = [
            Recall(OTHER, "room", Millis(NOW + 20), PRINT),
            Recall(ME, "message", Millis(NOW + 10), PRINT, (5, 20)),
            Recall(user_id(7), "message", Millis(NOW + 10), PRINT, (5,)),
            Recall(ME, "message", NOW, None, (1, 2, 3)),
        ]
        found = await stores.units.read(lambda unit: unit.decisions.background(*recalls))
        lately = [Lately(1), Lately(2, (1, 2)), Lately(0, (0,)), Lately(0, (1, 1, 1))]
        assert found == Background(tuple(map(Known, lately)))
        nothing = await stores.units.read(lambda unit: unit.decisions.background())
        assert nothing == Background()

    async def test_decisions_about_something(self, stores: RelationalStores) -> None:
        """And others that are named, the oldest first."""
        subject = verdict(1).written.subject_id
        again = verdict(4, 5, written=verdict(1).written)
        await keep(stores, again, verdict(1), verdict(2, 3), verdict(3, 2))

        async def about(*others: int, limit: int = 9) -> Sequence[Verdict]:
            ids = [decision_id(one) for one in others]
            return await stores.units.read(lambda unit: unit.decisions.about(subject, ids, limit))

        assert await about() == [verdict(1), again]
        assert await about(2, 9) == [verdict(1), verdict(2, 3), again]
        assert await about(2, limit=2) == [verdict(1), verdict(2, 3)]

    async def test_pages_of_a_period(self, stores: RelationalStores) -> None:
        """Every one once, in their order, of one campus or of all."""
        elsewhere = attrs.evolve(verdict(3, 2), written=_elsewhere())
        kept = [verdict(2, 1), verdict(1, 2), elsewhere, verdict(4, 5), verdict(5, 9)]
        await keep(stores, *reversed(kept))
        period = Period(Millis(NOW + 1), Millis(NOW + 9))
        for limit in (1, 2, 3, 9):
            assert await _walked(stores, period, limit) == kept[:-1]
        here = attrs.evolve(period, campus_id=campus_id(1))
        assert await _walked(stores, here, 2) == [kept[0], kept[1], kept[3]]
        for one, count in ((period, 4), (here, 3), (Period(NOW, Millis(NOW + 1)), 0)):
            found = await stores.units.read(lambda unit, one=one: unit.decisions.count(one))  # type: ignore[misc]
            assert found == count

    async def test_old_ones_are_deleted(self, stores: RelationalStores) -> None:
        """The oldest first, some at a time; and then nothing is recalled of them."""
        await keep(stores, *(verdict(number, number, print=PRINT) for number in (3, 1, 2, 4)))
        before = Millis(NOW + 4)
        assert await stores.units.write(lambda unit: unit.decisions.purge(before, 2)) == 2
        assert await _walked(stores, Period(NOW, ENDLESS), 9) == [
            verdict(number, number, print=PRINT) for number in (3, 4)
        ]
        assert await stores.units.read(lambda unit: unit.decisions.over(before)) == 1
        assert await stores.units.write(lambda unit: unit.decisions.purge(before, 2)) == 1
        assert await stores.units.write(lambda unit: unit.decisions.purge(before, 2)) == 0
        assert await self.lately(stores, 5, PRINT, (9,)) == Lately(1, (1,))

    async def test_those_about_one_author_are_deleted(self, stores: RelationalStores) -> None:
        """Some at a time."""
        others = verdict(4, written=written_by(OTHER, 4))
        await keep(stores, verdict(1), verdict(2), verdict(3), others)
        assert await stores.units.read(lambda unit: unit.decisions.count_of(ME)) == 3
        for removed in (2, 1, 0):
            assert await stores.units.write(lambda unit: unit.decisions.remove_of(ME, 2)) == removed
        assert await _walked(stores, Period(NOW, ENDLESS), 9) == [others]

    async def test_an_undone_unit_leaves_everything(self, stores: RelationalStores) -> None:
        """What was added, and what was deleted."""
        await keep(stores, verdict(1), verdict(2, 1))

        async def body(unit: StoreUnit) -> None:
            await unit.decisions.add(verdict(3, 2))
            await unit.decisions.purge(ENDLESS, 9)
            raise _Undone

        with pytest.raises(_Undone):
            await stores.units.write(body)
        assert await _walked(stores, Period(NOW, ENDLESS), 9) == [verdict(1), verdict(2, 1)]
        assert await stores.units.read(lambda unit: unit.decisions.count_of(ME)) == 2


class _Undone(Exception):
    """The unit is given up."""


def _elsewhere() -> Written:
    return Written("message", UUID(int=3 << 64 | 9), ME, campus_id(2))


async def _walked(stores: RelationalStores, period: Period, limit: int) -> list[Verdict]:
    found: list[Verdict] = []
    place: Place | None = None
    while True:

        async def body(unit: StoreUnit, place: Place | None = place) -> Sequence[Verdict]:
            return await unit.decisions.page(period, place, limit)

        portion = await stores.units.read(body)
        assert len(portion) <= limit
        found += portion
        if len(portion) < limit:
            return found
        place = portion[-1].at, portion[-1].id

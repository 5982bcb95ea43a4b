"""Trying a policy on what was decided about in a period."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Generic, TypeVar
from uuid import UUID

from anyio import Lock
from anyio.lowlevel import checkpoint

from divan_core.kernel.units import Units
from divan_core.kernel.values import value
from divan_core.safety.comparing import Comparison
from divan_core.safety.facts import Facts
from divan_core.safety.messages import BacktestView
from divan_core.safety.policies import Policy, decide
from divan_core.safety.ports import DecidingUnit, Witness
from divan_core.safety.predicates import looks_at_words
from divan_core.safety.verdicts import Period, Place, Verdict, Writing
from divan_core.safety.wording import wording

UnitT = TypeVar("UnitT", bound=DecidingUnit)

PORTION: Final = 500
"""How many decisions are read at a time."""

MESSAGE: Final = "message"

Progress = Callable[[int, int], None]
"""Told how many decisions are looked at, and of how many."""


def nobody_listens(_done: int, _total: int) -> None:
    """Tell nobody."""


@value
class _Portion:
    """Some decisions, and the texts of those that are about messages, where they are asked for."""

    verdicts: Sequence[Verdict]
    writings: Mapping[UUID, Writing]


class Backtests(Generic[UnitT]):
    """Tries policies. Labels and signals are what they were; words are read where they still are.

    It reads a portion at a time, by keyset, in the same memory however long the period is. What
    was decided may be read as it was some seconds ago; words may not, since they can be gone.
    """

    def __init__(self, units: Units[UnitT], witness: Witness[UnitT]) -> None:
        """Read decisions through ``units``, and ask ``witness`` for the words of messages."""
        self._units = units
        self._witness = witness
        self._alone = Lock()

    async def run(
        self, policy: Policy, period: Period, progress: Progress = nobody_listens
    ) -> BacktestView:
        """What a policy would have decided on all of a period, beside what was decided.

        One at a time in a process; others wait.
        """
        async with self._alone:
            return await self._run(policy, period, progress)

    async def _run(self, policy: Policy, period: Period, progress: Progress) -> BacktestView:
        reading = any(looks_at_words(rule.when) for rule in policy.rules)
        total = await self._units.past(lambda unit: unit.decisions.count(period))
        comparison, done, unread = Comparison(policy), 0, 0
        place: Place | None = None
        while True:
            portion = await self._portion(period, place, reading=reading)
            for verdict in portion.verdicts:
                writing = portion.writings.get(verdict.written.subject_id)
                unread += reading and writing is None
                comparison.add(verdict, decide(policy, _facts(verdict, writing)))
            done += len(portion.verdicts)
            progress(done, max(done, total))
            if len(portion.verdicts) < PORTION:
                return comparison.view(period, unread)
            place = portion.verdicts[-1].at, portion.verdicts[-1].id
            await checkpoint()

    async def _portion(self, period: Period, place: Place | None, *, reading: bool) -> _Portion:
        async def labels(unit: UnitT) -> _Portion:
            return _Portion(await unit.decisions.page(period, place, PORTION), {})

        async def words(unit: UnitT) -> _Portion:
            verdicts = await unit.decisions.page(period, place, PORTION)
            of_messages = [one.written for one in verdicts if one.written.subject_type == MESSAGE]
            messages = [one.subject_id for one in of_messages]
            return _Portion(verdicts, await self._witness.writings(unit, "message", messages))

        return await (self._units.read(words) if reading else self._units.past(labels))


def _facts(verdict: Verdict, writing: Writing | None) -> Facts:
    if writing is None:
        return verdict.facts
    said = wording(writing.text)
    return verdict.facts.saying(said.plain, said.text)

"""Questions that are asked at the same time, answered together.

Nobody waits for others to come. A question goes at once unless one is under way; what is asked
meanwhile goes together next. So a store that answers here and now gets each by itself, and one
that is a round trip away gets the more at a time the busier it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

import anyio
import attrs

AskedT = TypeVar("AskedT")
AnswerT = TypeVar("AnswerT")

MOST: Final = 32
"""How many questions go together."""


@attrs.define(eq=False)
class _Passenger(Generic[AskedT, AnswerT]):
    """A question until it has an answer, or is to go ``alone``.

    While it waits for that, or for its turn, it is ``called``.
    """

    question: AskedT
    answers: tuple[AnswerT, ...] = ()
    alone: bool = False
    called: anyio.Event = attrs.field(init=False)


class Ferry(Generic[AskedT, AnswerT]):
    """Carries questions to whoever answers many at once, on one trip at a time.

    Each trip is made by one of those who ask. If it fails, all of them go again by themselves.
    """

    def __init__(
        self, carry: Callable[[Sequence[AskedT]], Awaitable[Sequence[AnswerT]]], most: int = MOST
    ) -> None:
        """``carry`` answers up to ``most`` questions, in their order."""
        self._carry = carry
        self._most = most
        self._waiting: list[_Passenger[AskedT, AnswerT]] = []
        self._under_way = False

    async def ask(self, question: AskedT) -> AnswerT:
        """The answer to a question; raises what answering it raises."""
        if not self._under_way and not self._waiting:
            return await self._alone(question)
        own: _Passenger[AskedT, AnswerT] = _Passenger(question)
        while not own.answers and not own.alone:
            await (self._wait(own) if self._under_way else self._cross(own))
        return own.answers[0] if own.answers else (await self._carry([question]))[0]

    async def _alone(self, question: AskedT) -> AnswerT:
        """Go at once, with nobody else: all that happens where answers are here and now."""
        self._under_way = True
        try:
            return (await self._carry((question,)))[0]
        finally:
            self._under_way = False
            self._call_next()

    async def _wait(self, own: _Passenger[AskedT, AnswerT]) -> None:
        own.called = anyio.Event()
        self._waiting.append(own)
        try:
            await own.called.wait()
        except BaseException:  # cancelled, perhaps just as the turn came
            if own in self._waiting:
                self._waiting.remove(own)
            self._call_next()
            raise

    async def _cross(self, own: _Passenger[AskedT, AnswerT]) -> None:
        """Take those along who have waited longest."""
        self._under_way = True
        others, self._waiting = self._waiting[: self._most - 1], self._waiting[self._most - 1 :]
        aboard = [own, *others]
        try:
            answers = await self._carry([one.question for one in aboard])
            for one, answer in zip(aboard, answers, strict=True):
                one.answers = (answer,)
        except Exception:
            if not others:
                raise
        finally:
            self._under_way = False
            for one in aboard:
                one.alone = not one.answers
            for one in others:
                one.called.set()
            self._call_next()

    def _call_next(self) -> None:
        """Let the next one go, unless somebody is under way."""
        if self._waiting and not self._under_way:
            self._waiting.pop(0).called.set()

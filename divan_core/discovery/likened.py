"""People whom an index found, by one that knows how alike the query each of them is."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import overload

from divan_core.discovery.model import Called, Entry
from divan_core.kernel.values import value


@value
class Run:
    """People found one after the other, by id, because of a text that all of them have.

    They stand from ``start`` on, before ``end``, and are as ``alike`` the query as that text, but
    those few who are more. All of them are ``members``, of whom others may not stand here.
    """

    start: int
    end: int
    alike: float
    members: frozenset[int]

    def places(self, numbers: Sequence[int], some: frozenset[int]) -> Iterator[int]:
        """Where some people stand, as far as they do; ``numbers`` are those of all who do."""
        for number in self.members & some:
            at = bisect_left(numbers, number, self.start, self.end)
            if at < self.end and numbers[at] == number:
                yield at


class Likened(Sequence[Entry]):
    """People in the order in which an index found them; ``numbers`` are those of their ids.

    How alike the query somebody is, is the similarity of the best of ``model.parts``, with slips:
    ``others`` says it by place of those who are in no run, and of those who are more alike than
    their run. Of most people nobody needs to know more than the number.
    """

    def __init__(
        self,
        people: Iterable[Called],
        numbers: Sequence[int],
        others: Mapping[int, float],
        runs: Sequence[Run] = (),
    ) -> None:
        """Know of each how alike they are; ``runs`` are in order."""
        self._people = people
        self.numbers = numbers
        self.others = others
        self.runs = runs

    @property
    def alike(self) -> Sequence[float]:
        """How alike each is."""
        alike = [0.0] * len(self.numbers)
        for run in self.runs:
            alike[run.start : run.end] = repeat(run.alike, run.end - run.start)
        for at, likeness in self.others.items():
            alike[at] = likeness
        return alike

    def _called(self) -> Sequence[Called]:
        """The people, who are gone through once somebody asks for them."""
        if not isinstance(self._people, Sequence):
            self._people = list(self._people)
        return self._people

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, at: int) -> Entry: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Entry]: ...
    def __getitem__(self, at: int | slice) -> Entry | Sequence[Entry]:
        if isinstance(at, slice):
            return [one.entry for one in self._called()[at]]
        return self._called()[at].entry

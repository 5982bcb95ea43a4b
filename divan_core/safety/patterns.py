r"""Patterns that are matched in time linear in the text, whatever the pattern. Pure.

A pattern is compiled to an automaton (Thompson's construction) whose states are followed all at
once, and the sets of states that occur are remembered: a step is then one look-up. So there is no
backtracking, and no text that takes long. What cannot be done so (references back, looking around)
is refused. Written as everywhere: ``.``, ``[a-z]``, ``[^a-z]``, ``\d``, ``\w``, ``\s``, groups,
``|``, ``?``, ``*``, ``+``, ``{2,5}``; a backslash makes a letter of any other sign.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

import attrs

from divan_core.safety.syntax import Chain, Choice, Letter, PatternFault, Repeat, Tree, parsed

MAX_STATES: Final = 2_000
"""How large the automaton of one pattern may be."""

REMEMBERED: Final = 20_000
"""How many steps an automaton remembers before it forgets them all."""

Numbers: TypeAlias = frozenset[int]


@attrs.define
class _Automaton:
    """States by number: what a state reads, None where it goes on without; and where it leads."""

    reads: list[Letter | None] = attrs.field(factory=list)
    leads: list[tuple[int, ...]] = attrs.field(factory=list)

    def new(self, reads: Letter | None, leads: tuple[int, ...]) -> int:
        """A further state."""
        self.reads.append(reads)
        self.leads.append(leads)
        return len(self.reads) - 1

    def whole(self, tree: Tree, end: int) -> int:
        """The state that a pattern begins with."""
        start = self.add(tree, end)
        if end in self.reached((start,)):
            raise PatternFault("matches everything")
        return start

    def add(self, tree: Tree, after: int) -> int:
        """The state that reads what ``tree`` says and goes on to ``after``."""
        if len(self.reads) > MAX_STATES:
            raise PatternFault("is too large")
        if isinstance(tree, Letter):
            return self.new(tree, (after,))
        if isinstance(tree, Choice):
            return self.new(None, tuple([self.add(one, after) for one in tree.parts]))
        if isinstance(tree, Chain):
            for part in reversed(tree.parts):
                after = self.add(part, after)
            return after
        return self._repeated(tree, after)

    def _repeated(self, tree: Repeat, after: int) -> int:
        at = after
        if tree.most is None:
            at = self.new(None, ())
            self.leads[at] = (self.add(tree.part, at), after)
        else:
            for _ in range(tree.most - tree.least):
                at = self.new(None, (self.add(tree.part, at), after))
        for _ in range(tree.least):
            at = self.add(tree.part, at)
        return at

    def reached(self, states: Iterable[int]) -> Numbers:
        """These states and all that can be gone to from them without reading."""
        found, waiting = set[int](), list(states)
        while waiting:
            state = waiting.pop()
            if state not in found:
                found.add(state)
                if self.reads[state] is None:
                    waiting += self.leads[state]
        return frozenset(found)


class _Place:
    """A set of states, which patterns end in it, and what is known of the way on."""

    __slots__ = ("ends", "onward", "states")

    def __init__(self, states: Numbers, ends: int | None) -> None:
        self.states = states
        self.ends = ends
        self.onward: dict[str, _Place] = {}


class Patterns:
    """Several patterns, looked for at once, anywhere in a text."""

    def __init__(self, patterns: Sequence[str]) -> None:
        """Compile them.

        Raises:
            PatternFault: one cannot be compiled; ``at`` says which.
        """
        self._automaton = _Automaton()
        self._ends: dict[int, int] = {}
        starts = [self._compiled(number, pattern) for number, pattern in enumerate(patterns)]
        self._begin = self._automaton.reached(starts)
        self._forget()

    def search(self, text: str) -> int | None:
        """The number of a pattern that the text has somewhere; None where it has none.

        Of those that end first it is the first listed. Linear in the length of the text.
        """
        place = self._start
        for letter in text:
            place = place.onward.get(letter) or self._step(place, letter)
            if place.ends is not None:
                return place.ends
        return None

    def _compiled(self, number: int, pattern: str) -> int:
        automaton = _Automaton()
        end = automaton.new(None, ())
        try:
            start = automaton.whole(parsed(pattern), end)
        except PatternFault as fault:
            raise PatternFault(str(fault), number) from fault
        shift = len(self._automaton.reads)
        self._automaton.reads += automaton.reads
        self._automaton.leads += [tuple([one + shift for one in to]) for to in automaton.leads]
        self._ends[end + shift] = number
        return start + shift

    def _step(self, place: _Place, letter: str) -> _Place:
        if self._known >= REMEMBERED:
            self._forget()
        reads, leads = self._automaton.reads, self._automaton.leads
        onward: list[int] = []
        for state in place.states:
            wanted = reads[state]
            if wanted is not None and wanted.fits(letter):
                onward += leads[state]
        found = self._place(self._automaton.reached(onward) | self._begin)
        place.onward[letter] = found
        self._known += 1
        return found

    def _place(self, states: Numbers) -> _Place:
        found = self._places.get(states)
        if found is None:
            ends = [number for state, number in self._ends.items() if state in states]
            found = self._places[states] = _Place(states, min(ends, default=None))
        return found

    def _forget(self) -> None:
        self._known = 0
        self._places: dict[Numbers, _Place] = {}
        self._start = self._place(self._begin)

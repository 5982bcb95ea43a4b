"""The shortest way from door to door."""

from __future__ import annotations

import heapq
import itertools
import math

from divan_cli.demo.plan import Metres, Plan, Shape, between


class Ways:
    """The paths of a plan as a graph; every way is searched once."""

    def __init__(self, plan: Plan) -> None:
        """Read the plan's nodes and paths.

        Raises:
            ValueError: a destination is not on the paths, or cannot be reached from the others.
        """
        self._nodes = plan.nodes
        self._edges: dict[str, list[tuple[float, str, Shape]]] = {name: [] for name in plan.nodes}
        for path in plan.paths:
            begin, end = str(path[0]), str(path[-1])
            line = plan.line(path)
            self._edges[begin].append((length_m(line), end, line))
            self._edges[end].append((length_m(line), begin, line[::-1]))
        self._known: dict[tuple[str, str], Shape] = {}
        first, *others = plan.destinations
        for other in others:
            self.way(first, other)

    def way(self, begin: str, end: str) -> Shape:
        """The bends of the shortest way between two nodes, both ends included.

        Raises:
            ValueError: there is none.
        """
        known = self._known.get((begin, end))
        if known is None:
            known = self._known[begin, end] = self._search(begin, end)
        return known

    def _search(self, begin: str, end: str) -> Shape:
        """Find the way (Dijkstra, 1959)."""
        count = itertools.count()
        queue: list[tuple[float, int, str, Shape]] = [
            (0.0, next(count), begin, (self._nodes[begin],))
        ]
        done = set()
        while queue:
            walked, _, node, line = heapq.heappop(queue)
            if node == end:
                return line
            if node in done:
                continue
            done.add(node)
            for length, other, piece in self._edges[node]:
                entry = (walked + length, next(count), other, line[:-1] + piece)
                heapq.heappush(queue, entry)
        raise ValueError(f"There is no way from {begin} to {end}.")


def length_m(line: Shape) -> float:
    """Metres along a line."""
    return sum(itertools.starmap(math.dist, itertools.pairwise(line)))


def along(line: Shape, walked_m: float) -> Metres:
    """The place ``walked_m`` metres along a line; beyond its end, the end."""
    for begin, end in itertools.pairwise(line):
        length = math.dist(begin, end)
        if walked_m < length:
            return between(begin, end, walked_m / length)
        walked_m -= length
    return line[-1]

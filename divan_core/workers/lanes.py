"""Where a consumer keeps what it has taken: a lane for each aggregate, or for each event."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, TypeAlias

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.delivery import Delivery
from divan_core.kernel.ids import CampusId

LaneKey: TypeAlias = tuple[CampusId, str]

NOW: Final = Millis(0)
"""The due moment of what has not failed."""


@attrs.define
class Lane:
    """The deliveries of one aggregate, in order; where that is all the same, a single one.

    Of the first of them: ``attempts`` is how often it failed, ``setbacks`` how often a store was
    away, ``due`` when it is to be tried again, ``verdict`` why it is to be given up.
    """

    waiting: deque[Delivery] = attrs.field(factory=deque)
    attempts: int = 0
    setbacks: int = 0
    due: Millis = NOW
    verdict: str = ""

    @property
    def head(self) -> Delivery:
        """The one whose turn it is."""
        return self.waiting[0]

    @property
    def is_sound(self) -> bool:
        """Whether its head has not been tried in vain."""
        return not (self.attempts or self.setbacks or self.verdict)

    def pop(self) -> Delivery:
        """Be done with the head."""
        self.attempts, self.setbacks, self.due, self.verdict = 0, 0, NOW, ""
        return self.waiting.popleft()


class Lanes:
    """All lanes of a consumer; ``held`` is how many deliveries are in them."""

    def __init__(self, *, unordered: bool = False) -> None:
        """Begin empty. Where they are ``unordered``, each delivery has a lane of its own."""
        self._unordered = unordered
        self._lanes: dict[LaneKey, Lane] = {}

    @property
    def held(self) -> int:
        """How many deliveries wait."""
        return sum(len(lane.waiting) for lane in self._lanes.values())

    def add(self, delivery: Delivery) -> Lane:
        """Queue a delivery behind those of its aggregate, if it has to wait for them."""
        event = delivery.event
        order = str(event.id) if self._unordered else event.aggregate
        lane = self._lanes.setdefault((event.campus_id, order), Lane())
        lane.waiting.append(delivery)
        return lane

    def due(self, now: Millis | None) -> Sequence[Lane]:
        """The lanes whose head is to be tried now, or all."""
        return [lane for lane in self._lanes.values() if now is None or lane.due <= now]

    def sweep(self) -> None:
        """Forget lanes that are empty."""
        self._lanes = {key: lane for key, lane in self._lanes.items() if lane.waiting}

    def clear(self) -> None:
        """Forget everything."""
        self._lanes = {}

    def next_due(self) -> Millis | None:
        """When the first lane is to be tried again."""
        return min((lane.due for lane in self._lanes.values()), default=None)

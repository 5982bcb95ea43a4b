"""What one call of ``take`` gathers from the streams of all campuses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import attrs

from divan_core.kernel.delivery import Delivery, Group
from divan_core.kernel.ids import CampusId

LARGEST: Final = 500
"""The most that is asked of one stream at once."""

Place: TypeAlias = tuple[bytes, bytes]
"""Where a consumer is in a stream: the tenure of its lease, and the last entry it got in that.

The server gives what lies behind this entry, so what it gave in an answer that never arrived is
given again. A tenure that it does not know any more has ended: then everything is given again.
"""


@attrs.frozen
class Reader:
    """A consumer of a group."""

    group: Group
    consumer: str


@attrs.frozen
class Share:
    """What came of asking one stream for ``asked`` entries: ``read`` of them, events or not.

    Without a ``place`` it is somebody else's, or was asked for none and is nobody's.
    """

    campus_id: CampusId
    asked: int
    read: int = 0
    place: Place | None = None
    deliveries: Sequence[Delivery] = ()

    @property
    def may_have_more(self) -> bool:
        """Whether it gave all it was asked for."""
        return self.read == self.asked


class Hand:
    """Deliveries, and how many more are wanted.

    ``places`` are where the consumer will be once it has got them, and not before.
    """

    def __init__(self, most: int, places: Mapping[CampusId, Place]) -> None:
        """Gather up to ``most``, from ``places`` on."""
        self.left = most
        self.places = dict(places)
        self.deliveries: list[Delivery] = []
        self._others = self._own = 0

    @property
    def is_spare(self) -> bool:
        """Whether every stream that was met is somebody else's."""
        return self._others > 0 and not self._own

    def asked(self, campuses: Sequence[CampusId]) -> list[tuple[CampusId, int]]:
        """How many to ask each campus for: even shares, and when there are fewer, 0 of some.

        Who is asked for 0 renews a lease and does nothing else.
        """
        even, rest = divmod(self.left, len(campuses)) if campuses else (0, 0)
        return [
            (campus_id, min(LARGEST, even + (number < rest)))
            for number, campus_id in enumerate(campuses)
        ]

    def add(self, shares: Iterable[Any]) -> list[CampusId]:
        """Take shares, faults left out; the campuses that may have more."""
        got = [share for share in shares if isinstance(share, Share)]
        for share in got:
            self.left -= share.read
            self._own += share.place is not None or not share.asked
            self._others += share.place is None
            self.deliveries += share.deliveries
            if share.place is not None:
                self.places[share.campus_id] = share.place
        return [share.campus_id for share in got if share.may_have_more]

"""Fixes, leases, public cells, and the record of one person's presence.

A *public cell* is a square of a person's lattice; its centre is the person's public point, the
only position that anyone else's question ever touches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from divan_core.errors import DivanError
from divan_core.kernel.audience import JournalSlice
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.notices import NoticesLost
from divan_core.kernel.values import kept_value, value

LEASE_MS: Final = 90_000
"""How long an accepted heartbeat shows its device's person online."""

MEMORY_MS: Final = 90_000
"""How long a fix counts when movement is judged."""

SEEN_MS: Final = 86_400_000
"""How long it is known when somebody was last heard."""

HOUR_MS: Final = 3_600_000

_NEVER: Final = Millis(0)

EVERYBODY: Final = 1_000_000
"""As a number of people: all of them."""


@value
class PersonKey:
    """A person on their campus: where their presence is kept."""

    campus_id: CampusId
    user_id: UserId


@kept_value
class Fix:
    """Where a device says it was: server time, metres in the campus's frame, metres accuracy."""

    at: Millis
    east: float
    north: float
    accuracy_m: float


@kept_value
class Lease:
    """A device shows its person online until ``until``. The device is a fingerprint, not a name."""

    device: bytes
    until: Millis


@kept_value
class Cell:
    """A square of the lattice with edges of ``size_m`` metres: column east, row north."""

    size_m: int
    column: int
    row: int

    @property
    def east(self) -> float:
        """Metres east of the campus's centre to the middle of the cell."""
        return (self.column + 0.5) * self.size_m

    @property
    def north(self) -> float:
        """Metres north of the campus's centre to the middle of the cell."""
        return (self.row + 0.5) * self.size_m


@kept_value
class Offset:
    """A person's secret offset in one hour since the epoch, in standard deviations."""

    hour: int
    east: float
    north: float


@kept_value
class PresenceRecord:
    """Everything known of one person's presence; gone 90 s after the last accepted fix.

    ``fixes`` are accepted ones, oldest first, few; ``doubted`` is the run of refused fixes that
    might turn out to be true; ``cell`` is the public cell, kept while offline so that its edges
    stay sticky; ``leases`` are in no order and may have ended.
    """

    fixes: tuple[Fix, ...] = ()
    doubted: tuple[Fix, ...] = ()
    leases: tuple[Lease, ...] = ()
    cell: Cell | None = None
    offset: Offset | None = None

    @property
    def online_until(self) -> Millis:
        """When the last lease ends; 0 without any."""
        leases = self.leases
        if len(leases) == 1:  # as almost always, and asked several times in every heartbeat
            return leases[0].until
        return max((lease.until for lease in leases), default=_NEVER)

    @property
    def keep_until(self) -> Millis:
        """When nothing of this is needed any more."""
        last = max((fix.at + MEMORY_MS for fix in self.fixes + self.doubted), default=0)
        return Millis(max(self.online_until, last))

    def here(self) -> Fix | None:
        """The last accepted fix."""
        return self.fixes[-1] if self.fixes else None

    def online(self, now: Millis) -> bool:
        """Whether any device's lease runs."""
        return self.online_until > now


@value
class Amendment:
    """What a rule makes of a record: what to keep, and whether the caller is refused.

    A refusal is raised once the record is kept, and is not counted against the limit.
    """

    record: PresenceRecord
    refusal: DivanError | None = None


Rule = Callable[[PresenceRecord | None], Amendment]
"""A pure function from what is kept of a person (None: nothing) to what shall be kept."""


@value
class Reach:
    """A question about a disc around the viewer.

    Wanted are cells whose middle is farther than ``beyond_m``, not nearer than the middle of
    ``from_cell``, and at most ``radius_m`` away, or the cell's own size if that is more. Stores may
    answer with more; ``enough`` people may end the search before the edge, nearest first.
    """

    radius_m: float
    beyond_m: float = -1.0
    from_cell: Cell | None = None
    enough: int = EVERYBODY


@value
class Neighbourhood:
    """What is around a viewer.

    ``here`` is the viewer's own exact fix, None without live presence (then the rest is empty).
    ``cells`` are the public cells found, each once, in any order, with the people in each whose
    leases run, the viewer perhaps included. Every wanted cell whose middle is at most
    ``complete_m`` away is there (infinity: every wanted cell). ``news`` is what the campus's
    journal holds since the given position.
    """

    here: Fix | None
    cells: Sequence[tuple[Cell, Sequence[UserId]]]
    complete_m: float
    news: JournalSlice


@value
class Heard:
    """When a person was last heard, and whether a lease runs."""

    online: bool
    at: Millis


@value
class PublicMove:
    """Somebody left a public cell, entered one, or both."""

    campus_id: CampusId
    left: Cell | None
    entered: Cell | None


@value
class PeopleChanged:
    """Privacy, relations or profiles of a campus changed."""

    campus_id: CampusId


Notice = PublicMove | PeopleChanged | NoticesLost

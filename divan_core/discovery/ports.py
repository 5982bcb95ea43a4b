"""What discovery needs from a store, and from others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from divan_core.discovery.model import Entry, RoomCard, Wanted
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.values import value
from divan_core.kernel.visibility import Relations


@value
class Resembling:
    """People whom a query fits less well: those of the second and of the third tier.

    ``is_whole`` is false where nobody looked for those of the third.
    """

    inside: Sequence[Entry]
    similar: Sequence[Entry]
    is_whole: bool = True


class PeopleIndex(Protocol):
    """Finds people of a campus by their names.

    Only those who show themselves to everyone: visibility ``everyone``, no ghost, neither
    deleted nor banned nor shadowed. What a unit of work has committed is found by the next call.
    Tiers and the order of their cut are those of ``discovery.policy``: ``tier_of`` and ``fit``.
    Whoever knows how alike people are may answer them as ``likened.Likened``, which saves scoring.

    Every method raises ``StoreUnavailable`` when the store does not answer in time.
    """

    async def beginning(self, campus_id: CampusId, wanted: Wanted, most: int) -> Sequence[Entry]:
        """The first ``most`` people of the first tier, in the order of its cut. One statement."""
        ...

    async def resembling(
        self, campus_id: CampusId, wanted: Wanted, most: int, enough: int | None = None
    ) -> Resembling:
        """The first ``most`` people of the second and of the third tier, each in order.

        Nobody is in two tiers. Where ``enough`` people of the second are found, or more, none of
        the third are looked for. One statement.
        """
        ...

    async def keep(self) -> int:
        """Look after what the index holds in this process, for some milliseconds at a time.

        How much was done: where that is more than 0, more may be left. Answers are the same before
        and after, but come sooner.
        """
        ...


class PeopleRoll(Protocol):
    """Whom a people index finds, without looking for anything.

    Both raise ``StoreUnavailable`` when the store does not answer in time.
    """

    async def listed(self, campus_id: CampusId, after: UserId | None, most: int) -> Sequence[Entry]:
        """Up to ``most`` of the people whom the index finds on a campus, by id ascending.

        Nobody with an id up to ``after``.
        """
        ...

    async def count(self, campus_id: CampusId) -> int:
        """How many people of a campus are in the index."""
        ...


@value
class Inquiry:
    """What suggestions for a viewer need to know of others.

    When ``people`` were heard; and, if ``most`` is not 0, about so many of those who were last
    heard at the moment ``until`` or before, the last first.
    """

    campus_id: CampusId
    viewer_id: UserId
    people: Sequence[UserId] = ()
    until: int = 0
    most: int = 0


@value
class Near:
    """Somebody with live presence near a viewer, and the size of their public cell in metres."""

    user_id: UserId
    size_m: int
    heard: int


@value
class Signals:
    """What presence knows of others. A moment is 0 where somebody was not heard within a day.

    ``heard`` is when each of those inquired about was last heard, in their order. ``near`` are
    those with live presence whose public point is at most ``NEAR_M`` from the viewer's own public
    point, each once, in any order; nobody where the viewer has no live presence, the viewer
    perhaps included; their moments are 0 unless the inquiry has a ``most``. ``lately`` is complete
    down to the moment ``complete_to``, which is 0 when it certainly holds everybody heard within a
    day; those of one moment are told together, however many, in any order.
    """

    heard: Sequence[int]
    near: Sequence[Near]
    lately: Sequence[tuple[UserId, int]] = ()
    complete_to: int = 0


class PresenceSignals(Protocol):
    """What discovery may know of presence: moments, and nearness between public points.

    Raises ``StoreUnavailable`` when the store does not answer in time.
    """

    async def signals(self, inquiry: Inquiry, now: Millis) -> Signals:
        """Answer an inquiry in one round trip."""
        ...


class RoomDirectory(Protocol):
    """The open link rooms of a campus; ``relations`` are the viewer's, by whom cards count.

    Scores are those of ``discovery.policy``. Every method is one or two statements and raises
    ``StoreUnavailable`` when the store does not answer in time.
    """

    async def linked(
        self, campus_id: CampusId, relations: Relations, most: int
    ) -> Sequence[RoomCard]:
        """The first ``most`` rooms: by ``room_score``, the highest first, then by id."""
        ...

    async def named(
        self, campus_id: CampusId, relations: Relations, wanted: Wanted, most: int
    ) -> Sequence[RoomCard]:
        """The first ``most`` rooms that ``room_fits``: by ``room_search_score``, then by id."""
        ...


@value
class IndexState:
    """How many people show themselves to everyone, and how many of them search knows."""

    shown: int
    indexed: int


@value
class Reindexed:
    """What a portion of reindexing did: people looked at, those found wrong, and the last one."""

    seen: int
    mended: int
    last: UserId | None


class PeopleIndexUpkeep(Protocol):
    """Looks after the index, which units that change people keep by themselves.

    Every method raises ``StoreUnavailable`` when the store does not answer in time.
    """

    async def state(self) -> IndexState:
        """How complete the index is. Counts everybody."""
        ...

    async def reindex(self, after: UserId | None, most: int) -> Reindexed:
        """Make the rows of up to ``most`` people anew, in the order of their ids, all campuses.

        Others may write and search meanwhile. ``last`` is None when nobody is left.
        """
        ...

    async def tidy(self) -> None:
        """Remove what belongs to nobody, and bring the index into its quickest form."""
        ...

    async def purge(self, most: int) -> int:
        """Look at up to ``most`` names that somebody has given up, and forget those nobody has.

        How many were looked at.
        """
        ...

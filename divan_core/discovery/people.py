"""People found by their names, as one viewer may find them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Raw

from divan_core.discovery.circles import Circle, Circles
from divan_core.discovery.friends import Friend, called
from divan_core.discovery.model import ENOUGH, MOST_IN_TIER, Tier, Wanted
from divan_core.discovery.policy import named_handle, person_score
from divan_core.discovery.pools import Pools, Question
from divan_core.discovery.ports import PeopleIndex
from divan_core.discovery.prints import MaySee, Prints
from divan_core.discovery.shares import Edge, Hit, Ranked, Share, first, share
from divan_core.kernel.actor import Actor
from divan_core.kernel.audience import Audience
from divan_core.kernel.ids import UserId
from divan_core.kernel.values import value
from divan_core.kernel.visibility import PersonCard, Surface, can_see

ASKED: Final = MOST_IN_TIER + 4
"""How many people of a tier are asked for, so that few viewers have blocked too many of them."""

_TIERS: Final = tuple(Tier)

Place = tuple[Tier, float, int]
"""Where a page ends: the tier, and minus the score and the number of its last person."""

Shown = tuple[PersonCard, bool, int]
"""What a page shows of somebody: their card, whether they are a friend, and mutual friends."""


@value
class _Search:
    """A question of one viewer: how many people from which place on."""

    actor: Actor
    circle: Circle
    question: Question
    handle: str
    after: Place | None


@value
class Found:
    """Some people in order; ``end`` is where others come after them, None where nobody does.

    The index only says who is worth a look: whether the viewer may see somebody is decided by the
    card, so that nobody is shown whom a change has just hidden.
    """

    search: _Search
    hits: Sequence[Hit]
    end: Place | None


class PeopleSearch:
    """Finds people: the open ones in the store's index, the viewer's friends among themselves."""

    def __init__(self, index: PeopleIndex, audience: Audience, circles: Circles) -> None:
        """Ask ``index`` who is called like something, and ``audience`` who that is."""
        self._audience = audience
        self._circles = circles
        self._pools = Pools(index, audience)
        self._prints = Prints(audience)

    async def find(
        self, actor: Actor, q: str, wanted: Wanted, span: tuple[Place | None, int]
    ) -> Found:
        """The people from a place on, so many at most; ``span`` is the two.

        The audience has to know the campus's news.
        """
        after, limit = span
        # From here on the journal's moment is that of the question, whatever others read later.
        question = Question(actor.campus_id, wanted, self._audience.moment(actor.campus_id))
        circle = await self._circles.of(actor)
        search = _Search(actor, circle, question, named_handle(q), after)
        found: list[Hit] = []
        tiers: list[Tier] = []
        seen = 0
        for tier in _TIERS:
            part = await self._share(search, tier)
            listed = _listed(search, part, tier, limit + 1 - len(found))
            found += listed
            tiers += [tier] * len(listed)
            seen += part.seen
            if seen >= ENOUGH or len(found) > limit:
                break
        if len(found) <= limit:
            return Found(search, found, None)
        return Found(search, found[:limit], (tiers[limit - 1], *found[limit - 1][:2]))

    async def shown(self, found: Found) -> list[Shown]:
        """Those of them whom the viewer may see."""
        cards = await self._audience.numbered([hit[1] for hit in found.hits])
        may_see = _may_see(found.search)
        return [
            (card, hit[2], hit[3])
            for card, hit in zip(cards, found.hits, strict=True)
            if card is not None and may_see(card)
        ]

    async def printed(self, found: Found) -> tuple[list[UserId], list[Raw]]:
        """Their ids, and what a page shows of each as JSON."""
        search = found.search
        return await self._prints.of(search.actor.campus_id, found.hits, _may_see(search))

    async def _share(self, search: _Search, tier: Tier) -> Share:
        """What the viewer sees of a tier; more of it is asked for where blocks ate up the cut."""
        friends, circle = _matching(search, tier), search.circle
        part = share(await self._tier(search, tier, ASKED), friends, circle)
        if not part.is_known:
            most = MOST_IN_TIER + len(circle.apart)
            part = share(await self._tier(search, tier, most), friends, circle)
        return part

    async def _tier(self, search: _Search, tier: Tier, most: int) -> Ranked:
        if tier is Tier.BEGINS:
            return await self._pools.beginning(search.question, most)
        if tier is Tier.INSIDE:
            # Of so many the viewer sees enough, whomever they have a block with.
            enough = ENOUGH + len(search.circle.apart)
            return (await self._pools.later(search.question, most, enough))[0]
        return (await self._pools.later(search.question, most))[1]


def _listed(search: _Search, part: Share, tier: Tier, most: int) -> list[Hit]:
    """The first people of a tier from the search's place on."""
    edge: Edge | None = None
    if search.after is not None:
        if tier < search.after[0]:
            return []
        edge = search.after[1:] if tier is search.after[0] else None
    return first(part, search.circle, edge, most)


def _matching(search: _Search, tier: Tier) -> list[Hit]:
    """The friends whom the query fits in this tier, as far as the viewer may find them by it."""
    found = called(search.question.wanted, search.circle.friends, tier)
    if not found:
        return []
    may_see = _may_see(search)
    return [_hit(search, one, score) for one, score in found if may_see(one.card)]


def _hit(search: _Search, friend: Friend, text: float) -> Hit:
    number = friend.entry.user_id.int
    mutual = search.circle.mutual.get(number, 0)
    return -person_score(text, is_friend=True, mutual=mutual), number, True, mutual


def _may_see(search: _Search) -> MaySee:
    """Whether the viewer may find somebody by what they looked for."""
    viewer_id, relations, handle = search.actor.user_id, search.circle.relations, search.handle
    campus = search.actor.campus_id.int

    def may_see(card: PersonCard) -> bool:
        surface = Surface.SEARCH_BY_HANDLE if card.handle == handle else Surface.SEARCH
        return card.campus_id.int == campus and can_see(viewer_id, relations, card, surface)

    return may_see

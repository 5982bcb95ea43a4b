"""Random campuses: few names, so that people are alike, and all kinds of people."""

from collections.abc import Sequence
from typing import Any

import attrs
from hypothesis import strategies as st

from divan_core import Divan, Settings
from divan_core.accounts.model import Person, Privacy
from divan_core.discovery.messages import FoundPerson, SearchQuery
from divan_core.kernel.actor import Actor
from divan_core.kernel.visibility import Relations, Standing, Visibility
from divan_core.settings import LimitSettings
from divan_core.social.model import Block, Friendship
from divan_core.stores.bundle import Stores, StoreUnit
from divan_core.stores.memory.accounts import card_of
from divan_core.testing.contracts.samples import campus, campus_id, person, user_id

from .oracle import Answer, Oracle

ROOMY = Settings(
    env="test", limit=LimitSettings(search_per_minute=1_000_000, enumeration_per_day=1_000_000)
)
SHARES = ("ana", "anna", "maria", "marina", "silva", "sil", "de", "la", "ng", "nguyen", "bert")
WORDS = st.sampled_from((*SHARES, "María", "Ñgu", "sílva"))
NAMES = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
HANDLES = st.lists(st.sampled_from(SHARES), min_size=1, max_size=2)
QUERIES = st.one_of(
    st.sampled_from((*SHARES, "an", "a", "", "mraia", "sivla", "nguyne", "ia", "i s", "na ma")),
    NAMES,
    st.lists(st.sampled_from(SHARES), min_size=2, max_size=2).map(".".join),
)
PAIRS = st.tuples(st.integers(1, 14), st.integers(1, 14)).filter(lambda one: one[0] != one[1])


@attrs.frozen
class Campus:
    """People of a campus and another, and who is connected with whom."""

    people: Sequence[Person]
    friendships: frozenset[Friendship]
    blocks: frozenset[Block]

    @property
    def relations(self) -> dict[Any, Relations]:
        found = {}
        for one in self.people:
            friends = {
                f.high if f.low == one.id else f.low
                for f in self.friendships
                if one.id in {f.low, f.high}
            }
            blocked = {
                b.target if b.by == one.id else b.by
                for b in self.blocks
                if one.id in {b.by, b.target}
            }
            found[one.id] = Relations(frozenset(friends), frozenset(blocked))
        return found

    def oracle(self, **limits: int) -> Oracle:
        return Oracle(map(card_of, self.people), self.relations, **limits)

    async def settle(self, stores: Stores) -> None:
        async def body(unit: StoreUnit) -> None:
            await unit.campuses.put([campus(1), campus(2)])
            await unit.people.put(self.people)
            await unit.relations.befriend(sorted(self.friendships, key=str))
            await unit.relations.block(sorted(self.blocks, key=str))

        await stores.units.write(body)


@st.composite
def campuses(draw: st.DrawFn) -> Campus:
    """Up to 14 people."""
    count = draw(st.integers(2, 14))
    people = [
        person(
            number,
            handle=f"{'.'.join(draw(HANDLES))}_{number}",
            display_name=draw(NAMES),
            campus_id=campus_id(draw(st.sampled_from([1, 1, 1, 1, 2]))),
            standing=draw(st.sampled_from([Standing.ACTIVE] * 6 + list(Standing))),
            privacy=Privacy(
                draw(st.sampled_from([Visibility.EVERYONE] * 4 + list(Visibility))),
                ghost_mode=draw(st.sampled_from([False, False, False, False, True])),
            ),
        )
        for number in range(1, count + 1)
    ]
    pairs = [one for one in draw(st.lists(PAIRS, max_size=24)) if max(one) <= count]
    blocks = [one for one in draw(st.lists(PAIRS, max_size=3)) if max(one) <= count]
    ended = {frozenset(one) for one in blocks}
    return Campus(
        people,
        frozenset(
            Friendship.between(user_id(a), user_id(b))
            for a, b in pairs
            if frozenset((a, b)) not in ended and people[a - 1].campus_id == people[b - 1].campus_id
        ),
        frozenset(Block(user_id(a), user_id(b)) for a, b in blocks),
    )


async def walked(divan: Divan, actor: Actor, q: str, limit: int = 50) -> list[FoundPerson]:
    """Everybody, page by page."""
    found: list[FoundPerson] = []
    cursor = None
    while True:
        page = await divan.discovery.search_users(actor, SearchQuery(q, limit, cursor))
        assert len(page.items) <= limit
        found += page.items
        cursor = page.cursor
        if cursor is None:
            return found


def told(found: Sequence[FoundPerson]) -> Answer:
    """The same as the oracle tells it."""
    return [(one.handle, one.is_friend, one.mutual_friends) for one in found]

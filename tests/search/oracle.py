"""What a search has to answer, worked out from everybody, as the contract says it."""

import math
from collections.abc import Iterable, Mapping

from divan_core.discovery.model import Entry, Tier, Wanted, entry, wanted
from divan_core.discovery.policy import fit, text_score, tier_of
from divan_core.kernel.ids import UserId
from divan_core.kernel.visibility import PersonCard, Relations, Standing, Visibility

Answer = list[tuple[str, bool, int]]
"""Handles in order, whether friends, and mutual friends."""


class Oracle:
    """Answers for any viewer; tiers are cut at ``cut``, and looked at until there are enough."""

    def __init__(
        self,
        people: Iterable[PersonCard],
        relations: Mapping[UserId, Relations],
        cut: int = 200,
        enough: int = 50,
    ) -> None:
        self._people = {one.user_id: one for one in people}
        self._relations = relations
        self._cut = cut
        self._enough = enough

    def found(self, viewer: UserId, q: str) -> Answer:
        looked_for = wanted(q)
        if looked_for is None:
            return []
        fitting = [
            (tier, one, card)
            for card in self._people.values()
            if self._may_find(viewer, card, q)
            and (tier := tier_of(looked_for, one := of(card))) is not None
        ]
        answer: Answer = []
        for tier in Tier:
            answer += self._tier(viewer, looked_for, tier, [x[1:] for x in fitting if x[0] is tier])
            if len(answer) >= self._enough:
                break
        return answer

    def _tier(
        self, viewer: UserId, looked_for: Wanted, tier: Tier, people: list[tuple[Entry, PersonCard]]
    ) -> Answer:
        friends = self._relations[viewer].friends
        kept = [one for one in people if one[1].user_id in friends]
        others = [one for one in people if one[1].user_id not in friends]
        others.sort(key=lambda one: fit(looked_for, one[0], tier))
        kept += others[: max(0, self._cut - len(kept))]
        ranked = []
        for one, card in kept:
            mutual, is_friend = self._mutual(viewer, card.user_id), card.user_id in friends
            score = text_score(looked_for, one) + 0.1 * is_friend + 0.1 * math.log1p(mutual)
            ranked.append((-min(1.5, score), card.user_id, card.handle, is_friend, mutual))
        return [(handle, is_friend, mutual) for _, _, handle, is_friend, mutual in sorted(ranked)]

    def _mutual(self, viewer: UserId, other: UserId) -> int:
        both = self._relations[viewer].friends & self._relations[other].friends
        return sum(self._people[one].standing is Standing.ACTIVE for one in both)

    def _may_find(self, viewer: UserId, card: PersonCard, q: str) -> bool:
        me, relations = self._people[viewer], self._relations[viewer]
        if card.user_id == viewer or card.campus_id != me.campus_id:
            return False
        if card.standing is not Standing.ACTIVE or card.user_id in relations.blocked:
            return False
        is_friend = card.user_id in relations.friends
        if is_friend and q.strip().lower() in {card.handle, f"@{card.handle}"}:
            return True
        if card.ghost_mode or card.visibility is Visibility.NONE:
            return False
        return is_friend or card.visibility is Visibility.EVERYONE


def of(card: PersonCard) -> Entry:
    """How search knows somebody."""
    return entry(card.user_id, card.handle, card.display_name)

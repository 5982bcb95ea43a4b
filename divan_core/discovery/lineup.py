"""People in a row, with what does not depend on presence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from divan_core.discovery.policy import acquaintance
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import UserId
from divan_core.kernel.values import value
from divan_core.kernel.visibility import PersonCard, Relations, Surface, can_see


@value
class Lineup:
    """People whom a viewer may be suggested: all rows belong together.

    ``numbers`` are the numbers of their ids, which Python hashes and compares five times as fast;
    ``mutual`` how many friends they share with the viewer, and ``acquainted`` what these add to
    their scores.
    """

    people: Sequence[UserId]
    numbers: Sequence[int]
    cards: Sequence[PersonCard]
    mutual: Sequence[int]
    acquainted: Sequence[float]


def lineup(cards: Sequence[PersonCard], mutual: Mapping[int, int]) -> Lineup:
    """These people in a row; ``mutual`` says how many friends some of them share."""
    people = [card.user_id for card in cards]
    numbers = [one.int for one in people]
    counts = [mutual.get(number, 0) for number in numbers]
    worth = {count: acquaintance(count) for count in set(counts)}
    return Lineup(people, numbers, cards, counts, [worth[count] for count in counts])


def visible(
    actor: Actor, relations: Relations, cards: Iterable[PersonCard | None]
) -> list[PersonCard]:
    """Those of the actor's campus whom the actor may see, and who are no friends yet."""
    viewer_id, friends, campus = actor.user_id, relations.friends, actor.campus_id.int
    return [
        card
        for card in cards
        if card is not None
        and card.campus_id.int == campus
        and can_see(viewer_id, relations, card, Surface.DISCOVERY)
        and card.user_id not in friends
    ]

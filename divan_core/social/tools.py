"""What the use cases of the social graph share: their tools, and who sees whom."""

from __future__ import annotations

import attrs

from divan_core.kernel.actor import Actor
from divan_core.kernel.audience import Audience
from divan_core.kernel.clock import Clock
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.gate import WritersGate
from divan_core.kernel.ids import CampusId, Ids, UserId
from divan_core.kernel.limits import Limit, RateLimits
from divan_core.kernel.once import Once
from divan_core.kernel.paging import CursorSealer
from divan_core.kernel.visibility import PersonCard, Relations, Surface, can_see
from divan_core.social import policy
from divan_core.social.messages import SOCIAL
from divan_core.social.model import Friendship
from divan_core.social.ports import PeopleOnline, SocialUnit


@attrs.frozen
class SocialLimits:
    """How often one person may do what."""

    block: Limit
    invite: Limit


@attrs.frozen
class SocialTools:
    """What the service is built from, besides its store."""

    audience: Audience
    limits: RateLimits
    limit: SocialLimits
    once: Once[SocialUnit]
    gate: WritersGate
    clock: Clock
    ids: Ids
    sealer: CursorSealer
    presence: PeopleOnline


@attrs.frozen
class View:
    """What one person is shown of others, by their relations at one moment."""

    viewer: Actor
    relations: Relations

    def shown(self, card: PersonCard | None, surface: Surface) -> PersonCard | None:
        """The card if its person exists for the viewer, on this surface or as their friend."""
        if card is None or card.campus_id != self.viewer.campus_id:
            return None
        if card.user_id in self.relations.friends:
            surface = Surface.FRIENDS
        visible = can_see(self.viewer.user_id, self.relations, card, surface)
        return card if visible else None


async def view_of(audience: Audience, viewer: Actor) -> View:
    """What a person is shown from this moment on."""
    await audience.refresh(viewer.campus_id)
    return View(viewer, await audience.relations(viewer.user_id))


async def seen(
    audience: Audience, viewer: Actor, other: UserId, surface: Surface
) -> PersonCard | None:
    """The card of somebody, if they exist for the viewer now."""
    view = await view_of(audience, viewer)
    return view.shown(await audience.card(other), surface)


async def keep(
    unit: SocialUnit, tools: SocialTools, campus_id: CampusId, outcome: policy.Outcome
) -> None:
    """Keep what a decision comes to, and record that it happened."""
    if outcome.ended is not None:
        await unit.relations.unfriend(outcome.ended)
    if outcome.begun is not None:
        await unit.relations.befriend((outcome.begun,))
    if outcome.invites:
        await unit.invites.put(outcome.invites)
    if outcome.facts:
        await unit.outbox.add(*(_event(tools, campus_id, fact) for fact in outcome.facts))


async def lock(unit: SocialUnit, one: UserId, other: UserId) -> None:
    """Be alone with what stands between two people, until the unit's end."""
    await unit.locks.take(policy.pair(Friendship.between(one, other)))


def _event(tools: SocialTools, campus_id: CampusId, fact: policy.Fact) -> Event:
    return Event(
        id=EventId(tools.ids.uuid()),
        topic=SOCIAL,
        name=fact.name,
        campus_id=campus_id,
        aggregate=fact.aggregate,
        at=tools.clock.now(),
        data=fact.data,
    )

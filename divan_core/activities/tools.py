"""What the use cases of activities share: their tools, who is there, and how changes are kept."""

from __future__ import annotations

from typing import Any

import attrs

from divan_core.activities import policy, texts, views
from divan_core.activities.games.game import AnyGame, Text
from divan_core.activities.games.registry import Games
from divan_core.activities.messages import (
    ACTIVITIES,
    ACTIVITY_CHANGED,
    ACTIVITY_COMPLETED,
    ActivityView,
)
from divan_core.activities.model import Activity
from divan_core.activities.policy import Change
from divan_core.activities.ports import ActivityUnit
from divan_core.errors import Conflict
from divan_core.kernel.actor import Actor
from divan_core.kernel.audience import Audience
from divan_core.kernel.clock import Clock
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.gate import WritersGate
from divan_core.kernel.ids import Entropy, Ids, UserId
from divan_core.kernel.ingress import Written, ingress
from divan_core.kernel.limits import Limit, RateLimits
from divan_core.kernel.once import Once
from divan_core.kernel.paging import CursorSealer


@attrs.frozen
class ActivityLimits:
    """How often one person may ask for games, and do something in them."""

    create: Limit
    action: Limit


@attrs.frozen
class ActivityTools:
    """What the services are built from, besides their store."""

    games: Games
    audience: Audience
    limits: RateLimits
    limit: ActivityLimits
    once: Once[ActivityUnit]
    gate: WritersGate
    clock: Clock
    ids: Ids
    entropy: Entropy
    sealer: CursorSealer

    def game_of(self, activity: Activity) -> AnyGame | None:
        """The game, unless it is one that this Divan does not have any more."""
        return self.games.find(activity.kind)

    def view(self, activity: Activity, viewer: UserId) -> ActivityView:
        """An activity as one of its players sees it now."""
        return views.view_of(activity, self.game_of(activity), viewer, self.clock.now())


async def is_there(tools: ActivityTools, viewer: Actor, activity: Activity) -> bool:
    """Whether there is such an activity to somebody, by what their process knows now."""
    if not activity.is_of(viewer.user_id):
        return False
    card = await tools.audience.card(activity.peer_of(viewer.user_id))
    relations = await tools.audience.relations(viewer.user_id)
    return policy.is_there(viewer.user_id, viewer.campus_id, relations, card)


async def keep(unit: ActivityUnit, tools: ActivityTools, change: Change) -> None:
    """Keep what has become of an activity, if anything has, and record that it happened.

    Raises:
        Conflict: it has become something else meanwhile; nothing of the unit is kept.
        ActivityOpen: see :meth:`~divan_core.activities.ports.ActivityRepository.add`.
    """
    if not change.is_one:
        return
    if change.before is None:
        await unit.activities.add(change.activity)
    elif not await unit.activities.replace(change.activity):
        raise Conflict("It has changed meanwhile. Look at it again.")
    activity = change.activity
    await unit.outbox.add(_event(tools, activity, ACTIVITY_CHANGED, views.changed_data(change)))
    for text in texts.added(change, tools.game_of(activity)):
        await unit.outbox.add(_ingress(tools, activity, text))
    if policy.has_completed(change):
        data = views.completed_data(activity)
        await unit.outbox.add(_event(tools, activity, ACTIVITY_COMPLETED, data))


def _ingress(tools: ActivityTools, activity: Activity, text: Text) -> Event:
    """That something was written, for whoever decides about it."""
    known = texts.text_id(activity.id, text.number)
    written = Written(texts.TURN, known, text.player, activity.campus_id)
    return ingress(written, tools.ids.uuid(), tools.clock.now())


def _event(tools: ActivityTools, activity: Activity, name: str, data: Any) -> Event:  # noqa: ANN401 - JSON
    return Event(
        id=EventId(tools.ids.uuid()),
        topic=ACTIVITIES,
        name=name,
        campus_id=activity.campus_id,
        aggregate=f"activity:{activity.id}",
        at=tools.clock.now(),
        data=data,
    )

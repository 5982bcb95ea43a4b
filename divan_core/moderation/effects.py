"""What actions do, and undo: kept, felt elsewhere, told and on record, in one unit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

import attrs

from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.once import Once
from divan_core.moderation import actionpolicy
from divan_core.moderation.actionmessages import ACTIONS
from divan_core.moderation.actionmodel import Action, End
from divan_core.moderation.model import Case, Subject, SubjectKind
from divan_core.moderation.ports import ActionUnit, Enforcement
from divan_core.moderation.tools import DeskTools, deed, event

UnitT = TypeVar("UnitT", bound=ActionUnit)


@attrs.frozen
class Fact:
    """What happened to an action of a case, and why."""

    name: str
    case: Case
    action: Action
    words: str | None = None


@attrs.frozen
class Hand(Generic[UnitT]):
    """What actions are done with: each write once, and those contexts that it is done to."""

    once: Once[UnitT]
    enforcement: Enforcement[UnitT]


class Effects(Generic[UnitT]):
    """Lets actions begin and end. Whoever asks holds the locks of case and target."""

    def __init__(self, tools: DeskTools, enforcement: Enforcement[UnitT]) -> None:
        """Do it by ``enforcement``."""
        self._tools = tools
        self._enforcement = enforcement

    async def begin(self, unit: UnitT, action: Action, standing: Sequence[Action]) -> Action:
        """The action once it is in force, beside those that are on its target."""
        base = await self._base(unit, action.target, standing)
        begun = attrs.evolve(action, before=base)
        await unit.actions.put(begun)
        await self._enforcement.settle(unit, begun.target, (*standing, begun), base or "")
        await self._enforcement.restrain(unit, begun)
        return begun

    async def end(self, unit: UnitT, action: Action, end: End, actor: Actor | None) -> Action:
        """The action after its end, with whatever else stands on its target in force."""
        now, by = self._tools.clock.now(), None if actor is None else actor.user_id
        ended = actionpolicy.ended(action, end, now, by)
        await unit.actions.put(ended)
        if not action.begun:
            return ended
        rest = await unit.actions.in_force(action.target)
        await self._enforcement.settle(unit, action.target, rest, action.before or "")
        await self._enforcement.restrain(unit, ended)
        return ended

    async def record(self, unit: UnitT, actor: Actor | None, fact: Fact) -> None:
        """Tell what happened, and put it on record."""
        action = fact.action
        about = {
            "action_id": str(action.id),
            "kind": action.kind.value,
            "target": f"{action.target.kind.value}:{action.target.id}",
            "scope": action.scope.value,
        }
        if action.cause is not None:
            about["decision_id"] = str(action.cause.decision_id)
            about["rule_id"] = action.cause.rule_id or ""
        happened = event(self._tools, ACTIONS, fact.name, fact.case)
        await unit.outbox.add(attrs.evolve(happened, data={**happened.data, **about}))
        done = deed(self._tools, actor, fact.name, fact.case, fact.words)
        whom = action.person_id or done.person_id
        done = attrs.evolve(done, data={**done.data, **about}, person_id=whom)
        await self._tools.trail.append(unit, done)

    def changing(
        self, campus_id: CampusId, people: Collection[UserId]
    ) -> AbstractAsyncContextManager[None]:
        """Wrap the unit that does something to these people.

        Raises:
            StoreUnavailable: before the unit, when it could not be made to show everywhere.
        """
        return self._enforcement.changing(campus_id, people)

    async def afterwards(self, actions: Sequence[Action]) -> None:
        """What follows once it is committed."""
        for one in actions:
            await self._enforcement.afterwards(one)

    async def _base(self, unit: UnitT, target: Subject, standing: Sequence[Action]) -> str | None:
        if target.kind is not SubjectKind.USER:
            return None
        now = await self._enforcement.standing(unit, UserId(target.id))
        return actionpolicy.base_of(standing, now)


def people_of(actions: Sequence[Action]) -> tuple[UserId, ...]:
    """Whom actions are done to, of those who are cached."""
    targets = (one.target for one in actions)
    return tuple({UserId(one.id): None for one in targets if one.kind is SubjectKind.USER})

"""Actions: doing something about a case, and taking it back."""

from __future__ import annotations

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Mapping,
    Sequence,
)
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Final, Generic, TypeVar

import attrs

from divan_core.errors import DivanError, InvalidInput, NotFound
from divan_core.kernel.actor import Actor
from divan_core.kernel.events import Event
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.once import Attempt, Done, KeyGiven
from divan_core.kernel.texts import check_texts
from divan_core.kernel.units import Units
from divan_core.moderation import actionpolicy, policy, rulings
from divan_core.moderation.actionmessages import (
    ACTION_APPLIED,
    ACTION_CONFIRMED,
    ACTION_EXPIRED,
    ACTION_LAPSED,
    ACTION_PROPOSED,
    ACTION_REVERTED,
    ActionView,
    Applied,
    ApplyAction,
    ConfirmAction,
    RevertAction,
)
from divan_core.moderation.actionmodel import Action, ActionId, End
from divan_core.moderation.effects import Effects, Fact, Hand, people_of
from divan_core.moderation.errands import Errand, asked, by_campus, each_once
from divan_core.moderation.messages import (
    CASE_ESCALATED,
    CASE_OPENED,
    ESCALATIONS,
    REPORTS,
    BatchAction,
    BatchError,
    BatchResult,
    BatchResults,
)
from divan_core.moderation.model import (
    Case,
    CaseId,
    CaseStatus,
    Decision,
    Subject,
)
from divan_core.moderation.ports import ActionUnit
from divan_core.moderation.rulings import Ruling, ruling_of
from divan_core.moderation.tools import DeskTools, deed, event

UnitT = TypeVar("UnitT", bound=ActionUnit)

APPLY: Final = "cases.actions"
BATCH: Final = "cases.batch_action"
CONFIRM: Final = "cases.confirm"
REVERT: Final = "cases.revert"


class Actions(Generic[UnitT]):
    """What staff does about cases. Each action has an inverse, and doing one twice is as once.

    Effect, action, event and entry of the audit are one transaction.
    """

    def __init__(self, units: Units[UnitT], tools: DeskTools, hand: Hand[UnitT]) -> None:
        """Keep actions through ``units``, and do them by ``hand``."""
        self._units = units
        self._tools = tools
        self._once = hand.once
        self._effects = Effects(tools, hand.enforcement)

    async def apply(
        self, actor: Actor, command: ApplyAction, *, idempotency_key: KeyGiven = None
    ) -> Done[Applied]:
        """Do something about a case; a ban of the whole deployment is proposed to other admins.

        Raises:
            NotAllowed: the actor is not of the staff, or the case was left to admins.
            NotFound: there is no such case to them, or nobody like a target on its campus.
            CaseDecided: it is dismissed or closed.
            InvalidInput: this cannot be done about such a subject, or to oneself.
            Refusals of the key: see :class:`~divan_core.kernel.once.Once`.
        """
        check_texts(reason=command.reason, note=command.note)
        errand = await self._errand(actor, command)
        done = list[Action]()

        async def body(unit: UnitT) -> Applied:
            await unit.locks.take(*errand.locks)
            decided, done[:] = await self._performed(unit, actor, errand)
            views = tuple(map(actionpolicy.action_view, done))
            return Applied(policy.case_view(decided), views)

        attempt = Attempt(actor, APPLY, command, Applied, idempotency_key)
        async with self._effects.changing(errand.case.campus_id, errand.people):
            result = await self._once.once(attempt, body)
        await self._effects.afterwards(done)
        return result

    async def batch(
        self, actor: Actor, command: BatchAction, *, idempotency_key: KeyGiven = None
    ) -> Done[BatchResults]:
        """Do the same about many cases; each succeeds or fails by itself. As :meth:`apply`.

        Raises:
            ValidationFailed: the payload is no action.
            NotAllowed: the actor is not of the staff.
        """
        check_texts(reason=command.reason)
        policy.check_staff(actor)
        found = [
            (one, await self._tried(actor, one, command)) for one in each_once(command.case_ids)
        ]
        errands = [one for _, one in found if isinstance(one, Errand)]
        done = list[Action]()

        async def body(unit: UnitT) -> BatchResults:
            done.clear()
            await unit.locks.take(*(lock for one in errands for lock in one.locks))
            results = list[BatchResult]()
            for case_id, errand in found:
                try:
                    if isinstance(errand, DivanError):
                        raise errand
                    if command.dry_run:
                        await self._current(unit, actor, errand)
                    else:
                        done.extend((await self._performed(unit, actor, errand))[1])
                    results.append(BatchResult(case_id, ok=True))
                except DivanError as refusal:
                    error = BatchError(refusal.code, refusal.detail)
                    results.append(BatchResult(case_id, ok=False, error=error))
            return BatchResults(tuple(results))

        attempt = Attempt(actor, BATCH, command, BatchResults, idempotency_key)
        people = by_campus((one.case.campus_id, one.people) for one in errands)
        async with self._changing(people):
            result = await self._once.once(attempt, body)
        await self._effects.afterwards(done)
        return result

    async def revert(
        self, actor: Actor, command: RevertAction, *, idempotency_key: KeyGiven = None
    ) -> Done[ActionView]:
        """Take an action back, as if it had never been. One that has ended stays as it is.

        Raises:
            NotAllowed: the actor is not of the staff.
            NotFound: there is no such case, or action of it, to them.
            Refusals of the key: see :class:`~divan_core.kernel.once.Once`.
        """
        check_texts(reason=command.reason)
        policy.check_staff(actor)
        case, action = await self._units.read(lambda unit: _named(unit, actor, command))
        actionpolicy.check_over(actor, action)

        async def body(unit: UnitT) -> ActionView:
            await unit.locks.take(case.subject.lock, action.target.lock)
            current = await unit.actions.get(action.id) or action
            if current.end is None:
                current = await self._effects.end(unit, current, End.REVERTED, actor)
                fact = Fact(ACTION_REVERTED, case, current, command.reason)
                await self._effects.record(unit, actor, fact)
            return actionpolicy.action_view(current)

        attempt = Attempt(actor, REVERT, command, ActionView, idempotency_key)
        async with self._effects.changing(case.campus_id, people_of((action,))):
            return await self._once.once(attempt, body)

    async def confirm(
        self, actor: Actor, command: ConfirmAction, *, idempotency_key: KeyGiven = None
    ) -> Done[Applied]:
        """Let a ban of the whole deployment take force, as a second admin; twice is as once.

        Raises:
            NotAllowed: the actor is no admin.
            NotFound: there is no such case, or action of it, to them.
            OwnDecision: they have proposed it.
            InvalidInput: it is to be done to them, or needs nobody to confirm it.
            CaseDecided: the case is dismissed or closed, or an appeal waits.
            ConfirmationLapsed: it was not confirmed within a day, or taken back.
            Refusals of the key: see :class:`~divan_core.kernel.once.Once`.
        """
        check_texts(reason=command.reason)
        policy.check_staff(actor)
        case, action = await self._units.read(lambda unit: _named(unit, actor, command))
        actionpolicy.check_confirmable(actor, action, self._tools.clock.now())
        done = list[Action]()

        async def body(unit: UnitT) -> Applied:
            await unit.locks.take(case.subject.lock, action.target.lock)
            now, current = await _named(unit, actor, command)
            done[:] = [await self._confirmed(unit, actor, now, current, command.reason)]
            decided = await self._decide(unit, actor, now)
            return Applied(policy.case_view(decided), (actionpolicy.action_view(done[0]),))

        attempt = Attempt(actor, CONFIRM, command, Applied, idempotency_key)
        async with self._effects.changing(case.campus_id, people_of((action,))):
            result = await self._once.once(attempt, body)
        await self._effects.afterwards(done)
        return result

    def around(self, happened: Sequence[Event]) -> AbstractAsyncContextManager[None]:
        """What wraps the unit of :meth:`enforce_all`, where something is done to people."""
        found = (_ruling(one) for one in happened)
        people = ((one.campus_id, one.people) for one in found if one is not None and one.people)
        return self._changing(by_campus(people))

    def may_be_ahead(self, happened: Event) -> bool:
        """Whether :meth:`enforce` may come before that of others, and needs no :meth:`around`.

        What is done to what somebody wrote is felt by nobody else's, and comes to the same.
        """
        ruling = _ruling(happened)
        return ruling is not None and not ruling.people

    async def enforce(self, unit: UnitT, happened: Event) -> Action | None:
        """Do what a rule has decided, by the way that staff's actions go; None if nothing is done.

        What people have dismissed stays as it is. What cannot be done about such a subject makes
        a case that waits for them.
        """
        return (await self.enforce_all(unit, (happened,)))[0]

    async def enforce_all(self, unit: UnitT, happened: Sequence[Event]) -> Sequence[Action | None]:
        """The same of many, of different authors."""
        found = [_ruling(one) for one in happened]
        await unit.locks.take(*(one.subject.lock for one in found if one is not None))
        return [None if one is None else await self._enforced(unit, one) for one in found]

    async def _enforced(self, unit: UnitT, ruling: Ruling) -> Action | None:
        latest = await unit.cases.latest(ruling.subject)
        if rulings.is_settled(latest, ruling.subject):
            return None
        tools = self._tools
        case = rulings.joined(latest, ruling, CaseId(tools.ids.uuid()), tools.clock.now())
        if latest is None or latest.id != case.id:
            await unit.outbox.add(event(tools, REPORTS, CASE_OPENED, case))
        await unit.cases.put(self._decided(None, case) if ruling.fits else case)
        if not ruling.fits:
            await tools.trail.append(unit, deed(tools, None, CASE_OPENED, case, ruling.words))
            return None
        errand = Errand(case, ruling.command(case), (ruling.subject,), ruling.cause)
        return await self._applied(unit, None, errand, ruling.subject)

    async def afterwards(self, action: Action | None) -> None:
        """What follows once :meth:`enforce` is committed."""
        if action is not None:
            await self._effects.afterwards([action])

    async def expire(self, most: int) -> int:
        """End up to ``most`` actions whose time has come; how many it were."""
        now = self._tools.clock.now()
        due = await self._units.read(lambda unit: unit.actions.due(now, most))
        for action in due:
            async with self._effects.changing(action.campus_id, people_of((action,))):
                await self._units.write(self._expiring(action), locking=True)
        return len(due)

    def _expiring(self, action: Action) -> Callable[[UnitT], Awaitable[None]]:
        async def body(unit: UnitT) -> None:
            case = await unit.cases.get(action.case_id)
            if case is None:
                return
            await unit.locks.take(case.subject.lock, action.target.lock)
            current = await unit.actions.get(action.id)
            if current is not None and current.end is None:
                ended = await self._effects.end(unit, current, actionpolicy.end_of(current), None)
                name = ACTION_LAPSED if ended.end is End.LAPSED else ACTION_EXPIRED
                await self._effects.record(unit, None, Fact(name, case, ended))

        return body

    async def _errand(self, actor: Actor, command: ApplyAction) -> Errand:
        """What a command asks for, if it can be done, to people of the case's campus."""
        policy.check_staff(actor)
        found = await self._units.read(lambda unit: unit.cases.get(command.case_id))
        case = policy.check_case(actor, found)
        actionpolicy.check_scope(actor, command)
        kind = actionpolicy.check_fits(case, command)
        for one in command.targets or ():
            if not await self._tools.people.is_of(one, case.campus_id):
                raise NotFound("There is nobody like one of the targets.")
        errand = Errand(case, command, actionpolicy.targets_of(case, command))
        if kind.is_felt and actor.user_id in errand.people:
            raise InvalidInput("Nobody acts on themselves.")
        return errand

    async def _tried(
        self, actor: Actor, case_id: CaseId, command: BatchAction
    ) -> Errand | DivanError:
        """The errand about one case of a batch, or why there is none."""
        one = asked(case_id, command)
        try:
            return await self._errand(actor, one)
        except DivanError as refusal:
            return refusal

    async def _current(self, unit: UnitT, actor: Actor, errand: Errand) -> Case:
        """The case of an errand as it is now, if it can still be acted on."""
        case = policy.check_case(actor, await unit.cases.get(errand.case.id))
        actionpolicy.check_open_to_actions(case, actor)
        return case

    async def _performed(
        self, unit: UnitT, actor: Actor, errand: Errand
    ) -> tuple[Case, list[Action]]:
        """The case after an errand, and what was done."""
        case = await self._current(unit, actor, errand)
        errand = attrs.evolve(errand, case=case)
        done = [await self._applied(unit, actor, errand, one) for one in errand.targets]
        if all(one.begun for one in done):
            return await self._decide(unit, actor, case), done
        return await self._proposed(unit, case), done

    async def _applied(
        self, unit: UnitT, actor: Actor | None, errand: Errand, target: Subject
    ) -> Action:
        """The action on one target; the one there is, where the case has one of the kind."""
        case, command = errand.case, errand.command
        now = self._tools.clock.now()
        standing = await unit.actions.in_force(target)
        before = actionpolicy.standing_alike(standing, case, command, now)
        if before is not None:
            return before
        action_id = ActionId(self._tools.ids.uuid())
        made = actionpolicy.new_action(action_id, case, command, target, now)
        by = None if actor is None else actor.user_id
        action = attrs.evolve(made, by=by, cause=errand.cause)
        if action.begun:
            action = await self._effects.begin(unit, action, standing)
        else:
            await unit.actions.put(action)
        name = ACTION_APPLIED if action.begun else ACTION_PROPOSED
        await self._effects.record(unit, actor, Fact(name, case, action, command.reason))
        return action

    async def _proposed(self, unit: UnitT, case: Case) -> Case:
        """The case about which admins have to agree: it waits for them."""
        if case.status is not CaseStatus.OPEN:
            return case
        left = policy.escalated(case)
        await unit.cases.put(left)
        await unit.outbox.add(event(self._tools, ESCALATIONS, CASE_ESCALATED, left))
        return left

    async def _confirmed(
        self, unit: UnitT, actor: Actor, case: Case, action: Action, words: str | None
    ) -> Action:
        """The action once it is in force; one that was before stays as it is."""
        actionpolicy.check_confirmable(actor, action, now := self._tools.clock.now())
        if action.begun:
            return action
        actionpolicy.check_open_to_actions(case, actor)
        standing = [one for one in await unit.actions.in_force(action.target) if one.begun]
        confirmed = actionpolicy.confirmed(action, actor.user_id, now)
        begun = await self._effects.begin(unit, confirmed, standing)
        await self._effects.record(unit, actor, Fact(ACTION_CONFIRMED, case, begun, words))
        return begun

    async def _decide(self, unit: UnitT, actor: Actor | None, case: Case) -> Case:
        """The case after an action, kept."""
        decided = self._decided(actor, case)
        if decided is not case:
            await unit.cases.put(decided)
        return decided

    def _decided(self, actor: Actor | None, case: Case) -> Case:
        """The case, which is actioned from its first action on; what admins have, they decide."""
        if case.decision is not None or (actor is None and case.status is CaseStatus.ESCALATED):
            return case
        now, by = self._tools.clock.now(), None if actor is None else actor.user_id
        return policy.decided(case, Decision.ACTIONED, by, now)

    @asynccontextmanager
    async def _changing(self, people: Mapping[CampusId, Collection[UserId]]) -> AsyncIterator[None]:
        """Wrap the unit that does something to these people of campuses."""
        async with AsyncExitStack() as stack:
            for campus_id, those in people.items():
                await stack.enter_async_context(self._effects.changing(campus_id, those))
            yield


async def _named(
    unit: ActionUnit, actor: Actor, command: RevertAction | ConfirmAction
) -> tuple[Case, Action]:
    """A case and the action of it that a command names.

    Raises:
        NotFound: there is none to the actor.
    """
    case = policy.check_case(actor, await unit.cases.get(command.case_id))
    action = await unit.actions.get(command.action_id)
    if action is None or action.case_id != case.id:
        raise NotFound
    return case, action


def _ruling(happened: Event) -> Ruling | None:
    return ruling_of(happened.campus_id, happened.data)

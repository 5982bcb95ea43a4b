"""The use cases of policies: kept, tried, and put in force."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, Generic, Protocol, TypeVar
from uuid import UUID

import attrs

from divan_core.errors import NotFound, PolicyExists
from divan_core.kernel.actor import ADMIN, Actor
from divan_core.kernel.clock import Clock
from divan_core.kernel.events import Event, EventId, Outbox
from divan_core.kernel.ids import Ids
from divan_core.kernel.once import Attempt, Done, KeyGiven, Once
from divan_core.kernel.paging import CursorSealer, Page
from divan_core.kernel.trail import Deed, Trail
from divan_core.kernel.units import Locks, Units
from divan_core.safety import views
from divan_core.safety.backtests import Progress, nobody_listens
from divan_core.safety.messages import (
    POLICY,
    POLICY_ACTIVATED,
    POLICY_CREATED,
    Backtest,
    BacktestView,
    CreatePolicy,
    DecisionView,
    DryRun,
    PoliciesQuery,
    PolicyId,
    PolicyQuery,
    PolicySummary,
    PolicyView,
)
from divan_core.safety.model import KeptPolicy
from divan_core.safety.own import OwnSignals
from divan_core.safety.policies import Policy, decide
from divan_core.safety.ports import PolicyRepository
from divan_core.safety.profanity import word_list
from divan_core.safety.reading import read_policy
from divan_core.safety.shipped import default_document, default_policy
from divan_core.safety.verdicts import Period

CREATE: Final = "policies.create"
ACTIVATION: Final = "policies"
"""The lock under which policies are put in force."""

_LIST: Final = b"policies:"


class PolicyUnit(Protocol):
    """What policies use of a unit of work."""

    @property
    def locks(self) -> Locks:
        """Names that one unit at a time can hold."""
        ...

    @property
    def policies(self) -> PolicyRepository:
        """Policies."""
        ...

    @property
    def outbox(self) -> Outbox:
        """The events of this unit."""
        ...


class BacktestRunner(Protocol):
    """Tries policies: :class:`~divan_core.safety.backtests.Backtests`."""

    async def run(
        self, policy: Policy, period: Period, progress: Progress = nobody_listens
    ) -> BacktestView:
        """What a policy would have decided on all of a period."""
        ...


UnitT = TypeVar("UnitT", bound=PolicyUnit)


@attrs.frozen
class PolicyTools(Generic[UnitT]):
    """What the service is built from, besides its store.

    ``denied`` are domains; ``own`` are signals of the host, for dry runs.
    """

    once: Once[UnitT]
    trail: Trail[UnitT]
    clock: Clock
    ids: Ids
    sealer: CursorSealer
    backtests: BacktestRunner
    denied: Collection[str] = ()
    own: OwnSignals = attrs.field(factory=dict)


class Policies(Generic[UnitT]):
    """The policies of a deployment, of which one decides: the one Divan comes with, or another.

    They never change; who wants another rule writes another version. Moderators may read and try
    them, administrators write them and put them in force.
    """

    def __init__(self, units: Units[UnitT], tools: PolicyTools[UnitT]) -> None:
        """Keep policies through ``units``."""
        self._units = units
        self._tools = tools
        self._backtests = tools.backtests

    async def listed(self, actor: Actor, query: PoliciesQuery) -> Page[PolicySummary]:
        """All policies, the newest first and the one Divan comes with last.

        Raises:
            NotAllowed: the actor is not of the staff.
            InvalidCursor: the cursor is not of this list.
        """
        views.check_moderator(actor)
        sealer, binding = self._tools.sealer, _LIST + actor.user_id.bytes
        before = None
        if query.cursor is not None:
            before = PolicyId(UUID(bytes=sealer.open(query.cursor, binding)))
        found = await self._page(before, query.limit + 1)
        shown = tuple(views.summary(one) for one in found[: query.limit])
        more = len(found) > query.limit
        return Page(shown, sealer.seal(shown[-1].id.bytes, binding) if more else None)

    async def show(self, actor: Actor, query: PolicyQuery) -> PolicyView:
        """One policy, as it was written.

        Raises:
            NotAllowed: the actor is not of the staff.
            NotFound: there is no such policy.
        """
        views.check_moderator(actor)
        return await self._units.read(lambda unit: _existing(unit, query.policy_id))

    async def create(
        self, actor: Actor, command: CreatePolicy, *, idempotency_key: KeyGiven = None
    ) -> Done[PolicyView]:
        """Keep a policy; it decides nothing until it is activated.

        Raises:
            NotAllowed: the actor is no administrator.
            ValidationFailed: it is no policy; each fault has its path.
            PolicyExists: there is one of this version.
            Refusals of the key: see :class:`~divan_core.kernel.once.Once`.
        """
        views.check_admin(actor)
        document = views.document_of(command)
        policy, tools = read_policy(document), self._tools
        if policy.version == default_policy().version:
            raise PolicyExists
        kept = KeptPolicy(
            id=PolicyId(tools.ids.uuid()),
            version=policy.version,
            document=document,
            created_by=actor.user_id,
            created_at=tools.clock.now(),
        )

        async def body(unit: UnitT) -> PolicyView:
            await unit.policies.add(kept)
            view = views.policy_view(kept)
            await tools.trail.append(unit, self._deed(actor, POLICY_CREATED, view))
            return view

        attempt = Attempt(actor, CREATE, command, PolicyView, idempotency_key)
        return await tools.once.once(attempt, body)

    async def activate(self, actor: Actor, query: PolicyQuery) -> PolicyView:
        """Let a policy decide from now on, and no other; one that does so already goes on.

        Raises:
            NotAllowed: the actor is no administrator.
            NotFound: there is no such policy.
            ValidationFailed: this version of Divan cannot read it any more.
        """
        views.check_admin(actor)
        chosen, now = query.policy_id, self._tools.clock.now()

        async def body(unit: UnitT) -> PolicyView:
            await unit.locks.take(ACTIVATION)
            before = await _existing(unit, chosen)
            if before.active:
                return before
            found = None if chosen == views.DEFAULT_ID else chosen
            if found is not None:
                read_policy(views.document_of(_written(before)))
            await unit.policies.activate(found, actor.user_id, now)
            await unit.outbox.add(self._activated(actor, before))
            await self._tools.trail.append(unit, self._deed(actor, POLICY_ACTIVATED, before))
            return await _existing(unit, chosen)

        return await self._units.write(body, locking=True)

    async def dry_run(self, actor: Actor, command: DryRun) -> DecisionView:
        """What a policy would decide on something; nothing is done or kept.

        Raises:
            NotAllowed: the actor is not of the staff.
            ValidationFailed: it is no policy.
            ValidationFailed: a signal that is not known.
        """
        views.check_moderator(actor)
        tools = self._tools
        facts = views.given_facts(command.event, word_list(), tools.denied, tools.own)
        if command.policy is None:
            return views.decision_view(decide(await self.in_force(), facts))
        return views.decision_view(decide(read_policy(command.policy, "$.policy"), facts))

    async def backtest(self, actor: Actor, command: Backtest) -> BacktestView:
        """What a policy would have decided on what was written in a period; nothing is done.

        Moderators try it on what was written on their campus, administrators on all.

        Raises:
            NotAllowed: the actor is not of the staff.
            ValidationFailed: it is no policy, or the period is none.
        """
        views.check_moderator(actor)
        period = views.period_of(command, None if ADMIN in actor.roles else actor.campus_id)
        return await self._backtests.run(read_policy(command.policy, "$.policy"), period)

    async def backtest_all(
        self, command: Backtest, progress: Progress = nobody_listens
    ) -> BacktestView:
        """As :meth:`backtest` on all campuses, for operators: no role is asked.

        Raises:
            ValidationFailed: it is no policy, or the period is none.
        """
        policy = read_policy(command.policy, "$.policy")
        return await self._backtests.run(policy, views.period_of(command, None), progress)

    async def in_force(self) -> Policy:
        """The policy that decides now."""
        kept = await self._units.read(lambda unit: unit.policies.active())
        return default_policy() if kept is None else read_policy(kept.document)

    async def catalogue(self, most: int) -> Sequence[PolicyView]:
        """Up to ``most`` policies as :meth:`listed` has them, for operators: no role is asked."""
        return await self._page(None, most)

    async def _page(self, before: PolicyId | None, limit: int) -> Sequence[PolicyView]:
        async def body(unit: UnitT) -> Sequence[PolicyView]:
            found = [views.policy_view(one) for one in await unit.policies.page(before, limit)]
            if len(found) < limit and before != views.DEFAULT_ID:
                found.append(await _existing(unit, views.DEFAULT_ID))
            return found

        return await self._units.read(body)

    def _deed(self, actor: Actor, name: str, policy: PolicyView) -> Deed:
        return Deed(
            action=name,
            about=f"policy:{policy.id}",
            at=self._tools.clock.now(),
            actor_id=actor.user_id,
            data={"version": policy.version},
        )

    def _activated(self, actor: Actor, policy: PolicyView) -> Event:
        return Event(
            id=EventId(self._tools.ids.uuid()),
            topic=POLICY,
            name=POLICY_ACTIVATED,
            campus_id=actor.campus_id,
            aggregate=ACTIVATION,
            at=self._tools.clock.now(),
            data={"policy_id": str(policy.id)},
        )


def _written(view: PolicyView) -> CreatePolicy:
    return CreatePolicy(view.version, view.rules, view.default_action)


async def _existing(unit: PolicyUnit, policy_id: PolicyId) -> PolicyView:
    if policy_id == views.DEFAULT_ID:
        active = await unit.policies.active() is None
        return views.default_kept(default_document(), active=active)
    found = await unit.policies.get(policy_id)
    if found is None:
        raise NotFound
    return views.policy_view(found)

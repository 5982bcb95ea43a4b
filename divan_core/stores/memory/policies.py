"""Policies of moderation, in memory."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from divan_core.errors import PolicyExists
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.kernel.units import UnitMisused
from divan_core.safety.model import KeptPolicy, PolicyId
from divan_core.stores.memory.accounts import AccountRecords
from divan_core.stores.memory.changes import Changes


@attrs.define
class PolicyRecords:
    """All policies; there are few."""

    policies: dict[PolicyId, KeptPolicy] = attrs.field(factory=dict)

    @property
    def active(self) -> KeptPolicy | None:
        """The one in force, or None."""
        return next((one for one in self.policies.values() if one.active), None)


class MemoryPolicies:
    """Keeps policies."""

    def __init__(self, records: PolicyRecords, accounts: AccountRecords, changes: Changes) -> None:
        """Work on ``records`` of those in ``accounts``; how to undo it goes into ``changes``."""
        self._records = records
        self._policies = records.policies
        self._accounts = accounts
        self._changes = changes

    async def add(self, policy: KeptPolicy) -> None:
        """Keep a new one."""
        self._changes.begin()
        if policy.created_by not in self._accounts.people:
            raise self._changes.failed(UnitMisused("A policy's author does not exist."))
        if any(one.version == policy.version for one in self._policies.values()):
            raise self._changes.failed(PolicyExists())
        self._changes.set(self._policies, policy.id, policy)

    async def get(self, policy_id: PolicyId) -> KeptPolicy | None:
        """The policy, or None."""
        return self._policies.get(policy_id)

    async def page(self, before: PolicyId | None, limit: int) -> Sequence[KeptPolicy]:
        """Up to ``limit`` policies by id descending, below ``before``."""
        found = [one for one in self._policies.values() if before is None or one.id < before]
        return sorted(found, key=lambda one: one.id, reverse=True)[:limit]

    async def active(self) -> KeptPolicy | None:
        """The one that is active, or None."""
        return self._records.active

    async def activate(self, policy_id: PolicyId | None, by: UserId, at: Millis) -> None:
        """From now on this one is active and no other."""
        self._changes.begin()
        before = await self.active()
        if before is not None:
            self._changes.set(self._policies, before.id, attrs.evolve(before, active=False))
        if policy_id is not None:
            chosen = attrs.evolve(
                self._policies[policy_id], active=True, activated_by=by, activated_at=at
            )
            self._changes.set(self._policies, policy_id, chosen)

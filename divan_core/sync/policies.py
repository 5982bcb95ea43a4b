"""Policies of moderation for programs without an event loop."""

from __future__ import annotations

from divan_core.kernel.actor import Actor
from divan_core.kernel.once import Done, KeyGiven
from divan_core.kernel.paging import Page
from divan_core.safety.messages import (
    Backtest,
    BacktestView,
    CreatePolicy,
    DecisionView,
    DryRun,
    PoliciesQuery,
    PolicyQuery,
    PolicySummary,
    PolicyView,
)
from divan_core.safety.service import Policies
from divan_core.stores.bundle import StoreUnit
from divan_core.sync.waiting import Waiting


class SyncPolicies:
    """:class:`~divan_core.safety.service.Policies`, waiting for each answer."""

    def __init__(self, service: Policies[StoreUnit], waiting: Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def listed(self, actor: Actor, query: PoliciesQuery) -> Page[PolicySummary]:
        """See ``Policies.listed``."""
        return self._run(self._service.listed, actor, query)

    def show(self, actor: Actor, query: PolicyQuery) -> PolicyView:
        """See ``Policies.show``."""
        return self._run(self._service.show, actor, query)

    def create(
        self, actor: Actor, command: CreatePolicy, *, idempotency_key: KeyGiven = None
    ) -> Done[PolicyView]:
        """See ``Policies.create``."""
        return self._run(self._service.create, actor, command, idempotency_key=idempotency_key)

    def activate(self, actor: Actor, query: PolicyQuery) -> PolicyView:
        """See ``Policies.activate``."""
        return self._run(self._service.activate, actor, query)

    def dry_run(self, actor: Actor, command: DryRun) -> DecisionView:
        """See ``Policies.dry_run``."""
        return self._run(self._service.dry_run, actor, command)

    def backtest(self, actor: Actor, command: Backtest) -> BacktestView:
        """See ``Policies.backtest``."""
        return self._run(self._service.backtest, actor, command)

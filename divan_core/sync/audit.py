"""The audit for programs without an event loop."""

from __future__ import annotations

from divan_core.kernel.actor import Actor
from divan_core.kernel.paging import Page
from divan_core.moderation.audit import Audit
from divan_core.moderation.auditmessages import AuditQuery, AuditView, Verification
from divan_core.sync.waiting import Waiting


class SyncAudit:
    """:class:`~divan_core.moderation.audit.Audit`, waiting for each answer."""

    def __init__(self, service: Audit, waiting: Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def page(self, actor: Actor, query: AuditQuery) -> Page[AuditView]:
        """See ``Audit.page``."""
        return self._run(self._service.page, actor, query)

    def check(self, actor: Actor) -> Verification:
        """See ``Audit.check``."""
        return self._run(self._service.check, actor)

    def verify(self) -> Verification:
        """See ``Audit.verify``."""
        return self._run(self._service.verify)

    def tail(self, limit: int) -> tuple[AuditView, ...]:
        """See ``Audit.tail``."""
        return self._run(self._service.tail, limit)

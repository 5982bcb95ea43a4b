"""Export and erasure for programs without an event loop."""

from __future__ import annotations

from divan_core.kernel.ids import UserId
from divan_core.personal.service import Dossier, Personal, Plan
from divan_core.sync.waiting import Waiting


class SyncPersonal:
    """:class:`~divan_core.personal.service.Personal`, waiting for each answer."""

    def __init__(self, service: Personal, waiting: Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def export(self, email: str) -> Dossier:
        """See :meth:`Personal.export <divan_core.personal.service.Personal.export>`."""
        return self._run(self._service.export, email)

    def plan(self, email: str, handle: str) -> Plan:
        """See ``Personal.plan``."""
        return self._run(self._service.plan, email, handle)

    def erase(self, user_id: UserId) -> None:
        """See ``Personal.erase``."""
        self._run(self._service.erase, user_id)

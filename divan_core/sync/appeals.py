"""Appeals and statements of reasons for programs without an event loop."""

from __future__ import annotations

from divan_core.kernel.actor import Actor
from divan_core.kernel.once import Done, KeyGiven
from divan_core.kernel.paging import Page
from divan_core.moderation.appealmessages import (
    AppealOutcome,
    AppealsQuery,
    AppealView,
    OneAppeal,
    OwnAppeal,
    ResolveAppeal,
    SendAppeal,
)
from divan_core.moderation.appeals import Appeals
from divan_core.moderation.sanctionmessages import Sanction, SanctionsQuery
from divan_core.moderation.sanctions import Sanctions
from divan_core.stores.bundle import StoreUnit
from divan_core.sync.waiting import Waiting


class SyncAppeals:
    """:class:`~divan_core.moderation.appeals.Appeals`, waiting for each answer."""

    def __init__(self, service: Appeals[StoreUnit], waiting: Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def send(
        self, actor: Actor, command: SendAppeal, *, idempotency_key: KeyGiven = None
    ) -> Done[OwnAppeal]:
        """See ``Appeals.send``."""
        return self._run(self._service.send, actor, command, idempotency_key=idempotency_key)

    def resolve(
        self, actor: Actor, command: ResolveAppeal, *, idempotency_key: KeyGiven = None
    ) -> Done[AppealOutcome]:
        """See ``Appeals.resolve``."""
        return self._run(self._service.resolve, actor, command, idempotency_key=idempotency_key)

    def page(self, actor: Actor, query: AppealsQuery) -> Page[AppealView]:
        """See ``Appeals.page``."""
        return self._run(self._service.page, actor, query)

    def get(self, actor: Actor, query: OneAppeal) -> AppealView:
        """See ``Appeals.get``."""
        return self._run(self._service.get, actor, query)


class SyncSanctions:
    """:class:`~divan_core.moderation.sanctions.Sanctions`, waiting for each answer."""

    def __init__(self, service: Sanctions, waiting: Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def mine(self, actor: Actor, query: SanctionsQuery) -> Page[Sanction]:
        """See ``Sanctions.mine``."""
        return self._run(self._service.mine, actor, query)

"""Accounts for programs without an event loop."""

from __future__ import annotations

from divan_core.accounts.messages import (
    CampusView,
    ChangePrivacy,
    ChangeProfile,
    CreateCampus,
    CreatePerson,
    ListQuery,
    OwnAccount,
    PrivacyView,
)
from divan_core.accounts.service import Accounts
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.paging import Page
from divan_core.sync.waiting import Waiting


class SyncAccounts:
    """:class:`~divan_core.accounts.service.Accounts`, waiting for each answer."""

    def __init__(self, service: Accounts, waiting: Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def actor(
        self, user_id: UserId, campus_id: CampusId | None = None, *, banned_too: bool = False
    ) -> Actor:
        """See :meth:`Accounts.actor <divan_core.accounts.service.Accounts.actor>`."""
        return self._run(self._service.actor, user_id, campus_id, banned_too=banned_too)

    def create_campus(self, command: CreateCampus) -> CampusView:
        """See ``Accounts.create_campus``."""
        return self._run(self._service.create_campus, command)

    def campuses(self, query: ListQuery) -> Page[CampusView]:
        """See ``Accounts.campuses``."""
        return self._run(self._service.campuses, query)

    def create_person(self, command: CreatePerson) -> OwnAccount:
        """See ``Accounts.create_person``."""
        return self._run(self._service.create_person, command)

    def me(self, actor: Actor) -> OwnAccount:
        """See ``Accounts.me``."""
        return self._run(self._service.me, actor)

    def change_profile(self, actor: Actor, command: ChangeProfile) -> OwnAccount:
        """See ``Accounts.change_profile``."""
        return self._run(self._service.change_profile, actor, command)

    def change_privacy(self, actor: Actor, command: ChangePrivacy) -> PrivacyView:
        """See ``Accounts.change_privacy``."""
        return self._run(self._service.change_privacy, actor, command)

"""Accounts' use cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol
from uuid import UUID

import attrs

from divan_core.accounts import policy
from divan_core.accounts.areas import Areas
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
from divan_core.accounts.model import Campus, Person
from divan_core.accounts.ports import (
    CampusRepository,
    Mailboxes,
    PersonRepository,
    PresenceRefresh,
)
from divan_core.errors import CampusMismatch, FieldError, UnknownUser, ValidationFailed
from divan_core.kernel.actor import Actor
from divan_core.kernel.audience import Audience
from divan_core.kernel.clock import Clock
from divan_core.kernel.events import Event, Outbox
from divan_core.kernel.gate import Act, WritersGate, check_verdict
from divan_core.kernel.ids import CampusId, Ids, UserId
from divan_core.kernel.ingress import Written, ingress
from divan_core.kernel.paging import CursorSealer, Page
from divan_core.kernel.units import Units
from divan_core.kernel.visibility import Standing


class AccountsUnit(Protocol):
    """What accounts uses of a unit of work."""

    @property
    def campuses(self) -> CampusRepository:
        """Campuses."""
        ...

    @property
    def people(self) -> PersonRepository:
        """People."""
        ...

    @property
    def logins(self) -> Mailboxes:
        """Mailboxes."""
        ...

    @property
    def outbox(self) -> Outbox:
        """The events of this unit."""
        ...


@attrs.frozen
class AccountsTools:
    """What the service is built from, besides its store."""

    audience: Audience
    presence: PresenceRefresh
    gate: WritersGate
    areas: Areas
    clock: Clock
    ids: Ids
    sealer: CursorSealer


class Accounts:
    """Campuses, people, and how they want to be seen."""

    def __init__(self, units: Units[AccountsUnit], tools: AccountsTools) -> None:
        """Keep accounts through ``units``."""
        self._units = units
        self._tools = tools

    async def actor(
        self, user_id: UserId, campus_id: CampusId | None = None, *, banned_too: bool = False
    ) -> Actor:
        """Whom credentials name; roles come from the record.

        ``banned_too`` is for what a ban does not close: what was done to oneself, and appeals.

        Raises:
            UnknownUser: there is no such person.
            Banned: they were banned, and it is not for the banned too.
            CampusMismatch: they belong to another campus.
        """
        card = await self._tools.audience.card(user_id)
        return policy.recognised(card, campus_id, banned_too=banned_too)

    def kept(
        self, user_id: UserId, campus_id: CampusId | None = None, *, banned_too: bool = False
    ) -> Actor | None:
        """The same at once if the person's card is here, which nobody needs to await; else None.

        Raises:
            UnknownUser, Banned, CampusMismatch: as above.
        """
        card = self._tools.audience.kept(user_id)
        if card is None:
            return None
        return policy.recognised(card, campus_id, banned_too=banned_too)

    async def create_campus(self, command: CreateCampus) -> CampusView:
        """Found a campus, or change the one that has the command's id.

        Raises:
            ValidationFailed: a field that cannot be.
        """
        campus = policy.new_campus(command, command.id or CampusId(self._tools.ids.uuid()))

        async def body(unit: AccountsUnit) -> None:
            await unit.campuses.put((campus,))

        await self._units.write(body)
        self._tools.areas.forget(campus.id)
        return policy.campus_view(campus)

    async def campuses(self, query: ListQuery) -> Page[CampusView]:
        """A page of all campuses, by id.

        Raises:
            InvalidCursor: the cursor is not of this list.
        """
        sealer = self._tools.sealer
        after = None if query.cursor is None else sealer.open(query.cursor, b"campuses")
        last = None if after is None else CampusId(UUID(bytes=after))

        async def body(unit: AccountsUnit) -> list[Campus]:
            return list(await unit.campuses.page(last, query.limit + 1))

        found = await self._units.read(body)
        items = found[: query.limit]
        more = len(found) > query.limit
        return Page(
            items=tuple(policy.campus_view(campus) for campus in items),
            cursor=sealer.seal(items[-1].id.bytes, b"campuses") if more else None,
        )

    async def create_person(self, command: CreatePerson) -> OwnAccount:
        """Add a person whom the host application vouches for.

        Raises:
            ValidationFailed: a field that cannot be, or an unknown campus.
            HandleTaken: somebody has the handle, or one that looks like it.
            EmailTaken: somebody has the mailbox.
        """
        now = self._tools.clock.now()
        user_id = command.id or UserId(self._tools.ids.uuid())
        person = policy.new_person(command, user_id, now)

        async def body(unit: AccountsUnit) -> None:
            if await unit.campuses.get(person.campus_id) is None:
                fault = FieldError("$.campus_id", "there is no such campus")
                raise ValidationFailed(errors=[fault])
            await unit.people.put((person,))
            if person.email is not None:
                await unit.logins.claim(person.id, person.email)

        async with self._tools.audience.changing(person.campus_id, (person.id,)):
            await self._units.write(body)
        return policy.own_account(person, email_verified=False)

    async def admit(
        self, user_id: UserId, campus_id: CampusId, handle: str, display_name: str
    ) -> None:
        """Add a person whom a trusted issuer vouches for; one who exists stays as they are.

        Raises:
            ValidationFailed: a field that cannot be.
            HandleTaken: somebody else has the handle.
            CampusMismatch: there is no such campus.
        """
        command = CreatePerson(campus_id=campus_id, handle=handle, display_name=display_name)
        person = policy.new_person(command, user_id, self._tools.clock.now())

        async def body(unit: AccountsUnit) -> None:
            if await unit.campuses.get(campus_id) is None:
                raise CampusMismatch
            if await unit.people.get(user_id) is None:
                await unit.people.put((person,))
                await unit.outbox.add(self._written(user_id, campus_id))

        async with self._tools.audience.changing(campus_id, (user_id,)):
            await self._units.write(body)

    async def me(self, actor: Actor) -> OwnAccount:
        """The actor's own account."""

        async def body(unit: AccountsUnit) -> OwnAccount:
            return await _own(unit, await _existing(unit, actor.user_id))

        return await self._units.read(body)

    async def change_profile(self, actor: Actor, command: ChangeProfile) -> OwnAccount:
        """Change what others read about the actor.

        Raises:
            ValidationFailed: a field that cannot be; nothing was changed.
            Refusals of the gate: see :func:`~divan_core.kernel.gate.check_verdict`.
        """
        await self._tools.audience.refresh(actor.campus_id)
        check_verdict(await self._tools.gate.ask(actor, Act.PROFILE))
        told = self._written(actor.user_id, actor.campus_id)
        return await self._change(actor, lambda one: policy.with_profile(one, command), told)

    async def change_privacy(self, actor: Actor, command: ChangePrivacy) -> PrivacyView:
        """Change how the actor is seen; in force in the very next answer on every process.

        Raises:
            StoreUnavailable: it could not be brought into force everywhere. Nothing was changed,
                or it was changed and repeating the call settles it.
        """
        account = await self._change(actor, lambda one: policy.with_privacy(one, command))
        return account.privacy

    def _written(self, user_id: UserId, campus_id: CampusId) -> Event:
        """That somebody tells of themselves, for whoever decides about it."""
        what = Written("user", user_id, user_id, campus_id)
        return ingress(what, self._tools.ids.uuid(), self._tools.clock.now())

    async def _change(
        self, actor: Actor, change: Callable[[Person], Person], *told: Event
    ) -> OwnAccount:
        async def body(unit: AccountsUnit) -> OwnAccount:
            person = change(await _existing(unit, actor.user_id))
            await unit.people.put((person,))
            await unit.outbox.add(*told)
            return await _own(unit, person)

        tools = self._tools
        async with tools.audience.changing(actor.campus_id, (actor.user_id,)):
            account = await self._units.write(body)
        await tools.presence.refresh(actor.campus_id, actor.user_id)
        return account


async def _own(unit: AccountsUnit, person: Person) -> OwnAccount:
    verified = await unit.logins.is_verified(person.id)
    return policy.own_account(person, email_verified=verified)


async def _existing(unit: AccountsUnit, user_id: UserId) -> Person:
    person = await unit.people.get(user_id)
    if person is None or person.standing is Standing.DELETED:
        raise UnknownUser
    return person

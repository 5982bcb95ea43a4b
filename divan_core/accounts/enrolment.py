"""Newcomers of other contexts: the people that registrations become."""

from __future__ import annotations

from typing import Protocol

from divan_core.accounts import policy
from divan_core.accounts.messages import CreatePerson
from divan_core.accounts.model import Person
from divan_core.accounts.ports import CampusRepository, PersonRepository
from divan_core.errors import FieldError, HandleTaken, ValidationFailed
from divan_core.kernel.clock import Clock
from divan_core.kernel.events import Outbox
from divan_core.kernel.ids import CampusId, Ids, UserId
from divan_core.kernel.ingress import Written, ingress


class EnrolmentUnit(Protocol):
    """What enrolment uses of a unit of work."""

    @property
    def campuses(self) -> CampusRepository:
        """Campuses."""
        ...

    @property
    def people(self) -> PersonRepository:
        """People."""
        ...

    @property
    def outbox(self) -> Outbox:
        """The events of this unit."""
        ...


class Asked(Protocol):
    """What is known of a newcomer."""

    @property
    def id(self) -> UserId:
        """Who they will be."""
        ...

    @property
    def campus_id(self) -> CampusId:
        """Where they belong."""
        ...

    @property
    def handle(self) -> str:
        """What they want to be called, in short."""
        ...

    @property
    def display_name(self) -> str:
        """What they want to be called."""
        ...

    @property
    def email(self) -> str:
        """Their address."""
        ...


class Enrolment:
    """Judges newcomers, and keeps them."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        """People begin when the clock says so; ``ids`` are for what is told of them."""
        self._clock = clock
        self._ids = ids

    def handle_of(self, newcomer: Asked) -> str:
        """The handle as it would be kept.

        Raises:
            ValidationFailed: a field that cannot be.
        """
        return self._person(newcomer).handle

    async def require_room(self, unit: EnrolmentUnit, newcomer: Asked) -> None:
        """See that the newcomer could be enrolled now.

        Raises:
            ValidationFailed: there is no such campus.
            HandleTaken: somebody has the handle, or one that looks like it.
        """
        if await unit.campuses.get(newcomer.campus_id) is None:
            fault = FieldError("$.campus_id", "there is no such campus")
            raise ValidationFailed(errors=[fault])
        if await unit.people.look_alikes((newcomer.handle,)):
            raise HandleTaken

    async def enrol(self, unit: EnrolmentUnit, newcomer: Asked) -> None:
        """Keep the person.

        Raises:
            ValidationFailed, HandleTaken: as for :meth:`require_room`.
        """
        await self.require_room(unit, newcomer)
        person = self._person(newcomer)
        await unit.people.put((person,))
        what = Written("user", person.id, person.id, person.campus_id)
        await unit.outbox.add(ingress(what, self._ids.uuid(), person.created_at))

    def _person(self, newcomer: Asked) -> Person:
        command = CreatePerson(
            campus_id=newcomer.campus_id,
            handle=newcomer.handle,
            display_name=newcomer.display_name,
            email=newcomer.email,
        )
        return policy.new_person(command, newcomer.id, self._clock.now())

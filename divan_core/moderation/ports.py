"""What the desk needs from a store, and from others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar
from uuid import UUID

from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.events import Outbox
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.units import Locks
from divan_core.moderation.actionmessages import CaseDecision
from divan_core.moderation.actionmodel import Action, ActionId
from divan_core.moderation.appealmessages import Appellant
from divan_core.moderation.appealmodel import Appeal, AppealFilter, AppealId, AppealStatus
from divan_core.moderation.chain import Entry, Link
from divan_core.moderation.model import (
    Case,
    CaseFilter,
    CaseId,
    Course,
    Found,
    Report,
    ReportId,
    Subject,
    Waiting,
)

UnitT_contra = TypeVar("UnitT_contra", contravariant=True)


class AuditRepository(Protocol):
    """Keeps what is on record. Nothing is ever changed but by :meth:`erase`, or removed."""

    async def head(self) -> Link:
        """The end of the record, which no other unit can move until the end of this one."""
        ...

    async def add(self, entries: Sequence[Entry]) -> None:
        """Append these, which follow the head that this unit has asked for."""
        ...

    async def end(self) -> Link:
        """The end of the record, for reading."""
        ...

    async def page(
        self, after: int, limit: int, campus_id: CampusId | None = None
    ) -> Sequence[Entry]:
        """Up to ``limit`` entries above a number, ascending; of one campus, or all there are."""
        ...

    async def about(self, about: str, limit: int) -> Sequence[Entry]:
        """The first ``limit`` entries about something, ascending."""
        ...

    async def count_words(self, person_id: UserId) -> int:
        """How many entries hold words about a person."""
        ...

    async def erase_words(self, person_id: UserId, most: int) -> int:
        """Erase words about a person, with their salt, in up to ``most`` entries; how many."""
        ...


class Checkpoints(Protocol):
    """Where checkpoints are kept: apart from the database, one line each, append-only."""

    async def lines(self) -> Sequence[str]:
        """All of them, oldest first; nothing where none was kept.

        Raises:
            StoreUnavailable: they cannot be read.
        """
        ...

    async def add(self, line: str) -> None:
        """Append one, durably.

        Raises:
            StoreUnavailable: it was not kept.
        """
        ...


class NoCheckpoints:
    """Those of a deployment that keeps none."""

    async def lines(self) -> Sequence[str]:
        """None."""
        return ()

    async def add(self, line: str) -> None:
        """Forget it."""


class AuditUnit(Protocol):
    """What the record uses of a unit of work."""

    @property
    def audit(self) -> AuditRepository:
        """What is on record."""
        ...


class CaseRepository(Protocol):
    """Keeps cases, and the reports that they gather."""

    async def get(self, case_id: CaseId) -> Case | None:
        """The case, whatever its state, or None."""
        ...

    async def get_many(self, case_ids: Collection[CaseId]) -> Sequence[Case]:
        """Those of these that exist, in any order. One statement."""
        ...

    async def live(self, subject: Subject) -> Case | None:
        """The case about a subject that is open or escalated, or None."""
        ...

    async def latest(self, subject: Subject) -> Case | None:
        """The newest case about a subject, whatever its state, or None."""
        ...

    async def put(self, case: Case) -> None:
        """Keep it, replacing the one of the same id.

        Raises:
            CaseOpen: there is another live case about its subject; nothing of the unit is kept.
        """
        ...

    async def page(self, wanted: CaseFilter, before: CaseId | None, limit: int) -> Sequence[Case]:
        """Up to ``limit`` cases that fit, with an id below ``before``, by id descending."""
        ...

    async def urgent(
        self, campus_id: CampusId | None, moderator: UserId, now: Millis, limit: int
    ) -> Sequence[Case]:
        """Up to ``limit`` cases that this moderator may take up, the most urgent first.

        Those of a campus that are open; with None, of all campuses, and the escalated ones first.
        Then by severity descending and id ascending.
        """
        ...

    async def held(self, moderator: UserId, now: Millis) -> Case | None:
        """The case that waits on this moderator's desk, the one leased longest, or None.

        It is live, or an appeal waits.
        """
        ...

    async def over(self, decided_before: Millis, most: int) -> Sequence[Case]:
        """Up to ``most`` cases that were decided before a moment and are not closed, by id.

        None of which an appeal waits.
        """
        ...

    async def waiting(self, campus_id: CampusId | None) -> Sequence[Waiting]:
        """How many live cases there are of each status, assignee and severity. One statement."""
        ...

    async def courses(
        self, campus_id: CampusId | None, since: Millis, most: int
    ) -> Sequence[Course]:
        """Of up to ``most`` cases that were opened or decided since a moment, the newest first."""
        ...

    async def report(self, report: Report) -> None:
        """Keep a report, whose case exists.

        Raises:
            AlreadyReported: its reporter has one of this case; nothing of the unit is kept.
        """
        ...

    async def reports(self, case_id: CaseId, limit: int) -> Sequence[Report]:
        """The first ``limit`` reports of a case, by id."""
        ...

    async def reports_by(
        self, reporter_id: UserId, before: ReportId | None, limit: int
    ) -> Sequence[tuple[Report, Case]]:
        """Up to ``limit`` reports of somebody, with their cases, by id descending."""
        ...

    async def reporters_of(self, owner_id: UserId, since: Millis, weight: int) -> int:
        """How many different people reported what is somebody's after a moment.

        Those count whose report weighs as much as this, or more. One statement.
        """
        ...

    async def upheld_and_dismissed(self, reporter_id: UserId) -> tuple[int, int]:
        """How many of somebody's reports came to something, and how many to nothing."""
        ...

    async def count_notes(self, person_id: UserId) -> int:
        """How many notes there are in reports by somebody or about what is theirs."""
        ...

    async def erase_notes(self, person_id: UserId, most: int) -> int:
        """Remove up to ``most`` of these notes; how many it were."""
        ...


class DeskUnit(AuditUnit, Protocol):
    """What the desk uses of a unit of work."""

    @property
    def locks(self) -> Locks:
        """Names that one unit at a time can hold."""
        ...

    @property
    def cases(self) -> CaseRepository:
        """Cases and reports."""
        ...

    @property
    def outbox(self) -> Outbox:
        """The events of this unit."""
        ...


class Subjects(Protocol):
    """What can be reported, as those contexts know it that keep it."""

    async def found(self, reporter: Actor, subject: Subject) -> Found | None:
        """What somebody wants to report, or None if there is no such thing to them.

        There is what they see, and what they have met before it was hidden from them.
        """
        ...

    async def content(self, subject: Subject) -> str | None:
        """What a subject says, or how it is called, to staff; None where it is gone."""
        ...


class People(Protocol):
    """Who is who."""

    async def since(self, user_id: UserId) -> Millis:
        """Since when somebody is here."""
        ...

    async def is_staff(self, user_id: UserId, beside: Actor) -> bool:
        """Whether somebody is of the staff of this actor's campus, or of all."""
        ...

    async def is_of(self, user_id: UserId, campus_id: CampusId) -> bool:
        """Whether there is somebody of this id on a campus."""
        ...

    async def named(self, handle: str) -> UserId | None:
        """Who has this handle, or None."""
        ...

    async def introduced(self, people: Collection[UserId]) -> Mapping[UserId, Appellant]:
        """How these are called, to staff; who is gone or never was, without a name."""
        ...


class Decided(Protocol):
    """What was decided by machine."""

    async def about(self, subject_id: UUID, others: Collection[UUID]) -> Sequence[CaseDecision]:
        """The decisions about something, and these others, the oldest first. One statement."""
        ...


class ActionRepository(Protocol):
    """Keeps what was done about cases."""

    async def get(self, action_id: ActionId) -> Action | None:
        """The action, ended or not, or None."""
        ...

    async def put(self, action: Action) -> None:
        """Keep it, replacing the one of the same id. Its case exists."""
        ...

    async def of_case(self, case_id: CaseId, limit: int) -> Sequence[Action]:
        """The first ``limit`` actions of a case, by id."""
        ...

    async def felt_by(
        self, person_id: UserId, before: ActionId | None, limit: int, *, hidden_too: bool
    ) -> Sequence[Action]:
        """Up to ``limit`` actions on somebody or what is theirs that they may know of.

        Those with an id below ``before``, ended or not, by id descending. None that did nothing or
        never took force, and only with ``hidden_too`` those that were to go unnoticed. One
        statement.
        """
        ...

    async def in_force(self, target: Subject) -> Sequence[Action]:
        """The actions on a target that have not ended, by id."""
        ...

    async def due(self, now: Millis, most: int) -> Sequence[Action]:
        """Up to ``most`` actions that end by themselves and whose time has come, by that."""
        ...

    async def count_words(self, person_id: UserId) -> int:
        """How many actions hold words about a person."""
        ...

    async def erase_words(self, person_id: UserId, most: int) -> int:
        """Remove reason and note from up to ``most`` of these; how many it were."""
        ...


class ActionUnit(DeskUnit, Protocol):
    """What actions use of a unit of work."""

    @property
    def actions(self) -> ActionRepository:
        """What was done."""
        ...


class AppealRepository(Protocol):
    """Keeps appeals."""

    async def get(self, appeal_id: AppealId) -> Appeal | None:
        """The appeal, or None."""
        ...

    async def put(self, appeal: Appeal) -> None:
        """Keep it, replacing the one of the same id. Its case exists.

        Raises:
            AlreadyAppealed: its appellant has another one of this case; nothing of the unit is
                kept.
        """
        ...

    async def of_case(self, case_id: CaseId, limit: int) -> Sequence[Appeal]:
        """The first ``limit`` appeals of a case, by id."""
        ...

    async def of_person(
        self, appellant_id: UserId, case_ids: Collection[CaseId]
    ) -> Sequence[Appeal]:
        """Somebody's appeals about these cases, in any order. One statement."""
        ...

    async def by(
        self, appellant_id: UserId, after: AppealId | None, limit: int
    ) -> Sequence[Appeal]:
        """Up to ``limit`` appeals of somebody with an id above ``after``, by id."""
        ...

    async def page(
        self, wanted: AppealFilter, before: AppealId | None, limit: int
    ) -> Sequence[Appeal]:
        """Up to ``limit`` appeals that fit, with an id below ``before``, by id descending."""
        ...

    async def tally(self, campus_id: CampusId | None, since: Millis) -> Mapping[AppealStatus, int]:
        """How many wait, and how many were decided how since a moment; those there are none of not.

        Of one campus, or of all. One statement.
        """
        ...

    async def urgent(self, admin: UserId, now: Millis, limit: int) -> Sequence[Case]:
        """Up to ``limit`` cases of which an appeal waits and that this admin may take up.

        None that they have decided, acted on or confirmed something of, nor any that is about what
        is theirs or that was done to them. By severity descending and id ascending.
        """
        ...

    async def count_words(self, person_id: UserId) -> int:
        """How many appeals of somebody have a note, or one about their outcome."""
        ...

    async def erase_words(self, person_id: UserId, most: int) -> int:
        """Remove both from up to ``most`` of these; how many it were."""
        ...


class AppealUnit(ActionUnit, Protocol):
    """What appeals use of a unit of work."""

    @property
    def appeals(self) -> AppealRepository:
        """Appeals."""
        ...


class Enforcement(Protocol[UnitT_contra]):
    """Does to others' contexts what staff has decided, in the unit that records it."""

    async def standing(self, unit: UnitT_contra, user_id: UserId) -> str:
        """How a person stands: ``active``, ``shadowed``, ``banned`` or ``deleted``."""
        ...

    async def settle(
        self, unit: UnitT_contra, target: Subject, actions: Sequence[Action], base: str
    ) -> None:
        """Let what is in force on a target decide how it is seen; ``base`` is a person's standing.

        Doing so again changes nothing.
        """
        ...

    async def restrain(self, unit: UnitT_contra, action: Action) -> None:
        """Let a mute or a restriction be in force, or end it once it has ended."""
        ...

    def changing(
        self, campus_id: CampusId, people: Collection[UserId]
    ) -> AbstractAsyncContextManager[None]:
        """Wrap the unit that does something to these people.

        Raises:
            StoreUnavailable: before the unit, when it could not be made to show everywhere.
        """
        ...

    async def afterwards(self, action: Action) -> None:
        """What follows once it is committed: presence of the banned ends."""
        ...

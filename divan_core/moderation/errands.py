"""What is to be done about cases, before it is done."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import attrs
import msgspec

from divan_core.codec.faults import faults
from divan_core.errors import ValidationFailed
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.texts import check_texts
from divan_core.moderation.actionmessages import ApplyAction
from divan_core.moderation.actionmodel import Cause
from divan_core.moderation.messages import BatchAction
from divan_core.moderation.model import Case, CaseId, Subject, SubjectKind


@attrs.frozen
class Errand:
    """What is to be done about a case, and to what or whom."""

    case: Case
    command: ApplyAction
    targets: tuple[Subject, ...]
    cause: Cause | None = None

    @property
    def locks(self) -> tuple[str, ...]:
        """What is locked meanwhile."""
        return (self.case.subject.lock, *(one.lock for one in self.targets))

    @property
    def people(self) -> tuple[UserId, ...]:
        """To whom it is done."""
        return tuple(UserId(one.id) for one in self.targets if one.kind is SubjectKind.USER)


def asked(case_id: CaseId, command: BatchAction) -> ApplyAction:
    """What a batch asks for one of its cases.

    Raises:
        ValidationFailed: its payload is no action.
    """
    said = {**(command.payload or {}), "case_id": str(case_id), "reason": command.reason}
    try:
        found = msgspec.convert(said, ApplyAction)
    except msgspec.ValidationError:
        wrong = faults(said, ApplyAction)
    else:
        check_texts(**{"payload.note": found.note})
        return found
    raise ValidationFailed(
        errors=[attrs.evolve(one, path=one.path.replace("$.", "$.payload.", 1)) for one in wrong]
    )


def each_once(case_ids: Sequence[CaseId]) -> Sequence[CaseId]:
    """These cases in their order, none twice."""
    return tuple(dict.fromkeys(case_ids))


def by_campus(
    people: Iterable[tuple[CampusId, Collection[UserId]]],
) -> Mapping[CampusId, Collection[UserId]]:
    """People of campuses, by campus."""
    found = dict[CampusId, set[UserId]]()
    for campus_id, those in people:
        found.setdefault(campus_id, set()).update(those)
    return found

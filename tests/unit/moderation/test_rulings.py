"""What a decision means for the desk."""

from typing import Any
from uuid import UUID

import attrs
import pytest

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.moderation import policy, rulings
from divan_core.moderation.actionmodel import ActionKind
from divan_core.moderation.model import (
    Case,
    CaseId,
    CaseStatus,
    Found,
    Reason,
    Subject,
    SubjectKind,
)
from divan_core.moderation.rulings import Ruling, ruling_of

CAMPUS, AUTHOR, NOW = CampusId(UUID(int=1)), UserId(UUID(int=2)), Millis(1_790_000_000_000)
OLD, NEW = CaseId(UUID(int=4)), CaseId(UUID(int=5))


def data(**changes: Any) -> dict[str, Any]:
    return {
        "decision_id": str(UUID(int=9)),
        "subject_type": "message",
        "subject_id": str(UUID(int=3)),
        "author_id": str(AUTHOR),
        "version": "1",
        "action": "tombstone",
        "severity": 2,
        "reason": "Offensive",
        "ttl_minutes": None,
        "rule_id": "profanity",
        "facts": {"text.profanity": 3},
    } | changes


def ruling(**changes: Any) -> Ruling:
    found = ruling_of(CAMPUS, data(**changes))
    assert found is not None
    return found


def test_what_is_about_a_person_is_about_its_author() -> None:
    assert ruling().subject == Subject(SubjectKind.MESSAGE, UUID(int=3))
    assert ruling().people == ()
    for action in ("mute", "ban", "restrict_create", "restrict_invites"):
        found = ruling(action=action)
        assert found.subject == Subject(SubjectKind.USER, AUTHOR)
        assert (found.people, found.fits) == ((AUTHOR,), True)
    assert ruling(action="warn").subject.kind is SubjectKind.MESSAGE


def test_what_does_not_fit_is_for_people() -> None:
    assert ruling().fits
    assert not ruling(subject_type="user").fits
    assert not ruling(subject_type="room").fits
    assert ruling(subject_type="room", action="remove").fits
    assert ruling_of(CAMPUS, data(subject_type="invite")) is None


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"text.profanity": 3}, Reason.ABUSE),
        ({"image.nsfw": 3, "text.profanity": 3}, Reason.NSFW),
        ({"text.hate": 2}, Reason.HARASSMENT),
        ({"signals.duplicate_text": 2, "signals.velocity": 3}, Reason.SPAM),
        ({"url.malicious": 3}, Reason.SPAM),
        ({"user.trust": 3}, Reason.OTHER),
        ({}, Reason.OTHER),
    ],
)
def test_why(facts: dict[str, float], reason: Reason) -> None:
    assert ruling(facts=facts).reason is reason


def test_the_words_of_a_default() -> None:
    found = ruling(reason="", rule_id=None, facts={}, action="warn", ttl_minutes=None)
    assert (found.words, found.cause.rule_id) == ("By the policy 1.", None)
    assert ruling(action="warn", ttl_minutes=5).ttl_minutes is None
    assert ruling(action="mute", ttl_minutes=5).ttl_minutes == 5


def case(status: CaseStatus, severity: int = 1) -> Case:
    made = rulings.joined(None, ruling(severity=severity), OLD, NOW)
    return attrs.evolve(made, status=status)


def test_a_case_that_is_open_or_actioned_is_joined() -> None:
    for status in (CaseStatus.OPEN, CaseStatus.ESCALATED, CaseStatus.ACTIONED):
        found = rulings.joined(case(status, 4), ruling(), NEW, NOW)
        assert (found.id, found.status, found.standing.severity) == (OLD, status, 4)
        assert rulings.joined(case(status), ruling(severity=9), NEW, NOW).standing.severity == 5
    for latest in (None, case(CaseStatus.DISMISSED), case(CaseStatus.CLOSED)):
        found = rulings.joined(latest, ruling(severity=0), NEW, NOW)
        assert (found.id, found.status, found.standing.severity) == (NEW, CaseStatus.OPEN, 1)


def test_what_people_have_settled() -> None:
    message, person = ruling().subject, ruling(action="ban").subject
    for status in CaseStatus:
        over = status in {CaseStatus.DISMISSED, CaseStatus.CLOSED}
        assert rulings.is_settled(case(status), message) is over
        assert not rulings.is_settled(case(status), person)
    assert not rulings.is_settled(None, message)


def test_every_action_of_a_policy_is_one_of_the_desk() -> None:
    for kind in ActionKind:
        found = ruling(action=kind.value)
        about = Found(CAMPUS, AUTHOR)
        opened = policy.new_case(NEW, found.subject, about, Reason.OTHER, NOW)
        assert found.command(opened).action == kind.value

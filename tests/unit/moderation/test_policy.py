"""The pure rules of the desk."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.chat.model import MessageId, ulid
from divan_core.errors import CaseDecided, InvalidInput, NotAllowed, NotFound
from divan_core.kernel.actor import ADMIN, MODERATOR, Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.moderation import policy
from divan_core.moderation.messages import subject_uuid, ulid_text
from divan_core.moderation.model import (
    Case,
    CaseId,
    CaseStatus,
    Decision,
    Found,
    Hold,
    Reason,
    Reporter,
    Standing,
    Subject,
    SubjectKind,
)

HERE, ELSEWHERE = CampusId(UUID(int=1)), CampusId(UUID(int=2))
ANA, BEN = UserId(UUID(int=10)), UserId(UUID(int=11))
NOW = Millis(10**12)
SUBJECT = Subject(SubjectKind.USER, BEN)
CASE = policy.new_case(CaseId(UUID(int=5)), SUBJECT, Found(HERE, BEN), Reason.SPAM, NOW)


def actor(*roles: str, who: UserId = ANA, campus: CampusId = HERE) -> Actor:
    return Actor(who, campus, frozenset(roles))


def gathered(*weights: int, reason: Reason = Reason.SPAM) -> Case:
    case = CASE
    for weight in weights:
        case = policy.reported(case, reason, weight, NOW)
    return case


def test_who_is_of_the_staff() -> None:
    assert policy.check_staff(actor(ADMIN)) is None
    assert policy.check_staff(actor(MODERATOR, ADMIN)) is None
    assert policy.check_staff(actor(MODERATOR)) == HERE
    with pytest.raises(NotAllowed):
        policy.check_staff(actor("staff.other"))


def test_whose_case_it_is() -> None:
    assert policy.check_case(actor(MODERATOR), CASE) == CASE
    assert policy.check_case(actor(ADMIN, campus=ELSEWHERE), CASE) == CASE
    for someone in (
        actor(MODERATOR, campus=ELSEWHERE),
        actor(MODERATOR, who=BEN),
        actor(ADMIN, who=BEN),
    ):
        with pytest.raises(NotFound):
            policy.check_case(someone, CASE)
    with pytest.raises(NotFound):
        policy.check_case(actor(ADMIN), None)
    with pytest.raises(NotAllowed):
        policy.check_case(actor(), None)


@pytest.mark.parametrize("decision", Decision)
def test_a_case_is_decided_once(decision: Decision) -> None:
    case = policy.decided(CASE, decision, ANA, NOW)
    assert (case.decision, case.decided_by, case.decided_at) == (decision, ANA, NOW)
    assert not case.status.is_live
    for one in (case, policy.closed(case)):
        with pytest.raises(CaseDecided):
            policy.check_live(one, actor(ADMIN))
    assert policy.closed(case).decision is decision


def test_what_is_left_to_admins() -> None:
    case = policy.escalated(policy.assigned(CASE, ANA))
    assert case.hold == Hold()
    policy.check_live(case, actor(ADMIN))
    with pytest.raises(NotAllowed):
        policy.check_live(case, actor(MODERATOR))


def test_who_may_report_what() -> None:
    assert policy.check_reporter(actor(), Found(HERE, BEN)) == Found(HERE, BEN)
    assert policy.check_reporter(actor(), Found(HERE, None)).owner_id is None
    with pytest.raises(InvalidInput):
        policy.check_reporter(actor(), Found(HERE, ANA))
    with pytest.raises(NotFound):
        policy.check_reporter(actor(), None)


@pytest.mark.parametrize(
    ("days", "upheld", "dismissed", "weight"),
    [
        (365, 0, 0, 100),
        (0, 0, 0, 25),
        (7, 0, 0, 60),
        (29, 0, 0, 60),
        (30, 0, 0, 100),
        (365, 8, 0, 140),
        (365, 0, 8, 60),
        (0, 0, 98, 13),
    ],
)
def test_what_a_report_weighs(days: int, upheld: int, dismissed: int, weight: int) -> None:
    since = Millis(NOW - days * policy.DAY_MS)
    assert policy.weight_of(Reporter(since, upheld, dismissed), NOW) == weight


@given(st.integers(0, 10**11), st.integers(0, 500), st.integers(0, 500))
def test_a_report_always_weighs_something(age: int, upheld: int, dismissed: int) -> None:
    weight = policy.weight_of(Reporter(Millis(NOW - age), upheld, dismissed), NOW)
    better = policy.weight_of(Reporter(Millis(NOW - age), upheld + 1, dismissed), NOW)
    assert policy.LIGHTEST <= weight <= better <= 150


def test_a_hundred_newcomers_make_a_case_no_graver() -> None:
    case = gathered(*[25] * 100)
    assert case.standing == Standing(1, 2500, 100, 100, brigading=True)
    assert case.status is CaseStatus.OPEN


def test_people_who_are_known_make_a_case_graver() -> None:
    assert gathered(100, 100).standing.severity == 1
    assert gathered(100, 100, 100).standing.severity == 2
    assert gathered(*[100] * 10).standing.severity == 3
    assert gathered(*[100] * 10, reason=Reason.HARASSMENT).standing.severity == 5
    mixed = gathered(*[25] * 10, *[100] * 10)
    assert not mixed.standing.brigading
    assert mixed.standing.severity == 3


@given(st.lists(st.integers(10, 150), min_size=1, max_size=40), st.sampled_from(Reason))
def test_what_stands_against_a_subject(weights: list[int], reason: Reason) -> None:
    standing = gathered(*weights, reason=reason).standing
    light = sum(weight < policy.LIGHT for weight in weights)
    assert (standing.reports, standing.weight, standing.light) == (
        len(weights),
        sum(weights),
        light,
    )
    assert standing.brigading == (len(weights) >= 10 and light >= 0.6 * len(weights))
    base = policy.SEVERITY[reason]
    assert base <= standing.severity <= min(base + 2, 5)
    if standing.brigading:
        assert standing.severity == base


def test_the_gravest_reason_counts() -> None:
    case = policy.reported(CASE, Reason.HARASSMENT, 100, NOW)
    assert policy.reported(case, Reason.SPAM, 100, NOW).reason is Reason.HARASSMENT
    assert (case.reason, case.standing.severity) == (Reason.HARASSMENT, 3)


def test_a_lease_ends() -> None:
    case = policy.leased(CASE, ANA, NOW)
    end = Millis(NOW + 15 * 60_000)
    assert case.hold == Hold(None, ANA, end)
    assert policy.is_for(case, ANA, NOW)
    other = UserId(UUID(int=12))
    assert not policy.is_for(case, other, Millis(end - 1))
    assert policy.is_for(case, other, end)
    assert not policy.is_for(CASE, BEN, NOW)
    assert not policy.is_for(policy.assigned(CASE, other), ANA, NOW)


def test_what_who_reported_is_told() -> None:
    assert policy.outcome_of(CASE) == "pending"
    for decision, told in ((Decision.ACTIONED, "action_taken"), (Decision.DISMISSED, "no_action")):
        case = policy.decided(CASE, decision, ANA, NOW)
        assert policy.outcome_of(case) == policy.outcome_of(policy.closed(case)) == told


@given(st.uuids())
def test_how_subjects_are_called(subject_id: UUID) -> None:
    text = ulid(MessageId(subject_id))
    assert ulid_text(subject_id) == text
    assert subject_uuid(text) == subject_uuid(str(subject_id)) == subject_id


@given(st.text(max_size=40))
def test_a_text_that_calls_nothing(text: str) -> None:
    found = subject_uuid(text)
    assert found is None or text in {ulid_text(found), str(found)} or len(text) == 36


@pytest.mark.parametrize("text", ["", "x" * 36, "8" + "0" * 25, "O" + "0" * 25, "1" * 35])
def test_texts_that_call_nothing(text: str) -> None:
    assert subject_uuid(text) is None

"""The pure rules of appeals."""

from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divan_core.errors import (
    AlreadyAppealed,
    AppealClosed,
    AppealResolved,
    CaseDecided,
    InvalidInput,
    NotAllowed,
    NotFound,
    OwnDecision,
)
from divan_core.kernel.actor import ADMIN, MODERATOR, Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.moderation import actionpolicy, appealpolicy, policy
from divan_core.moderation.actionmessages import ApplyAction
from divan_core.moderation.actionmodel import Action, ActionId, ActionKind, End, Scope
from divan_core.moderation.appealmessages import SendAppeal
from divan_core.moderation.appealmodel import Appeal, AppealId, AppealStatus, Verdict
from divan_core.moderation.model import (
    Case,
    CaseId,
    CaseStatus,
    Decision,
    Found,
    Hold,
    Reason,
    Subject,
    SubjectKind,
)
from divan_core.moderation.pseudonyms import Pseudonyms

HERE = CampusId(UUID(int=1))
ANA, BEN, CYD, MOD, ROOT = (UserId(UUID(int=number)) for number in range(10, 15))
NOW = Millis(10**12)
SUBJECT = Subject(SubjectKind.USER, BEN)
OPEN = policy.new_case(CaseId(UUID(int=5)), SUBJECT, Found(HERE, BEN), Reason.SPAM, NOW)
CASE = policy.decided(policy.assigned(OPEN, MOD), Decision.ACTIONED, MOD, NOW)


def actor(who: UserId, *roles: str) -> Actor:
    return Actor(who, HERE, frozenset(roles))


def action(kind: ActionKind = ActionKind.BAN, to: UserId = BEN, **changes: object) -> Action:
    target = Subject(SubjectKind.USER, to)
    made = Action(ActionId(UUID(int=7)), CASE.id, HERE, kind, target, NOW, person_id=to, by=MOD)
    return attrs.evolve(made, **changes)  # type: ignore[arg-type]  # evolve knows


def appeal(by: UserId = BEN, status: AppealStatus = AppealStatus.OPEN) -> Appeal:
    return Appeal(AppealId(UUID(int=by.int)), CASE.id, HERE, by, NOW, "I did not.", status)


def verdict(status: AppealStatus) -> Verdict:
    return Verdict(status, ROOT, NOW, "So it is.")


def check(who: UserId, case: Case | None, *actions: Action, hidden_too: bool = False) -> None:
    appealpolicy.check_appellant(actor(who), case, actions, hidden_too=hidden_too)


def test_whose_case_it_is() -> None:
    check(BEN, CASE, action())
    for who, case, actions in (
        (ANA, CASE, [action()]),
        (BEN, None, []),
        (BEN, CASE, []),
        (BEN, CASE, [action(to=CYD)]),
        (BEN, CASE, [action(ActionKind.NONE)]),
        (BEN, CASE, [action(scope=Scope.DEPLOYMENT)]),
    ):
        with pytest.raises(NotFound):
            check(who, case, *actions)


def test_there_is_somebody_to_act_on() -> None:
    nobodys = attrs.evolve(OPEN, owner_id=None, subject=Subject(SubjectKind.ROOM, BEN))
    with pytest.raises(InvalidInput):
        actionpolicy.check_fits(nobodys, ApplyAction(OPEN.id, "ban", "So."))
    named = ApplyAction(OPEN.id, "ban", "So.", targets=(BEN,))
    assert actionpolicy.check_fits(nobodys, named) is ActionKind.BAN


def test_what_goes_unnoticed_is_told_where_that_is_wanted() -> None:
    hidden = action(ActionKind.SHADOW_HIDE)
    with pytest.raises(NotFound):
        check(BEN, CASE, hidden)
    check(BEN, CASE, hidden, hidden_too=True)
    check(BEN, CASE, hidden, action(ActionKind.WARN))


def may(case: Case, *actions: Action) -> bool:
    return appealpolicy.may_appeal(case, actions, BEN, hidden_too=False)


def test_against_what_there_is_to_appeal() -> None:
    assert may(CASE, action())
    assert may(CASE, action(end=End.EXPIRED))
    assert not may(CASE, action(end=End.REVERTED))
    assert may(CASE, action(end=End.REVERTED), action(ActionKind.MUTE))
    assert not may(policy.closed(CASE), action())


def test_somebody_appeals_once() -> None:
    def checked(case: Case, *appeals: Appeal) -> None:
        appealpolicy.check_may_appeal(actor(BEN), case, [action()], appeals, hidden_too=False)

    checked(CASE, appeal(CYD))
    with pytest.raises(AlreadyAppealed):
        checked(policy.closed(CASE), appeal())
    with pytest.raises(AppealClosed):
        checked(policy.closed(CASE))


def test_a_case_with_an_appeal_waits_for_an_admin() -> None:
    case = appealpolicy.appealed(CASE)
    assert (case.status, case.hold, case.waits) == (CaseStatus.ACTIONED, Hold(), True)
    assert policy.is_for(case, ROOT, NOW)
    assert not policy.is_for(case, BEN, NOW)
    assert not policy.is_for(CASE, ROOT, NOW)
    policy.check_assignable(case, actor(ROOT, ADMIN))
    with pytest.raises(NotAllowed):
        policy.check_assignable(case, actor(MOD, MODERATOR))
    with pytest.raises(CaseDecided):
        policy.check_assignable(CASE, actor(ROOT, ADMIN))
    actionpolicy.check_open_to_actions(CASE, actor(ROOT, ADMIN))
    with pytest.raises(CaseDecided):
        actionpolicy.check_open_to_actions(case, actor(ROOT, ADMIN))
    later = Millis(NOW + 1)
    assert policy.is_over(CASE, later)
    assert not policy.is_over(case, later)
    assert not policy.is_over(CASE, NOW)


def test_who_decides() -> None:
    appealpolicy.check_admin(actor(ROOT, ADMIN))
    for one in (actor(ROOT, MODERATOR), actor(ROOT)):
        with pytest.raises(NotAllowed):
            appealpolicy.check_admin(one)
    appealpolicy.check_second(actor(ROOT), CASE, [action()])
    for who, case, done in (
        (MOD, CASE, []),
        (MOD, attrs.evolve(CASE, decided_by=None), [action()]),
        (ANA, CASE, [action(by=ANA)]),
        (ANA, CASE, [action(scope=Scope.DEPLOYMENT, confirmed_at=NOW, confirmed_by=ANA)]),
    ):
        with pytest.raises(OwnDecision):
            appealpolicy.check_second(actor(who), case, done)
    with pytest.raises(NotFound):
        appealpolicy.check_second(actor(CYD), CASE, [action(to=CYD)])
    appealpolicy.check_waits(appeal())
    with pytest.raises(AppealResolved):
        appealpolicy.check_waits(appeal(status=AppealStatus.REJECTED))


@settings(deadline=None)  # the machine may be busy
@given(
    st.sets(st.sampled_from([BEN, CYD, ANA]), min_size=1),
    st.sets(st.sampled_from([BEN, CYD, ANA]), min_size=1),
    st.sampled_from([AppealStatus.ACCEPTED, AppealStatus.REJECTED]),
)
def test_what_comes_of_a_case(
    people: set[UserId], appellants: set[UserId], status: AppealStatus
) -> None:
    actions = [action(to=one) for one in sorted(people)]
    appeals = [appeal(one) for one in sorted(appellants)]
    first, ruling = appeals[0], verdict(status)
    decided = [
        appealpolicy.resolved(first, ruling),
        *appealpolicy.along(appeals, first, ruling),
    ]
    now = list(({one.id: one for one in appeals} | {one.id: one for one in decided}).values())
    case = appealpolicy.case_after(appealpolicy.appealed(CASE), now, actions, hidden_too=False)
    accepted = status is AppealStatus.ACCEPTED
    waits = not accepted and len(appeals) > 1
    assert case.appeal_open is waits is any(one.is_open for one in now)
    over = not waits and (accepted or people <= appellants)
    assert (case.status is CaseStatus.CLOSED) is over
    assert case.decision is (Decision.DISMISSED if accepted else Decision.ACTIONED)
    assert [one.outcome_note for one in decided] == ["So it is."] + [None] * (len(decided) - 1)


def test_a_new_appeal_waits() -> None:
    command = SendAppeal(CASE.id, "I did not do it.")
    made = appealpolicy.new_appeal(AppealId(UUID(int=9)), CASE, actor(BEN), command, NOW)
    assert (made.is_open, made.appellant_id, made.note) == (True, BEN, command.note)
    assert "did not" not in repr(made)


def test_names_of_moderators() -> None:
    names, others = Pseudonyms(bytes(32)), Pseudonyms(bytes(31) + b"1")
    name = names.of(HERE, MOD)
    assert name == names.of(HERE, MOD)
    assert (name[:4], len(name)) == ("mod-", 20)
    elsewhere = CampusId(UUID(int=2))
    assert len({name, names.of(HERE, ROOT), names.of(elsewhere, MOD), others.of(HERE, MOD)}) == 4

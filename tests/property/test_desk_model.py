"""Cases, actions and appeals against a model of a few lines, by random walks in memory."""

from typing import Any

import anyio.from_thread
import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from divan_core import Divan, Settings, memory_stores
from divan_core.accounts.messages import CreateCampus, CreatePerson
from divan_core.chat.messages import MessagesQuery, SendMessage
from divan_core.errors import (
    AlreadyAppealed,
    AlreadyReported,
    AppealClosed,
    AppealResolved,
    Banned,
    CaseDecided,
    ConfirmationLapsed,
    DivanError,
    InvalidInput,
    NotAllowed,
    NotFound,
    OwnDecision,
)
from divan_core.kernel.actor import ADMIN, MODERATOR, Actor
from divan_core.moderation.actionmessages import ApplyAction, ConfirmAction, RevertAction
from divan_core.moderation.actionmodel import FITTING, ActionKind
from divan_core.moderation.appealmessages import ResolveAppeal, SendAppeal
from divan_core.moderation.messages import (
    CasesQuery,
    DismissCase,
    EscalateCase,
    OneCase,
    SendReport,
)
from divan_core.moderation.model import SubjectKind
from divan_core.moderation.sanctionmessages import SanctionsQuery
from divan_core.testing.clock import ManualClock
from tests.thorough import examples

TTL_MINUTES = 10
HIDING = ("remove", "tombstone", "shadow_hide")
UNTOLD = ("none", "shadow_hide")
WIDE = "ban of the deployment"
DAY_MINUTES = 24 * 60


@attrs.define
class Modelled:
    """A case as the model has it: where it stands, and what of it is in force until when.

    ``told`` are the actions that Ben may know of, and whether each was taken back; ``idle`` is how
    many of those that change nothing were not. ``proposed`` is what waits for a second admin, and
    until when; ``proposals`` are all that ever did.
    """

    id: Any
    subject: tuple[Any, str]
    status: str = "open"
    reporters: set[str] = attrs.field(factory=set)
    standing: dict[str, tuple[Any, float | None]] = attrs.field(factory=dict)
    told: dict[Any, bool] = attrs.field(factory=dict)
    idle: list[Any] = attrs.field(factory=list)
    proposed: tuple[Any, float] | None = None
    proposals: list[Any] = attrs.field(factory=list)
    appeal_id: Any = None
    appeal: str | None = None


class DeskMachine(RuleBasedStateMachine):
    """Reports, decisions, actions, their inverses and time, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.cases: list[Modelled] = []
        self.deeds = 0
        self.minutes = 0.0
        self.portal = anyio.from_thread.start_blocking_portal()
        self.call = self.portal.__enter__()
        opened = Divan.open(
            Settings(env="test", workers_enabled=False),
            stores=memory_stores(self.clock),
            clock=self.clock,
        )
        self.open = self.call.wrap_async_context_manager(opened)
        self.divan = self.open.__enter__()
        self.call.call(self.prepare)

    async def prepare(self) -> None:
        campus = await self.divan.accounts.create_campus(CreateCampus("Here", 45.0, -73.0))
        self.people: dict[str, Actor] = {}
        for name in ("ana", "ben", "cyd", "mod", "root", "rita"):
            person = await self.divan.accounts.create_person(
                CreatePerson(campus.id, name, name.title())
            )
            self.people[name] = await self.divan.accounts.actor(person.user_id)
        mod = self.people["mod"]
        self.moderator = attrs_of(mod, MODERATOR)
        self.admin = attrs_of(mod, ADMIN)
        self.second = attrs_of(self.people["root"], ADMIN)
        self.third = attrs_of(self.people["rita"], ADMIN)
        ben = self.people["ben"]
        for reader in ("ana", "cyd"):
            sent = await self.divan.chat.send(
                ben, SendMessage(self.people[reader].user_id, f"To {reader}.")
            )
            if reader == "ana":
                self.message: tuple[Any, str] = ("message", sent.view.message_id)
        self.user: tuple[Any, str] = ("user", str(ben.user_id))

    def teardown(self) -> None:
        self.open.__exit__(None, None, None)
        self.portal.__exit__(None, None, None)

    def does(self, call: Any, *given: Any) -> Any:
        """What a call comes to: its answer, or the class of its refusal."""
        try:
            return self.call.call(call, *given)
        except DivanError as refusal:
            return type(refusal)

    def live(self, subject: tuple[Any, str]) -> Modelled | None:
        found = (one for one in self.cases if one.subject == subject)
        return next((one for one in found if one.status in {"open", "escalated"}), None)

    @rule(name=st.sampled_from(("ana", "cyd")), on_user=st.booleans())
    def report(self, name: str, on_user: bool) -> None:
        subject = self.user if on_user else self.message
        if not on_user and (name != "ana" or self.hidden()):
            return
        if on_user and self.banned():
            return
        case = self.live(subject)
        done = self.does(self.divan.reports.send, self.people[name], SendReport(*subject, "spam"))
        if case is not None and name in case.reporters:
            assert done is AlreadyReported
            return
        if case is None:
            newest = self.does(self.divan.cases.page, self.admin, CasesQuery(limit=1)).items[0]
            case = Modelled(newest.id, subject)
            self.cases.append(case)
        case.reporters.add(name)

    @precondition(lambda self: self.cases)
    @rule(data=st.data(), dismiss=st.booleans(), as_admin=st.booleans())
    def decide(self, data: Any, dismiss: bool, as_admin: bool) -> None:
        case = data.draw(st.sampled_from(self.cases))
        actor = self.admin if as_admin else self.moderator
        call, command = (
            (self.divan.cases.dismiss, DismissCase(case.id, "So."))
            if dismiss
            else (self.divan.cases.escalate, EscalateCase(case.id, "So."))
        )
        done = self.does(call, actor, command)
        if case.status not in {"open", "escalated"}:
            assert done is CaseDecided
        elif case.status == "escalated" and not as_admin:
            assert done is NotAllowed
        else:
            self.deeds += 1
            case.status = "dismissed" if dismiss else "escalated"

    @precondition(lambda self: self.cases)
    @rule(
        data=st.data(),
        kind=st.sampled_from(ActionKind),
        brief=st.booleans(),
        as_admin=st.booleans(),
    )
    def act(self, data: Any, kind: ActionKind, brief: bool, as_admin: bool) -> None:
        case = data.draw(st.sampled_from(self.cases))
        actor = self.admin if as_admin else self.moderator
        ttl = TTL_MINUTES if brief and kind.is_felt else None
        command = ApplyAction(case.id, kind.value, "So.", ttl_minutes=ttl)
        done = self.does(self.divan.actions.apply, actor, command)
        if kind not in FITTING[SubjectKind(case.subject[0])]:
            assert done is InvalidInput
        elif case.status in {"dismissed", "closed"} or case.appeal == "open":
            assert done is CaseDecided
        elif case.status == "escalated" and not as_admin:
            assert done is NotAllowed
        else:
            case.status = "actioned"
            (action,) = done.view.actions
            if kind.value in case.standing:
                assert action.id == case.standing[kind.value][0]
                return
            self.deeds += 1
            if kind.value not in UNTOLD:
                case.told[action.id] = False
            if not kind.is_felt:
                case.idle.append(action.id)
            if kind.is_felt:
                until = None if ttl is None else self.minutes + ttl
                case.standing[kind.value] = (action.id, until)

    @precondition(lambda self: any(one.standing for one in self.cases))
    @rule(data=st.data())
    def undo(self, data: Any) -> None:
        case = data.draw(st.sampled_from([one for one in self.cases if one.standing]))
        kind = data.draw(st.sampled_from(sorted(case.standing)))
        action_id, _ = case.standing.pop(kind)
        command = RevertAction(case.id, action_id, "A mistake.")
        for _ in range(2):
            done = self.does(self.divan.actions.revert, self.moderator, command)
            if kind == WIDE:
                assert done is NotAllowed
                done = self.does(self.divan.actions.revert, self.admin, command)
            assert done.view.end == "reverted"
        self.deeds += 1
        if action_id in case.told:
            case.told[action_id] = True

    @precondition(lambda self: self.cases)
    @rule(data=st.data())
    def propose(self, data: Any) -> None:
        case = data.draw(st.sampled_from(self.cases))
        command = ApplyAction(case.id, "ban", "So.", scope="deployment")
        assert self.does(self.divan.actions.apply, self.moderator, command) is NotAllowed
        done = self.does(self.divan.actions.apply, self.admin, command)
        if case.status in {"dismissed", "closed"} or case.appeal == "open":
            assert done is CaseDecided
            return
        (action,) = done.view.actions
        if WIDE in case.standing:
            assert (action.id, action.pending) == (case.standing[WIDE][0], False)
        elif case.proposed is not None:
            assert (action.id, action.pending) == (case.proposed[0], True)
        else:
            case.proposed = action.id, self.minutes + DAY_MINUTES
            case.proposals.append(action.id)
            case.status = "escalated" if case.status == "open" else case.status
            self.deeds += 1

    @precondition(lambda self: any(one.proposals for one in self.cases))
    @rule(data=st.data())
    def confirm(self, data: Any) -> None:
        case = data.draw(st.sampled_from([one for one in self.cases if one.proposals]))
        action_id = data.draw(st.sampled_from(case.proposals))
        command = ConfirmAction(case.id, action_id)
        assert self.does(self.divan.actions.confirm, self.moderator, command) is NotAllowed
        assert self.does(self.divan.actions.confirm, self.admin, command) is OwnDecision
        done = self.does(self.divan.actions.confirm, self.second, command)
        if action_id in case.told:
            assert not done.view.actions[0].pending
        elif case.proposed is None or case.proposed[0] != action_id:
            assert done is ConfirmationLapsed
        elif case.status in {"dismissed", "closed"} or case.appeal == "open":
            assert done is CaseDecided
        else:
            assert done.view.case.status == "actioned"
            case.status, case.proposed = "actioned", None
            case.standing[WIDE] = (action_id, None)
            case.told[action_id] = False
            self.deeds += 1

    @precondition(lambda self: self.cases)
    @rule(data=st.data())
    def appeal(self, data: Any) -> None:
        case = data.draw(st.sampled_from(self.cases))
        command = SendAppeal(case.id, "I did nothing.")
        done = self.does(self.divan.appeals.send, self.people["ben"], command)
        if not case.told:
            assert done is NotFound
        elif case.appeal is not None:
            assert done is AlreadyAppealed
        elif case.status == "closed" or all(case.told.values()):
            assert done is AppealClosed
        else:
            case.appeal, case.appeal_id = "open", done.view.id
            self.deeds += 1
        assert self.does(self.divan.appeals.send, self.people["ana"], command) is NotFound

    @precondition(lambda self: any(one.appeal for one in self.cases))
    @rule(data=st.data(), accepted=st.booleans(), by_third=st.booleans())
    def resolve(self, data: Any, accepted: bool, by_third: bool) -> None:
        case = data.draw(st.sampled_from([one for one in self.cases if one.appeal]))
        outcome: Any = "accepted" if accepted else "rejected"
        actor = self.third if by_third else self.admin
        done = self.does(self.divan.appeals.resolve, actor, ResolveAppeal(case.appeal_id, outcome))
        if not by_third:
            assert done is OwnDecision
            return
        if case.appeal != "open":
            assert done is AppealResolved
            return
        assert (done.view.status, done.view.case_status) == (outcome, "closed")
        case.appeal, case.status = outcome, "closed"
        self.deeds += 2
        if accepted:
            self.deeds += len(case.standing) + len(case.idle) + (case.proposed is not None)
            case.proposed = None
            back = {*case.idle, *(action_id for action_id, _ in case.standing.values())}
            case.told = {one: gone or one in back for one, gone in case.told.items()}
            case.standing.clear()
            case.idle.clear()

    @rule(minutes=st.integers(1, 12) | st.just(DAY_MINUTES))
    def wait(self, minutes: int) -> None:
        self.clock.advance(minutes * 60)
        self.minutes += minutes
        over = 0
        for case in self.cases:
            if case.proposed is not None and case.proposed[1] <= self.minutes:
                case.proposed = None
                over += 1
            for kind, (_, until) in list(case.standing.items()):
                if until is not None and until <= self.minutes:
                    del case.standing[kind]
                    over += 1
        assert self.does(self.divan.actions.expire, 99) == over
        self.deeds += over

    def in_force(self, subject: str) -> set[str]:
        return {kind for one in self.cases if one.subject[0] == subject for kind in one.standing}

    def hidden(self) -> bool:
        return bool(self.in_force("message") & set(HIDING)) or self.banned()

    def banned(self) -> bool:
        either = self.in_force("user") | self.in_force("message")
        return bool(either & {"ban", WIDE}) or "shadow_hide" in self.in_force("user")

    @invariant()
    def what_people_see_follows(self) -> None:
        ana, ben = self.people["ana"], self.people["ben"]
        known = self.does(self.divan.accounts.actor, ben.user_id)
        banned = {"ban", WIDE} & (self.in_force("user") | self.in_force("message"))
        assert (known is Banned) is bool(banned)
        page = self.does(self.divan.chat.messages, ana, MessagesQuery(ben.user_id))
        texts = [one.body for one in page.items]
        assert bool(texts) is not bool(self.in_force("message") & set(HIDING))
        own = self.does(self.divan.chat.messages, ben, MessagesQuery(ana.user_id))
        assert bool(own.items) is ("remove" not in self.in_force("message"))

    @invariant()
    def cases_stand_where_they_should(self) -> None:
        for one in self.cases:
            found = self.does(self.divan.cases.get, self.admin, OneCase(one.id))
            assert found.case.status == one.status
            assert found.case.report_count == len(one.reporters)
            assert found.case.appeal_open is (one.appeal == "open")
            assert [appeal.status for appeal in found.appeals] == ([one.appeal] * bool(one.appeal))
            standing = {action.id for action in found.actions if action.end is None}
            assert {action_id for action_id, _ in one.standing.values()} <= standing

    @invariant()
    def people_are_told_what_they_may_know(self) -> None:
        ben = self.people["ben"]
        page = self.does(self.divan.sanctions.mine, ben, SanctionsQuery(limit=200))
        known = {one.id: one for one in page.items}
        assert known.keys() == {one for case in self.cases for one in case.told}
        for case in self.cases:
            for action_id, taken_back in case.told.items():
                told = known[action_id]
                assert (told.end == "reverted") is taken_back
                assert told.may_appeal is (
                    case.appeal is None and case.status != "closed" and not taken_back
                )
                assert (told.appeal and told.appeal.status) == case.appeal

    @invariant()
    def everything_is_on_record(self) -> None:
        found = self.does(self.divan.audit.verify)
        assert (found.ok, found.count) == (True, self.deeds)


def attrs_of(actor: Actor, role: str) -> Actor:
    return Actor(actor.user_id, actor.campus_id, frozenset({role}))


TestDesk = DeskMachine.TestCase
TestDesk.settings = settings(max_examples=examples(25), stateful_step_count=25, deadline=None)

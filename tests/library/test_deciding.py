"""The machine decides about what people write, on every set of stores."""

from typing import Any
from uuid import UUID

import attrs
import pytest

from divan_core.accounts.messages import ChangeProfile
from divan_core.auth.messages import ACCOUNT_VERIFIED, ACCOUNTS, CreateAccount
from divan_core.chat.messages import MessagesQuery, MessageView, SendMessage
from divan_core.chat.roommessages import CreateRoom, RoomQuery
from divan_core.errors import AccountLimited, Banned, NotAllowed, NotFound, ValidationFailed
from divan_core.kernel.actor import ADMIN, MODERATOR, Actor
from divan_core.kernel.clock import Millis, rfc3339
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.ids import CampusId, UserId
from divan_core.moderation.actionmessages import ApplyAction, CaseDetail, RevertAction
from divan_core.moderation.appealmessages import APPEALS, ResolveAppeal, SendAppeal
from divan_core.moderation.messages import CasesQuery, CaseView, DismissCase, OneCase, SendReport
from divan_core.moderation.sanctionmessages import SanctionsQuery
from divan_core.safety import backtests
from divan_core.safety.messages import Backtest, CreatePolicy, PolicyQuery
from divan_core.social.messages import SendInvite

from .conftest import CAMPUS, World

pytestmark = pytest.mark.anyio

FOUL = "You are such a fucking bitch, fuck you"
DAY_S = 86_400


@attrs.define
class Desk:
    """Ana and Ben who write to each other, and a moderator and an admin."""

    world: World
    ana: Actor
    ben: Actor
    mod: Actor
    ada: Actor

    async def say(self, body: str, by: Actor | None = None) -> MessageView:
        """Ben writes to Ana, or somebody does; and it is decided about."""
        writer = by or self.ben
        to = self.ana if writer == self.ben else self.ben
        done = await self.world.divan.chat.send(writer, SendMessage(to.user_id, body))
        await self.world.divan.drain()
        return done.view

    async def shown(self, viewer: Actor, peer: Actor) -> list[str]:
        """What somebody reads, newest first."""
        found = await self.world.divan.chat.messages(viewer, MessagesQuery(peer.user_id))
        return [one.body for one in found.items]

    async def cases(self) -> tuple[CaseView, ...]:
        """All cases, newest first."""
        return (await self.world.divan.cases.page(self.mod, CasesQuery())).items

    async def whole(self, case: CaseView) -> CaseDetail:
        """One, with what is known of it."""
        return await self.world.divan.cases.get(self.mod, OneCase(case.id))

    async def decide_by(self, *rules: dict[str, Any], default: str = "none") -> None:
        """Put a policy in force."""
        policies = self.world.divan.policies
        version = f"v{len(await policies.catalogue(99))}"
        made = await policies.create(self.ada, CreatePolicy(version, rules, default))
        await policies.activate(self.ada, PolicyQuery(made.view.id))

    async def tell(self, topic: str, name: str, data: dict[str, str]) -> None:
        """Let an event happen, and be handled."""
        divan = self.world.divan
        event = Event(EventId(divan.ids.uuid()), topic, name, CAMPUS, "a", divan.clock.now(), data)
        await divan.stores.units.write(lambda unit: unit.outbox.add(event))
        await divan.drain()

    async def trust(self, actor: Actor) -> int | None:
        """How much somebody is trusted, where anything has changed it."""
        found = await self.world.divan.stores.units.read(lambda unit: unit.trust.get(actor.user_id))
        return None if found is None else found.drifted(self.world.clock.now()).score


@pytest.fixture
async def desk(world: World) -> Desk:
    ana, ben = await world.join("ana"), await world.join("ben")
    mod = attrs.evolve(await world.join("mod"), roles=frozenset({MODERATOR}))
    ada = attrs.evolve(await world.join("ada"), roles=frozenset({ADMIN}))
    return Desk(world, ana, ben, mod, ada)


def rule(name: str, when: dict[str, Any], action: str, **then: Any) -> dict[str, Any]:
    return {
        "id": name,
        "when": when,
        "then": {"action": action, "severity": 2, "reason": name.title(), **then},
    }


async def test_what_is_foul_is_tombstoned_and_brought_back(desk: Desk) -> None:
    await desk.say("Hello there, how are you?")
    said = await desk.say(FOUL)
    assert await desk.shown(desk.ana, desk.ben) == ["Hello there, how are you?"]
    assert FOUL in await desk.shown(desk.ben, desk.ana)
    (case,) = await desk.cases()
    assert (case.subject_id, case.status, case.decided_by) == (said.message_id, "actioned", None)
    assert (case.reason, case.severity, case.report_count) == ("abuse", 2, 0)
    whole = await desk.whole(case)
    (action,) = whole.actions
    assert (action.automatic, action.by, action.rule_id) == (True, None, "profanity")
    assert (action.action, action.reason) == ("tombstone", "Offensive language")
    assert action.facts == {"text.profanity": 3}
    (decision,) = whole.decisions
    assert (decision.id, decision.action) == (action.decision_id, "tombstone")
    assert (decision.version, decision.matched[0].rule_id) == ("default-1", "profanity")
    (entry,) = [one for one in whole.timeline if one.action == "action.applied"]
    assert entry.actor_id is None
    assert entry.data["rule_id"] == "profanity"
    await desk.world.divan.actions.revert(desk.mod, RevertAction(case.id, action.id, "No."))
    assert FOUL in await desk.shown(desk.ana, desk.ben)
    assert (await desk.world.divan.audit.verify()).ok


async def test_what_nothing_follows_from_is_kept_as_well(desk: Desk) -> None:
    said = await desk.say("Are you coming to the library tonight?")
    kept = await desk.world.divan.stores.units.read(
        lambda unit: unit.decisions.count_of(desk.ben.user_id)
    )
    assert kept == 1
    assert not await desk.cases()
    await desk.world.divan.reports.send(desk.ana, SendReport("message", said.message_id, "other"))
    (case,) = await desk.cases()
    (decision,) = (await desk.whole(case)).decisions
    assert (decision.action, decision.matched) == ("none", ())


async def test_a_flood_of_the_same_is_hidden_from_others(desk: Desk) -> None:
    """The eighth of ten seconds is all that may be written; it was written before."""
    for _ in range(8):
        await desk.say("Come to my party on Friday!")
        desk.world.clock.advance(1)
    assert len(await desk.shown(desk.ana, desk.ben)) == 7
    assert len(await desk.shown(desk.ben, desk.ana)) == 8
    (case,) = await desk.cases()
    (action,) = (await desk.whole(case)).actions
    assert (action.action, case.reason) == ("shadow_hide", "spam")
    assert action.facts == {"signals.duplicate_text": 7, "signals.velocity": 3}
    desk.world.clock.advance(301)
    await desk.say("Come to my party on Friday!")
    assert len(await desk.shown(desk.ana, desk.ben)) == 8


async def test_a_person_is_restricted_for_a_while(desk: Desk) -> None:
    late = rule("late", {"text.any_of": ["contains:party"]}, "restrict_create")
    late["then"]["payload"] = {"ttl_minutes": 60}
    await desk.decide_by(late)
    await desk.say("A party!")
    with pytest.raises(AccountLimited):
        await desk.say("Another one")
    (case,) = await desk.cases()
    assert (case.subject_type, case.subject_id) == ("user", str(desk.ben.user_id))
    assert len((await desk.whole(case)).decisions) == 1
    desk.world.clock.advance(3_601)
    await desk.say("Sorry")
    await desk.world.divan.actions.expire(9)
    (action,) = (await desk.whole(case)).actions
    assert action.end == "expired"
    await desk.say("Party")
    assert len(await desk.cases()) == 1
    assert len((await desk.whole(case)).actions) == 2


async def test_a_ban_is_felt_in_the_next_answer(desk: Desk) -> None:
    divan = desk.world.divan
    await desk.world.beat(desk.ben)
    await desk.decide_by(rule("never", {"text.any_of": ["contains:never"]}, "ban"))
    await desk.say("Never.")
    with pytest.raises(Banned):
        await divan.accounts.actor(desk.ben.user_id)
    assert not (await divan.presence.status(desk.ben)).online


async def test_rooms_and_profiles_are_decided_about(desk: Desk) -> None:
    divan = desk.world.divan
    await desk.decide_by(rule("foul", {"text.any_of": ["profanity>medium"]}, "remove"))
    room = (await divan.rooms.create(desk.ben, CreateRoom("Fuck you all", "2-4", "link"))).view
    await divan.drain()
    with pytest.raises(NotFound):
        await divan.rooms.card(desk.ana, RoomQuery(room.id))
    await divan.accounts.change_profile(desk.ana, ChangeProfile(display_name="Fuck you all"))
    await divan.drain()
    of_ana, of_room = await desk.cases()
    assert (of_room.status, of_room.subject_type) == ("actioned", "room")
    assert (of_ana.status, of_ana.subject_id) == ("open", str(desk.ana.user_id))
    assert not (await desk.whole(of_ana)).actions


async def test_shadow_rules_are_counted_and_never_act(desk: Desk) -> None:
    shadow = rule("shy", {"text.any_of": ["contains:party"]}, "ban") | {"shadow": True}
    await desk.decide_by(shadow)
    said = await desk.say("A party!")
    assert not await desk.cases()
    await desk.world.divan.reports.send(desk.ana, SendReport("message", said.message_id, "other"))
    (case,) = await desk.cases()
    (decision,) = (await desk.whole(case)).decisions
    assert (decision.action, decision.shadow[0].rule_id) == ("none", "shy")
    assert "divan_shadow_hits_total 1.0" in desk.world.divan.metrics.exposition()


async def test_what_people_have_dismissed_stays(desk: Desk) -> None:
    """A decision that comes after theirs acts no more."""
    divan = desk.world.divan
    done = await divan.chat.send(desk.ben, SendMessage(desk.ana.user_id, FOUL))
    await divan.reports.send(desk.ana, SendReport("message", done.view.message_id, "abuse"))
    (case,) = await desk.cases()
    await divan.cases.dismiss(desk.mod, DismissCase(case.id, "They are friends."))
    await divan.drain()
    assert await desk.shown(desk.ana, desk.ben) == [FOUL]
    assert (await desk.whole(case)).actions == ()


async def test_a_report_that_is_open_is_joined(desk: Desk) -> None:
    divan = desk.world.divan
    done = await divan.chat.send(desk.ben, SendMessage(desk.ana.user_id, FOUL))
    await divan.reports.send(desk.ana, SendReport("message", done.view.message_id, "abuse"))
    await divan.drain()
    (case,) = await desk.cases()
    assert (case.status, case.report_count, case.severity) == ("actioned", 1, 3)
    assert await desk.trust(desk.ana) == 51
    assert await desk.trust(desk.ben) == 40


async def test_trust(desk: Desk) -> None:
    """Invites count thrice a week, and whoever is trusted little makes nothing new for an hour."""
    divan = desk.world.divan
    for number in range(4):
        friend = await desk.world.join(f"friend{number}")
        invite = (await divan.social.invite(desk.ana, SendInvite(friend.user_id))).view
        await divan.social.accept(friend, invite.id)
        await divan.drain()
    assert await desk.trust(desk.ana) == 59
    for expected in (40, 30, 20, 10):
        await desk.say(FOUL)
        assert await desk.trust(desk.ben) == expected
    await desk.say("Sorry!")
    with pytest.raises(AccountLimited):
        await desk.say("Sorry")
    assert await desk.trust(desk.ben) == 10
    desk.world.clock.advance(3 * DAY_S)
    assert await desk.trust(desk.ben) == 13


async def test_a_hundred_newcomers_do_nothing_by_reporting(desk: Desk) -> None:
    divan = desk.world.divan
    desk.world.clock.advance(60 * DAY_S)
    said = await desk.say("Hello everybody in this room")
    room = (await divan.rooms.create(desk.ben, CreateRoom("Den", "12+", "link"))).view
    for number in range(20):
        crowd = await desk.world.join(f"crowd{number}")
        await divan.reports.send(crowd, SendReport("room", str(room.id), "abuse"))
    await divan.drain()
    assert await desk.trust(desk.ben) is None
    for name in ("xan", "xeb", "xid"):
        await desk.world.join(name)
    desk.world.clock.advance(40 * DAY_S)
    for name in ("xan", "xeb", "xid"):
        actor = desk.world.people[name]
        assert await desk.trust(desk.ben) is None
        await divan.reports.send(actor, SendReport("user", str(desk.ben.user_id), "abuse"))
        await divan.drain()
    assert await desk.trust(desk.ben) == 65
    assert said.body in await desk.shown(desk.ana, desk.ben)


async def test_a_draft_is_tried_on_what_was_written(desk: Desk) -> None:
    """Moderators on their own campus; with the words of messages that there still are."""
    policies = desk.world.divan.policies
    for body in ("Hello, are you there?", FOUL, "Come to my party", f"A party! {FOUL}"):
        await desk.say(body)
        desk.world.clock.advance(3_600)
    party = rule("party", {"text.any_of": ["contains:party"]}, "remove", severity=5)
    foul = rule("foul", {"text.any_of": ["profanity>medium"]}, "tombstone")
    draft = {"version": "draft", "rules": [party, foul]}
    day = rfc3339(Millis(desk.world.clock.now() + 1))
    begun = rfc3339(Millis(desk.world.clock.now() - DAY_S * 1000))
    told: list[tuple[int, int]] = []
    view = await policies.backtest_all(
        Backtest(draft, begun, day), lambda done, total: told.append((done, total))
    )
    assert (view.events, view.decided, view.would, view.both, view.same) == (4, 2, 3, 2, 1)
    assert {one.action: (one.decided, one.would) for one in view.actions} == {
        "remove": (0, 2),
        "tombstone": (2, 1),
    }
    parties, fouls = view.rules
    assert (parties.hits, parties.wins, parties.overlap) == (2, 2, 1)
    assert (fouls.hits, fouls.wins, fouls.overlap) == (2, 1, 2)
    assert view.unread == 0
    assert told == [(4, 4)]
    assert len(view.samples) == 2
    assert await policies.backtest(desk.mod, Backtest(draft, begun, day)) == view
    elsewhere = attrs.evolve(desk.mod, campus_id=CampusId(UUID(int=7)))
    assert (await policies.backtest(elsewhere, Backtest(draft, begun, day))).events == 0
    assert (
        await policies.backtest(desk.ada, Backtest(draft, "2000-01-01", "2000-01-02"))
    ).events == 0
    with pytest.raises(NotAllowed):
        await policies.backtest(desk.ana, Backtest(draft, begun, day))
    assert len(await desk.cases()) == 2


@pytest.mark.parametrize(
    ("since", "until", "path"),
    [
        ("yesterday", "2026-01-01", "$.from"),
        ("2026-01-01", "2026-01-01T99:00:00Z", "$.to"),
        ("2026-01-02", "2026-01-01", "$.to"),
    ],
)
async def test_a_period_that_is_none(desk: Desk, since: str, until: str, path: str) -> None:
    draft = {"version": "draft", "rules": []}
    with pytest.raises(ValidationFailed) as refusal:
        await desk.world.divan.policies.backtest(desk.mod, Backtest(draft, since, until))
    assert [one.path for one in refusal.value.errors] == [path]


async def test_more_than_one_portion(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every decision once, whatever is read at a time."""
    monkeypatch.setattr(backtests, "PORTION", 2)
    for number in range(4):
        await desk.say(f"This is number {number} of several")
    draft = {"version": "d", "rules": [rule("r", {"text.any_of": ["contains:several"]}, "warn")]}
    view = await desk.world.divan.policies.backtest_all(Backtest(draft, "2000-01-01", "2100-01-01"))
    assert (view.events, view.rules[0].hits) == (4, 4)


async def test_who_reports_is_right_or_wrong(desk: Desk) -> None:
    divan = desk.world.divan
    said = await desk.say("Hello there, how are you?")
    await divan.reports.send(desk.ana, SendReport("message", said.message_id, "abuse"))
    (case,) = await desk.cases()
    await divan.cases.dismiss(desk.mod, DismissCase(case.id, "It is not."))
    await divan.drain()
    assert await desk.trust(desk.ana) == 49
    await divan.reports.send(desk.ana, SendReport("user", str(desk.ben.user_id), "abuse"))
    case = (await desk.cases())[0]
    for action in ("warn", "mute"):
        await divan.actions.apply(desk.mod, ApplyAction(case.id, action, "So."))
    await divan.drain()
    assert await desk.trust(desk.ana) == 50


async def test_appeals_and_addresses_count_once(desk: Desk) -> None:
    """Each is an event that may come twice, or say what nobody knows."""
    me = str(desk.ben.user_id)
    appeal = {"appeal_id": str(UUID(int=1)), "case_id": str(UUID(int=2)), "appellant_id": me}
    other = appeal | {"appeal_id": str(UUID(int=3))}
    for topic, name, data, expected in (
        (APPEALS, "appeal.opened", appeal, None),
        (APPEALS, "appeal.resolved", appeal | {"status": "open"}, None),
        (APPEALS, "appeal.resolved", appeal | {"status": "accepted"}, 52),
        (APPEALS, "appeal.resolved", appeal | {"status": "accepted"}, 52),
        (APPEALS, "appeal.resolved", other | {"status": "rejected"}, 49),
        (ACCOUNTS, ACCOUNT_VERIFIED, {"user_id": me}, 54),
        (ACCOUNTS, ACCOUNT_VERIFIED, {"user_id": me}, 54),
        (ACCOUNTS, ACCOUNT_VERIFIED, {"user_id": str(UUID(int=9))}, 54),
    ):
        await desk.tell(topic, name, data)
        assert await desk.trust(desk.ben) == expected


async def test_whose_address_is_theirs_is_trusted_more(desk: Desk) -> None:
    divan = desk.world.divan
    made = await divan.auth.create_account(
        CreateAccount("eva@example.org", "eva", "Eva", CAMPUS, "correct horse battery")
    )
    eva = await divan.accounts.actor(made.user_id)
    await divan.auth.verify_account("eva@example.org", "correct horse battery")
    await divan.drain()
    assert await desk.trust(eva) == 55
    await desk.say(FOUL, eva)
    assert await desk.trust(eva) == 45


async def test_nothing_is_left_of_somebody_who_leaves(desk: Desk) -> None:
    divan = desk.world.divan
    await desk.say(FOUL)
    await divan.chat.send(desk.ben, SendMessage(desk.ana.user_id, "One more"))
    await divan.personal.erase(desk.ben.user_id)
    await divan.drain()
    for repository in ("decisions", "trust"):
        left = await divan.stores.units.read(
            lambda unit, name=repository: getattr(unit, name).count_of(desk.ben.user_id)  # type: ignore[misc]
        )
        assert left == 0


async def test_an_appeal_against_the_machine(desk: Desk) -> None:
    divan, why = desk.world.divan, "It was a quotation."
    await desk.say(FOUL)
    (case,) = await desk.cases()
    (told,) = (await divan.sanctions.mine(desk.ben, SanctionsQuery())).items
    assert (told.automatic, told.rule_id, told.by, told.may_appeal) == (
        True,
        "profanity",
        None,
        True,
    )
    sent = await divan.appeals.send(desk.ben, SendAppeal(case.id, why))
    await desk.world.divan.drain()
    before = await desk.trust(desk.ben)
    done = await divan.appeals.resolve(desk.ada, ResolveAppeal(sent.view.id, "accepted"))
    await desk.world.divan.drain()
    assert (done.view.case_status, await desk.shown(desk.ana, desk.ben)) == ("closed", [FOUL])
    assert before is not None
    assert await desk.trust(desk.ben) == before + 2
    assert (await divan.audit.verify()).ok


@pytest.mark.parametrize("stores", ["memory"], indirect=True)
async def test_newcomers_with_a_token_are_decided_about_once(desk: Desk) -> None:
    newcomer = UserId(UUID(int=0xBAD))
    for _ in range(2):
        await desk.world.divan.accounts.admit(newcomer, CAMPUS, "newcomer", FOUL)
        await desk.world.divan.drain()
    (case,) = await desk.cases()
    assert (case.subject_type, case.owner_id) == ("user", newcomer)

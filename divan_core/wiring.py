"""The composition root: from stores and settings to services. The one place that knows everyone."""

from __future__ import annotations

from uuid import UUID

import attrs

from divan_core.accounts.areas import Areas
from divan_core.accounts.enrolment import Enrolment
from divan_core.accounts.service import Accounts, AccountsTools
from divan_core.activities.passages import Veiling
from divan_core.activities.service import Activities
from divan_core.auth.policy import AuthKeys
from divan_core.auth.ports import PasswordHasher
from divan_core.auth.service import Auth
from divan_core.auth.tools import AuthRules, AuthTools
from divan_core.chat.fresh import Fresh
from divan_core.chat.live import Listening
from divan_core.chat.prints import Prints
from divan_core.chat.rooms import Rooms
from divan_core.chat.service import Chat
from divan_core.chat.tools import ChatLimits, ChatTools
from divan_core.codec.reader import decode, encode
from divan_core.directory import OpenRooms
from divan_core.discovery.acquaintances import Acquaintances
from divan_core.discovery.circles import Circles
from divan_core.discovery.ports import PeopleIndex
from divan_core.discovery.register import Register
from divan_core.discovery.service import Discovery, DiscoveryTools
from divan_core.discovery.suggestions import DiscoveryLimits, Suggestions, SuggestionTools
from divan_core.discovery.upkeep import IndexUpkeep
from divan_core.enforcement import Enforcing
from divan_core.erasure.service import Erasures, ErasureTools
from divan_core.ground import (
    ACCESS,
    CHAIN,
    CHECKPOINTS,
    CURSORS,
    DRIFT,
    FINGERPRINTS,
    MAIL,
    MAILBOXES,
    PRINTS,
    PSEUDONYMS,
    REFRESH,
    Ground,
    derived_key,
)
from divan_core.idempotency.service import (
    Answers,
    Idempotency,
    IdempotencyRules,
    IdempotencyTools,
)
from divan_core.identity.service import Authenticator, Trust
from divan_core.kernel.audience import Audience
from divan_core.kernel.clock import Clock
from divan_core.kernel.ids import CampusId
from divan_core.kernel.paging import CursorSealer
from divan_core.kernel.turnstile import Entrance
from divan_core.mail.factory import mailer_of
from divan_core.moderation.actions import Actions
from divan_core.moderation.appeals import Appeals
from divan_core.moderation.audit import Audit, AuditTools
from divan_core.moderation.cases import Cases
from divan_core.moderation.dashboard import Dashboard
from divan_core.moderation.effects import Hand
from divan_core.moderation.pseudonyms import Pseudonyms
from divan_core.moderation.reports import Reports
from divan_core.moderation.sanctions import Sanctions
from divan_core.moderation.tools import DeskTools
from divan_core.moderation.watching import Watching
from divan_core.observability.alarm import Alarm
from divan_core.observability.metrics import Metrics
from divan_core.passwords.argon2id import Argon2Hasher
from divan_core.personal.service import Personal, PersonalTools
from divan_core.personal.steps import MAILBOX, STEPS, Leaving, outside
from divan_core.playing import Shared, activity_tools, games_of, passages_of
from divan_core.presence.drift import Drift
from divan_core.presence.service import Presence, PresenceLimits, PresenceTools
from divan_core.repute import Repute
from divan_core.safety.backtests import Backtests
from divan_core.safety.deciding import Deciding, DecidingTools
from divan_core.safety.gate import Gate
from divan_core.safety.service import Policies, PolicyTools
from divan_core.safety.trusting import Trusting
from divan_core.scoreboard import Scoreboard, scoreboard
from divan_core.settings import Settings
from divan_core.social.service import Social
from divan_core.social.tools import SocialLimits, SocialTools
from divan_core.stores.bundle import Stores, StoreUnit
from divan_core.subjects import DeskPeople, Reportable
from divan_core.testimony import DeskDecisions, Testimony
from divan_core.tokens.factory import token_verifier
from divan_core.tokens.own import OwnTokens


@attrs.frozen
class Services:
    """The use cases of every context, and what they have counted."""

    accounts: Accounts
    social: Social
    presence: Presence
    chat: Chat
    rooms: Rooms
    listening: Listening
    activities: Activities
    discovery: Discovery
    identity: Authenticator
    auth: Auth[StoreUnit]
    hasher: PasswordHasher
    personal: Personal
    audit: Audit
    reports: Reports
    cases: Cases
    actions: Actions[StoreUnit]
    appeals: Appeals[StoreUnit]
    sanctions: Sanctions
    desk: Dashboard
    watching: Watching
    audience: Audience
    idempotency: Idempotency[StoreUnit]
    policies: Policies[StoreUnit]
    deciding: Deciding[StoreUnit]
    repute: Repute
    boards: Scoreboard
    metrics: Metrics
    search_index: IndexUpkeep


def wire(stores: Stores, settings: Settings, ground: Ground) -> Services:
    """Build every service once."""
    areas, audience = Areas(stores.units, ground.clock), Audience(stores.people, stores.journal)
    sealer = CursorSealer(derived_key(ground.secret, CURSORS))
    presence = _presence(stores, settings, ground, (audience, areas, sealer))
    gate = Gate(stores.units, audience, ground.clock)
    tools = AccountsTools(audience, presence, gate, areas, ground.clock, ground.ids, sealer)
    accounts = Accounts(stores.units, tools)
    metrics, tokens = Metrics(), _own_tokens(settings, ground)
    idempotency = _idempotency(stores, settings, ground, metrics)
    hasher = ground.hasher or Argon2Hasher()
    auth = _auth(stores, settings, attrs.evolve(ground, hasher=hasher), (audience, tokens))
    audit, testimony = _audit(stores, ground, sealer), Testimony(passages_of(ground))
    desk = _desk(stores, settings, ground, (audience, idempotency, audit, sealer))
    shared = audience, gate, idempotency, sealer, presence
    playing = activity_tools(stores, settings, ground, shared)
    hand = Hand(idempotency, Enforcing(audience, presence, Veiling(playing)))
    sanctions, activities = Sanctions(stores.units, desk), Activities(stores.units, playing)
    talking = _talking(stores, settings, ground, shared)
    boards = scoreboard(stores, ground, (audience, sealer, auth, activities))
    return Services(
        accounts=accounts,
        social=_social(stores, settings, ground, shared),
        presence=presence,
        chat=Chat(stores.units, talking),
        rooms=Rooms(stores.units, talking),
        listening=Listening(stores.units, audience, talking.fresh),
        activities=activities,
        discovery=_discovery(stores, settings, ground, (audience, sealer)),
        identity=Authenticator(accounts, ground.clock, _trust(settings, ground.clock, tokens)),
        auth=auth,
        hasher=hasher,
        personal=_personal(stores, settings, ground, (auth, presence, audience, sanctions, boards)),
        audit=audit,
        reports=Reports(stores.units, desk),
        cases=Cases(stores.units, desk),
        actions=Actions(stores.units, desk, hand),
        appeals=Appeals(stores.units, desk, hand),
        sanctions=sanctions,
        desk=Dashboard(stores.units, ground.clock),
        watching=Watching(stores.units),
        audience=audience,
        idempotency=idempotency,
        policies=_policies(stores, settings, ground, (idempotency, audit, sealer, testimony)),
        deciding=_deciding(settings, ground, metrics, testimony),
        repute=Repute(Trusting(testimony), testimony),
        boards=boards,
        metrics=metrics,
        search_index=IndexUpkeep(stores.search_upkeep),
    )


def _audit(stores: Stores, ground: Ground, sealer: CursorSealer) -> Audit:
    return Audit(
        stores.units,
        AuditTools(
            chain_key=derived_key(ground.secret, CHAIN),
            signing_key=derived_key(ground.secret, CHECKPOINTS),
            checkpoints=ground.checkpoints,
            clock=ground.clock,
            entropy=ground.entropy,
            sealer=sealer,
        ),
    )


def _social(stores: Stores, settings: Settings, ground: Ground, shared: Shared) -> Social:
    audience, gate, idempotency, sealer, presence = shared
    return Social(
        stores.units,
        SocialTools(
            audience=audience,
            limits=stores.limits,
            limit=SocialLimits(settings.limit.block, settings.limit.invite),
            once=idempotency,
            gate=gate,
            clock=ground.clock,
            ids=ground.ids,
            sealer=sealer,
            presence=presence,
        ),
    )


def _desk(
    stores: Stores,
    settings: Settings,
    ground: Ground,
    shared: tuple[Audience, Idempotency[StoreUnit], Audit, CursorSealer],
) -> DeskTools:
    audience, idempotency, audit, sealer = shared
    return DeskTools(
        subjects=Reportable(stores.units, audience, passages_of(ground)),
        people=DeskPeople(stores.units),
        decided=DeskDecisions(stores.units),
        once=idempotency,
        trail=audit,
        clock=ground.clock,
        ids=ground.ids,
        sealer=sealer,
        pseudonyms=Pseudonyms(derived_key(ground.secret, PSEUDONYMS)),
        limit=settings.limit.report,
        candid=frozenset(CampusId(UUID(one)) for one in settings.candid_campuses),
    )


def _talking(
    stores: Stores,
    settings: Settings,
    ground: Ground,
    shared: Shared,
) -> ChatTools:
    audience, gate, idempotency, sealer, presence = shared
    return ChatTools(
        audience=audience,
        limits=stores.limits,
        limit=ChatLimits(settings.limit.message, settings.limit.room),
        once=idempotency,
        gate=gate,
        notices=stores.person_notices,
        clock=ground.clock,
        ids=ground.ids,
        sealer=sealer,
        presence=presence,
        prints=Prints(),
        fresh=Fresh(ground.clock),
    )


def _policies(
    stores: Stores,
    settings: Settings,
    ground: Ground,
    shared: tuple[Idempotency[StoreUnit], Audit, CursorSealer, Testimony],
) -> Policies[StoreUnit]:
    once, trail, sealer, testimony = shared
    denied = frozenset(settings.denied_domains)
    backtests = Backtests(stores.units, testimony)
    tools = PolicyTools[StoreUnit](
        once, trail, ground.clock, ground.ids, sealer, backtests, denied, ground.signals
    )
    return Policies(stores.units, tools)


def _deciding(
    settings: Settings,
    ground: Ground,
    metrics: Metrics,
    testimony: Testimony,
) -> Deciding[StoreUnit]:
    return Deciding(
        DecidingTools(
            witness=testimony,
            trusting=Trusting(testimony),
            telemetry=metrics,
            ids=ground.ids,
            key=derived_key(ground.secret, PRINTS),
            denied=frozenset(settings.denied_domains),
            own=ground.signals,
        )
    )


def _idempotency(
    stores: Stores, settings: Settings, ground: Ground, metrics: Metrics
) -> Idempotency[StoreUnit]:
    given = settings.idempotency
    return Idempotency(
        stores.units,
        IdempotencyTools(
            keys=stores.keys,
            limits=stores.limits,
            answers=Answers(encode, decode),
            telemetry=metrics,
            warn=Alarm(ground.clock),
            secret=derived_key(ground.secret, FINGERPRINTS),
        ),
        IdempotencyRules(
            required=settings.keys_required,
            mandatory=given.key_mandatory,
            ttl_s=given.ttl_seconds,
            wait_ms=given.wait_ms,
        ),
    )


def _own_tokens(settings: Settings, ground: Ground) -> OwnTokens:
    others = token_verifier(settings.jwt, ground.clock)
    return OwnTokens(derived_key(ground.secret, ACCESS), ground.clock, others)


def _trust(settings: Settings, clock: Clock, own: OwnTokens) -> Trust:
    """Who has identities elsewhere, and signing in here switched off, believes only those."""
    return Trust(
        dev=settings.dev_credentials,
        tokens=own if settings.auth.enabled else token_verifier(settings.jwt, clock),
        provision=settings.jwt.provision,
    )


def _auth(
    stores: Stores, settings: Settings, ground: Ground, shared: tuple[Audience, OwnTokens]
) -> Auth[StoreUnit]:
    audience, issuer = shared
    return Auth(
        stores.units,
        AuthTools(
            enrolment=Enrolment(ground.clock, ground.ids),
            audience=audience,
            limits=stores.limits,
            hasher=ground.hasher or Argon2Hasher(),
            mailer=ground.mailer or mailer_of(settings),
            issuer=issuer,
            keys=AuthKeys(
                mail=derived_key(ground.secret, MAIL),
                refresh=derived_key(ground.secret, REFRESH),
                mailboxes=derived_key(ground.secret, MAILBOXES),
            ),
            clock=ground.clock,
            ids=ground.ids,
            entropy=ground.entropy,
        ),
        AuthRules(settings.limit.sign_in, settings.limit.register, settings.public_url),
    )


def _personal(
    stores: Stores,
    settings: Settings,
    ground: Ground,
    shared: tuple[Auth[StoreUnit], Presence, Audience, Sanctions, Scoreboard],
) -> Personal:
    auth, presence, audience, sanctions, boards = shared
    erasures = Erasures(
        stores.units,
        ErasureTools(
            departure=Leaving(),
            steps=STEPS,
            outside=outside(presence, stores.limits, settings.limit.every),
            last=MAILBOX,
            audience=audience,
            clock=ground.clock,
        ),
    )
    tools = PersonalTools(
        auth, erasures, presence, sanctions, games_of(ground), boards.leaderboards
    )
    return Personal(stores.units, tools)


def _presence(
    stores: Stores,
    settings: Settings,
    ground: Ground,
    shared: tuple[Audience, Areas, CursorSealer],
) -> Presence:
    audience, areas, sealer = shared
    limit = settings.limit
    return Presence(
        stores.presence,
        PresenceTools(
            audience=audience,
            areas=areas,
            entrance=Entrance(stores.turnstile, audience),
            limits=stores.limits,
            clock=ground.clock,
            drift=Drift(derived_key(ground.secret, DRIFT)),
            sealer=sealer,
        ),
        PresenceLimits(
            heartbeat=limit.heartbeat,
            nearby=limit.nearby,
            lookup=limit.search,
            enumeration=limit.enumeration,
        ),
        settings.location_floor_m,
    )


def _people_index(stores: Stores, audience: Audience) -> PeopleIndex:
    """The store's, behind a copy of the names where asking it takes a database's time."""
    if stores.search_roll is None:
        return stores.search
    return Register(stores.search, stores.search_roll, audience)


def _discovery(
    stores: Stores, settings: Settings, ground: Ground, shared: tuple[Audience, CursorSealer]
) -> Discovery:
    audience, sealer = shared
    rooms = OpenRooms(stores.units, ground.clock)
    entrance, circles = Entrance(stores.turnstile, audience), Circles(audience)
    limits = DiscoveryLimits(settings.limit.search, settings.limit.enumeration)
    tools = SuggestionTools(
        audience,
        Acquaintances(audience, circles),
        entrance,
        stores.limits,
        ground.clock,
        sealer,
    )
    return Discovery(
        _people_index(stores, audience),
        rooms,
        DiscoveryTools(
            audience=audience,
            entrance=entrance,
            limits=stores.limits,
            circles=circles,
            suggestions=Suggestions(stores.signals, rooms, tools, limits),
            sealer=sealer,
        ),
        limits,
    )

"""The workers of a process: who reacts to which event, and what is done by the clock."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import partial
from typing import Final

from divan_core import enforcement
from divan_core.activities.messages import ACTIVITIES
from divan_core.activities.service import Activities
from divan_core.activities.telling import News, news_of
from divan_core.auth.messages import ACCOUNTS
from divan_core.chat.messages import CHAT, ROOMS
from divan_core.ground import Ground
from divan_core.kernel.clock import Millis
from divan_core.kernel.delivery import Group
from divan_core.kernel.ingress import INGRESS
from divan_core.kernel.notices import PersonNotice
from divan_core.moderation import watching
from divan_core.moderation.actionmessages import ACTIONS
from divan_core.moderation.appealmessages import APPEALS
from divan_core.moderation.messages import ESCALATIONS, REPORTS
from divan_core.observability.workers import LoggedWorkers
from divan_core.safety.deciding import KEPT_DAYS
from divan_core.safety.messages import DECISIONS
from divan_core.safety.trust import DAY_MS
from divan_core.settings import Settings
from divan_core.social.messages import SOCIAL
from divan_core.social.telling import notices_of
from divan_core.stores.bundle import Stores
from divan_core.tracing.opening import traced_subscriptions
from divan_core.wiring import Services
from divan_core.workers.ahead import Ahead
from divan_core.workers.crew import ALWAYS, PURGE_S, Surroundings, Workers
from divan_core.workers.periodic import MOST, Job
from divan_core.workers.subscription import Subscription
from divan_core.workers.turns import WorkerTools

ERASURE_S: Final = 30.0
"""How often to look for erasures that somebody else left, in seconds."""

MAIL_S: Final = 2.0
"""How often to look for mails that are due, in seconds."""

DEADLINE_S: Final = 5.0
"""How often to look for games in which something is due, of which no event was heard here."""

EXPIRY_S: Final = 5.0
"""How often to look for actions whose time has come, in seconds."""

CASES_S: Final = 60.0
"""How often to count what waits for staff, in seconds."""

CLOSING_S: Final = 300.0
"""How often to look for cases that are over, in seconds."""

CHECKPOINT_S: Final = 60.0
"""How often to sign how far the audit has come, in seconds."""

ROLLOVER_S: Final = 60.0
"""How often to look for days that are over, in seconds."""

SETTLING_S: Final = 2.0
"""How often scores are added up, in seconds: after each event it would cost more than all else."""

GATHER_S: Final = 0.25
"""How long what counts for scores or trust gathers, in seconds: nobody waits for either."""

DECIDE_S: Final = 0.02
"""How long what people write gathers at most while there is much of it, in seconds: to decide about
many takes hardly more than about one."""

SOCKETS: Final = "sockets"
"""The group that tells people's sockets what happened to them, and staff's what did to cases."""

OF_CASES: Final = (REPORTS, ESCALATIONS, ACTIONS, APPEALS)
"""The topics of what happens to cases."""

VEILS: Final = "veils"
"""The group that tells sockets which messages staff has hidden, or shows again."""

DECIDING: Final = "decisions"
"""The group that decides by machine about what people write."""

ENFORCING: Final = "enforcement"
"""The group that does what was decided so."""

TRUSTING: Final = "trust"
"""The group that changes how much people are trusted by what happens."""

OF_TRUST: Final = (ACCOUNTS, SOCIAL, REPORTS, ACTIONS, APPEALS)
"""The topics of what changes that."""

SCORING: Final = "scores"
"""The group that keeps what counts on leaderboards."""

OF_SCORES: Final = (SOCIAL, CHAT, ROOMS, ACTIVITIES)
"""The topics of what counts; what staff decides takes it back."""

MODERATING: Final = frozenset(
    {
        f"{INGRESS}:{DECIDING}",
        f"{DECISIONS}:{ENFORCING}",
        *(f"{topic}:{TRUSTING}" for topic in OF_TRUST),
    }
)
"""The workers that decide by machine, by their names."""


def inside(settings: Settings, names: Collection[str]) -> Collection[str] | None:
    """Which of all workers run beside the server; None for all."""
    if not settings.workers_enabled:
        return set(ALWAYS)
    return None if settings.moderation.workers_enabled else set(names) - MODERATING


def staff(
    stores: Stores,
    services: Services,
    settings: Settings,
    ground: Ground,
    others: Iterable[Subscription],
) -> Workers:
    """The workers; ``others`` are the subscriptions of the host application.

    Raises:
        ConfigurationError: two subscriptions have the same group.
    """
    jobs = _jobs(stores, services, ground)
    if settings.auth.enabled:
        jobs = (*jobs, Job("mail", MAIL_S, lambda: services.auth.send_mail(MOST)))
    own = (
        *reactions(stores, services.activities),
        *moderating(services),
        *scoring(services),
    )
    return Workers(
        stores,
        traced_subscriptions((*own, *others), ground.traces),
        WorkerTools(
            ground.clock, ground.entropy, LoggedWorkers(services.metrics), ground.foreground
        ),
        Surroundings(services.presence.sweep_all, services.discovery.keep, services.metrics, jobs),
    )


def _jobs(stores: Stores, services: Services, ground: Ground) -> tuple[Job, ...]:
    """What services have done by the clock."""

    async def purge_decisions() -> int:
        before = Millis(ground.clock.now() - KEPT_DAYS * DAY_MS)
        return await stores.units.write(lambda unit: unit.decisions.purge(before, MOST))

    async def measure_cases() -> int:
        await services.desk.measure(services.metrics)
        return 0

    return (
        Job("case-figures", CASES_S, measure_cases),
        Job("decision-purge", PURGE_S, purge_decisions),
        Job("auth-purge", PURGE_S, lambda: services.auth.purge(MOST)),
        Job("audit-checkpoint", CHECKPOINT_S, services.audit.checkpoint),
        Job("action-expiry", EXPIRY_S, lambda: services.actions.expire(MOST)),
        _deadlines(services.activities),
        Job("case-closing", CLOSING_S, lambda: services.cases.close_over(MOST)),
        Job("erasure", ERASURE_S, lambda: services.personal.sweep(MOST)),
        Job("score-settling", SETTLING_S, services.boards.scoring.settle_all),
        Job("rollover", ROLLOVER_S, services.boards.rollover.sweep),
    )


def _deadlines(activities: Activities) -> Job:
    """Games go on at their deadlines, of which events tell."""
    agenda = activities.agenda
    settle = partial(activities.settle_due, MOST)
    return Job("activity-deadlines", DEADLINE_S, settle, agenda.next, agenda.bell)


def moderating(services: Services) -> tuple[Subscription, ...]:
    """Who decides about what people write, does what was decided, and remembers it of people."""
    deciding, actions, repute = services.deciding, services.actions, services.repute
    enforcing = Subscription(
        Group(ENFORCING, DECISIONS),
        actions.enforce,
        actions.afterwards,
        actions.around,
        locking=True,
        together=actions.enforce_all,
        urgent=True,
        ahead=Ahead(actions.may_be_ahead),
    )
    return (
        Subscription(
            Group(DECIDING, INGRESS),
            deciding.decide,
            deciding.count,
            locking=True,
            together=deciding.decide_all,
            gather_s=DECIDE_S,
            eager=True,
            then=enforcing,
        ),
        enforcing,
        *(
            Subscription(
                Group(TRUSTING, topic),
                repute.note,
                locking=True,
                together=repute.note_all,
                at_once=1,
                gather_s=GATHER_S,
            )
            for topic in OF_TRUST
        ),
    )


def scoring(services: Services) -> tuple[Subscription, ...]:
    """Who keeps what counts on leaderboards; a job adds it up."""
    keeping = services.boards.keeping
    return (
        *(
            Subscription(
                Group(SCORING, topic),
                keeping.count,
                locking=True,
                together=keeping.count_all,
                at_once=1,
                gather_s=GATHER_S,
                unordered=True,
            )
            for topic in OF_SCORES
        ),
        Subscription(
            Group(SCORING, ACTIONS),
            keeping.of_action,
            locking=True,
            at_once=1,
            gather_s=GATHER_S,
        ),
    )


def reactions(stores: Stores, activities: Activities) -> tuple[Subscription, ...]:
    """Who reacts to which event: the table of Divan's own subscriptions."""

    async def publish(notices: Iterable[PersonNotice]) -> None:
        for notice in notices:
            await stores.person_notices.publish(notice)

    async def play_on(news: News) -> None:
        if news.deadline is not None:
            activities.agenda.expect(news.deadline)
        await publish(news.notices)

    return (
        Subscription(Group(SOCKETS, SOCIAL), notices_of, publish),
        Subscription(Group(SOCKETS, ACTIVITIES), news_of, play_on),
        *(Subscription(Group(SOCKETS, one), watching.notices_of, publish) for one in OF_CASES),
        Subscription(Group(VEILS, ACTIONS), enforcement.notices_of, publish, urgent=True),
    )

"""How policies and decisions are told, and what is given to try them on. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

import attrs

from divan_core.errors import FieldError, NotAllowed, ValidationFailed
from divan_core.kernel.actor import ADMIN, MODERATOR, Actor
from divan_core.kernel.clock import EARLIEST, LATEST, Millis, rfc3339
from divan_core.kernel.ids import CampusId
from divan_core.safety import facts as known
from divan_core.safety.facts import LEVELS, Facts
from divan_core.safety.messages import (
    Backtest,
    CreatePolicy,
    DecisionView,
    GivenEvent,
    MatchView,
    PolicySummary,
    PolicyView,
)
from divan_core.safety.model import KeptPolicy, PolicyId
from divan_core.safety.own import OwnSignals, measured
from divan_core.safety.policies import Decision, Match
from divan_core.safety.profanity import WordList
from divan_core.safety.signals import Standing, facts_of, read
from divan_core.safety.verdicts import Period

DEFAULT_ID: Final = PolicyId(UUID(int=0))
"""The id of the policy that Divan comes with (the nil UUID of RFC 9562), in every deployment."""

_GROUPS: Final[Mapping[str, Collection[str]]] = {
    "text": known.TEXT_LABELS,
    "image": known.IMAGE_LABELS,
    "url": known.URL_LABELS,
    "signals": known.SIGNALS,
}


def check_moderator(actor: Actor) -> None:
    """Let staff pass.

    Raises:
        NotAllowed: somebody else.
    """
    if actor.roles.isdisjoint((MODERATOR, ADMIN)):
        raise NotAllowed("This is for moderators.")


def check_admin(actor: Actor) -> None:
    """Let administrators pass.

    Raises:
        NotAllowed: somebody else.
    """
    if ADMIN not in actor.roles:
        raise NotAllowed("This is for administrators.")


def document_of(command: CreatePolicy) -> dict[str, Any]:
    """The policy of a command, as it is kept."""
    return {
        "version": command.version,
        "default_action": command.default_action,
        "rules": list(command.rules),
    }


def default_kept(document: Mapping[str, Any], *, active: bool) -> PolicyView:
    """The policy that Divan comes with."""
    return PolicyView(
        id=DEFAULT_ID,
        version=str(document["version"]),
        default_action=document["default_action"],
        rules=tuple(document["rules"]),
        active=active,
        created_at=None,
        created_by=None,
        activated_at=None,
        activated_by=None,
    )


def policy_view(policy: KeptPolicy) -> PolicyView:
    """A policy that was kept."""
    at = policy.activated_at
    return PolicyView(
        id=policy.id,
        version=policy.version,
        default_action=policy.document["default_action"],
        rules=tuple(policy.document["rules"]),
        active=policy.active,
        created_at=rfc3339(policy.created_at),
        created_by=policy.created_by,
        activated_at=None if at is None else rfc3339(at),
        activated_by=policy.activated_by,
    )


def summary(view: PolicyView) -> PolicySummary:
    """A policy in a list."""
    return PolicySummary(
        id=view.id,
        version=view.version,
        rules=len(view.rules),
        active=view.active,
        created_at=view.created_at,
        created_by=view.created_by,
        activated_at=view.activated_at,
        activated_by=view.activated_by,
    )


def decision_view(decision: Decision) -> DecisionView:
    """A decision."""
    return DecisionView(
        version=decision.version,
        action=decision.action,
        severity=decision.severity,
        reasons=decision.reasons,
        matched=tuple(_match(one) for one in decision.matched),
        shadow=tuple(_match(one) for one in decision.shadow),
        payload=dict(decision.payload),
    )


def _match(match: Match) -> MatchView:
    return MatchView(match.rule_id, match.action, match.severity, dict(match.evidence))


def given_facts(
    event: GivenEvent, words: WordList, denied: Collection[str], own: OwnSignals
) -> Facts:
    """The facts of something that is given; what is said of it counts more than what is found.

    Raises:
        ValidationFailed: a label or a signal that is not known, or a number that cannot be.
    """
    given = _sorted(event.signals)
    reading = read(event.text, event.urls, words, denied)
    trust = given["signals"].get("trust", Standing().trust)
    found = facts_of(event.subject_type, reading, Standing(trust), duplicates=0, velocity=0)
    return attrs.evolve(
        found,
        text={**found.text, **given["text"]},
        image=given["image"],
        url={**found.url, **given["url"]},
        signals={**found.signals, **measured(own, event.text), **given["signals"]},
    )


def _sorted(signals: Mapping[str, float | str]) -> dict[str, dict[str, float]]:
    """What is given, by the group that it belongs to."""
    found: dict[str, dict[str, float]] = {name: {} for name in _GROUPS}
    faults: list[FieldError] = []
    for name, one in signals.items():
        group = next((group for group, names in _GROUPS.items() if name in names), None)
        if name.startswith(known.OWN):
            group = "signals"
        number = LEVELS[one] if isinstance(one, str) else one
        if group is None:
            every = ", ".join(one for names in _GROUPS.values() for one in names)
            faults.append(FieldError(f"$.event.signals.{name}", f"is not known; there are {every}"))
        elif not 0 <= number < float("inf"):
            faults.append(FieldError(f"$.event.signals.{name}", "must be 0 or more"))
        else:
            found[group][name] = number
    if faults:
        raise ValidationFailed(errors=faults)
    return found


def period_of(command: Backtest, campus_id: CampusId | None) -> Period:
    """The period of a command, of one campus or of all.

    Raises:
        ValidationFailed: a moment that cannot be, or the end is not after the beginning.
    """
    since, until = moment_of(command.since, "$.from"), moment_of(command.until, "$.to")
    if since >= until:
        raise ValidationFailed(errors=[FieldError("$.to", "must be after the beginning")])
    return Period(since, until, campus_id)


def moment_of(text: str, at: str) -> Millis:
    """The moment that a text tells: RFC 3339, or a day; ``at`` is where it stands.

    Raises:
        ValidationFailed: it tells none.
    """
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        message = "must be a moment such as 2026-11-27T08:00:00Z, or a day such as 2026-11-27"
        raise ValidationFailed(errors=[FieldError(at, message)]) from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=dt.UTC)
    moment = Millis(round(found.timestamp() * 1000))
    if not EARLIEST <= moment <= LATEST:
        message = "must be in the years 1 to 9999, in UTC"
        raise ValidationFailed(errors=[FieldError(at, message)])
    return moment

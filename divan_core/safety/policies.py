"""Policies, and what they decide. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import attrs

from divan_core.kernel.values import value
from divan_core.safety.facts import Facts
from divan_core.safety.predicates import Evidence, Predicate

ACTIONS: Final = (
    "none",
    "warn",
    "tombstone",
    "remove",
    "shadow_hide",
    "mute",
    "ban",
    "restrict_create",
    "restrict_invites",
)
"""What can be done about something, ``none`` being nothing."""

Payload: TypeAlias = Mapping[str, str | float | bool | None]
"""What an action needs to know besides: ``ttl_minutes``, how long it is to last."""

NO_PAYLOAD: Final[Payload] = MappingProxyType({})


@attrs.frozen
class Consequence:
    """What follows where a rule matches. Of several the highest ``severity`` wins."""

    action: str
    severity: int
    reason: str
    payload: Payload = NO_PAYLOAD


@attrs.frozen
class Rule:
    """A rule of a policy. A ``shadow`` one is evaluated and counted, and never acts."""

    id: str
    when: Predicate
    then: Consequence
    shadow: bool = False


@attrs.frozen
class Policy:
    """A policy that can be evaluated. ``version`` is its author's own name for it."""

    version: str
    default_action: str
    rules: tuple[Rule, ...]


@value
class Match:
    """A rule that matched, what it would do, and on what evidence."""

    rule_id: str
    action: str
    severity: int
    evidence: Evidence


@value
class Decision:
    """What a policy decided, and why.

    ``reasons`` are those of all rules that matched, the winner's first; ``payload`` is the
    winner's. ``matched`` are the rules that count and ``shadow`` those that do not, as listed.
    """

    version: str
    action: str
    severity: int = 0
    reasons: tuple[str, ...] = ()
    payload: Payload = NO_PAYLOAD
    matched: tuple[Match, ...] = ()
    shadow: tuple[Match, ...] = ()


def decide(policy: Policy, facts: Facts) -> Decision:
    """Evaluate every rule; the highest severity wins, of equals the one listed first."""
    hits: list[Consequence] = []
    matched: list[Match] = []
    shadow: list[Match] = []
    for rule in policy.rules:
        evidence = rule.when.evidence(facts)
        if evidence is None:
            continue
        then = rule.then
        match = Match(rule.id, then.action, then.severity, evidence)
        if rule.shadow:
            shadow.append(match)
        else:
            matched.append(match)
            hits.append(then)
    if not hits:
        return Decision(policy.version, policy.default_action, shadow=tuple(shadow))
    hits.sort(key=_severity, reverse=True)  # a stable sort: equals stay as listed
    winner = hits[0]
    return Decision(
        version=policy.version,
        action=winner.action,
        severity=winner.severity,
        reasons=tuple(dict.fromkeys([one.reason for one in hits])),
        payload=winner.payload,
        matched=tuple(matched),
        shadow=tuple(shadow),
    )


def _severity(then: Consequence) -> int:
    return then.severity

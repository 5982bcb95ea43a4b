"""A policy beside what was decided: how often each rule would have acted. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

import attrs

from divan_core.kernel.clock import rfc3339
from divan_core.safety.messages import ActionTally, BacktestView, Difference, RuleTally
from divan_core.safety.policies import Decision, Match, Policy, Rule
from divan_core.safety.verdicts import DecisionId, Period, Verdict, winner

NOTHING: Final = "none"
MOST_SAMPLES: Final = 10
"""How many decisions are named for each rule."""

MOST_DIFFERENCES: Final = 50
"""How many of those are named that would be decided otherwise."""


@attrs.define
class _Count:
    """What a rule has come to so far."""

    hits: int = 0
    wins: int = 0
    overlap: int = 0
    samples: list[DecisionId] = attrs.field(factory=list)

    def add(self, verdict: Verdict, *, wins: bool) -> None:
        """Count one more that the rule matches."""
        self.hits += 1
        self.wins += wins
        self.overlap += verdict.decision.action != NOTHING
        if len(self.samples) < MOST_SAMPLES:
            self.samples.append(verdict.id)


class Comparison:
    """Counts as it goes, in the same little memory however much there is."""

    def __init__(self, policy: Policy) -> None:
        """Begin with nothing."""
        self._policy = policy
        self._rules = {rule.id: _Count() for rule in policy.rules}
        self._decided: Counter[str] = Counter()
        self._would: Counter[str] = Counter()
        self._both = 0
        self._same = 0
        self._samples: list[Difference] = []

    def add(self, verdict: Verdict, decision: Decision) -> None:
        """Count something that was decided about, and what the policy decides about it."""
        before, now = verdict.decision.action, decision.action
        self._decided[before] += 1
        self._would[now] += 1
        if before != NOTHING != now:
            self._both += 1
            self._same += before == now
        if before != now and len(self._samples) < MOST_DIFFERENCES:
            self._samples.append(_difference(verdict, now))
        if decision.matched or decision.shadow:
            self._count(verdict, decision)

    def view(self, period: Period, unread: int) -> BacktestView:
        """What it has come to."""
        names = sorted((self._decided.keys() | self._would.keys()) - {NOTHING})
        actions = (ActionTally(one, self._decided[one], self._would[one]) for one in names)
        events = self._decided.total()
        return BacktestView(
            version=self._policy.version,
            since=rfc3339(period.since),
            until=rfc3339(period.until),
            events=events,
            decided=events - self._decided[NOTHING],
            would=events - self._would[NOTHING],
            both=self._both,
            same=self._same,
            unread=unread,
            actions=tuple(actions),
            rules=tuple(self._tally(one) for one in self._policy.rules),
            samples=tuple(self._samples),
        )

    def _count(self, verdict: Verdict, decision: Decision) -> None:
        best = winner(decision)
        matches: Iterable[Match] = (*decision.matched, *decision.shadow)
        for match in matches:
            self._rules[match.rule_id].add(verdict, wins=match is best)

    def _tally(self, rule: Rule) -> RuleTally:
        count, then = self._rules[rule.id], rule.then
        return RuleTally(
            rule.id,
            then.action,
            then.severity,
            rule.shadow,
            count.hits,
            count.wins,
            count.overlap,
            tuple(count.samples),
        )


def _difference(verdict: Verdict, would: str) -> Difference:
    written = verdict.written
    return Difference(
        verdict.id,
        written.subject_type,
        str(written.subject_id),
        verdict.decision.action,
        would,
    )

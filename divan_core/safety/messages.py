"""What crosses the border of safety."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import attrs
from msgspec import Meta

from divan_core.kernel.ids import UserId
from divan_core.safety.model import PolicyId
from divan_core.safety.verdicts import DecisionId

__all__ = [
    "Backtest",
    "BacktestView",
    "CreatePolicy",
    "DecisionId",
    "DecisionView",
    "DryRun",
    "GivenEvent",
    "MatchView",
    "PoliciesQuery",
    "PolicyId",
    "PolicyQuery",
    "PolicySummary",
    "PolicyView",
]

POLICY: Final = "policy"
"""The topic of what happens to policies."""

POLICY_CREATED: Final = "policy.created"
"""A policy is kept, on record."""

POLICY_ACTIVATED: Final = "policy.activated"
"""Another policy decides from now on."""

DECISIONS: Final = "mod:decisions"
"""The topic of what was decided by machine, where something follows from it."""

DECISION_MADE: Final = "decision.made"

MOST_LISTED: Final = 200
LONGEST_TEXT: Final = 20_000
MOST_URLS: Final = 50

SubjectType = Literal["post", "comment", "user", "group", "message", "room", "invite", "turn"]
Level = Literal["none", "low", "medium", "high"]
Url = Annotated[str, Meta(max_length=2000)]


@attrs.frozen
class CreatePolicy:
    """A policy as it is written; what its rules may be tells ``docs/moderation.md``."""

    version: str | int
    rules: tuple[dict[str, Any], ...]
    default_action: str = "none"


@attrs.frozen
class PoliciesQuery:
    """A page of all policies."""

    limit: Annotated[int, Meta(ge=1, le=MOST_LISTED)] = 20
    cursor: str | None = None


@attrs.frozen
class PolicyQuery:
    """One policy."""

    policy_id: PolicyId


@attrs.frozen
class PolicySummary:
    """A policy in a list; ``rules`` is how many it has. Times are RFC 3339.

    Nobody has written the policy that Divan comes with, so ``created_at`` and ``created_by`` of it
    are None.
    """

    id: PolicyId
    version: str
    rules: int
    active: bool
    created_at: str | None
    created_by: UserId | None
    activated_at: str | None
    activated_by: UserId | None


@attrs.frozen
class PolicyView:
    """A policy as it was written. Times are RFC 3339."""

    id: PolicyId
    version: str
    default_action: str
    rules: tuple[dict[str, Any], ...]
    active: bool
    created_at: str | None
    created_by: UserId | None
    activated_at: str | None
    activated_by: UserId | None


@attrs.frozen
class GivenEvent:
    """Something that people could make, to try policies on.

    ``signals`` are labels and signals by name, as levels or numbers; those of ``text`` and ``urls``
    are found out, where they are not given.
    """

    subject_type: SubjectType
    text: Annotated[str, Meta(max_length=LONGEST_TEXT)] = ""
    urls: Annotated[tuple[Url, ...], Meta(max_length=MOST_URLS)] = ()
    signals: dict[str, float | Level] = attrs.field(factory=dict)


@attrs.frozen
class DryRun:
    """What a policy would decide, the active one unless another is given. Nothing is done."""

    event: GivenEvent
    policy: dict[str, Any] | None = None


@attrs.frozen
class Backtest:
    """Try a policy on what was written in a period: from the first moment, before the second.

    Both are RFC 3339, or a day, which begins at midnight UTC.
    """

    policy: dict[str, Any]
    since: Annotated[str, Meta(max_length=40)]
    until: Annotated[str, Meta(max_length=40)]


@attrs.frozen
class Difference:
    """Something that one policy decides otherwise than was decided; ids and names of actions."""

    decision_id: DecisionId
    subject_type: str
    subject_id: str
    decided: str
    would: str


@attrs.frozen
class RuleTally:
    """What a rule would have come to.

    ``hits``: how often it matched; ``wins``: how often it would have decided, which a ``shadow``
    one never does; ``overlap``: how often something was done anyway. ``samples`` are decisions.
    """

    rule_id: str
    action: str
    severity: int
    shadow: bool
    hits: int
    wins: int
    overlap: int
    samples: tuple[DecisionId, ...]


@attrs.frozen
class ActionTally:
    """How often an action was decided on, and how often it would have been."""

    action: str
    decided: int
    would: int


@attrs.frozen
class BacktestView:
    """A policy beside what was decided on the same.

    Of ``events`` that were decided about, ``decided`` is on how many something was to be done, and
    ``would`` on how many by this policy; on ``both``, and on ``same`` of these the same.
    ``unread``: so many texts are gone, or are none of messages, and were judged without their
    words.
    """

    version: str
    since: str
    until: str
    events: int
    decided: int
    would: int
    both: int
    same: int
    unread: int
    actions: tuple[ActionTally, ...]
    rules: tuple[RuleTally, ...]
    samples: tuple[Difference, ...]


@attrs.frozen
class MatchView:
    """A rule that matched, what it would do by itself, and the values that it found."""

    rule_id: str
    action: str
    severity: int
    signals: dict[str, float | str]


@attrs.frozen
class DecisionView:
    """A decision with its reasons; ``shadow`` are rules that matched and never act."""

    version: str
    action: str
    severity: int
    reasons: tuple[str, ...]
    matched: tuple[MatchView, ...]
    shadow: tuple[MatchView, ...]
    payload: dict[str, Any]

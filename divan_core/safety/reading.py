"""Policies as they are written, read into what can be evaluated. Pure.

A policy is ``{version, default_action, rules: [{id, when, then, shadow?}]}``. ``when`` is an object
of predicates that must all hold; a predicate is written with a dot (``{"text.any_of": [...]}``) or
inside of its group (``{"text": {"any_of": [...]}}``). Whatever is not known is a fault: a rule
that is misspelt must not be one that never matches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from divan_core.errors import ValidationFailed
from divan_core.kernel.texts import is_text
from divan_core.safety.document import Document
from divan_core.safety.leaves import GROUPS, LEAVES, MAX_ITEMS
from divan_core.safety.policies import ACTIONS, Consequence, Payload, Policy, Rule
from divan_core.safety.predicates import Every, Not, Predicate, Some

MAX_RULES: Final = 200
MAX_DEPTH: Final = 8
MAX_PREDICATES: Final = 2_000
MAX_SEVERITY: Final = 10
MAX_REASON: Final = 200
MAX_PAYLOAD: Final = 20
MAX_TTL_MINUTES: Final = 525_600
"""A year: what is to last longer has no end."""

LARGEST: Final = 2**53
"""Up to here every whole number is one in JSON, wherever it is read."""

MAX_FAULTS: Final = 100
"""How many faults one answer lists."""


def read_policy(document: object, at: str = "$") -> Policy:
    """The policy that a document says; ``at`` is where in a request it stands.

    Raises:
        ValidationFailed: it is none; each fault has its path, such as
            ``$.rules[2].when.any[0].text.any_of``.
    """
    reader = _Reader()
    with reader.part():
        return reader.policy(document, at)
    raise ValidationFailed(errors=reader.faults[:MAX_FAULTS])


class _Reader(Document):
    """Reads one policy."""

    def __init__(self) -> None:
        super().__init__()
        self._predicates = 0

    def policy(self, given: object, at: str) -> Policy:
        """The policy, if there is no fault."""
        found = self.mapping(given, at, {"version", "default_action", "rules"})
        version, default = "", "none"
        rules: tuple[Rule, ...] = ()
        with self.whole():
            with self.part():
                version = self._version(found.get("version"), f"{at}.version")
            with self.part():
                action = found.get("default_action", "none")
                default = self.one_of(action, ACTIONS, f"{at}.default_action")
            with self.part():
                rules = self._rules(found.get("rules"), f"{at}.rules")
        return Policy(version, default, rules)

    def _version(self, given: object, at: str) -> str:
        if isinstance(given, int) and not isinstance(given, bool) and 0 <= given < 10**9:
            return str(given)
        return self.name(given, at)

    def _rules(self, given: object, at: str) -> tuple[Rule, ...]:
        rules: dict[str, Rule] = {}
        for number, one in enumerate(self.items(given, at, MAX_RULES, least=0)):
            with self.part():
                rule = self._rule(one, f"{at}[{number}]")
                if rule.id in rules:
                    raise self.fault(f"{at}[{number}].id", "is the id of another rule")
                rules[rule.id] = rule
        return tuple(rules.values())

    def _rule(self, given: object, at: str) -> Rule:
        found = self.mapping(given, at, {"id", "when", "then", "shadow"})
        name, then = "", Consequence("none", 0, "")
        when: Predicate = Every(())
        with self.whole():
            with self.part():
                name = self.name(found.get("id"), f"{at}.id")
            with self.part():
                when = self._when(found.get("when"), f"{at}.when", 0)
            with self.part():
                then = self._then(found.get("then"), f"{at}.then")
            shadow = found.get("shadow", False)
            if not isinstance(shadow, bool):
                raise self.fault(f"{at}.shadow", "must be true or false")
        return Rule(name, when, then, shadow)

    def _then(self, given: object, at: str) -> Consequence:
        found = self.mapping(given, at, {"action", "severity", "reason", "payload"})
        return Consequence(
            self.one_of(found.get("action"), ACTIONS, f"{at}.action"),
            self.count(found.get("severity"), f"{at}.severity", 0, MAX_SEVERITY),
            self.text(found.get("reason"), f"{at}.reason", MAX_REASON),
            self._payload(found.get("payload", {}), f"{at}.payload"),
        )

    def _payload(self, given: object, at: str) -> Payload:
        if not isinstance(given, dict) or len(given) > MAX_PAYLOAD:
            raise self.fault(at, f"must be an object of at most {MAX_PAYLOAD} members")
        for name, one in given.items():
            self.name(name, f"{at}.{name}")
            if not _can_be_kept(one):
                allowed = f"a text of at most {MAX_REASON} characters, a number, true, false, null"
                raise self.fault(f"{at}.{name}", f"must be {allowed}")
        if "ttl_minutes" in given:
            self.count(given["ttl_minutes"], f"{at}.ttl_minutes", 1, MAX_TTL_MINUTES)
        return dict(given)

    def _when(self, given: object, at: str, depth: int) -> Predicate:
        """All predicates of an object."""
        if depth > MAX_DEPTH:
            raise self.fault(at, f"is nested more than {MAX_DEPTH} deep")
        if not isinstance(given, dict) or not given:
            raise self.fault(at, "must be an object with at least one predicate")
        parts: list[Predicate] = []
        with self.whole():
            for path, name, one in _flat(given, at):
                with self.part():
                    parts.append(self._predicate(name, one, path, depth))
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _predicate(self, name: str, given: object, at: str, depth: int) -> Predicate:
        self._predicates += 1
        if self._predicates > MAX_PREDICATES:
            raise self.fault(at, f"is more than the {MAX_PREDICATES} predicates a policy may have")
        if name in {"all", "any"}:
            parts = self._parts(given, at, depth)
            return Every(parts) if name == "all" else Some(parts)
        if name == "not":
            return Not(self._when(given, at, depth + 1))
        if name not in LEAVES:
            known = ", ".join((*LEAVES, "all", "any", "not"))
            raise self.fault(at, f"is no predicate; there are {known}")
        return LEAVES[name](self, given, at)

    def _parts(self, given: object, at: str, depth: int) -> tuple[Predicate, ...]:
        parts: list[Predicate] = []
        with self.whole():
            for number, one in enumerate(self.items(given, at, MAX_ITEMS)):
                with self.part():
                    parts.append(self._when(one, f"{at}[{number}]", depth + 1))
        return tuple(parts)


def _can_be_kept(given: object) -> bool:
    """Whether a member of a payload is one that every store keeps as it is."""
    if isinstance(given, str):
        return len(given) <= MAX_REASON and is_text(given)
    if isinstance(given, int | float):
        return -LARGEST <= given <= LARGEST
    return given is None


def _flat(given: Mapping[str, Any], at: str) -> Iterator[tuple[str, str, object]]:
    """Each member with its path and the full name of its predicate."""
    for key, one in given.items():
        if key in GROUPS and isinstance(one, dict) and one:
            for inner, value in one.items():
                yield f"{at}.{key}.{inner}", f"{key}.{inner}", value
        else:
            yield f"{at}.{key}", key, one

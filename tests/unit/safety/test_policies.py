"""What policies decide."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.safety.facts import Condition, Facts
from divan_core.safety.policies import ACTIONS, Decision, decide
from divan_core.safety.reading import read_policy
from divan_core.safety.shipped import default_policy
from divan_core.safety.wording import wording


def decided(when: object, facts: Facts, **rule: Any) -> Decision:
    then = {"action": "remove", "severity": 1, "reason": "because"}
    rules = [{"id": "a", "when": when, "then": then} | rule]
    return decide(read_policy({"version": 1, "default_action": "none", "rules": rules}), facts)


def evidence(when: object, facts: Facts) -> object:
    found = decided(when, facts)
    return dict(found.matched[0].evidence) if found.matched else None


PLAIN = Facts("message")


def saying(text: str) -> Facts:
    said = wording(text)
    return Facts("message", folded=said.plain, words=said.text)


@pytest.mark.parametrize(
    ("facts", "action", "severity"),
    [
        (PLAIN, "none", 0),
        (Facts("post", text={"profanity": 2}), "none", 0),
        (Facts("post", text={"profanity": 3}), "tombstone", 2),
        (Facts("post", signals={"duplicate_text": 1, "velocity": 3}), "shadow_hide", 2),
        (Facts("post", signals={"duplicate_text": 1, "velocity": 2}), "none", 0),
        (Facts("post", signals={"velocity": 3}), "none", 0),
        (Facts("post", image={"nsfw": 3}), "remove", 4),
        (Facts("post", image={"nsfw": 2}), "none", 0),
        (Facts("post", url={"malicious": 3}), "tombstone", 3),
        (Facts("post", url={"malicious": 0}), "none", 0),
        (Facts("post", trust=19.9), "restrict_create", 1),
        (Facts("post", trust=20), "none", 0),
        (Facts("post", trust=0, image={"nsfw": 3}, url={"malicious": 3}), "remove", 4),
    ],
)
def test_the_default_policy(facts: Facts, action: str, severity: int) -> None:
    found = decide(default_policy(), facts)
    assert (found.action, found.severity) == (action, severity)


def test_a_decision_explains_itself() -> None:
    facts = Facts("post", trust=5, text={"profanity": 3}, url={"malicious": 3})
    found = decide(default_policy(), facts)
    assert found.reasons == ("A link that does harm", "Offensive language", "Little trust")
    assert {one.rule_id: dict(one.evidence) for one in found.matched} == {
        "profanity": {"text.profanity": 3},
        "malicious-url": {"url.malicious": 3},
        "low-trust": {"user.trust": 5},
    }
    assert (found.version, found.payload) == ("default-1", {})
    assert decide(default_policy(), Facts("post", trust=5)).payload == {"ttl_minutes": 60}


def test_a_shadow_rule_never_acts() -> None:
    found = decided({"user.trust_below": 60}, PLAIN, shadow=True)
    assert (found.action, found.matched, found.reasons) == ("none", (), ())
    assert [(one.rule_id, one.action) for one in found.shadow] == [("a", "remove")]


@pytest.mark.parametrize(
    ("when", "facts", "found"),
    [
        ({"user.band_in": ["bad"]}, Facts("post", band="bad"), {"user.band": "bad"}),
        ({"user.band_in": ["bad"]}, PLAIN, None),
        ({"subject.type_in": ["message"]}, PLAIN, {"subject.type": "message"}),
        ({"subject.type_in": ["post"]}, PLAIN, None),
        ({"not": {"subject.type_in": ["post"]}}, PLAIN, {}),
        ({"not": {"subject.type_in": ["message"]}}, PLAIN, None),
        ({"signals.any_of": ["links>3", "velocity"]}, Facts("post", signals={"links": 3}), None),
        (
            {"signals.any_of": ["links>3", "velocity"]},
            Facts("post", signals={"links": 4, "velocity": 1}),
            {"signals.links": 4, "signals.velocity": 1},
        ),
        ({"signals.any_of": ["account_age_days<7"]}, PLAIN, None),
        (
            {"all": [{"user.trust_below": 60}, {"subject.type_in": ["message"]}]},
            PLAIN,
            {"user.trust": 50, "subject.type": "message"},
        ),
        ({"all": [{"user.trust_below": 60}, {"subject.type_in": ["post"]}]}, PLAIN, None),
        (
            {"any": [{"user.trust_below": 60}, {"subject.type_in": ["post"]}]},
            PLAIN,
            {"user.trust": 50},
        ),
        ({"any": [{"user.trust_below": 6}, {"subject.type_in": ["post"]}]}, PLAIN, None),
        ({"user.trust_below": 60, "subject.type_in": ["post"]}, PLAIN, None),
        (
            {"text.any_of": ["contains:Free Money"]},
            saying("Get FR3E  m.0.n.e.y now"),
            {"text": "contains:Free Money"},
        ),
        ({"text.any_of": ["contains:free money"]}, saying("carefree money"), None),
        (
            {"text.any_of": [r"matches:\d{3}-\d{4}"]},
            saying("call 555-1234!"),
            {"text": r"matches:\d{3}-\d{4}"},
        ),
    ],
)
def test_predicates(when: object, facts: Facts, found: object) -> None:
    assert evidence(when, facts) == found


@pytest.mark.parametrize(
    ("written", "holds", "does_not"),
    [
        ("a", [1, 0.5], [0]),
        ("a>medium", [3], [2, 1]),
        ("a >= medium", [2, 3], [1]),
        ("a<low", [0], [1]),
        ("a<=1.5", [1.5], [1.6]),
        ("a=high", [3], [2]),
    ],
)
def test_conditions(written: str, holds: list[float], does_not: list[float]) -> None:
    condition = Condition.read(written)
    assert all(condition.holds(one) for one in holds)
    assert not any(condition.holds(one) for one in does_not)


RULES = st.lists(
    st.tuples(st.sampled_from(ACTIONS), st.integers(0, 4), st.booleans(), st.booleans()),
    max_size=8,
)


@given(RULES)
def test_the_winner_is_the_severest_and_then_the_first(rules: list[tuple[Any, ...]]) -> None:
    written = [
        {
            "id": str(number),
            "when": {"user.trust_below": 100 if matches else 0},
            "then": {"action": action, "severity": severity, "reason": str(number)},
            "shadow": shadow,
        }
        for number, (action, severity, matches, shadow) in enumerate(rules)
    ]
    policy = read_policy({"version": 1, "default_action": "warn", "rules": written})
    found = decide(policy, PLAIN)
    acting = [(-one[1], number) for number, one in enumerate(rules) if one[2] and not one[3]]
    assert [int(one) for one in found.reasons] == [number for _, number in sorted(acting)]
    assert found.action == (rules[min(acting)[1]][0] if acting else "warn")
    assert len(found.shadow) == sum(one[2] and one[3] for one in rules)

"""How policies are read, and what is said of those that cannot be."""

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.errors import ValidationFailed
from divan_core.safety.facts import Facts
from divan_core.safety.policies import decide
from divan_core.safety.reading import MAX_DEPTH, read_policy
from divan_core.safety.shipped import default_document, default_policy

THEN = {"action": "remove", "severity": 1, "reason": "because"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def document(when: object, **rule: Any) -> dict[str, Any]:
    return {"version": 1, "default_action": "none", "rules": [rule_of(when, **rule)]}


def rule_of(when: object, **changes: Any) -> dict[str, Any]:
    return {"id": "a", "when": when, "then": THEN} | changes


def nested(depth: int) -> dict[str, Any]:
    return {"not": nested(depth - 1)} if depth else {"user.trust_below": 1}


def faults(given: object) -> dict[str, str]:
    with pytest.raises(ValidationFailed) as refused:
        read_policy(given)
    return {one.path: one.message for one in refused.value.errors}


@pytest.mark.parametrize(
    ("when", "path", "message"),
    [
        ({}, "", "at least one"),
        ([], "", "at least one"),
        ({"text.any_off": []}, ".text.any_off", "no predicate; there are text.any_of"),
        ({"text": {}}, ".text", "no predicate"),
        ({"text": {"all_of": ["profanity"]}}, ".text.all_of", "no predicate"),
        ({"text.any_of": []}, ".text.any_of", "1 to 500"),
        ({"text.any_of": "profanity"}, ".text.any_of", "a list"),
        ({"text.any_of": ["profanity", 3]}, ".text.any_of[1]", "a text"),
        ({"text.any_of": ["nsfw"]}, ".text.any_of[0]", "one of profanity"),
        ({"text.any_of": ["profanity>very"]}, ".text.any_of[0]", "levels none, low"),
        ({"text.any_of": ["profanity > "]}, ".text.any_of[0]", "must be a name"),
        ({"text.any_of": ["matches:(a"]}, ".text.any_of[0]", "missing ): (a"),
        ({"text.any_of": ["contains:a", "contains:?!"]}, ".text.any_of[1]", "no word"),
        ({"image.any_of": ["profanity"]}, ".image.any_of[0]", "nsfw"),
        ({"url.any_of": ["nsfw"]}, ".url.any_of[0]", "malicious"),
        ({"signals.all_of": ["speed"]}, ".signals.all_of[0]", "velocity"),
        ({"user.trust_below": "20"}, ".user.trust_below", "a number"),
        ({"user.trust_below": True}, ".user.trust_below", "a number"),
        ({"user.trust_below": 101}, ".user.trust_below", "between 0 and 100"),
        ({"user.trust_below": float("nan")}, ".user.trust_below", "between 0 and 100"),
        ({"user.trust_below": 10**400}, ".user.trust_below", "between 0 and 100"),
        ({"text.any_of": ["contains:a\0b"]}, ".text.any_of[0]", "a text"),
        ({"text.any_of": ["matches:\ud800"]}, ".text.any_of[0]", "a text"),
        ({"user.band_in": ["worst"]}, ".user.band_in[0]", "one of good"),
        ({"subject.type_in": ["file"]}, ".subject.type_in[0]", "one of post"),
        ({"any": []}, ".any", "1 to 500"),
        ({"any": [{"text": {"any_of": ["x", "y"]}}]}, ".any[0].text.any_of[0]", "one of"),
        ({"not": {"all": [{"user.trust_below": -1}]}}, ".not.all[0].user.trust_below", "0 and"),
        (nested(MAX_DEPTH + 1), ".not" * (MAX_DEPTH + 1), "nested more than 8"),
    ],
)
def test_faults_of_predicates(when: object, path: str, message: str) -> None:
    found = faults(document(when))
    assert list(found) == [f"$.rules[0].when{path}"]
    assert message in found[f"$.rules[0].when{path}"]


@pytest.mark.parametrize(
    ("then", "path"),
    [
        (THEN | {"action": "delete"}, ".action"),
        (THEN | {"severity": "1"}, ".severity"),
        (THEN | {"severity": 11}, ".severity"),
        (THEN | {"severity": True}, ".severity"),
        (THEN | {"reason": ""}, ".reason"),
        (THEN | {"payload": []}, ".payload"),
        (THEN | {"payload": {"a": {}}}, ".payload.a"),
        (THEN | {"payload": {"a": "\0"}}, ".payload.a"),
        (THEN | {"payload": {"a": float("nan")}}, ".payload.a"),
        (THEN | {"payload": {"a": 10**400}}, ".payload.a"),
        (THEN | {"payload": {"a b": 1}}, ".payload.a b"),
        (THEN | {"reason": "a\0"}, ".reason"),
        (THEN | {"payload": {"ttl_minutes": 0}}, ".payload.ttl_minutes"),
        (THEN | {"payload": {"ttl_minutes": "5"}}, ".payload.ttl_minutes"),
        (THEN | {"reasons": ""}, ".reasons"),
        (None, ""),
    ],
)
def test_faults_of_consequences(then: object, path: str) -> None:
    assert list(faults(document({"user.trust_below": 1}, then=then))) == [f"$.rules[0].then{path}"]


def test_every_fault_is_named() -> None:
    trust = {"user.trust_below": 1}
    rules = [rule_of({"any": [{}, {"x": 1}]}), rule_of(trust), rule_of(trust), "no rule"]
    rules.append(rule_of(trust, id="", shadow=1, more=True))
    given = {"version": "", "default_action": "nothing", "rules": rules}
    assert list(faults(given)) == [
        "$.version",
        "$.default_action",
        "$.rules[0].when.any[0]",
        "$.rules[0].when.any[1].x",
        "$.rules[2].id",
        "$.rules[3]",
        "$.rules[4].more",
    ]
    assert list(faults(document(trust, id="", shadow=1))) == ["$.rules[0].id", "$.rules[0].shadow"]
    assert list(faults(None)) == ["$"]
    assert list(faults({"version": 1})) == ["$.rules"]


def test_the_place_in_a_request() -> None:
    with pytest.raises(ValidationFailed) as refused:
        read_policy({"version": 1, "rules": 3}, "$.policy")
    assert [one.path for one in refused.value.errors] == ["$.policy.rules"]


def test_how_large_a_policy_may_be() -> None:
    rules = [rule_of({"user.trust_below": 1}, id=str(number)) for number in range(201)]
    assert "200" in faults({"version": 1, "rules": rules})["$.rules"]
    many = {"any": [{"user.trust_below": 1}] * 500}
    large = {"version": 1, "rules": [rule_of(many, id=str(number)) for number in range(4)]}
    assert "2000 predicates" in next(iter(faults(large).values()))


def test_groups_and_dots_are_the_same() -> None:
    dotted = document(
        {"text.any_of": ["profanity"], "user.trust_below": 5, "user.band_in": ["bad"]}
    )
    user = {"trust_below": 5, "band_in": ["bad"]}
    grouped = document({"text": {"any_of": ["profanity"]}, "user": user})
    assert read_policy(dotted) == read_policy(grouped)


@given(JSON, st.sampled_from(["version", "default_action", "rules", "when", "then", "id"]))
def test_nothing_but_a_refusal(rubbish: object, where: str) -> None:
    """Whatever stands wherever."""
    given = copy.deepcopy(dict(default_document()))
    if where in given:
        given[where] = rubbish
    else:
        given["rules"][1][where] = rubbish
    with suppress(ValidationFailed):
        assert decide(read_policy(given), Facts("post")).version


def test_the_policy_that_comes_along() -> None:
    policy = default_policy()
    assert [rule.id for rule in policy.rules] == [
        "profanity",
        "flood",
        "nsfw-image",
        "malicious-url",
        "low-trust",
    ]

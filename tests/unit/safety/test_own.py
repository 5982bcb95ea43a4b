import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.errors import ConfigurationError, FieldError, ValidationFailed
from divan_core.safety.messages import GivenEvent
from divan_core.safety.own import checked, measured
from divan_core.safety.policies import decide
from divan_core.safety.profanity import word_list
from divan_core.safety.reading import read_policy
from divan_core.safety.views import given_facts

RULE = {
    "id": "shouting",
    "when": {"signals.all_of": ["own.shouting>0.8"]},
    "then": {"action": "tombstone", "severity": 1, "reason": "Please do not shout"},
}
POLICY = {"version": "quiet-1", "rules": [RULE]}


def shouting(text: str) -> float:
    return sum(map(str.isupper, text)) / max(len(text), 1)


def broken(text: str) -> float:
    raise ValueError(text)


@given(st.floats())
def test_only_numbers_from_0_up_count(number: float) -> None:
    counts = math.isfinite(number) and number >= 0
    assert measured({"own.it": lambda _: number}, "hello") == ({"own.it": number} if counts else {})


def test_a_signal_that_fails_hides_no_other() -> None:
    assert measured({"own.broken": broken, "own.length": len}, "four") == {"own.length": 4.0}


@pytest.mark.parametrize("name", ["shouting", "own.", "own.Loud", "own.a b", "own.x.y", "OWN.x"])
def test_names_that_no_policy_could_name_are_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"own\.shouting"):
        checked({name: shouting})


@pytest.mark.parametrize(
    ("text", "said", "action"),
    [
        ("WHEREHAVEYOUBEEN", {}, "tombstone"),
        ("Where have you been?", {}, "none"),
        ("Where have you been?", {"own.shouting": 1.0}, "tombstone"),
        ("WHEREHAVEYOUBEEN", {"own.shouting": 0.0}, "none"),
    ],
)
def test_a_rule_looks_at_them(text: str, said: dict[str, float], action: str) -> None:
    event = GivenEvent("message", text, signals={**said})
    facts = given_facts(event, word_list(), (), {"own.shouting": shouting})
    assert decide(read_policy(POLICY), facts).action == action


def test_where_a_process_has_no_such_signal_the_rule_does_not_hold() -> None:
    facts = given_facts(GivenEvent("message", "WHERE"), word_list(), (), {})
    assert decide(read_policy(POLICY), facts).action == "none"


@pytest.mark.parametrize("condition", ["own.Loud", "own.", "shouting", "own.x.y>1"])
def test_faults_of_names_have_their_path(condition: str) -> None:
    rule = {**RULE, "when": {"signals.all_of": [condition]}}
    with pytest.raises(ValidationFailed) as refused:
        read_policy({**POLICY, "rules": [rule]})
    (fault,) = refused.value.errors
    assert isinstance(fault, FieldError)
    assert "signals.all_of" in fault.path


def test_a_label_of_ones_own_is_none() -> None:
    rule = {**RULE, "when": {"text.any_of": ["own.shouting>1"]}}
    with pytest.raises(ValidationFailed):
        read_policy({**POLICY, "rules": [rule]})

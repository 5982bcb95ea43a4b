"""A policy beside what was decided."""

from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.ingress import Written
from divan_core.safety.comparing import MOST_SAMPLES, Comparison
from divan_core.safety.facts import Facts
from divan_core.safety.policies import Decision, Match, decide
from divan_core.safety.predicates import looks_at_words
from divan_core.safety.reading import read_policy
from divan_core.safety.verdicts import DecisionId, Period, Verdict, is_offence, winner

PERIOD = Period(Millis(0), Millis(1000))


def rule(name: str, when: dict[str, Any], action: str, severity: int, **more: Any) -> Any:
    then = {"action": action, "severity": severity, "reason": name}
    return {"id": name, "when": when, "then": then, **more}


POLICY = read_policy(
    {
        "version": "draft",
        "rules": [
            rule("links", {"signals.any_of": ["links>=2"]}, "tombstone", 2),
            rule("many", {"signals.any_of": ["links>=4"]}, "ban", 5),
            rule("shy", {"signals.any_of": ["links"]}, "remove", 9, shadow=True),
        ],
    }
)


def verdict(number: int, links: int, action: str) -> Verdict:
    written = Written("message", UUID(int=number), UserId(UUID(int=1)), CampusId(UUID(int=2)))
    facts = Facts("message", signals={"links": links})
    decision = Decision("1", action)
    return Verdict(DecisionId(UUID(int=number)), written, Millis(number), facts, decision)


ACTIONS = ("none", "tombstone", "warn")
kept = st.lists(st.tuples(st.integers(0, 6), st.sampled_from(ACTIONS)), max_size=60)


@given(kept)
def test_the_numbers_add_up(given_: list[tuple[int, str]]) -> None:
    comparison = Comparison(POLICY)
    for number, (links, action) in enumerate(given_):
        one = verdict(number, links, action)
        comparison.add(one, decide(POLICY, one.facts))
    view = comparison.view(PERIOD, 0)
    would = ["ban" if one >= 4 else "tombstone" if one >= 2 else "none" for one, _ in given_]
    pairs = list(zip([action for _, action in given_], would, strict=True))
    assert view.events == len(given_)
    assert view.decided == sum(one != "none" for one, _ in pairs)
    assert view.would == sum(one != "none" for _, one in pairs)
    assert view.both == sum("none" not in pair for pair in pairs)
    assert view.same == sum(one == other != "none" for one, other in pairs)
    of_links, many, shy = view.rules
    assert of_links.hits == sum(links >= 2 for links, _ in given_)
    assert of_links.wins == would.count("tombstone")
    assert many.hits == many.wins == would.count("ban")
    assert (shy.hits, shy.wins, shy.shadow) == (sum(one >= 1 for one, _ in given_), 0, True)
    assert shy.overlap == sum(one >= 1 and action != "none" for one, action in given_)
    assert len(of_links.samples) == min(of_links.hits, MOST_SAMPLES)
    assert {one.action: (one.decided, one.would) for one in view.actions} == {
        action: (sum(one == action for one, _ in pairs), sum(one == action for _, one in pairs))
        for action in {one for pair in pairs for one in pair} - {"none"}
    }
    different = [number for number, (one, other) in enumerate(pairs) if one != other]
    assert [one.decision_id.int for one in view.samples] == different[:50]


def test_the_winner_is_the_gravest_and_first() -> None:
    graves = (("a", 1), ("b", 3), ("c", 3))
    matched = tuple(Match(name, "warn", grave, ()) for name, grave in graves)
    assert winner(Decision("1", "warn", matched=matched)) == matched[1]
    assert winner(Decision("1", "none")) is None


def test_who_is_trusted_little_does_not_offend_by_that_alone() -> None:
    def decision(*names: str, action: str = "restrict_create") -> Decision:
        evidence = tuple((name, 1.0) for name in names)
        return Decision("1", action, matched=(Match("r", action, 1, evidence),))

    assert not is_offence(decision("user.trust"))
    assert not is_offence(decision("user.band", "signals.trust", "subject.type"))
    assert not is_offence(decision())
    assert not is_offence(decision("text.profanity", action="none"))
    assert is_offence(decision("user.trust", "text.profanity"))
    assert is_offence(decision("signals.duplicate_text"))


def test_which_policies_look_at_words() -> None:
    def looks(when: dict[str, Any]) -> bool:
        policy = read_policy({"version": "1", "rules": [rule("r", when, "warn", 1)]})
        return looks_at_words(policy.rules[0].when)

    label = {"text.any_of": ["profanity>low"]}
    phrase = {"text.any_of": ["contains:free money"]}
    assert not looks(label)
    assert not looks({"not": {"all": [label, {"user.trust_below": 20}]}})
    assert looks(phrase)
    assert looks({"text.any_of": ["matches:x+"]})
    assert looks({"not": {"any": [label, {"all": [phrase, label]}]}})

"""How many texts a second of CPU are read and decided about, in one process and without a store."""

from __future__ import annotations

import time
from statistics import median, quantiles
from typing import Final

from benchmarks.report import table
from divan_core.safety.policies import Policy, decide
from divan_core.safety.profanity import word_list
from divan_core.safety.reading import read_policy
from divan_core.safety.shipped import default_document, default_policy
from divan_core.safety.signals import Standing, facts_of, read

EVALUATIONS: Final = 5_000
WANTED: Final = 20_000
WANTED_P95_MS: Final = 0.2
LISTED: Final = 100
"""How many phrases and how many patterns the larger policy has."""

PLAIN: Final = (
    "Hey, are you coming to the library tonight? The study group meets at 7, bring your notes"
)
OBFUSCATED: Final = "Y0u are su\u0441h a f.u-c_k1ng b!tch, f u c k you and g\u043e t\u043e heeeell"
HIDDEN: Final = "what the f*ck is this sh*t, you a$$hole, b*tch please"
DRAWN_OUT: Final = "heeeeey whaaaaat are youuuu doiiing tooonight fuuuuck fuuuck"
LONG: Final = " ".join([PLAIN] * 12)[:1_000]

FOUL: Final = (OBFUSCATED, HIDDEN)


def run(rounds: int) -> None:
    """Print the table: each text by the policy that Divan comes with, then by one with lists."""
    rows = [
        _measured("plain", PLAIN, default_policy(), rounds),
        _measured("obfuscated", OBFUSCATED, default_policy(), rounds),
        _measured("with stars", HIDDEN, default_policy(), rounds),
        _measured("drawn out", DRAWN_OUT, default_policy(), rounds),
        _measured("1,000 characters", LONG, default_policy(), rounds),
    ]
    listed = larger()
    rows += [
        _measured(f"plain, {LISTED} phrases, {LISTED} patterns", PLAIN, listed, rounds),
        _measured(f"1,000 characters, {LISTED} and {LISTED}", LONG, listed, rounds),
    ]
    rows.append(("wanted", f"{WANTED:,}", "", f"{WANTED_P95_MS}"))
    header = ("text", "evaluations/s of CPU", "p50 ms", "p95 ms")
    table("Policies: reading a text and deciding about it", header, rows)


def _measured(name: str, text: str, policy: Policy, rounds: int) -> tuple[str, str, str, str]:
    words, author = word_list(), Standing()
    rates: list[float] = []
    spent: list[int] = []
    for _ in range(rounds):
        began, before = time.process_time_ns(), time.perf_counter_ns()
        for _ in range(EVALUATIONS):
            decision = decide(policy, facts_of("message", read(text, (), words, ()), author, 0, 0))
            now = time.perf_counter_ns()
            spent.append(now - before)
            before = now
            assert (decision.action == "none") == (text not in FOUL)
        rates.append(EVALUATIONS / (time.process_time_ns() - began) * 1e9)
    p95 = quantiles(spent, n=20)[-1]
    return name, f"{median(rates):,.0f}", f"{median(spent) / 1e6:.3f}", f"{p95 / 1e6:.3f}"


def larger() -> Policy:
    """The policy that Divan comes with, and a hundred phrases and patterns besides."""
    document = dict(default_document())
    phrases = [f"contains:cheap offer {number}" for number in range(LISTED)]
    patterns = [rf"matches:offer{number}\s+(?:now|today).{{0,20}}only" for number in range(LISTED)]
    then = {"action": "tombstone", "severity": 2, "reason": "Advertising"}
    offers = {"id": "offers", "when": {"text.any_of": [*phrases, *patterns]}, "then": then}
    return read_policy(document | {"rules": [*document["rules"], offers]})

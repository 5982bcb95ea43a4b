"""What can be told of a text by itself, as facts that policies look at. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from typing import Final

from divan_core.kernel.values import value
from divan_core.safety.facts import LEVELS, Facts, Values
from divan_core.safety.links import host, is_denied, links
from divan_core.safety.profanity import WordList
from divan_core.safety.wording import folded, wording

DAY_MS: Final = 86_400_000
SHORTEST_REPEAT: Final = 12
"""How many characters a text must mean to be a repetition: "ok" and "on my way" are not."""

_FEW: Final = 0.5
_MANY: Final = 0.75


@value
class Standing:
    """What is known of the author: trust and band, and the account's age in whole days."""

    trust: float = 50.0
    band: str = "neutral"
    account_age_days: int | None = None


@value
class Reading:
    """A text, read: its labels, its links, and what it is remembered by.

    ``print`` is None where the text is too short to be a repetition of another.
    """

    plain: str
    words: str
    text: Values
    url: Values
    links: int
    denied_links: int
    print: bytes | None


def read(text: str, urls: Iterable[str], words: WordList, denied: Collection[str]) -> Reading:
    """Read a text, with the links that come beside it; ``denied`` are domains."""
    said = wording(text)
    found = [*links(said.plain), *(folded(one) for one in urls)]
    bad = sum([is_denied(host(one), denied) for one in found]) if found else 0
    return Reading(
        plain=said.plain,
        words=said.text,
        text={"profanity": words.level(said)},
        url={"malicious": LEVELS["high"] if bad else 0} if found else {},
        links=len(found),
        denied_links=bad,
        print=fingerprint(said.text) if len(said.text) > SHORTEST_REPEAT else None,
    )


def fingerprint(words: str) -> bytes:
    """What equal texts have in common: 8 bytes of a hash of their words."""
    return hashlib.blake2b(words.encode(), digest_size=8).digest()


def pace(share: float) -> int:
    """The level of velocity: by how much of what may be written in a time has been written.

    low from a half, medium from three quarters; high is all of it.
    """
    if share >= 1.0:
        return LEVELS["high"]
    return (share >= _FEW) + (share >= _MANY)


def facts_of(
    subject_type: str, reading: Reading, author: Standing, duplicates: int, velocity: int
) -> Facts:
    """The facts of something written: ``duplicates`` were written before, at this velocity."""
    signals: dict[str, float] = {
        "duplicate_text": duplicates,
        "velocity": velocity,
        "links": reading.links,
        "denied_links": reading.denied_links,
        "trust": author.trust,
    }
    if author.account_age_days is not None:
        signals["account_age_days"] = author.account_age_days
    return Facts(
        subject_type=subject_type,
        trust=author.trust,
        band=author.band,
        text=reading.text,
        url=reading.url,
        signals=signals,
        folded=reading.plain,
        words=reading.words,
    )

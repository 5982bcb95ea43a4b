"""How well a query fits a person: tiers, the cut of a tier, and scores."""

from __future__ import annotations

import functools
import math
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import chain, repeat
from typing import Final

from divan_core.discovery.folding import comparable
from divan_core.discovery.messages import MAX_FOUND, SearchQuery
from divan_core.discovery.model import (
    LONGEST,
    MOST_IN_TIER,
    SHORTEST_SLIP,
    SIMILAR,
    SLIP,
    Entry,
    RoomCard,
    Tier,
    Wanted,
    parts,
    units,
)
from divan_core.discovery.similarity import one_edit_apart, similarity, trigrams, trigrams_of
from divan_core.errors import FieldError, ValidationFailed

DAY_MS: Final = 86_400_000

HIGHEST: Final = 1.5
"""Where scores of people found by name end."""

Fit = tuple[bool, int, str, int]
"""Where a person stands in the cut of a tier, the lowest first: those whom a slip of the hand
missed, then by the shortest handle or word that fits, alphabetically, and by id."""


def check_search(query: SearchQuery) -> None:
    """Refuse a question that is out of range.

    Raises:
        ValidationFailed: every such field is named.
    """
    faults = []
    if len(query.q) > LONGEST:
        faults.append(FieldError("query.q", f"must be at most {LONGEST} characters"))
    if not 1 <= query.limit <= MAX_FOUND:
        faults.append(FieldError("query.limit", f"must be 1 to {MAX_FOUND}"))
    if faults:
        raise ValidationFailed(errors=faults)


def named_handle(q: str) -> str:
    """The handle that a query is to the letter, if it is one; an ``@`` before it does not count."""
    return unicodedata.normalize("NFKC", q).casefold().strip().removeprefix("@")


def tier_of(wanted: Wanted, one: Entry) -> Tier | None:
    """The first tier that the person belongs to; None where the query does not fit at all."""
    if begins(wanted.text, one):
        return Tier.BEGINS
    if wanted.text in one.handle or wanted.text in one.name:
        return Tier.INSIDE
    if any(_alike(wanted, part) for part in parts(one)):
        return Tier.SIMILAR
    return None


def begins(text: str, one: Entry) -> bool:
    """Whether the text starts the handle, or the name at the start of a word."""
    return one.handle.startswith(text) or f" {text}" in f" {one.name}"


def fit(wanted: Wanted, one: Entry, tier: Tier) -> Fit:
    """Where a person of this tier stands in its cut."""
    if tier is Tier.SIMILAR:
        slipped = [part for part in parts(one) if is_slip(wanted.text, part)]
        fitting = slipped or [part for part in parts(one) if _alike(wanted, part)]
        return (not slipped, *_shortest(fitting), one.user_id.int)
    if tier is Tier.INSIDE:
        fitting = [unit for unit in units(one) if wanted.text in unit]
    else:
        text = wanted.text
        fitting = [unit for unit in units(one) if unit.startswith(text)] or [one.name]
    return (True, *_shortest(fitting), one.user_id.int)


def _shortest(texts: Iterable[str]) -> tuple[int, str]:
    return min((len(text), text) for text in texts)


def _alike(wanted: Wanted, part: str) -> bool:
    return similarity(wanted.grams, trigrams(part)) > SIMILAR or is_slip(wanted.text, part)


def is_slip(text: str, word: str) -> bool:
    """Whether one edit turns the query into this word of five letters or more."""
    return len(word) >= SHORTEST_SLIP and " " not in word and one_edit_apart(text, word)


def cut(
    wanted: Wanted, people: Iterable[Entry], tier: Tier, most: int = MOST_IN_TIER
) -> list[Entry]:
    """The first of a tier's people, in the order of its cut."""
    return sorted(people, key=lambda one: fit(wanted, one, tier))[:most]


def text_score(wanted: Wanted, one: Entry) -> float:
    """What the score owes to the texts alone: 0.7 of the similarity, and 0.2 for a beginning."""
    alike = max(_likeness(wanted, part) for part in parts(one))
    return 0.7 * alike + (0.2 if begins(wanted.text, one) else 0.0)


def _likeness(wanted: Wanted, part: str) -> float:
    alike = similarity(wanted.grams, trigrams_of(part.split(" ")))
    return max(alike, SLIP) if alike < SLIP and is_slip(wanted.text, part) else alike


def likenesses(wanted: Wanted, people: Sequence[Entry]) -> list[float]:
    """How alike the query each of them is, as ``text_score`` takes it, several times as fast.

    Each of their words is looked at once. What takes time is not so much the work as to fetch what
    lies all over the memory: so the texts are joined, and the work is done on what was joined.
    """
    if not people:
        return []
    rows, words = _spelt(people)
    alike = _word_likeness(wanted, set(words) - {_TEXT, _ROW})
    get, nothing = alike.get, repeat(0.0)
    best = [max(map(get, row.split(_WORD), nothing)) for row in rows]
    for at in _of_several(words, alike):
        one = people[at // 2]
        text = one.handle if at % 2 else one.name
        best[at // 2] = max(best[at // 2], _together(wanted, text, best[at // 2]))
    return best


def tier_score(alike: float, tier: Tier) -> float:
    """``text_score`` of somebody of a tier who is so alike the query."""
    return 0.7 * alike + (0.2 if tier is Tier.BEGINS else 0.0)


_WORD: Final = "\t"
_TEXT: Final = "\v"
_ROW: Final = "\n"
"""What stands between words, between a name and a handle, and between people: no text has it."""


def _spelt(people: Iterable[Entry]) -> tuple[list[str], list[str]]:
    """The words of each person in a row, and all of them one after the other.

    Each word is spelt with two spaces before it and one behind, as trigrams are taken from it.
    """
    texts = _ROW.join([f"{one.name}{_TEXT}{one.handle}" for one in people])
    for between, spaced in (
        (" ", f" {_WORD}  "),
        (_TEXT, f" {_WORD}{_TEXT}{_WORD}  "),
        (_ROW, f" {_WORD}{_ROW}{_WORD}  "),
    ):
        texts = texts.replace(between, spaced)
    texts = f"  {texts} "
    return texts.split(_ROW), texts.split(_WORD)


def _word_likeness(wanted: Wanted, words: Collection[str]) -> dict[str, float]:
    """How alike the query is each of the words, spelt as above, that has anything of it."""
    having = [[word for word in words if gram in word] for gram in wanted.grams]
    size, text = len(wanted.grams), wanted.text
    alike = {
        word: shared / (size + _count(word) - shared)
        for word, shared in Counter(chain.from_iterable(having)).items()
    }
    lengths = range(max(SHORTEST_SLIP, len(text) - 1) + 3, len(text) + 5)
    near = [word for word in alike if len(word) in lengths] if lengths else ()
    for word in near:
        if alike[word] < SLIP and is_slip(text, word[2:-1]):
            alike[word] = SLIP
    return alike


@functools.lru_cache(maxsize=65_536)
def _count(word: str) -> int:
    """How many trigrams a word has, spelt as above.

    Only where three letters come again can they be fewer than there are places.
    """
    if len(set(word)) > len(word) - 5:
        return len(word) - 2
    return len({word[at : at + 3] for at in range(len(word) - 2)})


def _of_several(words: Iterable[str], alike: Collection[str]) -> list[int]:
    """Which of the texts, names and handles in turns, have several words that are alike at all.

    No other text is more alike than the best of its words.
    """
    marks = dict.fromkeys(alike, "+") | {_TEXT: _ROW, _ROW: _ROW}
    marked = "".join(map(marks.get, words, repeat("-"))).split(_ROW)
    return [at for at, text in enumerate(marked) if text.count("+") > 1]


def _together(wanted: Wanted, text: str, least: float) -> float:
    """How alike the query a text of several words is, all of them together; 0 unless it is more."""
    spelt = f"  {text.replace(' ', '   ')} "
    shared = sum(map(spelt.__contains__, wanted.grams))
    # There are as many other trigrams as there are letters, at least: each letter ends some.
    if shared / (len(wanted.grams) + max(shared, len(set(text)) - 1) - shared) <= least:
        return 0.0
    return similarity(wanted.grams, trigrams_of(text.split(" ")))


def person_score(text: float, *, is_friend: bool, mutual: int) -> float:
    """The score of somebody found by name, 0 to 1.5: mutual friends count by their logarithm."""
    return min(HIGHEST, text + (0.1 if is_friend else 0.0) + 0.1 * math.log1p(mutual))


NEAR: Final = 0.1
"""What being near adds to the score of somebody suggested."""

LEAST_KNOWN: Final = 0.6 * math.log1p(1)
"""What somebody with a mutual friend scores at least: more than anybody without one."""

MOST_UNSEEN: Final = 0.3
"""What somebody with no mutual friend who is not near scores at most: less than whoever is near."""


def acquaintance(mutual: int) -> float:
    """What mutual friends add to the score of somebody suggested: they count by their logarithm."""
    return 0.6 * math.log1p(mutual)


def suggestion_scores(
    acquainted: Sequence[float], heard: Sequence[int], now_ms: int
) -> list[float]:
    """The scores of people suggested who are not near.

    For each ``acquaintance``, and 0.3 of how lately they were heard: 1 now (or later), falling
    evenly to 0 after 24 hours.
    """
    since = now_ms - DAY_MS
    return [
        known + 0.3 * (((min(now_ms, at)) - since) / DAY_MS) if at > since else known
        for known, at in zip(acquainted, heard, strict=True)
    ]


def heard_at_most(score: float, now_ms: int) -> int | None:
    """When somebody with this score, no mutual friend and not near was heard, or a little later.

    None where it may have been at any moment from ``now_ms`` on.
    """
    if score >= MOST_UNSEEN:
        return None
    return now_ms - DAY_MS + math.ceil(score / 0.3 * DAY_MS) + 1


def room_score(messages: int, members: int, friends: int) -> float:
    """The score of a room: messages of the last 24 hours, members, and friends inside."""
    return 0.6 * math.log1p(messages) + 0.3 * math.log1p(members) + 0.05 * math.log1p(friends)


def room_fits(wanted: Wanted, name: str) -> bool:
    """Whether a room is found by this name, which is ``comparable``: as people are by theirs."""
    return wanted.text in name or any(_alike(wanted, part) for part in _of_room(name))


def room_search_score(wanted: Wanted, name: str, score: float) -> float:
    """The score of a room found by name, which is ``comparable``; ``score`` is the room's own."""
    alike = max(_likeness(wanted, part) for part in _of_room(name))
    prefix = 0.2 if f" {wanted.text}" in f" {name}" else 0.0
    return 0.7 * alike + prefix + 0.02 * score


def room_found_score(wanted: Wanted, room: RoomCard) -> float:
    """The score of a room that was found by its name, as its viewer sees it."""
    own = room_score(room.messages, room.members, room.friends)
    return room_search_score(wanted, comparable(room.name), own)


def _of_room(name: str) -> Sequence[str]:
    return (name, *name.split(" ")) if " " in name else (name,)

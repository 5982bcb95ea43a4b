"""What is told of a text: its words, its links."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from divan_core.safety.facts import LEVELS
from divan_core.safety.links import host, is_denied, links
from divan_core.safety.profanity import WordList, word_list
from divan_core.safety.signals import Standing, facts_of, pace, read
from divan_core.safety.wording import (
    LONGEST_REMEMBERED,
    REMEMBERED,
    Known,
    drawn_out,
    folded,
    meant,
    shortened,
    wording,
)

OFFENSIVE = [
    "you are a sh1t",
    "f u c k this",
    "f.u-c_k",
    "fuuuuck",
    "FUCKING",
    "\u0455h\u0456t",  # Cyrillic
    "s\u200bh\u200bi\u200bt",
    "\uff33\uff28\uff29\uff34",  # full width
    "sh\u0301i\u0302t\u0303",
    "f**k",
    "fu*ck",
    "a$$hole!",
    "@ss",
    "b!tch",
    "assss",
    "k y s",
    "kill  yourself",
    "unfuckingbelievable",
    "\u1d05\u026a\u1d04\u1d0b",
]
INNOCENT = [
    "Hello! How are you?",
    "The class of assassins from Scunthorpe and Essex",
    "Dickens wrote about cockpits? Dickinson, too",
    "shiitake and a cocktail, in the basement",
    "An analysis of 100% of 455 cases",
    "I'll be there at 3:45, see u",
    "a b c d e f",
    "A+ in maths! $5 to ben@example.org",
    "Hooray!!!! Soooo good",
    "\u0411\u0443\u0434\u0435\u043c \u0432 7",
    "\u4eca\u65e5\u306f",
    "raccoon and bookkeeper",
    "5 * 3 ** 2",
    "",
    " \n",
]


def level(text: str) -> int:
    return word_list().level(wording(text))


@pytest.mark.parametrize("text", OFFENSIVE)
def test_words_that_offend_however_they_are_written(text: str) -> None:
    assert level(text) >= LEVELS["medium"]


@pytest.mark.parametrize("text", INNOCENT)
def test_words_that_do_not(text: str) -> None:
    assert level(text) == 0


def test_levels() -> None:
    words = WordList.of([("mild", 1), ("bad*", 2), ("*worse*", 3), ("two words", 3)])

    def of(text: str) -> int:
        return words.level(wording(text))

    assert [of("mild"), of("badly"), of("a notworsex"), of("two words")] == [1, 2, 3, 3]
    assert [of("two other words"), of("abad"), of("mildly")] == [0, 0, 0]
    assert [of("mild mild"), of("mild mild mild"), of("bad bad bad bad")] == [1, 2, 3]
    assert of("worse worse worse") == 3
    assert [of("m*ld"), of("w*rse"), of("m*l")] == [1, 3, 0]


@given(st.text(max_size=60))
def test_looks_are_settled_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert meant(text) == meant(folded(text))


@given(st.lists(st.sampled_from(OFFENSIVE + INNOCENT), max_size=4).map(" ".join))
def test_reading_never_fails(text: str) -> None:
    assert 0 <= level(text) <= LEVELS["high"]


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("see https://Example.org/a?b#c.", ["example.org"]),
        ("http://a:b@evil.test:80/x www.other.test!", ["evil.test", "www.other.test"]),
        ("https://good.test\\@evil.test", ["good.test"]),
        ("https://evil\u3002test/", ["evil.test"]),
        ("https:///evil.test, (https://b.test)", ["evil.test", "b.test"]),
        ("http://evil.test./", ["evil.test"]),
        ("no link: http or www", []),
    ],
)
def test_links(text: str, hosts: list[str]) -> None:
    assert [host(one) for one in links(folded(text))] == hosts


def test_denied_domains() -> None:
    denied = {"evil.test"}
    assert is_denied("evil.test", denied)
    assert is_denied("a.b.evil.test", denied)
    assert not is_denied("notevil.test", denied)
    assert not is_denied("test", denied)
    assert not is_denied("", denied)


def test_what_is_read_of_a_text() -> None:
    found = read("Sh1t https://a.evil.test", ["https://fine.test"], word_list(), {"evil.test"})
    assert (found.text, found.url) == ({"profanity": 2}, {"malicious": 3})
    assert (found.links, found.denied_links) == (2, 1)
    assert read("hi", [], word_list(), ()).print is None
    assert read("hi", [], word_list(), ()).url == {}
    one = read("Come to my SHOP today!", [], word_list(), ())
    other = read("come  to my sh0p, today", [], word_list(), ())
    assert one.print == other.print != read("come to my other shop", [], word_list(), ()).print


def test_facts() -> None:
    reading = read("hello", [], word_list(), ())
    facts = facts_of("message", reading, Standing(30, "watch", 4), duplicates=2, velocity=3)
    assert facts.signals == {
        "duplicate_text": 2,
        "velocity": 3,
        "links": 0,
        "denied_links": 0,
        "trust": 30,
        "account_age_days": 4,
    }
    assert (facts.trust, facts.band, facts.words) == (30, "watch", " hello ")
    unknown = facts_of("message", reading, Standing(), 0, 0)
    assert "account_age_days" not in unknown.signals


def test_levels_of_velocity() -> None:
    shares = [pace(share) for share in (0, 0.49, 0.5, 0.74, 0.75, 0.99, 1, 7)]
    assert shares == [0, 0, 1, 1, 2, 2, 3, 3]


@given(st.text(st.sampled_from(["a", "b", "1", " ", "\u0436", "\u6f22", "\U0001d4d0", "\ud800"])))
@example("")
@example("aa")
@example("1110")
@example("\u0100\u0100\u0100")
def test_drawn_out_letters(text: str) -> None:
    words = text.split()
    expected = {word for word in words if re.search(r"([^\W\d_])\1\1", word)}
    assert drawn_out(words, " ".join(words)).keys() == expected
    for times in (1, 2):
        for word in words:
            assert shortened(word)[times - 1] == re.sub(r"([^\W\d_])\1{2,}", r"\1" * times, word)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("a", 0),
        ("a ", 0),
        ("$a", 0),
        ("*a", 0),
        ("http://", 0),
        ("a.", 0),
        ("\u0301", 0),
        ("@$", 0),
        ("fuc", 0),
        ("aab", 0),
        ("f*ck ", 3),
        ("aaa*b ", 0),
        ("fuuuck ", 3),
    ],
)
def test_hostile_texts_come_to_an_end(part: str, expected: int) -> None:
    found = read(part * 10_000, [], word_list(), {"evil.test"})
    assert found.text == {"profanity": expected}
    assert found.denied_links == 0


def test_what_is_known_of_words_is_bounded() -> None:
    """Long ones are found anew each time, and what there is too much of is forgotten."""
    asked: list[str] = []

    def find(word: str) -> int:
        asked.append(word)
        return len(word)

    known = Known(find)
    long = "a" * (LONGEST_REMEMBERED + 1)
    assert [known[one] for one in ("ab", "ab", long, long)] == [2, 2, len(long), len(long)]
    assert asked == ["ab", long, long]
    for number in range(REMEMBERED):
        assert known[str(number)] == len(str(number))
    assert len(known) < REMEMBERED

"""Names of a campus: whoever is similar is told with how alike they are."""

from collections.abc import Sequence
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.discovery import shelf, spelling
from divan_core.discovery.likened import Likened
from divan_core.discovery.model import SLIP, Entry, Tier, Wanted, entry, wanted
from divan_core.discovery.names import Names
from divan_core.discovery.policy import cut, text_score, tier_of, tier_score
from divan_core.discovery.spelling import Alphabet, shares
from divan_core.kernel.ids import UserId

WORDS = st.text("abcn1", min_size=1, max_size=7)
TEXTS = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
LETTERS = st.lists(st.text("abn", min_size=2, max_size=7), min_size=1, max_size=3).map(" ".join)
NUMBERED = st.builds(lambda name, number: (f"{name}{number}", name), LETTERS, st.integers(0, 12))
PEOPLE = st.lists(st.tuples(TEXTS, TEXTS) | NUMBERED, min_size=1, max_size=12)
QUERIES = (st.text("abcn1 ", min_size=2, max_size=14) | LETTERS).map(wanted)
GRAMS = st.sets(st.text("ab", min_size=3, max_size=3))


class Compared(str):
    """A handle that counts how often it is compared."""

    __slots__ = ()
    __hash__ = str.__hash__
    times = 0

    def __eq__(self, other: object) -> bool:
        type(self).times += 1
        return super().__eq__(other)


def called(people: Sequence[tuple[str, str]]) -> list[Entry]:
    return [entry(UserId(UUID(int=at)), *texts) for at, texts in enumerate(people, 1)]


def known(people: Sequence[Entry]) -> Names:
    names = Names()
    for one in people:
        names.replace(None, one)
    return names


def assert_scored(looked_for: Wanted, found: Sequence[Entry], tier: Tier) -> None:
    if found:
        assert isinstance(found, Likened)
        assert list(found.numbers) == [one.user_id.int for one in found]
        scores = [text_score(looked_for, one) for one in found]
        assert [tier_score(one, tier) for one in found.alike] == scores


@given(PEOPLE, QUERIES, st.sampled_from([1, 3, 50]))
def test_who_is_similar_is_as_alike_as_they_score(
    people: list[tuple[str, str]], looked_for: Wanted | None, most: int
) -> None:
    if looked_for is None:
        return
    everybody = called(people)
    similar = known(everybody).resembling(looked_for, most).similar
    fitting = [one for one in everybody if tier_of(looked_for, one) is Tier.SIMILAR]
    assert list(similar) == cut(looked_for, fitting, Tier.SIMILAR, most)
    assert_scored(looked_for, similar, Tier.SIMILAR)


@given(PEOPLE, QUERIES, st.sampled_from([1, 3, 50]))
def test_who_is_called_so_is_as_alike_as_they_score(
    people: list[tuple[str, str]], looked_for: Wanted | None, most: int
) -> None:
    if looked_for is None:
        return
    everybody = called(people)
    names = known(everybody)
    found = {
        Tier.BEGINS: names.beginning(looked_for, most),
        Tier.INSIDE: names.resembling(looked_for, most).inside,
    }
    for tier, those in found.items():
        fitting = [one for one in everybody if tier_of(looked_for, one) is tier]
        assert list(those) == cut(looked_for, fitting, tier, most)
        assert_scored(looked_for, those, tier)


@given(PEOPLE, PEOPLE, QUERIES)
def test_whoever_has_left_leaves_nothing(
    people: list[tuple[str, str]], others: list[tuple[str, str]], looked_for: Wanted | None
) -> None:
    if looked_for is None:
        return
    everybody = called([*people, *others])
    staying, leaving = everybody[: len(people)], everybody[len(people) :]
    names, never = known(everybody), known(staying)
    for one in leaving:
        names.replace(one, None)
    assert len(names) == len(staying)
    assert list(names.beginning(looked_for, 50)) == list(never.beginning(looked_for, 50))
    found, expected = names.resembling(looked_for, 50), never.resembling(looked_for, 50)
    assert list(found.inside) == list(expected.inside)
    assert list(found.similar) == list(expected.similar)


def test_a_word_of_a_name_that_ends_in_digits_is_begun_by_what_is_before_them() -> None:
    looked_for = wanted("maria")
    assert looked_for is not None
    names = known(called([("z.maria", "Yu Maria7 Li"), ("z.mario", "Maria7 Yu Li")]))
    assert [one.name for one in names.beginning(looked_for, 9)] == ["yu maria7 li", "maria7 yu li"]


@pytest.mark.parametrize("few", [0, 64])
def test_several_words_are_found_where_the_first_ends_a_longer_one(
    few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "FEW", few)
    looked_for = wanted("maria rossi")
    assert looked_for is not None
    texts = [
        ("annamaria.rossini7", "Bo"),
        ("a1", "Annamaria Rossi"),
        ("a2", "Li Annamaria Rossi"),
        ("annamaria", "Ugo Rossi"),
        ("a3", "Maria Rossi"),
        ("7maria.rossi", "Yu"),
    ]
    inside = known(called(texts)).resembling(looked_for, 9).inside
    assert [one.handle for one in inside] == ["7maria rossi", "a1", "annamaria rossini7", "a2"]


def test_the_best_of_their_texts_counts() -> None:
    """The words alone share four of fourteen trigrams with the query, the name eight of sixteen."""
    looked_for = wanted("maria silvo")
    assert looked_for is not None
    similar = known(called([("x", "Mario Silva")])).resembling(looked_for, 9).similar
    assert isinstance(similar, Likened)
    assert similar.alike == [0.5]


def test_a_word_too_short_for_slips_has_them_with_a_digit() -> None:
    looked_for = wanted("marix")
    assert looked_for is not None
    similar = known(called([("mari4", "Mari")])).resembling(looked_for, 9).similar
    assert isinstance(similar, Likened)
    assert similar.alike == [SLIP]


def test_of_more_trigrams_than_characters_nobody_is_told_how_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    people = called([("maria.silva", "Maria Silva"), ("m.salvador", "Mario Salvador")])
    looked_for = wanted("mraia slva")
    assert looked_for is not None
    by_characters = known(people).resembling(looked_for, 9).similar
    monkeypatch.setattr(spelling, "Alphabet", lambda: Alphabet(most=5))
    unspelt = known(people).resembling(looked_for, 9).similar
    assert isinstance(by_characters, Likened)
    assert not isinstance(unspelt, Likened)
    assert list(unspelt) == list(by_characters) != []


@given(GRAMS, st.lists(GRAMS, max_size=9), GRAMS)
def test_what_is_spelt_shares_as_many_as_the_sets(
    own: set[str], others: list[set[str]], met: set[str]
) -> None:
    alphabet = Alphabet()
    alphabet.spell(met)
    spelt = [alphabet.spell(one) for one in others]
    found = {at: shared for _, shared, at in shares(alphabet.spell_known(own), spelt)}
    expected = {at: len(own & one) for at, one in enumerate(others) if own & one}
    assert found == expected


def test_an_alphabet_ends() -> None:
    alphabet = Alphabet(most=3)
    assert len(alphabet.spell({"aaa", "bbb"})) == 2
    assert not alphabet.is_full
    assert alphabet.spell({"ccc", "ddd"}) == ""
    assert alphabet.is_full


def test_a_name_that_everybody_has_is_put_in_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host may call everybody "New Student" to begin with."""
    monkeypatch.setattr(Compared, "times", 0)
    everybody = [
        attrs.evolve(one, handle=Compared(one.handle))
        for one in called([(f"guest.{number}", "New Student") for number in range(200)])
    ]
    names = known(everybody)
    for one in everybody[1:]:
        names.replace(one, None)
    assert Compared.times <= 5 * len(everybody)
    assert [one.name for one in names.beginning(_wanted("new st"), 9)] == ["new student"]


def test_a_handle_of_several_words_is_found_as_long_as_anybody_has_it() -> None:
    ana, bea, eva = called([("maria.rossi", "Ana"), ("maria_rossi", "Bea"), ("e1", "Maria Rossi")])
    names = known([ana, bea, eva])
    for gone, left in ((ana, [bea, eva]), (bea, [eva]), (eva, [])):
        names.replace(gone, None)
        assert sorted(names.beginning(_wanted("mari"), 9), key=_number) == left


def _wanted(text: str) -> Wanted:
    looked_for = wanted(text)
    assert looked_for is not None
    return looked_for


def _number(one: Entry) -> int:
    return one.user_id.int


def test_whoever_comes_between_two_questions_is_compared_as_everybody() -> None:
    """By trigrams, too, that nobody had when the same was asked before."""
    ann, zoe = called([("x1", "Ann"), ("x2", "Zoe Ann")])
    names, looked_for = known([ann]), wanted("zoe")
    assert looked_for is not None
    assert not list(names.beginning(looked_for, 9))
    names.replace(None, zoe)
    found = names.beginning(looked_for, 9)
    assert list(found) == [zoe]
    assert_scored(looked_for, found, Tier.BEGINS)

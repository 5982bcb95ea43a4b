"""How much is kept of messages as JSON."""

from uuid import UUID

from msgspec import Raw

from divan_core.chat.model import ConversationId, Edition, Editions
from divan_core.chat.prints import MOST_PAGES, Print, Prints

ONE, OTHER, THIRD = (ConversationId(UUID(int=number)) for number in (1, 2, 3))


def some(*numbers: int, size: int = 100) -> dict[Edition, Print]:
    return {Edition(one.to_bytes(17, "big")): Print(Raw(b"x" * size), one) for one in numbers}


def page_of(prints: Prints, *numbers: int) -> list[int] | None:
    found = prints.page(ONE, Editions(b"".join(some(*numbers))))
    return None if found is None else [one.seq for one in found]


def kept(prints: Prints, conversation_id: ConversationId) -> list[int] | None:
    found = prints.of(conversation_id)
    return None if found is None else [one.seq for one in found.values()]


def test_only_conversations_that_are_read_are_kept() -> None:
    prints = Prints()
    ((edition, one),) = some(1).items()
    prints.add(ONE, edition, one)
    assert kept(prints, ONE) is None
    prints.keep(ONE, some(2))
    prints.add(ONE, edition, one)
    assert (kept(prints, ONE), kept(prints, OTHER)) == ([2, 1], None)


def test_what_was_read_longest_ago_goes_first() -> None:
    prints = Prints(most_bytes=850)  # two of 400 with what they take beside
    prints.keep(ONE, some(1))
    prints.keep(OTHER, some(2))
    prints.keep(OTHER, some(2))
    assert kept(prints, ONE) == [1]
    prints.keep(THIRD, some(3))
    assert [kept(prints, one) for one in (ONE, OTHER, THIRD)] == [[1], None, [3]]


def test_one_conversation_does_not_take_all() -> None:
    prints = Prints(most_bytes=1300, most_of_one=2)
    prints.keep(ONE, some(*range(9)))
    assert kept(prints, ONE) == [7, 8]
    prints.keep(OTHER, some(1))
    assert (kept(prints, ONE), kept(prints, OTHER)) == ([7, 8], [1])


def test_what_is_too_much_is_not_kept() -> None:
    prints = Prints(most_bytes=1000)
    prints.keep(ONE, some(1, 2, size=1000))
    assert kept(prints, ONE) is None
    prints.keep(OTHER, some(1, 2))
    assert kept(prints, OTHER) == [1, 2]


def test_a_page_is_what_its_editions_are() -> None:
    """Also after others were kept; none is known of which something is missing."""
    prints = Prints()
    assert page_of(prints) is None
    prints.keep(ONE, some(1, 2, 3))
    for _ in range(2):
        assert page_of(prints, 3, 1) == [3, 1]
        assert page_of(prints, 3, 2, 1) == [3, 2, 1]
        assert page_of(prints, 4, 3) is None
        assert page_of(prints) == []
    prints.keep(ONE, some(4))
    assert page_of(prints, 4, 3) == [4, 3]


def test_what_is_no_longer_kept_is_on_no_page() -> None:
    prints = Prints(most_of_one=2)
    prints.keep(ONE, some(1, 2))
    assert page_of(prints, 2, 1) == [2, 1]
    prints.keep(ONE, some(3))
    assert page_of(prints, 2, 1) is None


def test_pages_take_their_part_of_what_is_kept() -> None:
    """All that one conversation has are a few; here they are what is too much."""
    many = list(range(MOST_PAGES + 1))
    prints = Prints(most_bytes=400 * len(many) + 330 * MOST_PAGES)
    prints.keep(ONE, some(*many))
    for one in many * 3:
        assert page_of(prints, one) == [one]
    prints.keep(OTHER, some(1))  # which takes more than the last page did
    assert kept(prints, OTHER) == [1]
    assert kept(prints, ONE) is None


def test_pages_that_are_forgotten_take_nothing() -> None:
    prints = Prints(most_bytes=400 * 2 + 330, most_of_one=1)
    prints.keep(OTHER, some(1))
    for number in range(9):
        prints.keep(ONE, some(number))
        assert page_of(prints, number) == [number]
    assert kept(prints, OTHER) == [1]

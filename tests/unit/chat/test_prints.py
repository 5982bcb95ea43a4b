"""How much is kept of messages as JSON."""

from uuid import UUID

from msgspec import Raw

from divan_core.chat.model import ConversationId, Edition
from divan_core.chat.prints import Print, Prints

ONE, OTHER, THIRD = (ConversationId(UUID(int=number)) for number in (1, 2, 3))


def some(*numbers: int, size: int = 100) -> dict[Edition, Print]:
    return {Edition(bytes([one])): Print(Raw(b"x" * size), one) for one in numbers}


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

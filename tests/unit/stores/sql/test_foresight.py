"""Where it is worth it to suppose something, and what is known then."""

from uuid import UUID

from divan_core.chat.model import ConversationId
from divan_core.kernel.clock import Millis
from divan_core.stores.sql.foresight import RESTS, Foresight, Standing

ONE, OTHER, THIRD = (ConversationId(UUID(int=number)) for number in (1, 2, 3))


def at(seq: int) -> Standing:
    return Standing(seq, Millis(1000 + seq))


def supposed(foresight: Foresight, conversation_id: ConversationId) -> Standing | None:
    """What is supposed in a turn, which somebody has."""
    assert foresight.take(conversation_id)
    return foresight.standing(conversation_id)


def test_what_was_seen_is_supposed() -> None:
    """Nothing is, where nothing was seen."""
    foresight = Foresight()
    assert supposed(foresight, ONE) is None
    foresight.looked_up(ONE, at(4))
    foresight.saw(ONE, at(5))
    foresight.give(ONE)
    assert supposed(foresight, ONE) == at(5)
    assert supposed(foresight, OTHER) is None


def test_one_at_a_time_supposes() -> None:
    foresight = Foresight()
    assert foresight.take(ONE)
    assert not foresight.take(ONE)
    assert foresight.take(OTHER)
    foresight.give(ONE)
    assert foresight.take(ONE)


def test_where_others_write_it_is_looked_up() -> None:
    """Until it turns out that they do no longer."""
    foresight = Foresight()
    foresight.saw(ONE, at(1))
    assert supposed(foresight, ONE) == at(1)
    foresight.give(ONE)
    foresight.was_wrong(ONE)
    for found, known in ((2, None), (2, at(2))):
        assert supposed(foresight, ONE) is None or known
        foresight.looked_up(ONE, at(found))
        foresight.give(ONE)
    assert supposed(foresight, ONE) == at(2)


def test_where_many_write_nothing_is_supposed_for_a_while() -> None:
    """What was just looked up was old already."""
    foresight = Foresight()
    assert supposed(foresight, ONE) is None
    foresight.looked_up(ONE, at(1))
    foresight.give(ONE)
    foresight.was_wrong(ONE)
    assert [foresight.take(ONE) for _ in range(RESTS + 1)] == [False] * RESTS + [True]
    assert foresight.standing(ONE) is None


def test_the_oldest_is_forgotten() -> None:
    foresight = Foresight(capacity=2)
    for one in (ONE, OTHER, ONE, THIRD):
        foresight.saw(one, at(1))
    assert supposed(foresight, ONE) == supposed(foresight, THIRD) == at(1)
    assert supposed(foresight, OTHER) is None

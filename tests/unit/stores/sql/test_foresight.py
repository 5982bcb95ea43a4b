"""Where it is worth it to suppose something, and what is known then."""

from uuid import UUID

from divan_core.chat.model import ConversationId
from divan_core.kernel.clock import Millis
from divan_core.stores.sql.foresight import RESTS, Foresight, Standing

ONE, OTHER, THIRD = (ConversationId(UUID(int=number)) for number in (1, 2, 3))


def at(seq: int) -> Standing:
    return Standing(seq, Millis(1000 + seq))


def supposed(foresight: Foresight, conversation_id: ConversationId) -> Standing | None:
    """What is supposed, where something is."""
    assert foresight.begins(conversation_id)
    return foresight.standing(conversation_id)


def test_what_was_seen_is_supposed() -> None:
    """Nothing is, where nothing was seen."""
    foresight = Foresight()
    assert supposed(foresight, ONE) is None
    assert foresight.looked_up(ONE, at(4)) == at(4)
    foresight.saw(ONE, at(5))
    assert supposed(foresight, ONE) == at(5)
    assert supposed(foresight, OTHER) is None


def test_one_follows_upon_the_other() -> None:
    """Whatever is looked up meanwhile, and in whatever order it is told."""
    foresight = Foresight()
    foresight.looked_up(ONE, at(1))
    for number in (2, 3, 4):
        assert supposed(foresight, ONE) == at(number - 1)
        foresight.gave(ONE, at(number))
    assert foresight.looked_up(ONE, at(1)) == at(4)
    for number in (2, 4, 3):
        foresight.kept(ONE, at(number))
    assert supposed(foresight, ONE) == at(4)


def test_what_follows_upon_something_wrong_is_wrong() -> None:
    """Nothing more is supposed until all of it has come back."""
    foresight = Foresight()
    foresight.looked_up(ONE, at(1))
    foresight.gave(ONE, at(2))
    foresight.gave(ONE, at(3))
    foresight.was_wrong(ONE, looked_up=False)
    assert not foresight.begins(ONE)
    foresight.was_wrong(ONE, looked_up=False)
    assert supposed(foresight, ONE) is None


def test_where_others_write_it_is_looked_up() -> None:
    """Until it turns out that they do no longer."""
    foresight = Foresight()
    foresight.saw(ONE, at(1))
    assert supposed(foresight, ONE) == at(1)
    foresight.gave(ONE, at(2))
    foresight.was_wrong(ONE, looked_up=False)
    for _ in range(2):
        assert supposed(foresight, ONE) is None
        foresight.looked_up(ONE, at(3))
    assert supposed(foresight, ONE) == at(3)


def test_what_has_gone_back_is_believed() -> None:
    """A database may have been restored."""
    foresight = Foresight()
    foresight.saw(ONE, at(9))
    foresight.gave(ONE, at(10))
    foresight.was_wrong(ONE, looked_up=False)
    assert foresight.looked_up(ONE, at(4)) == at(4)


def test_where_many_write_nothing_is_supposed_for_a_while() -> None:
    """What was just looked up was old already."""
    foresight = Foresight()
    assert supposed(foresight, ONE) is None
    foresight.looked_up(ONE, at(1))
    foresight.gave(ONE, at(2))
    foresight.was_wrong(ONE, looked_up=True)
    assert [foresight.begins(ONE) for _ in range(RESTS + 1)] == [False] * RESTS + [True]
    assert foresight.standing(ONE) is None


def test_the_oldest_is_forgotten() -> None:
    """Also while something of it is under way, which then comes back to a new place."""
    foresight = Foresight(capacity=2)
    foresight.gave(OTHER, at(1))
    for one in (ONE, OTHER, ONE, THIRD):
        foresight.saw(one, at(1))
    assert supposed(foresight, ONE) == supposed(foresight, THIRD) == at(1)
    assert supposed(foresight, OTHER) is None
    foresight.kept(OTHER, at(2))
    assert supposed(foresight, OTHER) == at(2)
    foresight.gave(OTHER, at(3))
    assert supposed(foresight, OTHER) == at(3)

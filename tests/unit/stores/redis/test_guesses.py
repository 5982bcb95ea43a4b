from uuid import UUID

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.presence.model import LEASE_MS, PersonKey
from divan_core.stores.redis.guesses import Guesses

CAMPUS = CampusId(UUID(int=0))
ANN, BEN, EVE = (PersonKey(CAMPUS, UserId(UUID(int=number))) for number in (1, 2, 3))


def test_the_last_one_seen_is_guessed() -> None:
    guesses = Guesses()
    assert guesses.get(ANN) == b""
    guesses.put(ANN, b"one", Millis(90))
    guesses.put(ANN, b"two", Millis(91))
    assert guesses.get(ANN) == b"two"


def test_nothing_is_kept_past_its_end() -> None:
    guesses = Guesses()
    guesses.put(ANN, b"ann", Millis(90))
    guesses.put(BEN, b"ben", Millis(95))
    guesses.forget(Millis(89))
    assert (guesses.get(ANN), guesses.get(BEN)) == (b"ann", b"ben")
    guesses.forget(Millis(90))
    assert (guesses.get(ANN), guesses.get(BEN)) == (b"", b"ben")


def test_who_ends_before_the_others_is_not_guessed() -> None:
    guesses = Guesses()
    guesses.put(ANN, b"ann", Millis(90))
    guesses.put(BEN, b"ben", Millis(95))
    guesses.put(ANN, b"offline", Millis(90))
    guesses.put(EVE, b"", Millis(0))
    assert (guesses.get(ANN), guesses.get(EVE)) == (b"", b"")
    guesses.forget(Millis(94))
    assert guesses.get(BEN) == b"ben"


def test_the_oldest_goes_first() -> None:
    guesses = Guesses(capacity=2)
    for end, key in enumerate((ANN, BEN, ANN, EVE)):
        guesses.put(key, b"x", Millis(90 + end))
    assert [guesses.get(key) for key in (ANN, BEN, EVE)] == [b"x", b"", b"x"]


def test_a_clock_set_back_forgets_everything() -> None:
    guesses = Guesses()
    guesses.put(ANN, b"ann", Millis(2 * LEASE_MS))
    guesses.forget(Millis(LEASE_MS))
    assert guesses.get(ANN) == b"ann"
    guesses.forget(Millis(LEASE_MS - 1))
    assert guesses.get(ANN) == b""
    guesses.put(BEN, b"ben", Millis(LEASE_MS + 5))
    assert guesses.get(BEN) == b"ben"

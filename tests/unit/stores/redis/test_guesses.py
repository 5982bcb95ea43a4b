from divan_core.kernel.clock import Millis
from divan_core.presence.model import LEASE_MS
from divan_core.stores.redis.guesses import Guess, Guesses

ANN, BEN, EVE = b"ann", b"ben", b"eve"


def guess(data: bytes) -> Guess:
    return data, None


def test_the_last_one_seen_is_guessed() -> None:
    guesses = Guesses()
    assert guesses.get(ANN)[0] == b""
    guesses.put(ANN, guess(b"one"), Millis(90))
    guesses.put(ANN, guess(b"two"), Millis(91))
    assert guesses.get(ANN)[0] == b"two"


def test_nothing_is_kept_past_its_end() -> None:
    guesses = Guesses()
    guesses.put(ANN, guess(b"ann"), Millis(90))
    guesses.put(BEN, guess(b"ben"), Millis(95))
    guesses.forget(Millis(89))
    assert (guesses.get(ANN)[0], guesses.get(BEN)[0]) == (b"ann", b"ben")
    guesses.forget(Millis(90))
    assert (guesses.get(ANN)[0], guesses.get(BEN)[0]) == (b"", b"ben")


def test_who_ends_before_the_others_is_not_guessed() -> None:
    guesses = Guesses()
    guesses.put(ANN, guess(b"ann"), Millis(90))
    guesses.put(BEN, guess(b"ben"), Millis(95))
    guesses.put(ANN, guess(b"offline"), Millis(90))
    guesses.put(EVE, guess(b""), Millis(0))
    assert (guesses.get(ANN)[0], guesses.get(EVE)[0]) == (b"", b"")
    guesses.forget(Millis(94))
    assert guesses.get(BEN)[0] == b"ben"


def test_the_oldest_goes_first() -> None:
    guesses = Guesses(capacity=2)
    for end, key in enumerate((ANN, BEN, ANN, EVE)):
        guesses.put(key, guess(b"x"), Millis(90 + end))
    assert [guesses.get(key)[0] for key in (ANN, BEN, EVE)] == [b"x", b"", b"x"]


def test_a_clock_set_back_forgets_everything() -> None:
    guesses = Guesses()
    guesses.put(ANN, guess(b"ann"), Millis(2 * LEASE_MS))
    guesses.forget(Millis(LEASE_MS))
    assert guesses.get(ANN)[0] == b"ann"
    guesses.forget(Millis(LEASE_MS - 1))
    assert guesses.get(ANN)[0] == b""
    guesses.put(BEN, guess(b"ben"), Millis(LEASE_MS + 5))
    assert guesses.get(BEN)[0] == b"ben"

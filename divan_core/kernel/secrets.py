"""What is surely no secret, whoever asks."""

from __future__ import annotations

from typing import Final

MIN_CHARACTERS: Final = 20
MIN_DISTINCT: Final = 6
STAND_INS: Final = ("changeme", "change-me", "change_me", "change this", "password", "example")


def is_guessable(secret: str) -> bool:
    """Whether a secret is surely none: too short, the same few characters, or a stand-in.

    Of random texts of 20 hexadecimal digits one in three million has under six different ones.
    """
    plain = secret.lower()
    return (
        len(secret) < MIN_CHARACTERS
        or len(set(secret)) < MIN_DISTINCT
        or any(word in plain for word in STAND_INS)
    )

"""A mailbox for tests, and passwords that are hashed quickly."""

from __future__ import annotations

import re

from divan_core.auth.model import Mail
from divan_core.errors import Unavailable
from divan_core.passwords.argon2id import Argon2Hasher, Cost


class Letters:
    """A :class:`~divan_core.auth.ports.Mailer` that keeps what it is given."""

    def __init__(self) -> None:
        """Nothing has come yet. ``failures`` is how many letters are refused from now on."""
        self.sent: list[Mail] = []
        self.failures = 0

    async def send(self, mail: Mail) -> None:
        """Keep it."""
        if self.failures:
            self.failures -= 1
            raise Unavailable("The mail server does not take mail.")
        self.sent.append(mail)

    def token(self, to: str) -> str:
        """The token of the last letter to an address."""
        text = next(mail.text for mail in reversed(self.sent) if mail.to == to)
        found: list[str] = re.findall(r"(?:token=|\n)([A-Za-z0-9_-]{60,70})\n", text)
        return found[0]


def quick_hasher() -> Argon2Hasher:
    """Argon2id that costs next to nothing, and protects nothing."""
    return Argon2Hasher(Cost(passes=1, memory_kib=8, lanes=1))

"""What everything stands on: the clock, ids, chance, and the secret with the keys made of it."""

from __future__ import annotations

import hashlib
from typing import Final

import attrs

from divan_core.activities.games.game import AnyGame
from divan_core.auth.ports import Mailer, PasswordHasher
from divan_core.kernel.clock import Clock
from divan_core.kernel.ids import Entropy, Ids
from divan_core.kernel.traces import Traces
from divan_core.kernel.urgency import Foreground
from divan_core.moderation.ports import Checkpoints, NoCheckpoints
from divan_core.safety.own import OwnSignals

DRIFT: Final = "presence drift"
CURSORS: Final = "cursors"
NOTICES: Final = "notices between processes"
FINGERPRINTS: Final = "idempotency fingerprints"
ACCESS: Final = "access tokens"
REFRESH: Final = "refresh tokens"
MAIL: Final = "tokens in mails"
CHAIN: Final = "chain of the audit"
CHECKPOINTS: Final = "checkpoints of the audit"
PSEUDONYMS: Final = "names of moderators"
MAILBOXES: Final = "limits of mailboxes"
PRINTS: Final = "prints of texts"


@attrs.frozen
class Ground:
    """What is injected: the clock, new ids, the deployment's secret (32 bytes or more), chance.

    Without ``hasher`` and ``mailer`` they follow from the settings. ``checkpoints`` is where those
    of the audit are kept. ``games`` are those of the host, beside Divan's own, and so
    are ``signals``. ``traces`` is None where there are none. Workers make way for what is of the
    ``foreground``.
    """

    clock: Clock
    ids: Ids
    secret: bytes = attrs.field(repr=False)
    entropy: Entropy
    hasher: PasswordHasher | None = None
    mailer: Mailer | None = None
    checkpoints: Checkpoints = attrs.field(factory=NoCheckpoints)
    games: tuple[AnyGame, ...] = ()
    signals: OwnSignals = attrs.field(factory=dict)
    traces: Traces | None = None
    foreground: Foreground = attrs.field(factory=Foreground)


def derived_key(secret: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose, which tells nothing of the secret or of other keys."""
    root = hashlib.blake2b(secret, digest_size=32).digest()
    return hashlib.blake2b(purpose.encode(), digest_size=32, key=root).digest()

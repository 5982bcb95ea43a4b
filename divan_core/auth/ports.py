"""What signing in needs from a store, and from others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from divan_core.auth.model import (
    Arrival,
    Holder,
    Login,
    Mail,
    Newcomer,
    Registration,
    RegistrationId,
    Session,
    SessionId,
)
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId

UnitT_contra = TypeVar("UnitT_contra", contravariant=True)


class LoginRepository(Protocol):
    """Keeps how people sign in. A mailbox is one person's."""

    async def get(self, user_id: UserId) -> Login | None:
        """How the person signs in, or None."""
        ...

    async def get_many(self, people: Sequence[UserId]) -> Sequence[Login]:
        """How these sign in, in any order; those who cannot are left out."""
        ...

    async def find(self, email_keys: Sequence[str]) -> Sequence[Login]:
        """The logins of these mailboxes, in any order; unknown ones are left out."""
        ...

    async def put(self, logins: Sequence[Login]) -> None:
        """Keep these, replacing those of the same people. Few statements, however many.

        The people exist.

        Raises:
            EmailTaken: somebody else has one of the mailboxes; nothing of the unit is kept.
        """
        ...

    async def claim(self, user_id: UserId, email: str) -> None:
        """Let the address be this person's, who cannot sign in by it yet.

        A login with this mailbox stays as it is.

        Raises:
            EmailTaken: it is somebody else's; nothing of the unit is kept.
        """
        ...

    async def is_verified(self, user_id: UserId) -> bool:
        """Whether the person has shown that their mailbox is theirs."""
        ...

    async def arrivals(self, people: Sequence[UserId]) -> Mapping[UserId, Arrival]:
        """How these came here, whether they can sign in or not. Few statements, however many.

        Deleted ones and those who do not exist are left out.
        """
        ...

    async def remove(self, user_id: UserId) -> bool:
        """Remove it; whether it was there."""
        ...


class RegistrationRepository(Protocol):
    """Keeps registrations, and which of them wait for a mail."""

    async def put(self, registration: Registration) -> None:
        """Keep a new one, whose mail is due at once. Its campus exists."""
        ...

    async def get(self, registration_id: RegistrationId) -> Registration | None:
        """The registration, over or not, or None."""
        ...

    async def newest(self, email_key: str) -> Registration | None:
        """The mailbox's newest registration, over or not, or None."""
        ...

    async def remove(self, email_key: str) -> int:
        """Remove all of a mailbox; how many it were."""
        ...

    async def any_due(self, now: Millis) -> bool:
        """Whether a mail is due. One cheap statement: it is asked every few seconds."""
        ...

    async def due(self, now: Millis, until: Millis, most: int) -> Sequence[Registration]:
        """Up to ``most`` whose mail is due, those first that are due longest.

        They are due again at ``until``, unless :meth:`mailed` is said before.
        """
        ...

    async def mailed(self, registration_id: RegistrationId) -> None:
        """Its mail is out."""
        ...

    async def purge(self, now: Millis, most: int) -> int:
        """Delete up to ``most`` that are over at ``now``; how many it were."""
        ...


class SessionRepository(Protocol):
    """Keeps sessions."""

    async def put(self, session: Session) -> None:
        """Keep it, replacing the one with its id. The person exists."""
        ...

    async def get(self, session_id: SessionId) -> Session | None:
        """The session, over or not, or None."""
        ...

    async def of(self, user_id: UserId, limit: int) -> Sequence[Session]:
        """Up to ``limit`` sessions of a person, by id."""
        ...

    async def remove(self, session_id: SessionId) -> bool:
        """Remove it; whether it was there."""
        ...

    async def remove_of(self, user_id: UserId, most: int) -> int:
        """Remove up to ``most`` of a person's sessions; how many it were."""
        ...

    async def purge(self, now: Millis, most: int) -> int:
        """Delete up to ``most`` that are over at ``now``; how many it were."""
        ...


class PasswordHasher(Protocol):
    """Makes hashes of passwords, slowly on purpose, without holding up anybody else."""

    async def hash(self, password: str) -> str:
        """A salted hash, which tells how it was made.

        Raises:
            Unavailable: passwords cannot be hashed here.
        """
        ...

    async def verify(self, known: str | None, password: str) -> bool:
        """Whether a hash is of this password. None is of no password, and takes as long.

        Raises:
            Unavailable: passwords cannot be hashed here.
        """
        ...


class Mailer(Protocol):
    """Sends mail."""

    async def send(self, mail: Mail) -> None:
        """Hand a letter over to whoever delivers it.

        Raises:
            Unavailable: nobody took it; trying again later may help.
        """
        ...


class TokenIssuer(Protocol):
    """Signs access tokens."""

    def issue(self, holder: Holder) -> str:
        """A token that this deployment believes until ``holder.expires_at``.

        Raises:
            Unavailable: tokens cannot be signed here.
        """
        ...


class Enrolment(Protocol[UnitT_contra]):
    """Whoever keeps the people."""

    def handle_of(self, newcomer: Newcomer) -> str:
        """The handle as it would be kept, once the newcomer is found to be possible.

        Raises:
            ValidationFailed: a field that cannot be.
        """
        ...

    async def require_room(self, unit: UnitT_contra, newcomer: Newcomer) -> None:
        """See that the newcomer could be enrolled now.

        Raises:
            ValidationFailed: there is no such campus.
            HandleTaken: somebody has the handle, or one that looks like it.
        """
        ...

    async def enrol(self, unit: UnitT_contra, newcomer: Newcomer) -> None:
        """Keep the person, with their mailbox; what the unit does then is undone as one.

        Raises:
            ValidationFailed, HandleTaken: as above.
            EmailTaken: the mailbox is somebody's.
        """
        ...

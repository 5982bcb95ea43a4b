"""Pure rules of signing in: passwords, and the tokens that are no JWTs."""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import hmac
import unicodedata
from importlib import resources
from typing import Final
from uuid import UUID

import attrs

from divan_core.auth.messages import LoginView, SessionView
from divan_core.auth.model import (
    REGISTRATION_MS,
    Login,
    Mail,
    Newcomer,
    Registration,
    RegistrationId,
    Session,
    SessionId,
    mailbox_key,
)
from divan_core.errors import FieldError, InvalidCredentials, ValidationFailed
from divan_core.kernel.clock import Millis, rfc3339
from divan_core.kernel.ids import CampusId, UserId

SHORTEST: Final = 10
LONGEST: Final = 200

_ID: Final = 16
_RANDOM: Final = 32
_MAC: Final = 16
_SEQUENCES: Final = (
    "0123456789" * 3,
    "abcdefghijklmnopqrstuvwxyz" * 2,
    "qwertyuiopasdfghjklzxcvbnm",
)


def prepared(password: str) -> str:
    """A password as it is hashed: NFC, so that it is the same from every keyboard."""
    return unicodedata.normalize("NFC", password)


@functools.cache
def common_passwords() -> frozenset[str]:
    """Passwords of ten characters or more that everybody tries first, case folded."""
    text = resources.files("divan_core.auth").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def password_fault(password: str, *names: str) -> str | None:
    """Why a password is not good enough; None when it is.

    ``names`` are what everybody knows of its owner: the address, the handle.
    """
    folded = prepared(password).casefold()
    if not SHORTEST <= len(prepared(password)) <= LONGEST:
        return f"must be {SHORTEST}-{LONGEST} characters"
    if _is_repetition(folded):
        return "must not repeat the same few characters"
    if any(folded in row or folded[::-1] in row for row in _SEQUENCES):
        return "must not be a row of the alphabet or the keyboard"
    if folded in _known(names):
        return "must not be your address, handle or name"
    if folded in common_passwords() or _bare(folded) in common_passwords():
        return "is among the passwords that everybody tries first"
    return None


def check_password(password: str, *names: str, path: str = "$.password") -> None:
    """Refuse a password that is not good enough; see :func:`password_fault`.

    Raises:
        ValidationFailed: the message says why.
    """
    fault = password_fault(password, *names)
    if fault is not None:
        raise ValidationFailed(errors=[FieldError(path, fault)])


def _is_repetition(text: str) -> bool:
    """Whether it is one piece of up to four characters, again and again."""
    return any(text == (text[:size] * (len(text) // size + 1))[: len(text)] for size in range(1, 5))


def _bare(text: str) -> str:
    return text.rstrip("!?.,;:*#$%&+-_ ")


def _known(names: tuple[str, ...]) -> set[str]:
    folded = {mailbox_key(name) for name in names if name}
    return folded | {name.partition("@")[0] for name in folded}


@attrs.frozen
class AuthKeys:
    """Keys of 32 bytes, each for one purpose."""

    mail: bytes = attrs.field(repr=False)
    refresh: bytes = attrs.field(repr=False)
    mailboxes: bytes = attrs.field(repr=False)


def counted_as(key: bytes, email_key: str) -> tuple[CampusId, UserId]:
    """Under which ids a mailbox's tries are counted; they tell nothing of the mailbox."""
    digest = hashlib.blake2b(email_key.encode(), digest_size=32, key=key).digest()
    return CampusId(UUID(bytes=digest[:16])), UserId(UUID(bytes=digest[16:]))


def new_registration(newcomer: Newcomer, password_hash: str, now: Millis) -> Registration:
    """A registration that begins now."""
    return Registration(
        id=RegistrationId(newcomer.id),
        campus_id=newcomer.campus_id,
        email=newcomer.email,
        handle=newcomer.handle,
        display_name=newcomer.display_name,
        password_hash=password_hash,
        created_at=now,
        expires_at=Millis(now + REGISTRATION_MS),
    )


def newcomer_of(registration: Registration) -> Newcomer:
    """The person whom a registration asks for."""
    return Newcomer(
        id=registration.user_id,
        campus_id=registration.campus_id,
        handle=registration.handle,
        display_name=registration.display_name,
        email=registration.email,
    )


def mail_token(key: bytes, registration_id: RegistrationId) -> str:
    """The token of a registration's mail. It is derived, so nothing secret is kept anywhere."""
    return _text(registration_id.bytes + _mac(key, registration_id.bytes, _RANDOM))


def registration_named(key: bytes, token: str) -> RegistrationId:
    """The registration that a mail's token is for.

    Raises:
        ValidationFailed: the token was not made here.
    """
    raw = _raw(token)
    found, mac = raw[:_ID], raw[_ID:]
    if len(found) != _ID or not hmac.compare_digest(mac, _mac(key, found, _RANDOM)):
        fault = FieldError("$.token", "is not the token of a mail")
        raise ValidationFailed(errors=[fault])
    return RegistrationId(UUID(bytes=found))


def refresh_token(key: bytes, session_id: SessionId, chance: bytes) -> str:
    """A refresh token: its session, 256 bits of chance, and the sign that it was made here."""
    body = session_id.bytes + chance
    return _text(body + _mac(key, body, _MAC))


def session_named(key: bytes, token: str) -> SessionId:
    """The session that a refresh token belongs to, whether or not it is the newest of it.

    Raises:
        InvalidCredentials: the token was not made here.
    """
    raw = _raw(token)
    body, mac = raw[:-_MAC], raw[-_MAC:]
    if len(body) != _ID + _RANDOM or not hmac.compare_digest(mac, _mac(key, body, _MAC)):
        raise InvalidCredentials("The refresh token is not valid.")
    return SessionId(UUID(bytes=body[:_ID]))


def token_hash(key: bytes, token: str) -> bytes:
    """What is kept of a refresh token: 32 bytes, of no use without the key."""
    return hashlib.blake2b(token.encode(), digest_size=32, key=key).digest()


def is_newest(session: Session, key: bytes, token: str) -> bool:
    """Whether the token is the one that is good."""
    return hmac.compare_digest(session.token_hash, token_hash(key, token))


def _mac(key: bytes, body: bytes, size: int) -> bytes:
    return hashlib.blake2b(body, digest_size=size, key=key, person=b"divan auth").digest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _raw(token: str) -> bytes:
    """The bytes of a token that could be one of ours, else nothing.

    Only the one way to write them counts: base64 has several.
    """
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if _text(raw) == token else b""


def verification_mail(registration: Registration, token: str, public_url: str) -> Mail:
    """What the owner of a new mailbox reads.

    The link has the token behind ``#``, so that no server on the way writes it down.
    """
    address = f"{public_url.rstrip('/')}/verify#token={token}" if public_url else ""
    way = (
        f"open this address within 24 hours:\n\n{address}"
        if address
        else f"enter this code within 24 hours:\n\n{token}"
    )
    return Mail(
        to=registration.email,
        subject="Confirm your address",
        text=f"Hello,\n\nto begin as @{registration.handle}, {way}\n\n"
        "If you have not asked for this, do nothing: no account will be made.\n",
    )


def known_mailbox_mail(registration: Registration) -> Mail:
    """What the owner of a mailbox reads who has an account already."""
    return Mail(
        to=registration.email,
        subject="You have an account already",
        text="Hello,\n\nsomebody, perhaps you, asked for an account with this address. You have "
        "one already, and nothing was changed: sign in with your password.\n\n"
        "If it was not you, there is nothing to do.\n",
    )


def login_view(login: Login | None, sessions: tuple[Session, ...]) -> LoginView:
    """How somebody signs in, to themselves."""
    verified_at = None if login is None else login.verified_at
    return LoginView(
        has_password=login is not None and login.password_hash is not None,
        verified_at=None if verified_at is None else rfc3339(verified_at),
        sessions=tuple(
            SessionView(str(one.id), rfc3339(one.created_at), rfc3339(one.expires_at))
            for one in sessions
        ),
    )

"""Passwords, and the tokens that are no JWTs."""

import base64
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from divan_core.auth import policy
from divan_core.auth.model import Registration, RegistrationId, Session, SessionId, mailbox_key
from divan_core.errors import InvalidCredentials, ValidationFailed
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId

KEY, OTHER = b"k" * 32, b"o" * 32
ID = UUID(int=7 << 64)
UUIDS = st.uuids()


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short one", "10-200"),
        ("x" * 201, "10-200"),
        ("aaaaaaaaaaaa", "repeat"),
        ("abcabcabcabc", "repeat"),
        ("abc1abc1abc1a", "repeat"),
        ("cdefghijklmn", "row"),
        ("9876543210", "row"),
        ("Qwertyuiop", "row"),
        ("ana.maria@example.org", "address"),
        ("ANA.MARIA@Example.org", "address"),
        ("ana.mariaxx", None),
        ("Ana.Maria1", "address"),
        ("Password123", "first"),
        ("PASSWORD123!!", "first"),
        ("correct horse battery staple", "first"),
        ("motdepasse123", "first"),
        ("plum under seven bridges", None),
        ("\N{SNOWMAN}" * 5 + "abcde", None),
    ],
)
def test_passwords(password: str, why: str | None) -> None:
    found = policy.password_fault(password, "ana.maria@example.org", "ana.maria1")
    assert (found is None) if why is None else (found is not None and why in found)


def test_the_list_is_of_long_enough_folded_passwords() -> None:
    found = policy.common_passwords()
    assert len(found) > 400
    assert all(len(one) >= policy.SHORTEST and one == one.casefold() for one in found)


def test_a_weak_password_is_a_fault_of_its_field() -> None:
    with pytest.raises(ValidationFailed) as refused:
        policy.check_password("password123")
    assert [fault.path for fault in refused.value.errors] == ["$.password"]
    policy.check_password("plum under seven bridges")


def test_one_password_from_every_keyboard() -> None:
    assert policy.prepared("e\N{COMBINING ACUTE ACCENT}") == policy.prepared("\u00e9")


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ana@Example.ORG", "ana@example.org"), ("\uff21na@x.org", "ana@x.org"), (" a@b ", "a@b")],
)
def test_one_mailbox(one: str, other: str) -> None:
    assert mailbox_key(one) == mailbox_key(other)


@given(st.text())
def test_folding_again_changes_nothing(text: str) -> None:
    assert mailbox_key(mailbox_key(text)) == mailbox_key(text)


@given(UUIDS)
def test_a_mails_token_names_its_registration(registration_id: RegistrationId) -> None:
    token = policy.mail_token(KEY, registration_id)
    assert policy.registration_named(KEY, token) == registration_id
    with pytest.raises(ValidationFailed):
        policy.registration_named(OTHER, token)


@given(UUIDS, st.binary(min_size=32, max_size=32))
def test_a_refresh_token_names_its_session(session_id: SessionId, chance: bytes) -> None:
    token = policy.refresh_token(KEY, session_id, chance)
    assert policy.session_named(KEY, token) == session_id
    with pytest.raises(InvalidCredentials):
        policy.session_named(OTHER, token)


@given(UUIDS, st.integers(0, 47), st.integers(1, 255))
def test_no_changed_byte_passes(session_id: SessionId, place: int, change: int) -> None:
    for token, named in (
        (policy.mail_token(KEY, RegistrationId(session_id)), policy.registration_named),
        (policy.refresh_token(KEY, session_id, bytes(32)), policy.session_named),
    ):
        raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        raw[place] ^= change
        forged = base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()
        with pytest.raises((InvalidCredentials, ValidationFailed)):
            named(KEY, forged)


@given(st.text())
def test_rubbish_is_no_token(text: str) -> None:
    with pytest.raises(ValidationFailed):
        policy.registration_named(KEY, text)
    with pytest.raises(InvalidCredentials):
        policy.session_named(KEY, text)


@given(UUIDS)
def test_a_token_is_written_in_one_way(session_id: SessionId) -> None:
    """Base64 ignores spare bits at the end, white space, and more; we do not."""
    token = policy.refresh_token(KEY, session_id, bytes(32))
    for forged in (token + "=", token + "\n", " " + token, token[:-1] + chr(ord(token[-1]) + 1)):
        assume(forged != token)
        with pytest.raises(InvalidCredentials):
            policy.session_named(KEY, forged)


def test_a_mails_token_is_no_refresh_token() -> None:
    with pytest.raises(InvalidCredentials):
        policy.session_named(KEY, policy.mail_token(KEY, RegistrationId(ID)))
    with pytest.raises(ValidationFailed):
        policy.registration_named(KEY, policy.refresh_token(KEY, SessionId(ID), bytes(32)))


def test_only_the_newest_token_is_good() -> None:
    old, new = (policy.refresh_token(KEY, SessionId(ID), bytes([n]) * 32) for n in (1, 2))
    kept = policy.token_hash(KEY, new)
    session = Session(SessionId(ID), UserId(ID), kept, Millis(0), Millis(9))
    assert policy.is_newest(session, KEY, new)
    assert not policy.is_newest(session, KEY, old)
    assert new.encode() not in kept


def test_tries_are_counted_by_mailbox_under_a_key() -> None:
    one = policy.counted_as(KEY, "ana@example.org")
    assert one == policy.counted_as(KEY, "ana@example.org")
    assert one != policy.counted_as(OTHER, "ana@example.org")
    assert one != policy.counted_as(KEY, "ben@example.org")


def test_mails() -> None:
    registration = Registration(
        RegistrationId(ID), CampusId(ID), "a@b.org", "ana", "Ana", "hash", Millis(0), Millis(1)
    )
    token = policy.mail_token(KEY, registration.id)
    linked = policy.verification_mail(registration, token, "https://divan.example/")
    assert f"https://divan.example/verify#token={token}\n" in linked.text
    plain = policy.verification_mail(registration, token, "")
    assert f"\n{token}\n" in plain.text
    known = policy.known_mailbox_mail(registration)
    assert (linked.to, plain.to, known.to) == ("a@b.org",) * 3
    assert token not in known.text


def test_how_somebody_signs_in_to_themselves() -> None:
    view = policy.login_view(None, ())
    assert (view.has_password, view.verified_at, view.sessions) == (False, None, ())

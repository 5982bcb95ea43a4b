"""The use cases of signing in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

import attrs

from divan_core.auth import policy
from divan_core.auth.mailing import Mailroom
from divan_core.auth.messages import (
    ACCOUNT_VERIFIED,
    ACCOUNTS,
    CreateAccount,
    LoginView,
    Pending,
    RefreshToken,
    Register,
    SignIn,
    Tokens,
    Verified,
    VerifyEmail,
)
from divan_core.auth.model import Login, Newcomer, Registration, RegistrationId, mailbox_key
from divan_core.auth.sessions import Sessions
from divan_core.auth.tools import AuthRules, AuthTools, AuthUnit
from divan_core.errors import (
    EmailTaken,
    EmailUnverified,
    Gone,
    InvalidCredentials,
    NotFound,
    Unavailable,
)
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.ids import UserId
from divan_core.kernel.units import Units
from divan_core.kernel.visibility import PersonCard, Standing

UnitT = TypeVar("UnitT", bound=AuthUnit)

MOST_SESSIONS: Final = 200
"""How many sessions of a person are shown."""


class Auth(Generic[UnitT]):
    """Mailboxes, passwords and sessions.

    Nothing that it answers, and no time it takes, tells whether a mailbox is known. Waiting mails
    are the registrations themselves, sent by :meth:`send_mail` once they are committed: a process
    that dies in between leaves them to the next one.
    """

    def __init__(self, units: Units[UnitT], tools: AuthTools[UnitT], rules: AuthRules) -> None:
        """Keep logins through ``units``."""
        self._units = units
        self._tools = tools
        self._rules = rules
        self._sessions = Sessions(units, tools)
        self._mailroom = Mailroom(units, tools, rules.public_url)

    async def register(self, command: Register) -> Pending:
        """Ask for an account; the mailbox's owner learns by mail how to begin.

        Raises:
            ValidationFailed: a field that cannot be, an unknown campus, a weak password.
            HandleTaken: somebody has the handle, or one that looks like it.
            RateLimited: too many registrations of this mailbox.
            Unavailable: no mail can be sent here, or passwords cannot be hashed.
        """
        tools = self._tools
        if tools.mailer is None:
            raise Unavailable("This server cannot send mail: DIVAN_MAIL_URL is not set.")
        newcomer = self._newcomer(command)
        _check_password(command.password, newcomer)
        counted = policy.counted_as(tools.keys.mailboxes, mailbox_key(newcomer.email))
        await tools.limits.admit(*counted, self._rules.register)
        await self._units.read(lambda unit: tools.enrolment.require_room(unit, newcomer))
        password_hash = await tools.hasher.hash(policy.prepared(command.password))
        registration = policy.new_registration(newcomer, password_hash, tools.clock.now())

        async def body(unit: UnitT) -> None:
            await tools.enrolment.require_room(unit, newcomer)
            await unit.registrations.put(registration)

        await self._units.write(body)
        return Pending()

    async def verify(self, command: VerifyEmail) -> Verified:
        """Become the person whom a registration asked for.

        Raises:
            ValidationFailed: the token is none of ours.
            Gone: it was used, is over, or the mailbox has an account.
            HandleTaken: somebody was faster; register again with another handle.
        """
        return await self._become(policy.registration_named(self._tools.keys.mail, command.token))

    async def sign_in(self, command: SignIn) -> Tokens:
        """Begin a session. The banned may: what was done to them, and appeals, stay open to them.

        Raises:
            InvalidCredentials: there is no such mailbox, or its password is another.
            EmailUnverified: the password is right, the mailbox is not confirmed.
            RateLimited: too many tries for this mailbox.
            Unavailable: passwords or tokens cannot be made here.
        """
        tools, key = self._tools, mailbox_key(command.email)
        counted = policy.counted_as(tools.keys.mailboxes, key)
        await tools.limits.admit(*counted, self._rules.sign_in)
        login, password_hash = await self._units.read(lambda unit: self._known(unit, key))
        right = await tools.hasher.verify(password_hash, policy.prepared(command.password))
        if not right:
            raise InvalidCredentials("There is no such mailbox, or its password is another.")
        if login is None or login.password_hash is None or login.verified_at is None:
            raise EmailUnverified
        return await self._sessions.begin(login)

    async def refresh(self, command: RefreshToken) -> Tokens:
        """Go on with a session; see :meth:`Sessions.refresh <divan_core.auth.sessions.Sessions>`.

        Raises:
            InvalidCredentials: not the newest refresh token of a session of ours.
        """
        return await self._sessions.refresh(command)

    async def sign_out(self, command: RefreshToken) -> None:
        """End a session; one that is over stays so. Its access token runs out by itself.

        Raises:
            InvalidCredentials: not a refresh token of ours.
        """
        await self._sessions.end(command)

    async def create_account(self, command: CreateAccount) -> Verified:
        """Add a person on the word of an operator; their mailbox is not verified by this.

        Raises:
            ValidationFailed: a field that cannot be, an unknown campus, a weak password.
            HandleTaken, EmailTaken: somebody has it.
        """
        tools = self._tools
        newcomer = self._newcomer(command)
        login = Login(newcomer.id, mailbox_key(newcomer.email))
        if command.password is not None:
            _check_password(command.password, newcomer)
            password_hash = await tools.hasher.hash(policy.prepared(command.password))
            login = attrs.evolve(login, password_hash=password_hash)
        return await self._enrolled(newcomer, login, _nothing_more)

    async def verify_account(self, email: str, password: str) -> Verified:
        """Give a mailbox's account a password and call it verified; its sessions end.

        A registration that waits becomes the person it asked for.

        Raises:
            NotFound: nobody has this mailbox or waits for it.
            ValidationFailed: a weak password.
            HandleTaken: of a registration, somebody was faster.
        """
        tools, key = self._tools, mailbox_key(email)
        found = await self._units.read(lambda unit: _account(unit, key))
        if isinstance(found, Registration):
            _check_password(password, policy.newcomer_of(found))
            password_hash = await tools.hasher.hash(policy.prepared(password))
            return await self._become(found.id, password_hash)
        if found is None:
            raise NotFound("Nobody has this address.")
        card = await tools.audience.card(found.user_id)
        if card is None or card.standing is Standing.DELETED:
            raise NotFound("Nobody has this address.")
        policy.check_password(password, email, card.handle, card.display_name)
        password_hash = await tools.hasher.hash(policy.prepared(password))
        login = attrs.evolve(found, password_hash=password_hash, verified_at=tools.clock.now())
        await self._replaced(login, self._verified(card))
        return Verified(card.user_id, card.campus_id, card.handle, card.display_name)

    async def find(self, email: str) -> UserId:
        """Who has a mailbox.

        Raises:
            NotFound: nobody.
        """
        found = await self._units.read(lambda unit: unit.logins.find((mailbox_key(email),)))
        if not found:
            raise NotFound("Nobody has this address.")
        return found[0].user_id

    async def login(self, user_id: UserId) -> LoginView:
        """How somebody signs in, to themselves."""

        async def body(unit: UnitT) -> LoginView:
            sessions = await unit.sessions.of(user_id, MOST_SESSIONS)
            return policy.login_view(await unit.logins.get(user_id), tuple(sessions))

        return await self._units.read(body)

    async def send_mail(self, most: int) -> int:
        """Send the mails that are due, up to ``most``; how many it were.

        Raises:
            Unavailable: nobody takes one.
        """
        return await self._mailroom.send(most)

    async def purge(self, most: int) -> int:
        """Delete up to ``most`` registrations and sessions that are over; how many it were."""
        now = self._tools.clock.now()

        async def body(unit: UnitT) -> int:
            registrations = await unit.registrations.purge(now, most)
            return registrations + await unit.sessions.purge(now, most)

        return await self._units.write(body)

    def _newcomer(self, command: Register | CreateAccount) -> Newcomer:
        newcomer = Newcomer(
            id=UserId(self._tools.ids.uuid()),
            campus_id=command.campus_id,
            handle=command.handle,
            display_name=command.display_name,
            email=command.email,
        )
        return attrs.evolve(newcomer, handle=self._tools.enrolment.handle_of(newcomer))

    async def _known(self, unit: UnitT, key: str) -> tuple[Login | None, str | None]:
        """A mailbox's login, and the hash that a password is compared with."""
        found = await unit.logins.find((key,))
        waiting = await unit.registrations.newest(key)  # in any case, for the time it takes
        login = found[0] if found else None
        if login is not None and login.password_hash is not None:
            return login, login.password_hash
        if waiting is None or waiting.expires_at <= self._tools.clock.now():
            return login, None
        return login, waiting.password_hash

    async def _become(
        self, registration_id: RegistrationId, password_hash: str | None = None
    ) -> Verified:
        now = self._tools.clock.now()
        waiting = await self._units.read(lambda unit: unit.registrations.get(registration_id))
        if waiting is None or waiting.expires_at <= now:
            raise Gone("The token was used, or its time is over.")
        newcomer = policy.newcomer_of(waiting)
        login = Login(newcomer.id, waiting.email_key, password_hash or waiting.password_hash, now)

        async def used(unit: UnitT) -> None:
            if not await unit.registrations.remove(waiting.email_key):
                raise Gone("The token was used, or its time is over.")

        try:
            return await self._enrolled(newcomer, login, used)
        except EmailTaken as fault:
            raise Gone("There is an account with this address. Sign in.") from fault

    async def _enrolled(
        self, newcomer: Newcomer, login: Login, first: Callable[[UnitT], Awaitable[None]]
    ) -> Verified:
        async def body(unit: UnitT) -> None:
            await first(unit)
            if await unit.logins.find((login.email_key,)):
                raise EmailTaken
            await self._tools.enrolment.enrol(unit, newcomer)
            await unit.logins.put((login,))

        async with self._tools.audience.changing(newcomer.campus_id, (newcomer.id,)):
            await self._units.write(body)
        return Verified(newcomer.id, newcomer.campus_id, newcomer.handle, newcomer.display_name)

    def _verified(self, card: PersonCard) -> Event:
        return Event(
            id=EventId(self._tools.ids.uuid()),
            topic=ACCOUNTS,
            name=ACCOUNT_VERIFIED,
            campus_id=card.campus_id,
            aggregate=f"person:{card.user_id}",
            at=self._tools.clock.now(),
            data={"user_id": str(card.user_id)},
        )

    async def _replaced(self, login: Login, told: Event) -> None:
        async def body(unit: UnitT) -> None:
            if await unit.logins.get(login.user_id) is None:
                raise NotFound("Nobody has this address.")
            await unit.logins.put((login,))
            await unit.outbox.add(told)
            while await unit.sessions.remove_of(login.user_id, MOST_SESSIONS):
                pass

        await self._units.write(body)


def _check_password(password: str, newcomer: Newcomer) -> None:
    policy.check_password(password, newcomer.email, newcomer.handle, newcomer.display_name)


async def _nothing_more(_unit: AuthUnit) -> None:
    """Nothing comes before."""


async def _account(unit: AuthUnit, key: str) -> Login | Registration | None:
    found = await unit.logins.find((key,))
    return found[0] if found else await unit.registrations.newest(key)

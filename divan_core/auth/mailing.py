"""The mails of registrations, sent once these are committed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from divan_core.auth import policy
from divan_core.auth.model import Mail, Registration, RegistrationId
from divan_core.auth.tools import AuthTools, AuthUnit
from divan_core.errors import Unavailable
from divan_core.kernel.clock import Millis
from divan_core.kernel.units import Units

UnitT = TypeVar("UnitT", bound=AuthUnit)

LEASE_MS: Final = 300_000
"""How soon a mail that nobody said was sent is sent again, in milliseconds."""

AT_ONCE: Final = 10
"""How many mails are taken together: few enough to be out before others take them over."""


class Mailroom(Generic[UnitT]):
    """Sends what is due.

    The registrations themselves are what waits, so nothing secret stands in an event, and what a
    process leaves behind that dies in between is sent by the next one. A handler of events could
    not do it: it awaits nothing but its unit.
    """

    def __init__(self, units: Units[UnitT], tools: AuthTools[UnitT], public_url: str) -> None:
        """Look for mails through ``units``; links lead to ``public_url`` (empty: to nowhere)."""
        self._units = units
        self._tools = tools
        self._public_url = public_url

    async def send(self, most: int) -> int:
        """Send the mails that are due, up to ``most``; how many it were.

        One that nobody takes is due again in five minutes, until its registration is over. A mail
        may go out twice, after a crash between sending and saying so; never not at all.

        Raises:
            Unavailable: some were not taken; all were tried.
        """
        tried, failure = 0, None
        while tried < most and (due := await self._due(min(AT_ONCE, most - tried))):
            tried += len(due)
            for registration, known in due:
                try:
                    await self._send(registration, known=known)
                except Unavailable as fault:
                    failure = fault
        if failure is not None:
            raise failure
        return tried

    async def _due(self, most: int) -> list[tuple[Registration, bool]]:
        """What to send, and whether there is an account already."""
        now = self._tools.clock.now()
        if self._tools.mailer is None or not await self._units.read(_any_due(now)):
            return []

        async def body(unit: UnitT) -> list[tuple[Registration, bool]]:
            await unit.locks.take("mail")
            due = await unit.registrations.due(now, Millis(now + LEASE_MS), most)
            known = await unit.logins.find([one.email_key for one in due])
            keys = {login.email_key for login in known}
            return [(one, one.email_key in keys) for one in due]

        return await self._units.write(body, locking=True)

    async def _send(self, registration: Registration, *, known: bool) -> None:
        mailer = self._tools.mailer
        if mailer is not None and registration.expires_at > self._tools.clock.now():
            await mailer.send(self._mail(registration, known=known))
        await self._units.write(_mailed(registration.id))

    def _mail(self, registration: Registration, *, known: bool) -> Mail:
        if known:
            return policy.known_mailbox_mail(registration)
        token = policy.mail_token(self._tools.keys.mail, registration.id)
        return policy.verification_mail(registration, token, self._public_url)


def _any_due(now: Millis) -> Callable[[AuthUnit], Awaitable[bool]]:
    return lambda unit: unit.registrations.any_due(now)


def _mailed(registration_id: RegistrationId) -> Callable[[AuthUnit], Awaitable[None]]:
    return lambda unit: unit.registrations.mailed(registration_id)

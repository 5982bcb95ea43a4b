"""Everything of one person: handed over, counted, and erased."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import attrs

from divan_core.accounts import policy as accounts_policy
from divan_core.accounts.handles import normalised
from divan_core.accounts.messages import OwnAccount
from divan_core.accounts.model import Person
from divan_core.activities.games.registry import Games
from divan_core.auth.messages import LoginView
from divan_core.auth.service import Auth
from divan_core.chat.messages import MessageView
from divan_core.erasure.model import Holding, Leaver
from divan_core.erasure.service import Erasures, Progress
from divan_core.errors import NotFound
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import rfc3339
from divan_core.kernel.ids import UserId
from divan_core.kernel.units import Units
from divan_core.kernel.visibility import Standing
from divan_core.leaderboards.messages import OwnScores
from divan_core.leaderboards.service import Leaderboards
from divan_core.moderation.appealmessages import OwnAppeal
from divan_core.moderation.sanctionmessages import Sanction
from divan_core.moderation.sanctions import Sanctions
from divan_core.personal.play import OwnActivity, play_of
from divan_core.personal.sanctioned import OwnRestriction, sanctioned
from divan_core.personal.talk import OwnConversation, OwnRoom, talk_of
from divan_core.presence.messages import OwnStatus
from divan_core.presence.service import Presence
from divan_core.social import policy as social_policy
from divan_core.social.messages import InviteView
from divan_core.stores.bundle import StoreUnit

PAGE: Final = 1_000
"""How many of a list are read at once."""


Paged = Callable[[UserId, UserId | None, int], Awaitable[Sequence[UserId]]]
"""Reads a page of ids: whose, after which, how many."""


@attrs.frozen
class Dossier:
    """All data of a person, for themselves. Times are RFC 3339; ``presence`` is as of now.

    ``blocked`` are those whom they have blocked; by whom they are blocked is others' to tell.
    ``stored_answers`` is how many answers to writes with an idempotency key are still kept.
    ``conversations``, ``rooms`` and ``messages`` are what they are, or were, in conversations, and
    all that they wrote there; not what others wrote. ``activities`` are the games that they have
    played, as long as those are kept. ``standing``, ``sanctions`` and
    ``restrictions`` are what was decided about them, as far as they may know; ``appeals`` what
    they had to say to it. ``scores`` is what they have on leaderboards.
    """

    account: OwnAccount
    created_at: str
    standing: str
    login: LoginView
    friends: tuple[UserId, ...]
    blocked: tuple[UserId, ...]
    invites: tuple[InviteView, ...]
    presence: OwnStatus
    stored_answers: int
    conversations: tuple[OwnConversation, ...]
    rooms: tuple[OwnRoom, ...]
    messages: tuple[MessageView, ...]
    activities: tuple[OwnActivity, ...]
    sanctions: tuple[Sanction, ...]
    appeals: tuple[OwnAppeal, ...]
    restrictions: tuple[OwnRestriction, ...]
    scores: OwnScores


@attrs.frozen
class Plan:
    """What an erasure would remove. ``begun``: it was begun before, and goes on."""

    user_id: UserId
    holdings: tuple[Holding, ...]
    begun: bool = False


@attrs.frozen
class PersonalTools:
    """What the service is built from, besides its store."""

    auth: Auth[StoreUnit]
    erasures: Erasures[StoreUnit]
    presence: Presence
    sanctions: Sanctions
    games: Games
    leaderboards: Leaderboards[StoreUnit]


def _nobody_listens(_step: str, _done: int) -> None:
    """Tell nobody."""


class Personal:
    """What operators do for a person who asks for their data, or to be forgotten."""

    def __init__(self, units: Units[StoreUnit], tools: PersonalTools) -> None:
        """Read through ``units``."""
        self._units = units
        self._tools = tools

    async def export(self, email: str) -> Dossier:
        """All data of whoever has this mailbox.

        Raises:
            NotFound: nobody has it.
        """
        person = await self._person(await self._tools.auth.find(email))
        if person.standing is Standing.DELETED:
            raise NotFound("Nobody has this address.")
        login = await self._tools.auth.login(person.id)
        presence = await self._tools.presence.status(Actor(person.id, person.campus_id))
        found = await self._units.read(lambda unit: _relations(unit, person.id))
        talk = await talk_of(self._units, person.id)
        decided = await sanctioned(self._units, self._tools.sanctions, person)
        return Dossier(
            account=accounts_policy.own_account(
                person, email_verified=login.verified_at is not None
            ),
            created_at=rfc3339(person.created_at),
            standing=decided.standing,
            login=login,
            friends=found.friends,
            blocked=found.blocked,
            invites=found.invites,
            presence=presence,
            stored_answers=found.stored_answers,
            conversations=talk.conversations,
            rooms=talk.rooms,
            messages=talk.messages,
            activities=await play_of(self._units, self._tools.games, person.id),
            sanctions=decided.sanctions,
            appeals=decided.appeals,
            restrictions=decided.restrictions,
            scores=await self._tools.leaderboards.own(Actor(person.id, person.campus_id)),
        )

    async def plan(self, email: str, handle: str) -> Plan:
        """What erasing the person with this mailbox and this handle would remove.

        Of somebody whose erasure has begun the mailbox suffices: the handle is gone.

        Raises:
            NotFound: there is no such person, or the handle is another.
        """
        person = await self._person(await self._tools.auth.find(email))
        begun = person.standing is Standing.DELETED
        if not begun and person.handle != normalised(handle):
            raise NotFound("Nobody has this address and this handle.")
        holdings = await self._tools.erasures.holdings(Leaver(person.id, person.campus_id))
        return Plan(person.id, (*holdings, Holding("person", int(not begun))), begun)

    async def erase(
        self, user_id: UserId, progress: Progress = _nobody_listens, *, handed_on: bool = False
    ) -> None:
        """Erase everything personal of somebody, or go on with it.

        ``handed_on``: a server of this deployment has presence and caches in its own memory, and
        its workers forget them within a minute.

        :class:`~divan_core.erasure.service.Erasures` tells how, and what stays.

        Raises:
            NotFound: there is no such person.
            StoreUnavailable: workers go on with it, or the same call again.
        """
        person = await self._person(user_id)
        leaver = Leaver(person.id, person.campus_id)
        await self._tools.erasures.erase(leaver, progress, handed_on=handed_on)

    async def sweep(self, most: int) -> int:
        """Go on with up to ``most`` erasures that wait; how many it were."""
        return await self._tools.erasures.sweep(most)

    async def _person(self, user_id: UserId) -> Person:
        person = await self._units.read(lambda unit: unit.people.get(user_id))
        if person is None:
            raise NotFound
        return person


@attrs.frozen
class _Relations:
    friends: tuple[UserId, ...]
    blocked: tuple[UserId, ...]
    invites: tuple[InviteView, ...]
    stored_answers: int


async def _relations(unit: StoreUnit, user_id: UserId) -> _Relations:
    invites = await unit.invites.of(user_id, await unit.invites.count_of(user_id) + 1)
    return _Relations(
        friends=await _all(unit.relations.friends, user_id),
        blocked=await _all(unit.relations.blocked_by, user_id),
        invites=tuple(social_policy.invite_view(one) for one in invites),
        stored_answers=await unit.keys.count_of(str(user_id)),
    )


async def _all(page: Paged, user_id: UserId) -> tuple[UserId, ...]:
    """Every page of a list by id."""
    found: list[UserId] = []
    while True:
        portion = await page(user_id, found[-1] if found else None, PAGE)
        found += portion
        if len(portion) < PAGE:
            return tuple(found)

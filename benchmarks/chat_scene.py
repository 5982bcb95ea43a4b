"""The scene of chatting: pairs who have written to each other, rooms, and what is asked of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

import attrs

from benchmarks.world import CAMPUS, CENTRE
from divan_core import Divan
from divan_core.accounts.messages import CreateCampus, CreatePerson
from divan_core.chat.messages import SendMessage
from divan_core.chat.model import ConversationId, Member, Preset, Room, RoomVisibility
from divan_core.chat.roommessages import SendRoomMessage
from divan_core.kernel.actor import ADMIN, Actor
from divan_core.kernel.ids import RoomId, UserId
from divan_core.safety.messages import CreatePolicy, PolicyQuery

PAIRS: Final = 200
ROOMS: Final = 20
INSIDE: Final = 10
"""How many people are in each room; in the one for all, everybody of the pairs' first halves."""

HISTORY: Final = 60
"""How many messages there are where a page is read: more than one page of fifty."""

READ: Final = 20
"""In how many conversations, and in as many rooms, pages are read."""

WORDS: Final = "The library closes at ten, shall we meet at the entrance?"


@attrs.frozen
class Ask:
    """One request: whose, and where. With a body it is a POST with a key of its own.

    ``$`` in the body stands for that key.
    """

    user_id: UserId
    path: str
    body: str = ""

    @property
    def line(self) -> str:
        """How load clients read it."""
        return "\t".join((str(self.user_id), self.path, self.body))


def person(number: int) -> UserId:
    """One of the two of a pair; even and odd numbers that follow each other are one."""
    return UserId(UUID(int=(3 << 64) + number))


def room(number: int) -> RoomId:
    """A room; number 0 is the one for all."""
    return RoomId(UUID(int=(5 << 64) + number))


def inside(number: int) -> list[UserId]:
    """Who is in a room."""
    if number == 0:
        return [person(2 * one) for one in range(PAIRS)]
    first = number * INSIDE
    return [person((first + one) % (2 * PAIRS)) for one in range(INSIDE)]


def direct_sends(*, named: bool = False) -> list[Ask]:
    """Messages from each to the other of their pair; ``named`` ones with a client_msg_id."""
    extra = {"client_msg_id": "$"} if named else {}
    return [
        Ask(
            person(one),
            "/chat/messages",
            json.dumps({"to_user_id": str(person(one ^ 1)), "body": WORDS, **extra}),
        )
        for one in range(2 * PAIRS)
    ]


def room_sends(rooms: Sequence[int]) -> list[Ask]:
    """Messages from everybody in these rooms."""
    body = json.dumps({"body": WORDS})
    return [
        Ask(one, f"/rooms/{room(number)}/messages", body)
        for number in rooms
        for one in inside(number)
    ]


def direct_pages() -> list[Ask]:
    """The newest page of conversations that are long enough."""
    return [
        Ask(person(one), f"/chat/conversations/{person(one ^ 1)}/messages")
        for one in range(2 * READ)
    ]


def room_pages() -> list[Ask]:
    """The newest page of each room but the one for all."""
    return [
        Ask(one, f"/rooms/{room(number)}/messages")
        for number in range(1, ROOMS + 1)
        for one in inside(number)
    ]


async def settle(divan: Divan) -> None:
    """Found the campus, let everybody in, open the rooms, and write what pages are read of.

    The policy in force is one that lets the same be written all the time.
    """
    await let_in(divan)
    admin = Actor(person(0), CAMPUS, frozenset({ADMIN}))
    made = await divan.policies.create(admin, CreatePolicy("bench", (), "none"))
    await divan.policies.activate(admin, PolicyQuery(made.view.id))
    for number in range(ROOMS + 1):
        await _open(divan, number)
    for actor, command in _past():
        await divan.chat.send(actor, command)
    for actor, written in _past_in_rooms():
        await divan.rooms.send(actor, written)


async def let_in(divan: Divan) -> None:
    """Found the campus, with everybody on it."""
    await divan.accounts.create_campus(CreateCampus("Bench", CENTRE.lat, CENTRE.lon, id=CAMPUS))
    for one in range(2 * PAIRS):
        name = f"person{one}"
        await divan.accounts.create_person(CreatePerson(CAMPUS, name, name, id=person(one)))


async def _open(divan: Divan, number: int) -> None:
    now, people = divan.clock.now(), inside(number)
    opened = Room(
        id=room(number),
        campus_id=CAMPUS,
        name=f"Room {number}",
        preset=Preset.MANY,
        visibility=RoomVisibility.LINK,
        created_at=now,
        members=len(people),
    )
    members = [Member(ConversationId(opened.id), one, now) for one in people]
    await divan.stores.units.write(lambda unit: unit.rooms.put(opened, members))


def _past() -> Iterator[tuple[Actor, SendMessage]]:
    for pair in range(READ):
        for number in range(HISTORY):
            one = 2 * pair + number % 2
            yield Actor(person(one), CAMPUS), SendMessage(person(one ^ 1), WORDS)


def _past_in_rooms() -> Iterator[tuple[Actor, SendRoomMessage]]:
    for number in range(1, ROOMS + 1):
        people = inside(number)
        for turn in range(HISTORY):
            yield (
                Actor(people[turn % len(people)], CAMPUS),
                SendRoomMessage(room(number), WORDS),
            )

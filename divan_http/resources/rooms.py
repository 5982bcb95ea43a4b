"""Rooms."""

from __future__ import annotations

from collections.abc import Awaitable
from types import NoneType
from typing import Final

from msgspec import Raw

from divan_core.chat.messages import Acknowledged, MessageView
from divan_core.chat.roommessages import (
    AddMember,
    CreateRoom,
    KickMember,
    MuteMember,
    ReadRoom,
    RoomMessagesQuery,
    RoomQuery,
    RoomsQuery,
    RoomView,
    RosterEntry,
    RosterQuery,
    SendRoomMessage,
    SetRole,
)
from divan_core.divan import Divan
from divan_core.errors import (
    DivanError,
    InvalidCursor,
    InvalidInput,
    KickedOut,
    NotAllowed,
    NotFound,
    NotFriends,
    NotMember,
    OutcomeUnknown,
    RateLimited,
    RoomFull,
)
from divan_core.kernel.actor import Actor
from divan_core.kernel.gate import CLOSED
from divan_core.kernel.once import Done, IdempotencyKey
from divan_core.kernel.paging import Page
from divan_http.operation import KeyedOperation, Operation, PersonOperation
from divan_http.resources.chat import WRITING

INSIDE: Final[tuple[type[DivanError], ...]] = (NotFound, NotMember)
HOSTING: Final[tuple[type[DivanError], ...]] = (*INSIDE, NotAllowed, InvalidInput, OutcomeUnknown)


def create(
    divan: Divan, actor: Actor, command: CreateRoom, key: IdempotencyKey | None
) -> Awaitable[Done[RoomView]]:
    """Open a room that you own, with friends in it from the beginning."""
    return divan.rooms.create(actor, command, idempotency_key=key)


def mine(divan: Divan, actor: Actor, query: RoomsQuery) -> Awaitable[Page[RoomView]]:
    """List the rooms you are in, the newest first."""
    return divan.rooms.mine(actor, query)


def card(divan: Divan, actor: Actor, query: RoomQuery) -> Awaitable[RoomView]:
    """Show a room: a link room to everybody of its campus, a private one to those in it."""
    return divan.rooms.card(actor, query)


def join(divan: Divan, actor: Actor, query: RoomQuery) -> Awaitable[RoomView]:
    """Enter a link room."""
    return divan.rooms.join(actor, query)


def leave(divan: Divan, actor: Actor, query: RoomQuery) -> Awaitable[None]:
    """Leave a room; its owner hands it over."""
    return divan.rooms.leave(actor, query)


def roster(divan: Divan, actor: Actor, query: RosterQuery) -> Awaitable[Page[RosterEntry]]:
    """List who is in a room that you are in, the longest-standing first."""
    return divan.rooms.roster(actor, query)


def add(divan: Divan, actor: Actor, command: AddMember) -> Awaitable[RosterEntry]:
    """Bring somebody into a room that you own or moderate."""
    return divan.rooms.add(actor, command)


def set_role(divan: Divan, actor: Actor, command: SetRole) -> Awaitable[RosterEntry]:
    """Give somebody a role in a room that you own; `owner` hands the room over."""
    return divan.rooms.set_role(actor, command)


def mute(divan: Divan, actor: Actor, command: MuteMember) -> Awaitable[None]:
    """Let somebody in a room that you own or moderate only read for a while; 0 ends it."""
    return divan.rooms.mute(actor, command)


def kick(divan: Divan, actor: Actor, command: KickMember) -> Awaitable[None]:
    """Put somebody out of a room that you own or moderate, until they are added again."""
    return divan.rooms.kick(actor, command)


def messages(divan: Divan, actor: Actor, query: RoomMessagesQuery) -> Awaitable[Page[Raw]]:
    """List what was written in a room that you are in, newest first."""
    return divan.rooms.printed(actor, query)


def send(
    divan: Divan, actor: Actor, command: SendRoomMessage, key: IdempotencyKey | None
) -> Awaitable[Done[MessageView]]:
    """Write into a room; the same `client_msg_id` again answers the message it was used for."""
    return divan.rooms.send(actor, command, idempotency_key=key)


def read(divan: Divan, actor: Actor, command: ReadRoom) -> Awaitable[Acknowledged]:
    """Say that you have read what was written in a room, up to a number; it never goes back."""
    return divan.rooms.read(actor, command)


OPERATIONS: Final[tuple[Operation, ...]] = (
    KeyedOperation(
        method="POST",
        path="/rooms",
        name="rooms.create",
        command=CreateRoom,
        view=RoomView,
        perform=create,
        errors=(*CLOSED, RoomFull, RateLimited),
    ),
    PersonOperation(
        method="GET",
        path="/rooms",
        name="rooms.mine",
        command=RoomsQuery,
        view=Page[RoomView],
        perform=mine,
        errors=(InvalidCursor,),
    ),
    PersonOperation(
        method="GET",
        path="/rooms/{room_id}",
        name="rooms.card",
        command=RoomQuery,
        view=RoomView,
        perform=card,
        errors=(NotFound,),
    ),
    PersonOperation(
        method="POST",
        path="/rooms/{room_id}/join",
        name="rooms.join",
        command=RoomQuery,
        view=RoomView,
        perform=join,
        errors=(NotFound, KickedOut, RoomFull, OutcomeUnknown),
    ),
    PersonOperation(
        method="POST",
        path="/rooms/{room_id}/leave",
        name="rooms.leave",
        command=RoomQuery,
        view=NoneType,
        status=204,
        perform=leave,
        errors=(NotFound, OutcomeUnknown),
    ),
    PersonOperation(
        method="GET",
        path="/rooms/{room_id}/members",
        name="rooms.roster",
        command=RosterQuery,
        view=Page[RosterEntry],
        perform=roster,
        errors=(*INSIDE, InvalidCursor),
    ),
    PersonOperation(
        method="POST",
        path="/rooms/{room_id}/members",
        name="rooms.add",
        command=AddMember,
        view=RosterEntry,
        perform=add,
        errors=(*HOSTING, NotFriends, RoomFull),
    ),
    PersonOperation(
        method="POST",
        path="/rooms/{room_id}/members/{user_id}/role",
        name="rooms.set_role",
        command=SetRole,
        view=RosterEntry,
        perform=set_role,
        errors=HOSTING,
    ),
    PersonOperation(
        method="POST",
        path="/rooms/{room_id}/members/{user_id}/mute",
        name="rooms.mute",
        command=MuteMember,
        view=NoneType,
        status=204,
        perform=mute,
        errors=HOSTING,
    ),
    PersonOperation(
        method="POST",
        path="/rooms/{room_id}/members/{user_id}/kick",
        name="rooms.kick",
        command=KickMember,
        view=NoneType,
        status=204,
        perform=kick,
        errors=HOSTING,
    ),
    PersonOperation(
        method="GET",
        path="/rooms/{room_id}/messages",
        name="rooms.messages",
        command=RoomMessagesQuery,
        view=Page[MessageView],
        perform=messages,
        errors=(*INSIDE, InvalidCursor),
    ),
    KeyedOperation(
        method="POST",
        path="/rooms/{room_id}/messages",
        name="rooms.send",
        command=SendRoomMessage,
        view=MessageView,
        perform=send,
        errors=(*WRITING, NotMember),
    ),
    PersonOperation(
        method="POST",
        path="/rooms/{room_id}/read",
        name="rooms.read",
        command=ReadRoom,
        view=Acknowledged,
        perform=read,
        errors=(*INSIDE, OutcomeUnknown),
    ),
)

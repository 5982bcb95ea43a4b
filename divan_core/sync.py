"""Divan for programs that are not asynchronous: Flask, Django, scripts.

An event loop runs in a thread of its own; every call waits for its answer and may come from any
thread.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import ParamSpec, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from divan_core.accounts.messages import (
    CampusView,
    ChangePrivacy,
    ChangeProfile,
    CreateCampus,
    CreatePerson,
    ListQuery,
    OwnAccount,
    PrivacyView,
)
from divan_core.accounts.service import Accounts
from divan_core.auth.messages import (
    CreateAccount,
    Pending,
    RefreshToken,
    Register,
    SignIn,
    Tokens,
    Verified,
    VerifyEmail,
)
from divan_core.auth.ports import Mailer, PasswordHasher
from divan_core.auth.service import Auth
from divan_core.chat.messages import (
    Acknowledged,
    AcknowledgeDelivery,
    AcknowledgeReading,
    ConversationsQuery,
    ConversationView,
    MessagesQuery,
    MessageView,
    OutboxQuery,
    PeerQuery,
    SendMessage,
    Typing,
)
from divan_core.chat.roommessages import (
    AddMember,
    CreateRoom,
    KickMember,
    MuteMember,
    ReadRoom,
    RoomMessagesQuery,
    RoomQuery,
    RoomsQuery,
    RoomTyping,
    RoomView,
    RosterEntry,
    RosterQuery,
    SendRoomMessage,
    SetRole,
)
from divan_core.chat.rooms import Rooms
from divan_core.chat.service import Chat
from divan_core.discovery.messages import DiscoverQuery, FoundPerson, FoundRoom, SearchQuery
from divan_core.discovery.service import Discovery
from divan_core.divan import Divan
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Clock
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.once import Done, KeyGiven
from divan_core.kernel.paging import Page
from divan_core.personal.service import Dossier, Personal, Plan
from divan_core.presence.messages import (
    GoOffline,
    Heartbeat,
    HeartbeatAccepted,
    LookupAnswer,
    LookupQuery,
    NearbyPerson,
    NearbyQuery,
    OwnStatus,
)
from divan_core.presence.service import Presence
from divan_core.settings import Settings
from divan_core.social.messages import (
    FriendsQuery,
    InviteId,
    InvitesQuery,
    InviteView,
    ListedInvite,
    ListedPerson,
    MutualQuery,
    SendInvite,
)
from divan_core.social.service import Social
from divan_core.stores.bundle import Stores, StoreUnit
from divan_core.workers.subscription import Subscription

P = ParamSpec("P")
R = TypeVar("R")


class _Waiting:
    """Runs coroutine functions in the loop's thread and waits for them."""

    def __init__(self, portal: BlockingPortal) -> None:
        self._portal = portal

    def run(self, function: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        return self._portal.call(partial(function, *args, **kwargs))


class SyncAccounts:
    """:class:`~divan_core.accounts.service.Accounts`, waiting for each answer."""

    def __init__(self, service: Accounts, waiting: _Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def actor(self, user_id: UserId, campus_id: CampusId | None = None) -> Actor:
        """See :meth:`Accounts.actor <divan_core.accounts.service.Accounts.actor>`."""
        return self._run(self._service.actor, user_id, campus_id)

    def create_campus(self, command: CreateCampus) -> CampusView:
        """See ``Accounts.create_campus``."""
        return self._run(self._service.create_campus, command)

    def campuses(self, query: ListQuery) -> Page[CampusView]:
        """See ``Accounts.campuses``."""
        return self._run(self._service.campuses, query)

    def create_person(self, command: CreatePerson) -> OwnAccount:
        """See ``Accounts.create_person``."""
        return self._run(self._service.create_person, command)

    def me(self, actor: Actor) -> OwnAccount:
        """See ``Accounts.me``."""
        return self._run(self._service.me, actor)

    def change_profile(self, actor: Actor, command: ChangeProfile) -> OwnAccount:
        """See ``Accounts.change_profile``."""
        return self._run(self._service.change_profile, actor, command)

    def change_privacy(self, actor: Actor, command: ChangePrivacy) -> PrivacyView:
        """See ``Accounts.change_privacy``."""
        return self._run(self._service.change_privacy, actor, command)


class SyncAuth:
    """:class:`~divan_core.auth.service.Auth`, waiting for each answer."""

    def __init__(self, service: Auth[StoreUnit], waiting: _Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def register(self, command: Register) -> Pending:
        """See :meth:`Auth.register <divan_core.auth.service.Auth.register>`."""
        return self._run(self._service.register, command)

    def verify(self, command: VerifyEmail) -> Verified:
        """See ``Auth.verify``."""
        return self._run(self._service.verify, command)

    def sign_in(self, command: SignIn) -> Tokens:
        """See ``Auth.sign_in``."""
        return self._run(self._service.sign_in, command)

    def refresh(self, command: RefreshToken) -> Tokens:
        """See ``Auth.refresh``."""
        return self._run(self._service.refresh, command)

    def sign_out(self, command: RefreshToken) -> None:
        """See ``Auth.sign_out``."""
        self._run(self._service.sign_out, command)

    def create_account(self, command: CreateAccount) -> Verified:
        """See ``Auth.create_account``."""
        return self._run(self._service.create_account, command)

    def verify_account(self, email: str, password: str) -> Verified:
        """See ``Auth.verify_account``."""
        return self._run(self._service.verify_account, email, password)

    def find(self, email: str) -> UserId:
        """See ``Auth.find``."""
        return self._run(self._service.find, email)


class SyncPersonal:
    """:class:`~divan_core.personal.service.Personal`, waiting for each answer."""

    def __init__(self, service: Personal, waiting: _Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def export(self, email: str) -> Dossier:
        """See :meth:`Personal.export <divan_core.personal.service.Personal.export>`."""
        return self._run(self._service.export, email)

    def plan(self, email: str, handle: str) -> Plan:
        """See ``Personal.plan``."""
        return self._run(self._service.plan, email, handle)

    def erase(self, user_id: UserId) -> None:
        """See ``Personal.erase``."""
        self._run(self._service.erase, user_id)


class SyncSocial:
    """:class:`~divan_core.social.service.Social`, waiting for each answer."""

    def __init__(self, service: Social, waiting: _Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def block(self, actor: Actor, target: UserId) -> None:
        """See ``Social.block``."""
        self._run(self._service.block, actor, target)

    def invite(
        self, actor: Actor, command: SendInvite, *, idempotency_key: KeyGiven = None
    ) -> Done[InviteView]:
        """See ``Social.invite``."""
        return self._run(self._service.invite, actor, command, idempotency_key=idempotency_key)

    def accept(self, actor: Actor, invite_id: InviteId) -> InviteView:
        """See ``Social.accept``."""
        return self._run(self._service.accept, actor, invite_id)

    def decline(self, actor: Actor, invite_id: InviteId) -> InviteView:
        """See ``Social.decline``."""
        return self._run(self._service.decline, actor, invite_id)

    def cancel(self, actor: Actor, invite_id: InviteId) -> InviteView:
        """See ``Social.cancel``."""
        return self._run(self._service.cancel, actor, invite_id)

    def inbox(self, actor: Actor, query: InvitesQuery) -> Page[ListedInvite]:
        """See ``Social.inbox``."""
        return self._run(self._service.inbox, actor, query)

    def outbox(self, actor: Actor, query: InvitesQuery) -> Page[ListedInvite]:
        """See ``Social.outbox``."""
        return self._run(self._service.outbox, actor, query)

    def friends(self, actor: Actor, query: FriendsQuery) -> Page[ListedPerson]:
        """See ``Social.friends``."""
        return self._run(self._service.friends, actor, query)

    def mutual(self, actor: Actor, query: MutualQuery) -> Page[ListedPerson]:
        """See ``Social.mutual``."""
        return self._run(self._service.mutual, actor, query)

    def unblock(self, actor: Actor, target: UserId) -> None:
        """See ``Social.unblock``."""
        self._run(self._service.unblock, actor, target)

    def remove(self, actor: Actor, target: UserId) -> None:
        """See ``Social.remove``."""
        self._run(self._service.remove, actor, target)

    def befriend(self, actor: Actor, other: UserId) -> None:
        """See ``Social.befriend``."""
        self._run(self._service.befriend, actor, other)


class SyncPresence:
    """:class:`~divan_core.presence.service.Presence`, waiting for each answer."""

    def __init__(self, service: Presence, waiting: _Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def heartbeat(self, actor: Actor, command: Heartbeat) -> HeartbeatAccepted:
        """See ``Presence.heartbeat``."""
        return self._run(self._service.heartbeat, actor, command)

    def offline(self, actor: Actor, command: GoOffline) -> None:
        """See ``Presence.offline``."""
        self._run(self._service.offline, actor, command)

    def status(self, actor: Actor) -> OwnStatus:
        """See ``Presence.status``."""
        return self._run(self._service.status, actor)

    def lookup(self, actor: Actor, query: LookupQuery) -> LookupAnswer:
        """See ``Presence.lookup``."""
        return self._run(self._service.lookup, actor, query)

    def nearby(self, actor: Actor, query: NearbyQuery) -> Page[NearbyPerson]:
        """See ``Presence.nearby``."""
        return self._run(self._service.nearby, actor, query)


class SyncChat:
    """:class:`~divan_core.chat.service.Chat`, waiting for each answer."""

    def __init__(self, service: Chat, waiting: _Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def send(
        self, actor: Actor, command: SendMessage, *, idempotency_key: KeyGiven = None
    ) -> Done[MessageView]:
        """See ``Chat.send``."""
        return self._run(self._service.send, actor, command, idempotency_key=idempotency_key)

    def conversations(self, actor: Actor, query: ConversationsQuery) -> Page[ConversationView]:
        """See ``Chat.conversations``."""
        return self._run(self._service.conversations, actor, query)

    def messages(self, actor: Actor, query: MessagesQuery) -> Page[MessageView]:
        """See ``Chat.messages``."""
        return self._run(self._service.messages, actor, query)

    def outbox(self, actor: Actor, query: OutboxQuery) -> Page[MessageView]:
        """See ``Chat.outbox``."""
        return self._run(self._service.outbox, actor, query)

    def deliver(self, actor: Actor, command: AcknowledgeDelivery) -> Acknowledged:
        """See ``Chat.deliver``."""
        return self._run(self._service.deliver, actor, command)

    def read(self, actor: Actor, command: AcknowledgeReading) -> Acknowledged:
        """See ``Chat.read``."""
        return self._run(self._service.read, actor, command)

    def delete(self, actor: Actor, query: PeerQuery) -> None:
        """See ``Chat.delete``."""
        self._run(self._service.delete, actor, query)

    def typing(self, actor: Actor, command: Typing) -> None:
        """See ``Chat.typing``."""
        self._run(self._service.typing, actor, command)


class SyncRooms:
    """:class:`~divan_core.chat.rooms.Rooms`, waiting for each answer."""

    def __init__(self, service: Rooms, waiting: _Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def create(
        self, actor: Actor, command: CreateRoom, *, idempotency_key: KeyGiven = None
    ) -> Done[RoomView]:
        """See ``Rooms.create``."""
        return self._run(self._service.create, actor, command, idempotency_key=idempotency_key)

    def mine(self, actor: Actor, query: RoomsQuery) -> Page[RoomView]:
        """See ``Rooms.mine``."""
        return self._run(self._service.mine, actor, query)

    def card(self, actor: Actor, query: RoomQuery) -> RoomView:
        """See ``Rooms.card``."""
        return self._run(self._service.card, actor, query)

    def join(self, actor: Actor, query: RoomQuery) -> RoomView:
        """See ``Rooms.join``."""
        return self._run(self._service.join, actor, query)

    def leave(self, actor: Actor, query: RoomQuery) -> None:
        """See ``Rooms.leave``."""
        self._run(self._service.leave, actor, query)

    def roster(self, actor: Actor, query: RosterQuery) -> Page[RosterEntry]:
        """See ``Rooms.roster``."""
        return self._run(self._service.roster, actor, query)

    def add(self, actor: Actor, command: AddMember) -> RosterEntry:
        """See ``Rooms.add``."""
        return self._run(self._service.add, actor, command)

    def set_role(self, actor: Actor, command: SetRole) -> RosterEntry:
        """See ``Rooms.set_role``."""
        return self._run(self._service.set_role, actor, command)

    def mute(self, actor: Actor, command: MuteMember) -> None:
        """See ``Rooms.mute``."""
        self._run(self._service.mute, actor, command)

    def kick(self, actor: Actor, command: KickMember) -> None:
        """See ``Rooms.kick``."""
        self._run(self._service.kick, actor, command)

    def send(
        self, actor: Actor, command: SendRoomMessage, *, idempotency_key: KeyGiven = None
    ) -> Done[MessageView]:
        """See ``Rooms.send``."""
        return self._run(self._service.send, actor, command, idempotency_key=idempotency_key)

    def messages(self, actor: Actor, query: RoomMessagesQuery) -> Page[MessageView]:
        """See ``Rooms.messages``."""
        return self._run(self._service.messages, actor, query)

    def read(self, actor: Actor, command: ReadRoom) -> Acknowledged:
        """See ``Rooms.read``."""
        return self._run(self._service.read, actor, command)

    def typing(self, actor: Actor, command: RoomTyping) -> None:
        """See ``Rooms.typing``."""
        self._run(self._service.typing, actor, command)


class SyncDiscovery:
    """:class:`~divan_core.discovery.service.Discovery`, waiting for each answer."""

    def __init__(self, service: Discovery, waiting: _Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def search_users(self, actor: Actor, query: SearchQuery) -> Page[FoundPerson]:
        """See ``Discovery.search_users``."""
        return self._run(self._service.search_users, actor, query)

    def search_rooms(self, actor: Actor, query: SearchQuery) -> Page[FoundRoom]:
        """See ``Discovery.search_rooms``."""
        return self._run(self._service.search_rooms, actor, query)

    def people(self, actor: Actor, query: DiscoverQuery) -> Page[FoundPerson]:
        """See ``Discovery.people``."""
        return self._run(self._service.people, actor, query)

    def rooms(self, actor: Actor, query: DiscoverQuery) -> Page[FoundRoom]:
        """See ``Discovery.rooms``."""
        return self._run(self._service.rooms, actor, query)


class SyncDivan:
    """A running Divan for synchronous programs. Make one with :meth:`open`."""

    def __init__(self, divan: Divan, portal: BlockingPortal) -> None:
        """Wrap a Divan that runs in the portal's loop."""
        waiting = _Waiting(portal)
        self._divan, self._run = divan, waiting.run
        self.settings = divan.settings
        self.accounts = SyncAccounts(divan.accounts, waiting)
        self.auth = SyncAuth(divan.auth, waiting)
        self.personal = SyncPersonal(divan.personal, waiting)
        self.social = SyncSocial(divan.social, waiting)
        self.presence = SyncPresence(divan.presence, waiting)
        self.chat = SyncChat(divan.chat, waiting)
        self.rooms = SyncRooms(divan.rooms, waiting)
        self.discovery = SyncDiscovery(divan.discovery, waiting)

    @classmethod
    @contextmanager
    def open(  # noqa: PLR0913 - as Divan.open
        cls,
        settings: Settings | None = None,
        *,
        stores: Stores | None = None,
        clock: Clock | None = None,
        hasher: PasswordHasher | None = None,
        mailer: Mailer | None = None,
        subscriptions: Iterable[Subscription] = (),
    ) -> Iterator[SyncDivan]:
        """Open the stores and run until the context ends; see :meth:`Divan.open`."""
        opened = partial(
            Divan.open,
            settings,
            stores=stores,
            clock=clock,
            hasher=hasher,
            mailer=mailer,
            subscriptions=subscriptions,
        )
        with (
            start_blocking_portal() as portal,
            portal.wrap_async_context_manager(opened()) as divan,
        ):
            yield cls(divan, portal)

    def drain(self, timeout_s: float = 30.0) -> None:
        """See :meth:`Divan.drain`."""
        self._run(self._divan.drain, timeout_s)

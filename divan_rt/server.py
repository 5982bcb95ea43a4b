"""The Socket.IO server: made of its parts, and its life."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
import attrs

from divan_core.divan import Divan
from divan_core.errors import StoreUnavailable
from divan_core.kernel.ids import CampusId, Entropy
from divan_core.kernel.notices import NoticesLost, PersonNotice
from divan_core.moderation.appealmessages import APPEAL_UPDATE
from divan_core.system import SystemEntropy
from divan_rt.audience import Session, Sessions
from divan_rt.auth import Handshake
from divan_rt.dispatch import Dispatch, Problems, Table
from divan_rt.edge import MAX_FRAME, Edge
from divan_rt.feeds import FeedRules, Feeds
from divan_rt.gate import Behind, Gate, Hall
from divan_rt.library import Library, Receive, Scope, Send, library
from divan_rt.namespaces.activities import ActivityEvents
from divan_rt.namespaces.chat import ChatEvents
from divan_rt.namespaces.mod import ModEvents
from divan_rt.namespaces.presence import PresenceEvents
from divan_rt.namespaces.rooms import RoomEvents
from divan_rt.namespaces.social import SocialEvents
from divan_rt.notices import relay
from divan_rt.packet import ACTIVITIES, CHAT, MOD, NAMESPACES, PRESENCE, ROOMS, SOCIAL, Json, Packet
from divan_rt.playing import Playing
from divan_rt.polling import FOREIGN
from divan_rt.talks import Talks
from divan_rt.telling import Teller
from divan_rt.ticker import Beat, Observe, Ticker
from divan_rt.tracing import TracedDispatch
from divan_rt.traffic import Traffic
from divan_rt.watch import Watch

PATH: Final = "/socket.io"

LARGEST_BLUR_M: Final = 200
"""The widest public cell that a person can ask for."""

UVICORN: Final[Mapping[str, Any]] = {"ws_max_size": MAX_FRAME, "ws_per_message_deflate": False}
"""What uvicorn should be told: frames that are too long are refused before they are in memory, and
compression would cost every socket more memory and time than it saves."""

_ANY: Final = "*"
_LOG: Final = logging.getLogger("divan.rt")


def _ignore(_beat: Beat) -> None:
    """Observe nothing."""


@attrs.frozen
class Options:
    """How to serve.

    ``polling``: whether long-polling is offered beside WebSockets; with more than one process it
    must not be, because nothing leads a client to the same process twice. ``observe`` is told of
    every beat. ``entropy`` is where the numbering of updates starts.
    """

    polling: bool = True
    observe: Observe = _ignore
    entropy: Entropy = attrs.field(factory=SystemEntropy)


class SocketServer:
    """An ASGI application for :data:`PATH`, alive inside :meth:`running`."""

    def __init__(self, divan: Divan, options: Options) -> None:
        """Serve ``divan``."""
        self._divan = divan
        self._options = options
        self._traffic = Traffic()
        divan.metrics.watch(self._traffic.tell)
        self._sessions = Sessions(divan, self._traffic)
        self._feeds = Feeds(
            divan.presence.surroundings, divan.clock, options.entropy, _rules(divan)
        )
        self._library = _library(divan.settings.http.cors_origins, polling=options.polling)
        self._edge = Edge(self._library, PATH, divan.clock, divan.ids)
        self._talks = Talks(divan.listening, divan.clock, divan.foreground)
        self._teller = Teller(self._sessions, {SOCIAL: partial(_shown, divan)}, divan.clock)
        self._playing = Playing(divan, self._sessions, self._teller)
        handshake = Handshake(divan.identity)
        self._watch = Watch(divan, self._sessions, handshake)
        self._hall = Hall(
            library=self._library,
            line=self._edge.line,
            handshake=handshake,
            sessions=self._sessions,
            clock=divan.clock,
            traffic=self._traffic,
        )
        presence = PresenceEvents(divan, self._feeds)
        chat, rooms = ChatEvents(divan, self._talks), RoomEvents(divan, self._talks)
        self._open(PRESENCE, presence.table(), Behind(presence.quit))
        self._open(SOCIAL, SocialEvents(self._sessions).table(), Behind(_nothing))
        self._open(CHAT, chat.table(), Behind(self._talks.leave, chat.enter))
        self._open(ROOMS, rooms.table(), Behind(self._talks.leave, rooms.enter))
        playing = Behind(self._playing.leave, self._playing.enter)
        self._open(ACTIVITIES, ActivityEvents(self._playing).table(), playing)
        self._open(
            MOD, ModEvents(self._watch).table(), Behind(self._watch.leave, self._watch.enter)
        )

    def _open(self, namespace: str, table: Table, behind: Behind) -> None:
        """Answer what is asked in a namespace; ``behind`` is what a session listens to there."""
        divan = self._divan
        dispatch = Dispatch(
            namespace, table, self._traffic, divan.clock, Problems(divan.ids), divan.foreground
        )
        if self._divan.traces is not None:
            parts = attrs.asdict(dispatch, recurse=False)
            dispatch = TracedDispatch(**parts, traces=self._divan.traces)
        self._library.register_namespace(Gate(namespace, self._hall, dispatch, behind))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        await self._edge(scope, receive, send)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Live lists are kept up to date inside the context."""
        ticker = Ticker(self._divan.settings.nearby_tick_s, self.tick, self._options.observe)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(relay, self._divan.stores.notices, self._feeds.hear)
            tasks.start_soon(relay, self._divan.stores.person_notices, self._hear)
            tasks.start_soon(self._talks.run)
            tasks.start_soon(self._watch.run)
            tasks.start_soon(ticker.run)
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await self._library.shutdown()

    async def _hear(self, notice: PersonNotice | NoticesLost) -> None:
        self._talks.hear(notice)
        self._watch.hear(notice)
        await self._playing.hear(notice)
        await self._teller.hear(notice)

    async def tick(self) -> int:
        """Do once what is done on every beat; the number of live lists computed."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._end_sessions)
                for campus_id in self._feeds.campuses():
                    tasks.start_soon(self._sweep, campus_id)
            return await self._feeds.tick()
        except Exception:  # noqa: BLE001 - a bug that shows once must not end all live lists
            _LOG.exception("a beat of the live lists failed")
            return 0
        finally:
            self._catch_up()

    async def _sweep(self, campus_id: CampusId) -> None:
        with suppress(StoreUnavailable):
            await self._divan.presence.sweep(campus_id)

    async def _end_sessions(self) -> None:
        await self._hall.clear()
        for session in await self._sessions.unwelcome():
            await self._hall.end(session.connection)
        for session in await self._watch.unwelcome():
            await self._hall.put_out(session)
        now = self._divan.clock.now()
        for connection in self._sessions.connections:
            if connection.outlet.hopeless(now):
                connection.ending = "slow"
                await self._hall.end(connection, now=True)

    def _catch_up(self) -> None:
        """Tell those who were too slow for updates and have caught up what they missed."""
        for connection in self._sessions.connections:
            if connection.outlet.caught_up():
                sessions = tuple(connection.sessions.values())
                for session in sessions:
                    if session.feed is not None:
                        session.outlet.send(session.feed.resync())
                self._teller.reload(sessions)


def _nothing(_session: Session) -> None:
    """End nothing."""


def create_server(divan: Divan, options: Options | None = None) -> SocketServer:
    """The Socket.IO interface of a running Divan.

    Serve it as an ASGI application while its :meth:`SocketServer.running` context is open; whoever
    opened ``divan`` closes it, after the server has ended.
    """
    return SocketServer(divan, options or Options())


def _rules(divan: Divan) -> FeedRules:
    settings = divan.settings
    return FeedRules(settings.nearby_tick_s, max(LARGEST_BLUR_M, settings.location_floor_m))


def _library(origins: Collection[str], *, polling: bool) -> Library:
    """The Socket.IO server itself; events of a socket are answered one after the other."""
    quiet = _quiet_log()
    return library(
        {
            "async_mode": "asgi",
            "async_handlers": False,
            "serializer": Packet,
            "json": Json,
            "namespaces": sorted(NAMESPACES),
            "max_http_buffer_size": MAX_FRAME,
            "transports": ["polling", "websocket"] if polling else ["websocket"],
            "cors_allowed_origins": _origin_check(origins),
            "cors_credentials": False,
            "logger": quiet,
            "engineio_logger": quiet,
        }
    )


async def _shown(divan: Divan, notice: PersonNotice) -> object:
    """What ``/social`` shows somebody of a notice: of their appeals, of invites, of friendships."""
    if notice.name == APPEAL_UPDATE:
        return await divan.sanctions.shown(notice)
    return await divan.social.shown(notice)


def _origin_check(origins: Collection[str]) -> Any:  # noqa: ANN401 - text or function, as engineio wants
    """Which pages may connect: those of this very host, and those of the named origins."""
    if _ANY in origins:
        return _ANY

    def allowed(origin: str | None, environ: Mapping[str, Any]) -> bool:
        if origin is None:  # no page asks
            return False
        known = origin in origins or urlsplit(origin).netloc == environ.get("HTTP_HOST")
        if not known:
            environ["asgi.scope"][FOREIGN] = True
        return known

    return allowed


def _quiet_log() -> logging.Logger:
    """Where the libraries report crashes; what they say of single packets would hold secrets.

    To them a client's mistake is an error, too, and is told with what the client sent.
    """
    logger = logging.getLogger("divan.rt.library")
    logger.setLevel(logging.ERROR)
    logger.addFilter(_is_crash)
    return logger


def _is_crash(record: logging.LogRecord) -> bool:
    return bool(record.exc_info)

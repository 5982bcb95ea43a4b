"""``/presence``: heartbeats in, live lists out."""

from __future__ import annotations

from divan_core.divan import Divan
from divan_core.errors import CampusMismatch, NotAuthenticated
from divan_core.presence.messages import Heartbeat, HeartbeatAccepted
from divan_rt.audience import Session
from divan_rt.dispatch import Event, Table
from divan_rt.feed import Feed
from divan_rt.feeds import Feeds
from divan_rt.messages import (
    Done,
    HeartbeatReceived,
    Subscribed,
    SubscribeNearby,
    UnsubscribeNearby,
)
from divan_rt.packet import PRESENCE, event


class PresenceEvents:
    """What clients may ask for in this namespace."""

    def __init__(self, divan: Divan, feeds: Feeds) -> None:
        """Answer from ``divan``; live lists come from ``feeds``."""
        self._divan = divan
        self._feeds = feeds

    def table(self) -> Table:
        """The events by their names."""
        return {
            "presence:heartbeat": Event(Heartbeat, self.heartbeat),
            "nearby:subscribe": Event(SubscribeNearby, self.subscribe),
            "nearby:unsubscribe": Event(UnsubscribeNearby, self.unsubscribe),
        }

    async def heartbeat(self, session: Session, command: Heartbeat) -> HeartbeatReceived:
        """Pass a heartbeat on."""
        accepted = await self._divan.presence.heartbeat(session.actor, command)
        session.outlet.send(event(PRESENCE, "presence:ack", HeartbeatAccepted(accepted.ts)))
        self._feeds.stir(session.actor.user_id)
        return HeartbeatReceived(accepted.ts)

    async def subscribe(self, session: Session, command: SubscribeNearby) -> Subscribed:
        """Begin, or begin again, to tell a socket who is near its person.

        What it missed since ``since_seq`` is sent again before the acknowledgement, which has the
        whole list in any case.

        Raises:
            CampusMismatch: another campus than the person's is named.
            PresenceRequired: the person has no live presence.
            RateLimited: too many subscriptions.
            NotAuthenticated: the socket was closed meanwhile.
        """
        actor = session.actor
        if command.campus_id not in {None, actor.campus_id}:
            raise CampusMismatch
        limit = self._divan.settings.limit.subscribe
        with self._feeds.held(actor, command.radius_m) as feed:
            await self._feeds.renew(feed)
            await self._divan.stores.limits.admit(actor.campus_id, actor.user_id, limit)
            if session.ended:
                raise NotAuthenticated
            if session.feed is not feed:
                self.quit(session)
            return _joined(session, feed, command.since_seq)

    async def unsubscribe(self, session: Session, _command: UnsubscribeNearby) -> Done:
        """Tell a socket nothing more."""
        self.quit(session)
        return Done()

    def quit(self, session: Session) -> None:
        """End a session's subscription, if it has one."""
        if session.feed is not None:
            self._feeds.leave(session.feed, session.outlet)
            session.feed = None


def _joined(session: Session, feed: Feed, since_seq: int | None) -> Subscribed:
    """Begin to listen. Nothing is awaited, so that no update comes before its list."""
    session.feed = feed
    if since_seq is not None:
        for packet in feed.missed(since_seq):
            session.outlet.send(packet)
    return feed.join(session.outlet)

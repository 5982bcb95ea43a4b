"""What the devices of simulated people do: send heartbeats, through the library like anyone."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from typing import Final

import anyio
import attrs

from divan_cli.demo.plan import Metres
from divan_cli.demo.walkers import Movement
from divan_core.divan import Divan
from divan_core.errors import ImplausibleMovement, RateLimited
from divan_core.kernel.actor import Actor
from divan_core.kernel.geo import LocalFrame
from divan_core.presence.messages import GoOffline, Heartbeat

BEAT_S: Final = 1.0
"""How often the devices look where they are."""

MIN_GAP_MS: Final = 4_000
"""No device sends more often; with 30 heartbeats a minute every 2 s would be allowed."""

MAX_GAP_MS: Final = 40_000
"""Who stays somewhere sends so often, before the lease of 90 s ends."""

STEP_M: Final = 5.0
"""Who has moved less has nothing new to say."""

_DEVICE: Final = "demo"


@attrs.define
class _Device:
    """One person's device and what it has sent last."""

    actor: Actor
    sent_at: int = 0
    sent: Metres | None = None

    def is_due(self, place: Metres, now: int) -> bool:
        if self.sent is None:
            return True
        quiet = now - self.sent_at
        moved = math.dist(self.sent, place) >= STEP_M
        return quiet >= MAX_GAP_MS or (moved and quiet >= MIN_GAP_MS)


class Life:
    """Keeps the presence of moving people up to date."""

    def __init__(
        self, divan: Divan, frame: LocalFrame, people: Sequence[Actor], movement: Movement
    ) -> None:
        """``people`` move as ``movement`` says, in metres of ``frame``, one for each place."""
        self._divan = divan
        self._frame = frame
        self._devices = [_Device(actor) for actor in people]
        self._movement = movement
        self._moved_at = divan.clock.now()

    async def run(self, pause_s: float) -> None:
        """Beat for ever, with pauses of this many real seconds."""
        while True:
            await self.beat()
            await anyio.sleep(pause_s)

    async def beat(self) -> None:
        """Let the people move up to now and send what is due."""
        now = self._divan.clock.now()
        self._movement.advance((now - self._moved_at) / 1000)
        self._moved_at = now
        for device, place in zip(self._devices, self._movement.places(), strict=True):
            if place is None:
                await self._leave(device)
            elif device.is_due(place, now):
                await self._send(device, place, now)
                await anyio.lowlevel.checkpoint()  # let answers out between heartbeats

    async def _send(self, device: _Device, place: Metres, now: int) -> None:
        """Send a heartbeat; one that is refused is not repeated, the next one is another place."""
        point = self._frame.position(*place)
        command = Heartbeat(
            lat=point.lat,
            lon=point.lon,
            accuracy_m=self._movement.accuracy_m,
            device_id=_DEVICE,
            ts_client=now,
        )
        device.sent, device.sent_at = place, now
        with contextlib.suppress(ImplausibleMovement, RateLimited):
            await self._divan.presence.heartbeat(device.actor, command)

    async def _leave(self, device: _Device) -> None:
        if device.sent is not None:
            device.sent = None
            await self._divan.presence.offline(device.actor, GoOffline())

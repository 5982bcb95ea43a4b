"""How much the fault tests try: little by default, much where ``DIVAN_FAULTS`` is ``long``."""

import os
from typing import Final

import attrs


@attrs.frozen
class Scale:
    """How often, how many, how long.

    ``kills`` and ``points`` (every one, or a few) are per database; in memory, the machine's
    decisions go wrong at every point all the same. In the room, ``senders`` write ``lines`` each,
    with as many ``listeners`` who stay as who come back, through so many ``troubles``.
    """

    rounds: int
    duplicates: int
    kills: int
    events: int
    outage_s: float
    points: bool
    senders: int
    lines: int
    listeners: int
    troubles: int


SHORT: Final = Scale(
    rounds=2,
    duplicates=100,
    kills=3,
    events=120,
    outage_s=0.5,
    points=False,
    senders=4,
    lines=20,
    listeners=3,
    troubles=2,
)
LONG: Final = Scale(
    rounds=20,
    duplicates=1000,
    kills=200,
    events=5000,
    outage_s=10,
    points=True,
    senders=50,
    lines=200,
    listeners=20,
    troubles=8,
)
SCALE: Final = LONG if os.environ.get("DIVAN_FAULTS") == "long" else SHORT

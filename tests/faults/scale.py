"""How much the fault tests try: little by default, much where ``DIVAN_FAULTS`` is ``long``."""

import os
from typing import Final

import attrs


@attrs.frozen
class Scale:
    """``kills`` and ``points`` (every one, or a few) are per database."""

    rounds: int
    duplicates: int
    kills: int
    events: int
    outage_s: float
    points: bool


SHORT: Final = Scale(rounds=2, duplicates=200, kills=6, events=300, outage_s=1, points=False)
LONG: Final = Scale(rounds=20, duplicates=1000, kills=200, events=5000, outage_s=10, points=True)
SCALE: Final = LONG if os.environ.get("DIVAN_FAULTS") == "long" else SHORT

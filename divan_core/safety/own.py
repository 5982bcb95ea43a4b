"""Signals of a host: what its own functions tell of a text, beside what Divan knows."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from divan_core.errors import ConfigurationError
from divan_core.safety.facts import OWN

OwnSignal: TypeAlias = Callable[[str], float]
"""What something tells of a text, 0 or more. Quick and pure: everybody's writing waits for it."""

OwnSignals: TypeAlias = Mapping[str, OwnSignal]
"""By their names, which begin with ``own.``: ``own.shouting``."""

_NAME: Final = re.compile(rf"{re.escape(OWN)}[a-z][a-z0-9_]*")


def checked(own: OwnSignals) -> OwnSignals:
    """The same signals, each with a name that policies can name.

    Raises:
        ConfigurationError: a name is not like ``own.shouting``.
    """
    for name in own:
        if _NAME.fullmatch(name) is None:
            raise ConfigurationError(f"The signal {name!r} must have a name like own.shouting.")
    return dict(own)


def measured(own: OwnSignals, text: str) -> dict[str, float]:
    """What the host's signals tell of a text.

    One that fails, or tells what is no number from 0 up, is left out, as what is not known is: its
    fault must not keep anything from being decided about. Its error goes nowhere, for its message
    may quote the text.
    """
    told = {name: _told(signal, text) for name, signal in own.items()}
    return {name: one for name, one in told.items() if math.isfinite(one) and one >= 0}


def _told(signal: OwnSignal, text: str) -> float:
    """What one signal tells; not a number where it fails."""
    try:
        return float(signal(text))
    except Exception:  # noqa: BLE001 - it is the host's, and may do anything
        return math.nan

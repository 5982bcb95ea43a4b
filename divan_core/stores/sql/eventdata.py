"""What the column ``data`` of an event holds: the event's own, and its place in a trace.

The place stands there under a name that no event's own data has, and only where there is one, so
that nobody without traces pays for a column of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from divan_core.codec.reader import encode
from divan_core.kernel.events import Event

_TRACE: Final = "$traceparent"


def stored_data(event: Event) -> str:
    """What is written of an event, as JSON."""
    data = {**event.data, _TRACE: event.trace} if event.trace else event.data
    return encode(data).decode()


def read_data(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The fields ``data`` and ``trace`` of an event."""
    data = dict(stored)
    return {"trace": data.pop(_TRACE, ""), "data": data}

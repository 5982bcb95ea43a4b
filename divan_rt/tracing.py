"""A span for each event of a client, where there are traces."""

from __future__ import annotations

from typing import Final

import attrs
import msgspec

from divan_core.codec.reader import encode
from divan_core.kernel.traces import NEW, Beginning, Traces
from divan_rt.audience import Session
from divan_rt.dispatch import Dispatch
from divan_rt.messages import Refused
from divan_rt.packet import Envelope
from divan_rt.traffic import UNKNOWN


class _Carrier(msgspec.Struct):
    """What every event may bring beside its own members."""

    traceparent: str = NEW


_read: Final = msgspec.json.Decoder(_Carrier).decode


@attrs.frozen
class TracedDispatch(Dispatch):
    """Answers every event of a namespace, each in a span of its own.

    The member ``traceparent`` of what an event brings is the place that the span belongs to; that
    of its acknowledgement is the place of the span.
    """

    traces: Traces

    async def answer(self, session: Session, envelope: Envelope) -> object:
        """The acknowledgement of an event."""
        name = envelope.name if envelope.name in self.table else UNKNOWN
        beginning = Beginning(f"{self.namespace} {name}", "server", _place(envelope.payload))
        with self.traces.span(beginning) as span:
            answer = await super().answer(session, envelope)
            if isinstance(answer, Refused):
                span.tell("divan.code", answer.error.code)
                if answer.error.status >= 500:
                    span.fail(answer.error.code)
            return _placed(answer, span.traceparent)


def _placed(answer: object, place: str) -> msgspec.Raw:
    """An acknowledgement, all of which are objects, that says where it was made."""
    return msgspec.Raw(encode(answer)[:-1] + f',"traceparent":"{place}"}}'.encode())


def _place(payload: bytes) -> str:
    try:
        return _read(payload).traceparent
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return NEW

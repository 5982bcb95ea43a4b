"""Where a client that comes back left off: ``auth.since`` of its handshake."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from divan_core.chat.live import MOST_MARKS
from divan_core.chat.messages import ConversationId
from divan_core.errors import FieldError, ValidationFailed
from divan_rt.messages import MAX_SEQ

_Places = dict[ConversationId, Annotated[int, msgspec.Meta(ge=0, le=MAX_SEQ)]]
_ALLOWED: Final = f"must be at most {MOST_MARKS} numbers by conversation"


def since(auth: object) -> dict[ConversationId, int]:
    """The last number that a client has, by conversation; of none where it says nothing.

    Raises:
        ValidationFailed: that is not what it is.
    """
    given = auth.get("since") if isinstance(auth, dict) else None
    if given is None:
        return {}
    try:
        places: dict[ConversationId, int] = msgspec.convert(given, _Places)
    except msgspec.ValidationError:
        places = {}
        refused = True
    else:
        refused = len(places) > MOST_MARKS
    if refused:
        raise ValidationFailed(errors=[FieldError("$.since", _ALLOWED)])
    return places

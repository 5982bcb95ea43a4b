"""Who is in no hurry: what works beside requests lets those go first that somebody waits for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_PATIENT: Final = ContextVar("divan_patient", default=False)


@contextmanager
def patient() -> Iterator[None]:
    """What is begun inside, and the tasks that are started there, are in no hurry."""
    before = _PATIENT.set(True)
    try:
        yield
    finally:
        _PATIENT.reset(before)


def is_patient() -> bool:
    """Whether whoever asks is in no hurry; a store may let others go before them for a moment."""
    return _PATIENT.get()

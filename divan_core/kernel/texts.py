"""What every store can keep as text."""

from __future__ import annotations

from divan_core.errors import FieldError, ValidationFailed


def is_text(text: str) -> bool:
    """Whether every store can keep it: no NUL, and no half of a surrogate pair."""
    return "\0" not in text and (text.isascii() or not any(map(_is_half, text)))


def check_texts(**given: str | None) -> None:
    """Refuse texts that not every store can keep; each is named by the field it stands in.

    Raises:
        ValidationFailed: a text has a NUL, or half of a character.
    """
    faults = [
        FieldError(f"$.{name}", "must be text without NUL")
        for name, text in given.items()
        if text is not None and not is_text(text)
    ]
    if faults:
        raise ValidationFailed(errors=faults)


def _is_half(letter: str) -> bool:
    return "\ud800" <= letter <= "\udfff"

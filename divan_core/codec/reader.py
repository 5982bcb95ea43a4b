"""JSON to commands, and views to JSON.

msgspec decodes straight into the attrs classes of the core's messages; what it refuses,
:mod:`divan_core.codec.faults` explains.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Hashable
from math import isfinite
from typing import Any, Final, Generic, TypeVar

import attrs
import msgspec

from divan_core.codec.depth import DEEPEST, MOST, too_deep, too_many
from divan_core.codec.faults import faults, first_fault
from divan_core.errors import InvalidRequest, ValidationFailed

CommandT = TypeVar("CommandT")
ViewT = TypeVar("ViewT")

_DIGITS: Final = 4000
"""More of an integer CPython does not read."""

encode: Final = msgspec.json.Encoder().encode
"""A view, or anything else that msgspec knows, as JSON."""


def decode(body: bytes, view: type[ViewT]) -> ViewT:
    """The view that :func:`encode` made this of.

    Raises:
        msgspec.ValidationError: it was made of another one.
    """
    found: ViewT = _decoder(view).decode(body)  # type: ignore[arg-type]  # classes are hashable
    return found


@functools.cache
def _decoder(view: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(view)


def builtins(body: bytes) -> Any:  # noqa: ANN401 - JSON as Python has it
    """JSON as dictionaries, lists, texts and numbers.

    Raises:
        InvalidRequest: it is not JSON, or holds numbers that nothing can hold.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        raise InvalidRequest("The body holds what JSON, or a number, cannot be.") from fault


def payload(body: bytes) -> Any:  # noqa: ANN401 - JSON as Python has it
    """All that JSON says, for telling payloads apart: what nobody reads counts, whatever it is.

    Numbers that nothing can hold, and halves of characters, are told apart as the texts they are.

    Raises:
        InvalidRequest: it is not JSON.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return json.loads(body, parse_float=_float, parse_int=_integer, parse_constant=_refuse)
    except (ValueError, RecursionError) as fault:
        raise InvalidRequest("The body is not JSON, or is nested too deeply.") from fault


def _float(text: str) -> object:
    found = float(text)
    return found if isfinite(found) else text


def _integer(text: str) -> object:
    return int(text) if len(text) <= _DIGITS else text


def _refuse(text: str) -> object:
    raise ValueError(f"{text} is no number")


class JsonReader(Generic[CommandT]):
    """Reads JSON as one class of commands."""

    def __init__(self, command: type[CommandT]) -> None:
        """Prepare the decoder of ``command``."""
        self._command = command
        self._decode = msgspec.json.Decoder(command).decode
        self.optional = all(
            field.default is not attrs.NOTHING
            for field in attrs.fields(command)  # type: ignore[arg-type]  # an attrs class
        )

    def read(self, body: bytes) -> CommandT:
        """The command in this body; no body at all will do where no field is required.

        Raises:
            InvalidRequest: it is not JSON, or too deep or too much of it.
            ValidationFailed: fields are missing, of the wrong type or out of range.
        """
        if not body and self.optional:
            return self._command()
        if len(body) > DEEPEST:  # what is shorter is neither, as almost all bodies are
            _refuse_huge(body)
        try:
            if not body.isascii():
                body.decode()  # fields that nobody reads are not decoded otherwise
            return self._decode(body)
        except msgspec.ValidationError as refusal:
            raise self._explained(body, refusal) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            raise InvalidRequest("The body is not JSON, or is nested too deeply.") from fault

    def _explained(self, body: bytes, refusal: msgspec.ValidationError) -> Exception:
        try:
            found = faults(msgspec.json.decode(body), self._command)
        except msgspec.ValidationError:  # a number beyond what any field could hold
            found = []
        except (msgspec.DecodeError, RecursionError):
            return InvalidRequest("The body is not JSON, or is nested too deeply.")
        return ValidationFailed(errors=found or [first_fault(refusal)])


def _refuse_huge(body: bytes) -> None:
    if too_deep(body):
        raise InvalidRequest("The body is not JSON, or is nested too deeply.")
    if too_many(body):
        raise InvalidRequest(f"The body has more than {MOST} members and items.")

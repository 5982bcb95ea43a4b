"""What a key may look like, and when two payloads are the same."""

from __future__ import annotations

import hmac
import json
import re
from typing import Any, Final

import attrs
import msgspec

from divan_core.errors import IdempotencyKeyInvalid, InvalidRequest

MAX_DEPTH: Final = 130
"""How deeply lists and objects of a payload may be nested: any body, and what stands around it."""

_KEY: Final = re.compile(r'("?)([A-Za-z0-9._:~+/=@-]{1,255})\1')
_encode: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False
).encode


def parse_key(text: str) -> str:
    """The key that a caller gave, bare or in double quotes, which are no part of it.

    It has 1-255 characters of ``A-Z a-z 0-9 . _ : ~ + / = @ -``.

    Raises:
        IdempotencyKeyInvalid: it is something else.
    """
    found = _KEY.fullmatch(text)
    if found is None:
        raise IdempotencyKeyInvalid(
            "A key has 1 to 255 characters of A-Z a-z 0-9 . _ : ~ + / = @ -, and is given once."
        )
    return found[2]


def canonical(payload: object) -> bytes:
    """JSON that is the same for the same payload: members in order, 1.0 written as 1.

    Raises:
        InvalidRequest: it is nested more than ``MAX_DEPTH`` levels deep, or holds what JSON
            cannot say.
    """
    try:
        return _encode(_plain(payload, MAX_DEPTH)).encode()
    except (TypeError, ValueError) as fault:
        raise InvalidRequest("The payload holds something that JSON cannot say.") from fault


def _plain(value: object, depth: int) -> object:
    """The value with whole numbers as integers; ``depth`` more levels are allowed."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if not isinstance(value, dict | list | tuple):
        return value
    if not depth:
        raise InvalidRequest("The payload is nested too deeply.")
    if isinstance(value, dict):
        return {_name(name): _plain(member, depth - 1) for name, member in value.items()}
    return [_plain(item, depth - 1) for item in value]


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise TypeError("a member's name is a text")
    return name


def fingerprint(key: bytes, operation: str, payload: object) -> bytes:
    """32 bytes that tell payloads of operations apart, and nothing about them to who lacks ``key``.

    HMAC-SHA256 (RFC 2104). ``operation`` and the canonical JSON, which holds no zero byte, stand
    with one between them, so that no two pairs give the same message.

    Raises:
        InvalidRequest: the payload has no canonical form.
    """
    return hmac.digest(key, operation.encode() + b"\0" + canonical(payload), "sha256")


def payload_of(command: object) -> Any:  # noqa: ANN401 - JSON as Python has it
    """What a program's command stands for: its members other than their defaults, as JSON.

    A client that sends no more than it must gives the same payload.
    """
    if attrs.has(type(command)):
        return msgspec.to_builtins(_given(command))
    return msgspec.to_builtins(command)


def _given(command: Any) -> dict[str, object]:  # noqa: ANN401 - any attrs class
    values = ((field, getattr(command, field.name)) for field in attrs.fields(type(command)))
    return {
        field.name: value
        for field, value in values
        if value is not None and value != _default(field, command)
    }


def _default(field: Any, command: object) -> object:  # noqa: ANN401 - attrs' types hide factories
    """What the field holds where nothing is given; NOTHING where something must be."""
    if not isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]  # it is a class
        return field.default
    make = field.default.factory
    return make(command) if field.default.takes_self else make()

"""What HTTP adds to the core's codec: media types, and parameters of path and query."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, TypeVar, get_type_hints

import attrs
import msgspec

from divan_core.codec.faults import faults
from divan_core.errors import FieldError, UnsupportedMediaType, ValidationFailed

CommandT = TypeVar("CommandT")

JSON: Final = "application/json"
JSON_TYPE: Final = JSON.encode()
"""The same as headers have it."""

_WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_TRUTHS: Final = {"true": True, "false": False}


def check_media_type(content_type: bytes | None, content_encoding: bytes | None) -> None:
    """Accept JSON in UTF-8, as it is.

    Raises:
        UnsupportedMediaType: another type, another character set, or a compressed body.
    """
    if content_encoding is not None and content_encoding.strip().lower() != b"identity":
        raise UnsupportedMediaType("Send the body as it is, without Content-Encoding.")
    if content_type == JSON_TYPE:
        return
    media_type, _, parameters = (content_type or b"").decode("latin-1").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if media_type.strip().lower() != JSON or charset not in {"", "charset=utf-8"}:
        raise UnsupportedMediaType


class ParameterReader(Generic[CommandT]):
    """Reads path and query parameters as one class of commands.

    Lists are written with commas. Parameters that the command does not have are ignored.
    """

    def __init__(self, command: type[CommandT], path_fields: tuple[str, ...] = ()) -> None:
        """``path_fields`` stand in the path, all others in the query."""
        self._command = command
        hints = get_type_hints(command, include_extras=True)
        self._path_fields = frozenset(path_fields)
        self._meanings = {
            name: meaning(hint) for name, hint in hints.items() if name not in path_fields
        }

    def read(self, query: Mapping[str, str | list[str]], path: Mapping[str, str]) -> CommandT:
        """The command that these parameters make.

        Raises:
            ValidationFailed: parameters are missing, repeated, malformed or out of range.
        """
        values: dict[str, object] = {**path}
        for name, value in query.items():
            if isinstance(value, list):
                self._refuse_repeated(query)
            elif name in self._meanings:
                values[name] = self._meanings[name](value)
        try:
            return msgspec.convert(values, self._command)
        except msgspec.ValidationError:
            found = faults(values, self._command)
            raise ValidationFailed(errors=[self._renamed(fault) for fault in found]) from None

    def _refuse_repeated(self, query: Mapping[str, str | list[str]]) -> None:
        repeated = [name for name in self._meanings if isinstance(query.get(name), list)]
        if repeated:
            raise ValidationFailed(
                errors=[FieldError(f"query.{name}", "is given more than once") for name in repeated]
            )

    def _renamed(self, fault: FieldError) -> FieldError:
        """The fault with ``query.`` or ``path.`` in place of the ``$.`` of bodies."""
        whole = fault.path.removeprefix("$.")
        name = re.split(r"[.\[]", whole, maxsplit=1)[0]
        origin = "path" if name in self._path_fields else "query"
        return attrs.evolve(fault, path=f"{origin}.{whole}")


def meaning(hint: object) -> Callable[[str], object]:
    """How a parameter of this type is written: numbers as in JSON, lists with commas."""
    schema: dict[str, Any] = msgspec.json.schema(hint)
    kinds = {part.get("type") for part in (schema, *schema.get("anyOf", ()))}
    if "array" in kinds:
        return _listed
    if "integer" in kinds:
        return _whole
    return _truth if "boolean" in kinds else _same


def _listed(text: str) -> object:
    return text.split(",") if text else text  # whoever wants none leaves the parameter out


def _whole(text: str) -> object:
    return int(text) if _WHOLE.fullmatch(text) else text


def _truth(text: str) -> object:
    return _TRUTHS.get(text, text)


def _same(text: str) -> object:
    return text

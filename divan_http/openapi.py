"""The OpenAPI 3.1 document of an operation table."""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import NoneType
from typing import Any, Final, TypeAlias

import msgspec
from apispec import APISpec

from divan_core.codec.problems import STATUSES, Problem
from divan_core.errors import (
    Banned,
    CampusMismatch,
    DivanError,
    IdempotencyInProgress,
    IdempotencyKeyInvalid,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    IdempotencyUnavailable,
    InvalidCredentials,
    InvalidRequest,
    NotAllowed,
    NotAuthenticated,
    OutcomeUnknown,
    StoreUnavailable,
    TooLarge,
    Unavailable,
    UnknownUser,
    UnsupportedMediaType,
    ValidationFailed,
)
from divan_http import idempotency
from divan_http.auth import ADMIN, CAMPUS, ROLES, USER
from divan_http.codec import JSON
from divan_http.operation import (
    OF_PEOPLE,
    KeyedOperation,
    Operation,
    OperatorOperation,
    PublicOperation,
    Row,
)
from divan_http.problems import PROBLEM

Schema: TypeAlias = dict[str, Any]

OPENAPI_VERSION: Final = "3.1.0"
API_VERSION: Final = "1"

_REFERENCES: Final = "#/components/schemas/{name}"
_PAGE: Final = re.compile(r"\bPage_(\w+?)_(?!\w)")
_ALWAYS: Final = (InvalidRequest,)
_OF_PEOPLE: Final = (
    NotAuthenticated,
    InvalidCredentials,
    UnknownUser,
    Banned,
    CampusMismatch,
    StoreUnavailable,
    Unavailable,
)
_OF_BODIES: Final = (TooLarge, UnsupportedMediaType)
_OF_KEYS: Final = (
    IdempotencyKeyInvalid,
    IdempotencyKeyMissing,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    IdempotencyUnavailable,
    OutcomeUnknown,
)
_OF_OPERATORS: Final = (NotAuthenticated, InvalidCredentials, NotAllowed)
_RETRY: Final = frozenset({429, 503})
_KEY: Final = r"[A-Za-z0-9._:~+/=@-]{1,255}"
_BEARER: Final = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
_OPERATOR: Final = {"type": "apiKey", "in": "header", "name": ADMIN}
_DEV: Final = {"devUser": USER, "devCampus": CAMPUS}
_DEV_EXTRA: Final = {"devRoles": ROLES}


def document(operations: Iterable[Operation], *, dev: bool) -> Schema:
    """The document of these operations; ``dev`` adds the credentials of development."""
    rows = tuple(operations)
    spec = APISpec("Divan", API_VERSION, OPENAPI_VERSION, info={"description": _about()})
    for name, scheme in _schemes(dev=dev).items():
        spec.components.security_scheme(name, scheme)
    for name, schema in _components(rows).items():
        spec.components.schema(name, schema)
    for row in rows:
        spec.path(row.path, operations={row.method.lower(): _operation(row, dev=dev)})
    made: Schema = spec.to_dict()
    return made


def _about() -> str:
    return (
        "Presence, proximity and people of a campus. Every refusal is a problem document "
        "(RFC 9457) with a stable `code`; fields that are not described here are ignored."
    )


def _schemes(*, dev: bool) -> dict[str, Schema]:
    always: dict[str, Schema] = {"bearer": _BEARER, "operator": _OPERATOR}
    if not dev:
        return always
    headers = {**_DEV, **_DEV_EXTRA}
    return always | {
        name: {"type": "apiKey", "in": "header", "name": header} for name, header in headers.items()
    }


def _components(rows: tuple[Operation, ...]) -> dict[str, Schema]:
    types: list[object] = [Problem]
    types += [row.body for row in rows if row.has_body]
    types += [row.view for row in rows if row.view is not NoneType]
    return _schemas(types)[1]


def _schemas(types: Iterable[object]) -> tuple[list[Schema], dict[str, Schema]]:
    """The schemas of types, and of what they refer to, under names that read well."""
    found = msgspec.json.schema_components(types, ref_template=_REFERENCES)
    readable = _PAGE.sub(r"\1Page", msgspec.json.encode(found).decode())
    return msgspec.json.decode(readable, type=tuple[list[Schema], dict[str, Schema]])


def _operation(row: Operation, *, dev: bool) -> Schema:
    described: Schema = {
        "operationId": row.name,
        "tags": [row.name.partition(".")[0]],
        "summary": inspect.getdoc(row.perform),
        "responses": {str(status): body for status, body in _responses(row)},
    }
    if isinstance(row, OF_PEOPLE):
        described["security"] = _security(dev=dev)
    if isinstance(row, OperatorOperation):
        described["security"] = [{"operator": []}]
    if row.has_body:
        described["requestBody"] = _request_body(row)
    if parameters := list(_parameters(row)):
        described["parameters"] = parameters
    return described


def _security(*, dev: bool) -> list[Schema]:
    named: list[Schema] = [{name: [] for name in _DEV}] if dev else []
    return [{"bearer": []}, *named]


def _request_body(row: Row[Any, Any]) -> Schema:
    (reference,), components = _schemas([row.body])
    schema = components[reference["$ref"].rpartition("/")[2]]
    return {
        "required": bool(schema.get("required")),
        "content": {JSON: {"schema": reference}},
    }


def _parameters(row: Operation) -> Iterator[Schema]:
    yield from (one for one in _of_command(row) if not row.has_body or one["in"] == "path")
    if isinstance(row, KeyedOperation):
        yield _key_parameter()


def _key_parameter() -> Schema:
    return {
        "name": idempotency.KEY,
        "in": "header",
        "required": False,
        "description": "Your own word for this one write: it is done once, however often you ask.",
        "schema": {"type": "string", "pattern": f'^({_KEY}|"{_KEY}")$'},
    }


def _of_command(row: Row[Any, Any]) -> Iterator[Schema]:
    (reference,), components = _schemas([row.command])
    command = components[reference["$ref"].rpartition("/")[2]]
    for name, schema in command["properties"].items():
        in_path = name in row.path_fields
        found = {
            "name": name,
            "in": "path" if in_path else "query",
            "required": in_path or name in command.get("required", ()),
            "schema": _without_null(schema),
        }
        if schema.get("type") == "array":
            found |= {"style": "form", "explode": False}
        yield found


def _without_null(schema: Schema) -> Schema:
    """A parameter that may be left out is never null."""
    arms = [arm for arm in schema.get("anyOf", ()) if arm != {"type": "null"}]
    if len(arms) != 1:
        return schema
    kept = {key: value for key, value in schema.items() if key not in {"anyOf", "default"}}
    kept |= arms[0]
    return kept


def _responses(row: Operation) -> Iterator[tuple[int, Schema]]:
    for status in (row.status, *_other_statuses(row)):
        yield status, _success(row)
    if isinstance(row, KeyedOperation):
        yield from _answers_once(row)
    for status, errors in sorted(_by_status(_errors(row)).items()):
        if status not in _other_statuses(row):
            yield status, _refusal(status, errors)


def _other_statuses(row: Operation) -> tuple[int, ...]:
    return row.other_statuses if isinstance(row, PublicOperation) else ()


def _success(row: Row[Any, Any]) -> Schema:
    if row.view is NoneType:
        return {"description": "Done; there is nothing to tell.", "headers": _headers()}
    (schema,), _ = _schemas([row.view])
    content = {row.media_type: {"schema": schema}}
    return {"description": "The answer.", "headers": _headers(), "content": content}


def _once(row: Row[Any, Any], description: str, headers: Schema) -> Schema:
    found = _success(row)
    return found | {"description": description, "headers": found["headers"] | headers}


def _answers_once(row: Row[Any, Any]) -> Iterator[tuple[int, Schema]]:
    if row.status == 200:
        both = _first_headers() | {
            idempotency.REPLAYED: _words("false", "true"),
            idempotency.ORIGINAL_STATUS: _words("200"),
        }
        yield 200, _once(row, "The answer, to the first request and to each like it.", both)
        return
    yield row.status, _once(row, "The answer to the first request.", _first_headers())
    yield 200, _once(row, "The same answer again; nothing was done.", _replay_headers(row))


def _first_headers() -> Schema:
    """Neither is there where no key was given."""
    return {
        idempotency.REPLAYED: _words("false"),
        idempotency.STATUS: _words(idempotency.UNPROTECTED)
        | {"description": "The key could not be kept; a repetition would be done again."},
    }


def _replay_headers(row: Row[Any, Any]) -> Schema:
    return {
        idempotency.REPLAYED: _words("true") | {"required": True},
        idempotency.ORIGINAL_STATUS: _words(str(row.status)) | {"required": True},
    }


def _words(*allowed: str) -> Schema:
    return {"schema": {"type": "string", "enum": list(allowed)}}


def _refusal(status: int, errors: Collection[type[DivanError]]) -> Schema:
    return {
        "description": "\n".join(f"- `{error.code}`: {error.title}." for error in errors),
        "headers": _headers(retry=status in _RETRY or IdempotencyInProgress in errors),
        "content": {PROBLEM: {"schema": {"$ref": _REFERENCES.format(name=Problem.__name__)}}},
    }


def _headers(*, retry: bool = False) -> Schema:
    headers: Schema = {"X-Request-Id": {"schema": {"type": "string"}, "required": True}}
    if retry:
        headers["Retry-After"] = {"schema": {"type": "integer", "minimum": 0}}
    return headers


def _errors(row: Operation) -> Iterator[type[DivanError]]:
    yield from _ALWAYS
    if isinstance(row, OF_PEOPLE):
        yield from (one for one in _OF_PEOPLE if not (row.banned_too and one is Banned))
    if isinstance(row, OperatorOperation):
        yield from _OF_OPERATORS
    if isinstance(row, KeyedOperation):
        yield from _OF_KEYS
    if row.has_body:
        yield from _OF_BODIES
    if row.takes_input:
        yield ValidationFailed
    yield from row.errors


def _by_status(errors: Iterable[type[DivanError]]) -> Mapping[int, list[type[DivanError]]]:
    found: dict[int, list[type[DivanError]]] = {}
    for error in dict.fromkeys(errors):
        found.setdefault(STATUSES[error.kind], []).append(error)
    return found

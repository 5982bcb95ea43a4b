"""From a row of the operation table to a Falcon responder: the whole way of a request."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias, cast

import attrs
from falcon.asgi import Request, Response

from divan_core.codec.reader import JsonReader, encode, payload
from divan_core.divan import Divan
from divan_core.kernel.once import IdempotencyKey
from divan_http.auth import HeaderCredentials, OperatorCredentials
from divan_http.codec import JSON, ParameterReader, check_media_type
from divan_http.exchange import KEY, Exchange
from divan_http.idempotency import answer as answer_once
from divan_http.idempotency import keys_given, whole
from divan_http.operation import (
    KeyedOperation,
    Operation,
    OperatorOperation,
    PersonOperation,
    PublicOperation,
    Row,
)

Responder: TypeAlias = Callable[..., Awaitable[None]]
Reader: TypeAlias = Callable[[Request, dict[str, str], Exchange], Awaitable[Any]]

_ENCODING: Final = b"content-encoding"
_LENGTH: Final = b"content-length"


@attrs.frozen
class Endpoint:
    """Makes responders that share one Divan and one way to authenticate."""

    divan: Divan
    credentials: HeaderCredentials
    max_body_bytes: int

    def responder(self, operation: Operation) -> Responder:
        """The Falcon responder of an operation."""
        if isinstance(operation, PersonOperation):
            return self._for_person(operation)
        if isinstance(operation, KeyedOperation):
            return self._for_writer(operation)
        if isinstance(operation, OperatorOperation):
            return self._for_operator(operation)
        return self._for_anybody(operation)

    def _for_person(self, operation: PersonOperation[Any, Any]) -> Responder:
        read, answer = self._reader(operation), _answering(operation)
        actor_of, perform, divan = self.credentials.actor, operation.perform, self.divan
        banned_too = operation.banned_too

        async def respond(req: Request, resp: Response, **path: str) -> None:
            exchange = _begun(req, operation)
            actor = await actor_of(exchange, banned_too=banned_too)
            answer(resp, await perform(divan, actor, await read(req, path, exchange)))

        return respond

    def _for_writer(self, operation: KeyedOperation[Any, Any]) -> Responder:
        read, status = self._reader(operation), operation.status
        actor_of, perform, divan = self.credentials.actor, operation.perform, self.divan
        banned_too = operation.banned_too

        async def respond(req: Request, resp: Response, **path: str) -> None:
            exchange = _begun(req, operation)
            actor = await actor_of(exchange, banned_too=banned_too)
            text = divan.idempotency.checked(operation.name, keys_given(req, exchange))
            command = await read(req, path, exchange)
            key = None if text is None else IdempotencyKey(text, _payload(req, path, exchange))
            done = await perform(divan, actor, command, key)
            answer_once(resp, done, status, keyed=key is not None)

        return respond

    def _for_operator(self, operation: OperatorOperation[Any, Any]) -> Responder:
        read, answer = self._reader(operation), _answering(operation)
        perform, divan = operation.perform, self.divan
        check = OperatorCredentials(divan.settings.obs.admin_token).check
        public = operation.is_public(divan.settings)

        async def respond(req: Request, resp: Response, **path: str) -> None:
            exchange = _begun(req, operation)
            if not public:
                check(exchange)
            answer(resp, await perform(divan, await read(req, path, exchange)))

        return respond

    def _for_anybody(self, operation: PublicOperation[Any, Any]) -> Responder:
        read, answer = self._reader(operation), _answering(operation, operation.status_of)
        perform, divan = operation.perform, self.divan

        async def respond(req: Request, resp: Response, **path: str) -> None:
            exchange = _begun(req, operation)
            exchange.private = operation.private
            answer(resp, await perform(divan, await read(req, path, exchange)))

        return respond

    def _reader(self, operation: Row[Any, Any]) -> Reader:
        if operation.has_body and operation.path_fields:
            return self._mixed_reader(operation)
        if operation.has_body:
            return self._body_reader(_json(operation.command))
        if not operation.takes_input:
            return _constant_reader(operation.command())
        return _parameter_reader(_parameters(operation.command, operation.path_fields))

    def _body_reader(self, reader: JsonReader[Any]) -> Reader:
        limit = self.max_body_bytes

        async def read(req: Request, _path: dict[str, str], exchange: Exchange) -> object:
            headers = exchange.headers
            body = await exchange.body.read(headers.get(_LENGTH), limit)
            if body or not reader.optional:
                check_media_type(req.content_type, headers.get(_ENCODING))
            return reader.read(body)

        return read

    def _mixed_reader(self, operation: Row[Any, Any]) -> Reader:
        read_body = self._body_reader(_json(operation.body))
        fields = [field.name for field in attrs.fields(operation.body)]
        places = _parameters(operation.path_command, operation.path_fields)
        names = operation.path_fields

        async def read(req: Request, path: dict[str, str], exchange: Exchange) -> object:
            placed, said = places.read({}, path), await read_body(req, path, exchange)
            values = {name: getattr(placed, name) for name in names}
            return operation.command(**values, **{name: getattr(said, name) for name in fields})

        return read


# Readers keep nothing, so that every application of a process can have the same ones.
_json: Final = cast("Callable[[type[Any]], JsonReader[Any]]", functools.cache(JsonReader))
_parameters: Final = cast(
    "Callable[[type[Any], tuple[str, ...]], ParameterReader[Any]]", functools.cache(ParameterReader)
)


def _constant_reader(command: object) -> Reader:
    async def read(_req: Request, _path: dict[str, str], _exchange: Exchange) -> object:
        return command

    return read


def _parameter_reader(reader: ParameterReader[Any]) -> Reader:
    async def read(req: Request, path: dict[str, str], _exchange: Exchange) -> object:
        return reader.read(req.params, path)

    return read


def _payload(req: Request, path: dict[str, str], exchange: Exchange) -> object:
    """All that was asked, members that nobody reads included; no body is an empty one."""
    body = exchange.body.whole
    return whole(path, req.params, payload(body) if body else {})


def _begun(req: Request, operation: Row[Any, Any]) -> Exchange:
    exchange: Exchange = req.scope[KEY]
    exchange.route = operation.path
    return exchange


def _answering(
    operation: Row[Any, Any], status_of: Callable[[Any], int] | None = None
) -> Callable[[Response, Any], None]:
    status = operation.status

    def answer(resp: Response, view: object) -> None:
        resp.status = status if status_of is None else status_of(view)
        if view is not None:
            resp.data = encode(view)  # JSON is the media type unless another is set

    def answer_text(resp: Response, view: str) -> None:
        resp.status, resp.data = status, view.encode()
        resp.content_type = operation.media_type

    return answer if operation.media_type == JSON else answer_text

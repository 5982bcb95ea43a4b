"""From a row of the operation table to a Falcon responder: the whole way of a request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

import attrs
from falcon.asgi import Request, Response

from divan_core.codec.reader import JsonReader, encode
from divan_core.divan import Divan
from divan_core.errors import TooLarge
from divan_core.kernel.actor import Actor
from divan_http.auth import HeaderCredentials
from divan_http.codec import JSON, ParameterReader, check_media_type
from divan_http.exchange import exchange_of
from divan_http.operation import Operation, PersonOperation, PublicOperation, Row

Responder: TypeAlias = Callable[..., Awaitable[None]]
Reader: TypeAlias = Callable[[Request, dict[str, str]], Awaitable[Any]]

_ENCODING: Final = b"content-encoding"


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
        return self._for_anybody(operation)

    def _for_person(self, operation: PersonOperation[Any, Any]) -> Responder:
        read, perform, divan = self._reader(operation), operation.perform, self.divan
        answer = _answering(operation)

        async def respond(req: Request, resp: Response, **path: str) -> None:
            actor = await self._actor(req, operation.path)
            answer(resp, await perform(divan, actor, await read(req, path)))

        return respond

    def _for_anybody(self, operation: PublicOperation[Any, Any]) -> Responder:
        read, perform, divan = self._reader(operation), operation.perform, self.divan
        answer = _answering(operation, operation.status_of)

        async def respond(req: Request, resp: Response, **path: str) -> None:
            _note_public(req, operation.path)
            answer(resp, await perform(divan, await read(req, path)))

        return respond

    async def _actor(self, req: Request, route: str) -> Actor:
        exchange = exchange_of(req.scope)
        exchange.route = route
        return await self.credentials.actor(req.scope, exchange)

    def _reader(self, operation: Row[Any, Any]) -> Reader:
        if operation.has_body:
            return self._body_reader(JsonReader(operation.command))
        if not operation.takes_input:
            return _constant_reader(operation.command())
        return _parameter_reader(ParameterReader(operation.command, operation.path_fields))

    def _body_reader(self, reader: JsonReader[Any]) -> Reader:
        async def read(req: Request, _path: dict[str, str]) -> object:
            body = await self._body(req)
            if body or not reader.optional:
                check_media_type(req.content_type, exchange_of(req.scope).headers.get(_ENCODING))
            return reader.read(body)

        return read

    async def _body(self, req: Request) -> bytes:
        """The request's body; read no further than the limit, whatever its length is said to be."""
        limit = self.max_body_bytes
        if (req.content_length or 0) > limit:
            raise TooLarge(f"A body has at most {limit} bytes.")
        body = await req.stream.read(limit + 1)
        if len(body) > limit:
            raise TooLarge(f"A body has at most {limit} bytes.")
        return body


def _constant_reader(command: object) -> Reader:
    async def read(_req: Request, _path: dict[str, str]) -> object:
        return command

    return read


def _parameter_reader(reader: ParameterReader[Any]) -> Reader:
    async def read(req: Request, path: dict[str, str]) -> object:
        return reader.read(req.params, path)

    return read


def _note_public(req: Request, route: str) -> None:
    exchange = exchange_of(req.scope)
    exchange.route = route
    exchange.private = False


def _answering(
    operation: Row[Any, Any], status_of: Callable[[Any], int] | None = None
) -> Callable[[Response, Any], None]:
    status = operation.status

    def answer(resp: Response, view: object) -> None:
        resp.status = status if status_of is None else status_of(view)
        if view is not None:
            resp.content_type = JSON
            resp.data = encode(view)

    return answer

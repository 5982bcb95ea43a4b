"""From a row of the operation table to an answer: the whole way of a request."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias, cast

import attrs
from falcon.uri import parse_query_string

from divan_core.codec.reader import JsonReader, encode, payload
from divan_core.divan import Divan
from divan_core.kernel.once import IdempotencyKey
from divan_http.application import Answer
from divan_http.auth import HeaderCredentials, OperatorCredentials
from divan_http.codec import JSON, ParameterReader, check_media_type
from divan_http.exchange import Exchange
from divan_http.idempotency import keys_given, reply_once, whole
from divan_http.operation import (
    KeyedOperation,
    Operation,
    OperatorOperation,
    PersonOperation,
    PublicOperation,
    Row,
)
from divan_http.reply import Reply

Reader: TypeAlias = Callable[[Exchange, dict[str, str]], Awaitable[Any]]

_ENCODING: Final = b"content-encoding"
_LENGTH: Final = b"content-length"
_TYPE: Final = b"content-type"


@attrs.frozen
class Endpoint:
    """Makes answers that share one Divan and one way to authenticate."""

    divan: Divan
    credentials: HeaderCredentials
    max_body_bytes: int

    def answering(self, operation: Operation) -> Answer:
        """What answers the requests for an operation."""
        if isinstance(operation, PersonOperation):
            return self._for_person(operation)
        if isinstance(operation, KeyedOperation):
            return self._for_writer(operation)
        if isinstance(operation, OperatorOperation):
            return self._for_operator(operation)
        return self._for_anybody(operation)

    def _for_person(self, operation: PersonOperation[Any, Any]) -> Answer:
        read, reply = self._reader(operation), _replying(operation)
        actor_of, perform, divan = self.credentials.actor, operation.perform, self.divan
        banned_too = operation.banned_too

        async def answer(exchange: Exchange, path: dict[str, str]) -> Reply:
            actor = await actor_of(exchange, banned_too=banned_too)
            return reply(await perform(divan, actor, await read(exchange, path)))

        return answer

    def _for_writer(self, operation: KeyedOperation[Any, Any]) -> Answer:
        read, status = self._reader(operation), operation.status
        actor_of, perform, divan = self.credentials.actor, operation.perform, self.divan
        banned_too = operation.banned_too

        async def answer(exchange: Exchange, path: dict[str, str]) -> Reply:
            actor = await actor_of(exchange, banned_too=banned_too)
            text = divan.idempotency.checked(operation.name, keys_given(exchange))
            command = await read(exchange, path)
            key = None if text is None else IdempotencyKey(text, _payload(exchange, path))
            done = await perform(divan, actor, command, key)
            return reply_once(done, status, keyed=key is not None)

        return answer

    def _for_operator(self, operation: OperatorOperation[Any, Any]) -> Answer:
        read, reply = self._reader(operation), _replying(operation)
        perform, divan = operation.perform, self.divan
        check = OperatorCredentials(divan.settings.obs.admin_token).check
        public = operation.is_public(divan.settings)

        async def answer(exchange: Exchange, path: dict[str, str]) -> Reply:
            if not public:
                check(exchange)
            return reply(await perform(divan, await read(exchange, path)))

        return answer

    def _for_anybody(self, operation: PublicOperation[Any, Any]) -> Answer:
        read, reply = self._reader(operation), _replying(operation, operation.status_of)
        perform, divan = operation.perform, self.divan

        async def answer(exchange: Exchange, path: dict[str, str]) -> Reply:
            exchange.private = operation.private
            return reply(await perform(divan, await read(exchange, path)))

        return answer

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

        async def read(exchange: Exchange, _path: dict[str, str]) -> object:
            headers = exchange.headers
            body = await exchange.body.read(headers.get(_LENGTH), limit)
            if body or not reader.optional:
                check_media_type(headers.get(_TYPE), headers.get(_ENCODING))
            return reader.read(body)

        return read

    def _mixed_reader(self, operation: Row[Any, Any]) -> Reader:
        read_body = self._body_reader(_json(operation.body))
        fields = [field.name for field in attrs.fields(operation.body)]
        places = _parameters(operation.path_command, operation.path_fields)
        names = operation.path_fields

        async def read(exchange: Exchange, path: dict[str, str]) -> object:
            placed, said = places.read({}, path), await read_body(exchange, path)
            values = {name: getattr(placed, name) for name in names}
            return operation.command(**values, **{name: getattr(said, name) for name in fields})

        return read


# Readers keep nothing, so that every application of a process can have the same ones.
_json: Final = cast("Callable[[type[Any]], JsonReader[Any]]", functools.cache(JsonReader))
_parameters: Final = cast(
    "Callable[[type[Any], tuple[str, ...]], ParameterReader[Any]]", functools.cache(ParameterReader)
)


def _constant_reader(command: object) -> Reader:
    async def read(_exchange: Exchange, _path: dict[str, str]) -> object:
        return command

    return read


def _parameter_reader(reader: ParameterReader[Any]) -> Reader:
    async def read(exchange: Exchange, path: dict[str, str]) -> object:
        return reader.read(_asked(exchange), path)

    return read


def _asked(exchange: Exchange) -> dict[str, str | list[str]]:
    """What stands in the query, as Falcon reads it."""
    query = exchange.query
    return parse_query_string(query.decode(), keep_blank=True) if query else {}


def _payload(exchange: Exchange, path: dict[str, str]) -> object:
    """All that was asked, members that nobody reads included; no body is an empty one."""
    body = exchange.body.whole
    return whole(path, _asked(exchange), payload(body) if body else {})


def _replying(
    operation: Row[Any, Any], status_of: Callable[[Any], int] | None = None
) -> Callable[[Any], Reply]:
    status, media_type = operation.status, operation.media_type.encode()

    def reply(view: object) -> Reply:
        found = status if status_of is None else status_of(view)
        return Reply(found, b"" if view is None else encode(view))

    def reply_text(view: str) -> Reply:
        return Reply(status, view.encode(), media_type)

    return reply if operation.media_type == JSON else reply_text

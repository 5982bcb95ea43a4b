"""Asking a running server, as a person would in development."""

from __future__ import annotations

import http.client
from typing import Final
from urllib.parse import urlencode, urlsplit

import attrs
import msgspec

from divan_core.discovery.messages import DiscoverQuery, FoundPerson
from divan_core.errors import ConfigurationError, Conflict, DivanError, Unavailable
from divan_core.kernel.actor import Actor
from divan_core.kernel.paging import Page
from divan_core.presence.messages import NearbyPerson, NearbyQuery

TIMEOUT_S: Final = 10.0


@attrs.frozen
class _Problem:
    """What is read of a refusal."""

    title: str
    detail: str = ""


def ask_nearby(server: str, actor: Actor, query: NearbyQuery) -> Page[NearbyPerson]:
    """Ask a server who is near an actor. Blocks.

    Raises:
        ConfigurationError: the server's address is not one.
        Unavailable: there is no server.
        DivanError: the server's refusal, in its words.
    """
    parameters = {"radius_m": query.radius_m, "limit": query.limit, "filter": query.filter}
    body = _get(server, f"/proximity/nearby?{urlencode(parameters)}", actor)
    return msgspec.json.decode(body, type=Page[NearbyPerson])


def ask_people(server: str, actor: Actor, query: DiscoverQuery) -> Page[FoundPerson]:
    """Ask a server whom an actor might know. Blocks.

    Raises:
        ConfigurationError: the server's address is not one.
        Unavailable: there is no server.
        DivanError: the server's refusal, in its words.
    """
    body = _get(server, f"/discover/people?{urlencode({'limit': query.limit})}", actor)
    return msgspec.json.decode(body, type=Page[FoundPerson])


def _get(server: str, target: str, actor: Actor) -> bytes:
    headers = {"X-User-Id": str(actor.user_id), "X-Campus-Id": str(actor.campus_id)}
    connection = _connection(server)
    try:
        connection.request("GET", target, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as fault:
        raise Unavailable(
            f"No server answers at {server}, and without Redis only it knows who is where. "
            "Start divan serve, or say --server."
        ) from fault
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise _refusal(body)
    return body


def _connection(server: str) -> http.client.HTTPConnection:
    try:
        parts = urlsplit(server)
        kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        kind: type[http.client.HTTPConnection] = kinds[parts.scheme]
        return kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    except (KeyError, ValueError, http.client.InvalidURL) as fault:
        raise ConfigurationError(f"{server} is not the address of a server.") from fault


def _refusal(body: bytes) -> DivanError:
    try:
        problem = msgspec.json.decode(body, type=_Problem)
    except msgspec.MsgspecError:
        return Unavailable("What answers there is not a Divan.")
    return Conflict(problem.detail or problem.title)

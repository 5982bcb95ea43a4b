"""An ASGI application without a framework: POST /orders happens once for its Idempotency-Key.

``uvicorn --app-dir examples asgi_idempotency:app`` serves it; run as a script, it shows what a
client sees that sends one order twice. ``SHOP_DATABASE`` may name ``postgresql+asyncpg://...``.
"""

import asyncio
import json
import os
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, Table, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from divan_core.errors import (
    DivanError,
    ErrorKind,
    IdempotencyKeyInvalid,
    InvalidInput,
    InvalidRequest,
    OutcomeUnknown,
)
from divan_core.hosting import HostIdempotency, KeyedWrite, idempotency_table

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

METADATA = MetaData()
ORDERS = Table(
    "orders",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("person", String(64), nullable=False),
    Column("item", String(40), nullable=False),
)
KEYS = idempotency_table(METADATA)

ENGINE = create_async_engine(os.environ.get("SHOP_DATABASE", "sqlite+aiosqlite:///shop.sqlite3"))
# An application keeps its secret: a new one at each start does not recognise older keys.
SECRET = bytes.fromhex(os.environ.get("SHOP_SECRET") or secrets.token_hex(32))
IDEMPOTENCY = HostIdempotency(SECRET, table=KEYS)

STATUS = {
    ErrorKind.BAD_REQUEST: 400,
    ErrorKind.CONFLICT: 409,
    ErrorKind.INVALID: 422,
    ErrorKind.UNAVAILABLE: 503,
}


@IDEMPOTENCY.keyed("orders.place")
async def place(session: AsyncSession, person: str, order: dict[str, Any]) -> dict[str, Any]:
    """Write an order; what is returned is what every repetition gets."""
    row = {"person": person, "item": order["item"]}
    done = await session.execute(insert(ORDERS).values(row).returning(ORDERS.c.id))
    return {"id": done.scalar_one(), "item": order["item"]}


async def app(scope: Message, receive: Receive, send: Send) -> None:
    """Answer one request, or the server's own start and end."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "http":
        await request(scope, receive, send)


async def request(scope: Message, receive: Receive, send: Send) -> None:
    if (scope["method"], scope["path"]) != ("POST", "/orders"):
        await reply(send, 404, {}, b"{}")
        return
    try:
        write = await order(scope["headers"], await body_of(receive))
    except DivanError as refused:
        problem = {"code": refused.code, "title": refused.title, "detail": refused.detail}
        headers = {"retry-after": str(refused.retry_after)} if refused.retry_after else {}
        await reply(send, STATUS[refused.kind], headers, json.dumps(problem).encode())
    else:
        headers = {"idempotent-replayed": str(write.replayed).lower()}
        if write.replayed:
            headers["idempotency-original-status"] = "201"
        await reply(send, 200 if write.replayed else 201, headers, write.body)


async def order(headers: list[tuple[bytes, bytes]], body: bytes) -> KeyedWrite:
    keys = [value.decode("latin-1") for name, value in headers if name == b"idempotency-key"]
    if len(keys) > 1:
        raise IdempotencyKeyInvalid("Give one Idempotency-Key.")
    wanted = parsed(body)
    person = dict(headers).get(b"x-person", b"nobody").decode("latin-1")  # authenticate for real
    try:
        async with AsyncSession(ENGINE) as session, session.begin():
            return await place(session, person, wanted, key=keys[0] if keys else None)
    except DBAPIError as lost:
        if lost.connection_invalidated:  # perhaps in the commit: only the key can tell
            raise OutcomeUnknown from lost
        raise


def parsed(body: bytes) -> dict[str, Any]:
    try:
        wanted = json.loads(body)
    except ValueError as fault:
        raise InvalidRequest("The body is no JSON.") from fault
    if not isinstance(wanted, dict) or not isinstance(wanted.get("item"), str):
        raise InvalidInput("An order has an item.")
    return wanted


async def body_of(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def reply(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    fields = {"content-type": "application/json", "content-length": str(len(body)), **headers}
    raw = [(name.encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


async def lifespan(receive: Receive, send: Send) -> None:
    await receive()
    async with ENGINE.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await ENGINE.dispose()
    await send({"type": "lifespan.shutdown.complete"})


async def show() -> None:
    """Send the same order twice."""
    messages: asyncio.Queue[Message] = asyncio.Queue()
    messages.put_nowait({"type": "lifespan.startup"})
    started = asyncio.Event()

    async def sent(message: Message) -> None:
        started.set()
        if message["type"].startswith("http"):
            print(message)

    async def body() -> Message:
        return {"type": "http.request", "body": b'{"item": "tea"}'}

    running = asyncio.create_task(app({"type": "lifespan"}, messages.get, sent))
    await started.wait()
    headers = [(b"idempotency-key", secrets.token_hex(8).encode()), (b"x-person", b"ana")]
    scope = {"type": "http", "method": "POST", "path": "/orders", "headers": headers}
    for _ in range(2):
        await app(scope, body, sent)
    messages.put_nowait({"type": "lifespan.shutdown"})
    await running


if __name__ == "__main__":
    asyncio.run(show())

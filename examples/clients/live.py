"""Keeps a list of who is near as it changes, and prints it: URL, a token, and how often to print.

``python examples/clients/live.py http://127.0.0.1:8000 TOKEN 3``; python-socketio and aiohttp are
all it needs.
"""

import asyncio
import sys
from typing import Any

import socketio


class Near:
    """Who is near: the first list with every update applied in order."""

    def __init__(self) -> None:
        self.people: dict[str, dict[str, Any]] = {}
        self.seq = 0
        self.changed = asyncio.Event()

    def whole(self, told: dict[str, Any]) -> None:
        """Forget what was known."""
        self.people = {one["user_id"]: one for one in told["items"]}
        self.seq = told["seq"]
        self.changed.set()

    def update(self, told: dict[str, Any]) -> None:
        """Change what is known by what has changed."""
        if told["seq"] <= self.seq:  # it was in the whole list already
            return
        for user_id in told["removed"]:
            self.people.pop(user_id, None)
        self.people |= {one["user_id"]: one for one in (*told["added"], *told["updated"])}
        self.seq = told["seq"]
        self.changed.set()


async def main(url: str, token: str, times: int) -> None:
    near, client = Near(), socketio.AsyncClient()
    client.on("nearby:update", near.update, namespace="/presence")
    client.on("nearby:resync", near.whole, namespace="/presence")

    async def connected() -> None:  # again after every loss: with the last number, to miss nothing
        wish = {"radius_m": 50} | ({"since_seq": near.seq} if near.seq else {})
        answer = await client.call("nearby:subscribe", wish, namespace="/presence")
        near.whole(answer) if answer["ok"] else sys.exit(answer["error"]["detail"])

    client.on("connect", connected, namespace="/presence")
    await client.connect(url, auth={"token": token}, namespaces=["/presence"])
    for _ in range(times):
        await near.changed.wait()
        near.changed.clear()
        print(near.seq, sorted(one["handle"] for one in near.people.values()), flush=True)
    await client.disconnect()


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))

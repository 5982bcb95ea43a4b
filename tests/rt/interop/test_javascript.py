"""The client library of browsers and Node.js, as npm has it, against the server."""

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream

from divan_core.accounts.messages import ChangeProfile
from divan_core.chat.messages import SendMessage
from divan_core.kernel.actor import Actor
from divan_core.kernel.visibility import Standing
from divan_core.social.messages import SendInvite
from tests.rt.test_endings import sentence
from tests.rt.world import World, heartbeat_json, ids_of

pytestmark = pytest.mark.anyio

HERE = Path(__file__).parent
PATIENCE_S = 20


@pytest.fixture(scope="session")
def modules(node: str, pytestconfig: pytest.Config) -> Path:
    """Where npm has put what ``package.json`` names; kept from one run to the next."""
    del node
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("the JavaScript client comes from npm, which is not installed")
    wanted = (HERE / "package.json").read_bytes()
    cache = pytestconfig.cache
    assert cache is not None
    kept = cache.mkdir("javascript") / hashlib.sha256(wanted).hexdigest()[:16]
    if not kept.is_dir():
        install(npm, wanted, kept)
    return kept


def install(npm: str, wanted: bytes, kept: Path) -> None:
    """Install beside ``kept`` and move it there, so that workers do not disturb each other."""
    folder = Path(tempfile.mkdtemp(dir=kept.parent))
    (folder / "package.json").write_bytes(wanted)
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts"]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if made.returncode:
        shutil.rmtree(folder)
        pytest.skip(f"npm could not install the JavaScript client: {made.stderr[-500:]}")
    try:
        folder.rename(kept)
    except OSError:  # another worker was first
        shutil.rmtree(folder)


class Browser:
    """A JavaScript client, and what it says."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._commands = process.stdin
        self._lines = self._read(TextReceiveStream(process.stdout))

    async def do(self, deed: str, **more: Any) -> None:
        await self._commands.send(json.dumps({"do": deed, **more}).encode() + b"\n")

    async def said(self, what: str) -> dict[str, Any]:
        """The next thing of this kind that it says; others before it are dropped."""
        with anyio.fail_after(PATIENCE_S):
            async for line in self._lines:
                found: dict[str, Any] = json.loads(line)
                if found["what"] == what:
                    return found
        pytest.fail(f"the client ended before it said {what}")

    async def next(self) -> dict[str, Any]:
        """The next thing that it says, whatever it is."""
        with anyio.fail_after(PATIENCE_S):
            async for line in self._lines:
                found: dict[str, Any] = json.loads(line)
                return found
        pytest.fail("the client ended")

    @staticmethod
    async def _read(stream: TextReceiveStream) -> AsyncIterator[str]:
        rest = ""
        async for text in stream:
            *lines, rest = (rest + text).split("\n")
            for line in lines:
                yield line


@asynccontextmanager
async def browser(
    node: str,
    modules: Path,
    world: World,
    auth: dict[str, str],
    transports: str = "websocket",
    *,
    program: str = "client.mjs",
) -> AsyncIterator[Browser]:
    script = str(HERE / program)
    command = [node, script, world.url, str(modules), json.dumps(auth), transports]
    async with await anyio.open_process(command, stderr=None) as process:
        yield Browser(process)
        process.kill()


@pytest.fixture
async def people(world: World) -> tuple[Actor, Actor]:
    ana, ben = await world.join("ana"), await world.join("ben")
    await world.beat(ben, 40)
    return ana, ben


@pytest.mark.parametrize("transports", ["websocket", "polling", "polling,websocket"])
async def test_a_live_list(
    node: str, modules: Path, world: World, people: tuple[Actor, Actor], transports: str
) -> None:
    ana, ben = people
    async with browser(node, modules, world, ids_of(ana), transports) as page:
        await page.said("connected")
        beat = heartbeat_json(world.clock, 0)
        await page.do("emit", event="presence:heartbeat", payload=[beat])
        assert (await page.said("ack"))["ts"] == world.clock.now()
        answer = (await page.said("answer"))["answer"]
        assert answer == {"ok": True, "ts": world.clock.now()}
        await page.do("subscribe", radius_m=200)
        assert (await page.said("subscribed"))["people"] == await world.nearby(ana, 200)
        for name in ("Benno", "Бен 🐝"):
            await world.divan.accounts.change_profile(ben, ChangeProfile(display_name=name))
            await world.tick()
            assert (await page.said("update"))["people"] == await world.nearby(ana, 200)


async def test_a_lost_connection_is_taken_up_again(
    node: str, modules: Path, world: World, people: tuple[Actor, Actor]
) -> None:
    ana, ben = people
    await world.beat(ana, 0)
    async with browser(node, modules, world, ids_of(ana)) as page:
        await page.said("connected")
        await page.do("subscribe", radius_m=200)
        before = await page.said("subscribed")
        await page.do("lose")
        await world.divan.accounts.change_profile(ben, ChangeProfile(display_name="Benno"))
        await page.said("connected")
        after = await page.said("update")
        assert after["seq"] == before["seq"] + 1
        assert (await page.said("subscribed"))["seq"] == after["seq"]
        assert after["people"] == await world.nearby(ana, 200)


async def test_refusals_are_problems(
    node: str, modules: Path, world: World, people: tuple[Actor, Actor]
) -> None:
    async with browser(node, modules, world, {"token": "nonsense"}) as page:
        refused = await page.said("refused")
        assert refused["data"]["code"] == "invalid_credentials"
        assert refused["message"] == refused["data"]["title"]
    async with browser(node, modules, world, ids_of(people[0])) as page:
        await page.said("connected")
        for event, payload, status in (
            ("nearby:subscribe", [{"radius_m": 50}], 409),
            ("nearby:subscribe", [], 422),
            ("colour", ["red"], 404),
        ):
            await page.do("emit", event=event, payload=payload)
            answer = (await page.said("answer"))["answer"]
            assert answer["ok"] is False
            assert answer["error"]["status"] == status
        await page.do("binary")
        assert (await page.said("answer"))["answer"]["error"]["status"] == 400


async def test_a_banned_client_does_not_come_back_by_itself(
    node: str, modules: Path, world: World, people: tuple[Actor, Actor]
) -> None:
    ana, _ = people
    async with browser(node, modules, world, ids_of(ana)) as page:
        await page.said("connected")
        await sentence(world, ana, Standing.BANNED)
        await world.tick()
        assert (await page.said("disconnected"))["reason"] == "io server disconnect"


async def test_what_happens_to_somebody(
    node: str, modules: Path, world: World, people: tuple[Actor, Actor]
) -> None:
    """Also after a lost connection: it subscribes again, and reads its lists."""
    ana, ben = people
    async with browser(node, modules, world, ids_of(ana), program="social.mjs") as page:
        await page.said("connected")
        assert (await page.said("subscribed"))["answer"] == {"ok": True}
        view = (await world.divan.social.invite(ben, SendInvite(ana.user_id))).view
        new = await page.said("invite:new")
        assert (new["id"], new["state"]) == (str(view.id), "open")
        assert (new["person"]["handle"], new["person"]["user_id"]) == ("ben", str(ben.user_id))
        await page.do("lose")
        await page.said("connected")
        await page.said("subscribed")
        await world.divan.social.accept(ana, view.id)
        update, friend = await page.said("invite:update"), await page.said("friend:update")
        assert (update["id"], update["state"]) == (str(view.id), "accepted")
        assert (friend["user_id"], friend["state"]) == (str(ben.user_id), "accepted")
        await page.do("emit", event="colour", payload={})
        assert (await page.said("answer"))["answer"]["error"]["status"] == 404
        await world.divan.social.block(ben, ana.user_id)
        await world.divan.drain()
        await page.do("emit", event="colour", payload={})
        assert (await page.next())["what"] == "answer"


async def test_a_conversation_through_a_lost_connection(
    node: str, modules: Path, world: World, people: tuple[Actor, Actor]
) -> None:
    ana, ben = people

    async def write(body: str) -> None:
        await world.divan.chat.send(ben, SendMessage(ana.user_id, body))

    async with browser(node, modules, world, ids_of(ana), program="chat.mjs") as page:
        await page.said("connected")
        await write("one")
        assert (await page.said("message"))["body"] == "one"
        answer = {"to_user_id": str(ben.user_id), "body": "two 🐝", "client_msg_id": "x"}
        for replayed in (False, True):
            await page.do("emit", event="chat:send", payload=answer)
            found = (await page.said("answer"))["answer"]
            assert (found["ok"], found["replayed"], found["message"]["seq"]) == (True, replayed, 2)
        await page.do("lose")
        for number in range(3, 8):
            await write(str(number))
        await page.said("connected")
        for number in range(3, 8):
            assert (await page.said("message")) == {
                "what": "message",
                "seq": number,
                "body": str(number),
            }

"""Conversations and rooms over HTTP."""

import re
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from divan_core.accounts.messages import ChangePrivacy, CreatePerson
from divan_core.kernel.ids import UserId
from tests.http.world import World, paths, problem

pytestmark = pytest.mark.anyio

NOBODY = UUID(int=1)


async def post(
    world: World, path: str, body: Any = None, by: UserId | None = None, key: str | None = None
) -> httpx2.Response:
    headers = world.headers(by, **({"Idempotency_Key": key} if key else {}))
    return await world.client.post(path, json=body, headers=headers)


async def say(world: World, body: str = "hello", **more: Any) -> httpx2.Response:
    """Ana writes to Ben."""
    key = more.pop("key", None)
    return await post(
        world, "/chat/messages", {"to_user_id": str(world.ben), "body": body, **more}, key=key
    )


async def test_a_message(world: World) -> None:
    answer = await say(world, client_msg_id="c1", attachments=[{"media_type": "image/png"}])
    assert answer.status_code == 201
    message = answer.json()
    assert re.fullmatch(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", message.pop("message_id"))
    conversation_id = message.pop("conversation_id")
    assert message == {
        "client_msg_id": "c1",
        "seq": 1,
        "sender_id": str(world.ana),
        "recipient_id": str(world.ben),
        "body": "hello",
        "attachments": [
            {
                "media_type": "image/png",
                "attachment_id": None,
                "file_name": None,
                "size_bytes": None,
                "url": None,
            }
        ],
        "created_at": "2026-09-21T14:13:20.000Z",
    }
    listed = (await world.get("/chat/conversations", world.ben)).json()["items"]
    assert [one["conversation_id"] for one in listed] == [conversation_id]
    assert listed[0]["peer"] == {
        "user_id": str(world.ana),
        "handle": "ana",
        "display_name": "Ana",
        "avatar_url": None,
        "online": False,
    }
    await world.beat()
    (now,) = (await world.get("/chat/conversations", world.ben)).json()["items"]
    assert now["peer"]["online"] is True


async def test_replays(world: World) -> None:
    first = await say(world, key="k1", client_msg_id="c1")
    again = await say(world, key="k1", client_msg_id="c1")
    named = await say(world, client_msg_id="c1")
    assert (first.status_code, again.status_code, named.status_code) == (201, 200, 200)
    assert first.content == again.content == named.content
    for replayed in (again, named):
        assert replayed.headers["Idempotent-Replayed"] == "true"
        assert replayed.headers["Idempotency-Original-Status"] == "201"
    problem(await say(world, "other", key="k1"), 422, "idempotency_key_reused")
    problem(await say(world, "other", client_msg_id="c1"), 422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"body": ""}, "$.body"),
        ({"body": "x" * 4001}, "$.body"),
        ({"body": "a\0b"}, "$.body"),
        ({"client_msg_id": ""}, "$.client_msg_id"),
        ({"client_msg_id": "x" * 65}, "$.client_msg_id"),
        ({"client_msg_id": "a\n"}, "$.client_msg_id"),
        ({"attachments": [{"media_type": "text/html"}]}, "$.attachments[0].media_type"),
        ({"attachments": [{"media_type": "image/png\n"}]}, "$.attachments[0].media_type"),
        ({"attachments": [{"media_type": "image/png"}] * 11}, "$.attachments"),
        ({"attachments": [{"media_type": "image/png", "url": "http://x"}]}, "$.attachments[0].url"),
    ],
    ids=str,
)
async def test_what_cannot_be_sent(world: World, fields: dict[str, Any], path: str) -> None:
    answer = await say(world, **{"body": "hello", **fields})
    assert paths(problem(answer, 422, "validation_failed")) == [path]


async def test_the_longest_body(world: World) -> None:
    assert (await say(world, "\N{GRINNING FACE}" * 4000)).status_code == 201


async def every_answer(world: World, target: object) -> list[tuple[int, bytes]]:
    """What Ana is answered about somebody on every route, without what no two requests share."""
    place = f"/chat/conversations/{target}"
    answers = [
        await post(world, "/chat/messages", {"to_user_id": str(target), "body": "hello"}),
        await post(world, f"{place}/deliveries", {"delivered_seq": 0}),
        await post(world, f"{place}/read", {"read_seq": 1}),
        await world.get(f"{place}/messages"),
        await world.get(f"{place}/outbox"),
        await world.client.delete(place, headers=world.headers()),
        await post(
            world,
            "/rooms",
            {"name": "Den", "preset": "2-4", "visibility": "link", "member_ids": [str(target)]},
        ),
    ]
    unlike = re.compile(rb'"request_id":"[^"]*"')
    return [(one.status_code, unlike.sub(b"", one.content)) for one in answers]


async def test_hidden_people_answer_byte_for_byte_like_nobody(world: World) -> None:
    accounts, hidden = world.divan.accounts, list[object]()
    for number, privacy in enumerate(
        ({"ghost_mode": True}, {"visibility": "none"}, {"visibility": "friends"}, {})
    ):
        person = await accounts.create_person(
            CreatePerson(
                world.campus,
                f"hidden{number}",
                "Hidden",
                privacy=ChangePrivacy(**privacy),  # type: ignore[arg-type]  # as given
            )
        )
        hidden.append(person.user_id)
    actor = await accounts.actor(UserId(UUID(str(hidden[-1]))))
    await world.divan.social.block(actor, world.ana)
    expected = await every_answer(world, uuid4())
    assert [status for status, _ in expected] == [404] * 6 + [422]
    for target in (*hidden, world.zoe, NOBODY):
        assert await every_answer(world, target) == expected


async def test_oneself(world: World) -> None:
    for status, _ in (await every_answer(world, world.ana))[:6]:
        assert status == 422


async def test_path_and_body_faults_are_told_apart(world: World) -> None:
    answer = await post(world, "/chat/conversations/ben/read", {"read_seq": 1})
    assert paths(problem(answer, 422, "validation_failed")) == ["path.user_id"]
    answer = await post(world, f"/chat/conversations/{world.ben}/read", {"read_seq": "1"})
    assert paths(problem(answer, 422, "validation_failed")) == ["$.read_seq"]
    answer = await post(world, f"/chat/conversations/{world.ben}/read", {})
    assert paths(problem(answer, 422, "validation_failed")) == ["$.read_seq"]


async def test_acknowledging(world: World) -> None:
    await say(world)
    place = f"/chat/conversations/{world.ana}"
    waiting = await world.get(f"{place}/outbox", world.ben)
    assert [one["seq"] for one in waiting.json()["items"]] == [1]
    answer = await post(world, f"{place}/deliveries", {"delivered_seq": 1}, world.ben)
    assert (answer.status_code, answer.json()["delivered_seq"]) == (200, 1)
    assert (await world.get(f"{place}/outbox", world.ben)).json()["items"] == []
    answer = await post(world, f"{place}/read", {"read_seq": 2}, world.ben)
    assert paths(problem(answer, 422, "validation_failed")) == ["$.read_seq"]
    assert (await post(world, f"{place}/read", {"read_seq": 1}, world.ben)).status_code == 200
    gone = await world.client.delete(place, headers=world.headers(world.ben))
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await world.get(f"{place}/messages", world.ben)).json()["items"] == []


async def opened(world: World, visibility: str = "link") -> str:
    """A room of Ana's."""
    body = {"name": "Den", "preset": "2-4", "visibility": visibility}
    room_id: str = (await post(world, "/rooms", body)).json()["id"]
    return room_id


async def test_a_room(world: World) -> None:
    body = {"name": "Den", "preset": "2-4", "visibility": "link"}
    first = await post(world, "/rooms", body, key="k1")
    again = await post(world, "/rooms", body, key="k1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    room = f"/rooms/{first.json()['id']}"
    card = (await world.get(room, world.ben)).json()
    assert (card["member_count"], card["capacity"]) == (1, 4)
    assert "role" not in card
    problem(await world.get(f"{room}/messages", world.ben), 403, "not_member")
    assert (await post(world, f"{room}/join", by=world.ben)).json()["role"] == "member"
    said = await post(world, f"{room}/messages", {"body": "hi", "client_msg_id": "c"}, world.ben)
    assert (said.status_code, said.json()["room_id"]) == (201, first.json()["id"])
    again = await post(world, f"{room}/messages", {"body": "hi", "client_msg_id": "c"}, world.ben)
    assert (again.status_code, again.content) == (200, said.content)
    assert [one["body"] for one in (await world.get(f"{room}/messages")).json()["items"]] == ["hi"]
    assert (await post(world, f"{room}/read", {"read_seq": 1})).json()["read_seq"] == 1
    ben = f"{room}/members/{world.ben}"
    assert (await post(world, f"{ben}/role", {"role": "moderator"})).json()["role"] == "moderator"
    assert (await post(world, f"{ben}/mute", {"minutes": 5})).status_code == 204
    problem(await post(world, f"{room}/messages", {"body": "no"}, world.ben), 403, "muted")
    assert (await post(world, f"{ben}/kick")).status_code == 204
    problem(await post(world, f"{room}/join", by=world.ben), 403, "kicked")
    added = await post(world, f"{room}/members", {"user_id": str(world.ben)})
    assert (added.status_code, added.json()["handle"]) == (200, "ben")
    members = (await world.get(f"{room}/members")).json()["items"]
    assert [(one["handle"], one["role"]) for one in members] == [
        ("ana", "owner"),
        ("ben", "member"),
    ]
    assert [one["id"] for one in (await world.get("/rooms")).json()["items"]] == [
        first.json()["id"]
    ]
    assert (await post(world, f"{room}/leave")).status_code == 204
    assert (await world.get(room, world.ben)).json()["role"] == "owner"


async def test_unknown_rooms_answer_byte_for_byte_like_none(world: World) -> None:
    private, closed = await opened(world, "private"), await opened(world)
    await post(world, f"/rooms/{closed}/leave")
    unlike = re.compile(rb'"request_id":"[^"]*"')
    found = set[tuple[tuple[int, bytes], ...]]()
    for room_id in (private, closed, str(uuid4())):
        room = f"/rooms/{room_id}"
        answers = [
            await world.get(room, world.ben),
            await world.get(f"{room}/members", world.ben),
            await world.get(f"{room}/messages", world.ben),
            await post(world, f"{room}/join", by=world.ben),
            await post(world, f"{room}/leave", by=world.ben),
            await post(world, f"{room}/messages", {"body": "hi"}, world.ben),
            await post(world, f"{room}/members", {"user_id": str(world.ben)}, world.ben),
            await post(world, f"{room}/members/{world.ana}/kick", by=world.ben),
            await post(world, f"{room}/read", {"read_seq": 0}, world.ben),
        ]
        assert {one.status_code for one in answers} == {404}
        found.add(tuple((one.status_code, unlike.sub(b"", one.content)) for one in answers))
    assert len(found) == 1

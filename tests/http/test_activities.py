"""Games between friends over HTTP."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from divan_core.kernel.ids import UserId
from tests.http.world import World, paths, problem

pytestmark = pytest.mark.anyio

NOBODY = UUID(int=1)
NONCE = "0123456789abcdef" * 2


async def post(
    world: World, path: str, body: Any = None, by: UserId | None = None, key: str | None = None
) -> httpx2.Response:
    headers = world.headers(by, **({"Idempotency_Key": key} if key else {}))
    return await world.client.post(path, json=body, headers=headers)


@pytest.fixture
async def friends(world: World) -> World:
    ana = await world.divan.accounts.actor(world.ana)
    await world.divan.social.befriend(ana, world.ben)
    return world


async def begun(world: World, kind: str = "rps", **options: Any) -> str:
    """The id of a game that Ana has asked Ben for, and that has begun."""
    body = {"kind": kind, "options": options}
    made = (await post(world, f"/activities/with/{world.ben}", body)).json()["id"]
    assert (await post(world, f"/activities/{made}/start", by=world.ben)).status_code == 200
    return str(made)


def reveal(match: str, choice: str, round_: int = 1) -> dict[str, Any]:
    return {"activity_id": match, "round": round_, "choice": choice, "nonce": NONCE}


def commit(player: UserId, shown: Mapping[str, Any]) -> dict[str, Any]:
    match, round_ = shown["activity_id"], shown["round"]
    text = f"{match}:{round_}:{player}:{shown['choice']}:{NONCE}"
    commitment = hashlib.sha256(text.encode()).hexdigest()
    return {"activity_id": match, "round": round_, "commitment": commitment}


async def test_an_activity_has_its_shape(friends: World) -> None:
    answer = await post(friends, f"/activities/with/{friends.ben}", {"kind": "rps"})
    assert answer.status_code == 201
    activity = answer.json()
    assert UUID(activity.pop("id")).version == 7
    assert activity == {
        "kind": "rps",
        "state": "lobby",
        "players": [str(friends.ana), str(friends.ben)],
        "options": {"best_of": 3},
        "round": 0,
        "scores": {str(friends.ana): 0, str(friends.ben): 0},
        "winner_id": None,
        "created_at": "2026-09-21T14:13:20.000Z",
        "started_at": None,
        "ended_at": None,
        "game": None,
    }


async def test_a_match(friends: World) -> None:
    match = await begun(friends, best_of=1)
    shown = {friends.ana: reveal(match, "rock"), friends.ben: reveal(match, "paper")}
    for player, one in shown.items():
        answer = await post(friends, "/activities/rps/commit", commit(player, one), player)
        assert answer.status_code == 201
    cheating = reveal(match, "scissors")
    problem(
        await post(friends, "/activities/rps/reveal", cheating, friends.ana),
        422,
        "commitment_mismatch",
    )
    for player, one in shown.items():
        answer = await post(friends, "/activities/rps/reveal", one, player)
        assert answer.status_code == 201
    over = (await friends.get(f"/activities/{match}")).json()
    assert (over["state"], over["winner_id"]) == ("completed", str(friends.ben))
    assert over["game"]["rounds"][0]["choices"][str(friends.ana)] == "rock"
    (listed,) = (await friends.get("/activities", friends.ben)).json()["items"]
    assert listed == over
    late = await post(friends, "/activities/rps/reveal", shown[friends.ana])
    problem(late, 410, "activity_over")
    problem(await post(friends, f"/activities/{match}/start"), 410, "activity_over")


async def test_replays(friends: World) -> None:
    path, body = f"/activities/with/{friends.ben}", {"kind": "rps"}
    first, again = [await post(friends, path, body, key="k") for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true"
    match = first.json()["id"]
    await post(friends, f"/activities/{match}/start")
    move = commit(friends.ana, reveal(match, "rock"))
    first, again = [await post(friends, "/activities/rps/commit", move, key="k") for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    problem(await post(friends, "/activities/rps/commit", move), 409, "already_moved")
    other = {**move, "commitment": "0" * 64}
    answer = await post(friends, "/activities/rps/commit", other, key="k")
    problem(answer, 422, "idempotency_key_reused")


async def test_refusals(friends: World) -> None:
    path = f"/activities/with/{friends.ben}"
    problem(
        await post(friends, f"/activities/with/{friends.zoe}", {"kind": "rps"}), 404, "not_found"
    )
    problem(
        await post(friends, f"/activities/with/{friends.ana}", {"kind": "rps"}),
        422,
        "invalid_input",
    )
    unknown = problem(await post(friends, path, {"kind": "chess"}), 422, "validation_failed")
    assert paths(unknown) == ["$.kind"]
    odd = {"kind": "rps", "options": {"best_of": 4}}
    assert paths(problem(await post(friends, path, odd), 422, "validation_failed")) == [
        "$.options.best_of"
    ]
    match = (await post(friends, path, {"kind": "rps"})).json()["id"]
    problem(await post(friends, path, {"kind": "rps"}), 409, "activity_open")
    move = commit(friends.ana, reveal(match, "rock"))
    problem(await post(friends, "/activities/rps/commit", move), 409, "not_started")
    problem(await friends.get(f"/activities/{match}/typing/prompt"), 409, "wrong_game")
    problem(await post(friends, f"/activities/{match}/trivia/seed", {}), 409, "wrong_game")
    short = {**reveal(match, "rock"), "nonce": "abc"}
    answer = problem(await post(friends, "/activities/rps/reveal", short), 422, "validation_failed")
    assert paths(answer) == ["$.nonce"]


async def test_strangers_are_told_they_are_none(world: World) -> None:
    problem(await post(world, f"/activities/with/{world.ben}", {"kind": "rps"}), 403, "not_friends")


async def test_moves_by_name(friends: World) -> None:
    match = await begun(friends)
    move = commit(friends.ana, reveal(match, "rock"))
    body = {"name": "commit", "body": {"round": 1, "commitment": move["commitment"]}}
    answer = await post(friends, f"/activities/{match}/moves", body)
    assert answer.status_code == 201
    assert answer.json()["game"]["committed"] == [str(friends.ana)]
    body = {"name": "commit", "body": {"round": "1"}}
    faulty = problem(
        await post(friends, f"/activities/{match}/moves", body, friends.ben),
        422,
        "validation_failed",
    )
    assert paths(faulty) == ["$.body.round", "$.body.commitment"]


async def test_others_get_the_answer_about_nothing(friends: World) -> None:
    match, nothing = await begun(friends), str(uuid4())
    for path in ("{}", "{}/typing/prompt"):
        answers = [
            await friends.client.get(
                f"/activities/{path.format(one)}",
                headers={"X-User-Id": str(friends.zoe), "X-Campus-Id": str(friends.elsewhere)},
            )
            for one in (match, nothing)
        ]
        found = [{**problem(one, 404, "not_found"), "request_id": ""} for one in answers]
        assert found[0] == found[1]


async def test_a_typing_duel(friends: World) -> None:
    path = f"/activities/with/{friends.ben}"
    match = (await post(friends, path, {"kind": "typing_duel"})).json()["id"]
    place = f"/activities/{match}/typing/prompt"
    problem(await friends.get(place), 409, "not_started")
    await post(friends, f"/activities/{match}/start", by=friends.ben)
    prompt = (await friends.get(place)).json()
    assert set(prompt) == {"activity_id", "round", "prompt", "opens_at", "closes_at"}
    assert (prompt["activity_id"], prompt["round"]) == (match, 1)
    assert prompt["closes_at"] == "2026-09-21T14:14:20.000Z"
    text = prompt["prompt"].removesuffix(".") + "!"  # which, unlike the prompt, is theirs
    typed = {"activity_id": match, "round": 1, "text": text}
    friends.clock.advance(30)
    answer = await post(friends, "/activities/typing/submissions", typed, friends.ben)
    assert answer.status_code == 201
    slips = {**typed, "text": prompt["prompt"][::-1]}
    over = (await post(friends, "/activities/typing/submissions", slips)).json()
    assert (over["state"], over["winner_id"]) == ("completed", str(friends.ben))
    late = await post(friends, "/activities/typing/submissions", typed)
    problem(late, 410, "activity_over")


async def test_trivia(friends: World) -> None:
    path = f"/activities/with/{friends.ben}"
    match = (await post(friends, path, {"kind": "trivia"})).json()["id"]
    seeded = await post(friends, f"/activities/{match}/trivia/seed", {"questions": 2})
    assert (seeded.status_code, seeded.json()["options"]["questions"]) == (200, 2)
    await post(friends, f"/activities/{match}/start")
    problem(await post(friends, f"/activities/{match}/trivia/seed"), 409, "activity_started")
    game = (await friends.get(f"/activities/{match}")).json()["game"]
    assert set(game["question"]) == {"category", "text", "options"}
    for round_ in (1, 2):
        for player in (friends.ana, friends.ben):
            body = {"activity_id": match, "round": round_, "choice": 0}
            answer = await post(friends, "/activities/trivia/answers", body, player)
            assert answer.status_code == 201
    over = (await friends.get(f"/activities/{match}")).json()
    assert over["state"] == "completed"
    bad = {"activity_id": match, "round": 1, "choice": 4}
    refused = problem(
        await post(friends, "/activities/trivia/answers", bad), 422, "validation_failed"
    )
    assert paths(refused) == ["$.choice"]


async def test_a_story(friends: World) -> None:
    match = await begun(friends, "story", turns=2)
    body = {"activity_id": match, "content": "Once upon a time"}
    early = await post(friends, "/activities/story/submissions", body)
    problem(early, 409, "not_your_turn")
    first = await post(friends, "/activities/story/submissions", body, friends.ben)
    assert first.status_code == 201
    over = (await post(friends, "/activities/story/submissions", body)).json()
    assert [part["content"] for part in over["game"]["parts"]] == ["Once upon a time"] * 2
    assert (over["state"], over["winner_id"]) == ("completed", None)


@pytest.mark.parametrize("content", ["", " ", "x" * 401, "a\0b"])
async def test_no_text_at_all(friends: World, content: str) -> None:
    match = await begun(friends, "story")
    body = {"activity_id": match, "content": content}
    answer = await post(friends, "/activities/story/submissions", body, friends.ben)
    assert paths(problem(answer, 422, "validation_failed")) == ["$.content"]

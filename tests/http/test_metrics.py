import pytest
from prometheus_client.parser import text_string_to_metric_families
from typed_settings import SecretStr

from divan_core.settings import ObsSettings, Settings
from tests.http.world import TEST_SETTINGS, World, open_world, problem

pytestmark = pytest.mark.anyio

TOKEN = "open sesame, \N{SNOWMAN}"
GUARDED = Settings(env="test", obs=ObsSettings(admin_token=SecretStr(TOKEN)))
PUBLIC = Settings(env="test", obs=ObsSettings(metrics_public=True))


async def send_invites(world: World) -> None:
    body = {"to_user_id": str(world.ben)}
    for key in ("key", "key", "no key"):
        headers = world.headers(Idempotency_Key=key)
        await world.client.post("/invites/send", json=body, headers=headers)


async def test_the_operator_reads_what_prometheus_can_parse() -> None:
    async with open_world(GUARDED) as world:
        await send_invites(world)
        answer = await world.client.get("/metrics", headers=[(b"X-Admin-Token", TOKEN.encode())])
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        found = {family.name: family for family in text_string_to_metric_families(answer.text)}
        writes = found["divan_idempotency"]
        assert writes.type == "counter"
        assert {one.labels["outcome"]: one.value for one in writes.samples} == {
            "first": 1,
            "replayed": 1,
            "invalid": 1,
        }
        assert {one.labels["operation"] for one in writes.samples} == {"invites.send"}


async def test_others_do_not() -> None:
    async with open_world(GUARDED) as world:
        problem(await world.client.get("/metrics"), 401, "unauthenticated")
        problem(await world.client.get("/metrics", headers=world.headers()), 401, "unauthenticated")
        for token in ("", "open", TOKEN.encode()[:-1].decode("latin-1"), TOKEN.upper()):
            headers = [(b"X-Admin-Token", token.encode())]
            answer = await world.client.get("/metrics", headers=headers)
            problem(answer, 403, "forbidden")
        twice = [(b"X-Admin-Token", TOKEN.encode())] * 2
        answer = await world.client.get("/metrics", headers=twice)
        problem(answer, 401, "invalid_credentials")


async def test_without_a_token_nobody_is_the_operator() -> None:
    async with open_world(TEST_SETTINGS) as world:
        problem(await world.client.get("/metrics"), 401, "unauthenticated")
        for token in ("", "guess"):
            answer = await world.client.get("/metrics", headers={"X-Admin-Token": token})
            problem(answer, 403, "forbidden")


async def test_they_may_be_public() -> None:
    async with open_world(PUBLIC) as world:
        answer = await world.client.get("/metrics")
        assert answer.status_code == 200
        assert "divan_idempotency_total" not in answer.text


async def test_each_divan_counts_for_itself() -> None:
    async with open_world(PUBLIC) as one, open_world(PUBLIC) as other:
        await send_invites(one)
        assert (await one.client.get("/metrics")).text.count("\ndivan_idempotency_total{") == 3
        assert "divan_idempotency" not in (await other.client.get("/metrics")).text


async def test_requests_are_measured_by_route_and_never_by_address() -> None:
    async with open_world(PUBLIC) as world:
        await world.get("/me", world.ana)
        await world.get(f"/friends/{world.ben}/mutual", world.ana)
        await world.client.get("/me")
        await world.client.get("/nowhere/at/all?q=canary")
        await world.client.request("CANARY", "/me")
        text = (await world.client.get("/metrics")).text
    found = {family.name: family for family in text_string_to_metric_families(text)}
    requests = {
        tuple(one.labels.values()): one.value for one in found["divan_http_requests"].samples
    }
    assert requests["GET", "/me", "2xx"] == requests["GET", "/me", "4xx"] == 1
    assert requests["GET", "/friends/{user_id}/mutual", "2xx"] == 1
    assert requests["GET", "none", "4xx"] == 1
    took = found["divan_http_request_duration_seconds"].samples
    counted = [one for one in took if one.name.endswith("_count")]
    assert {tuple(one.labels.values()): one.value for one in counted}["other", "none", "4xx"] == 1
    assert str(world.ben) not in text
    assert "canary" not in text.lower()


async def test_what_happens_is_counted_once_for_each_commit() -> None:
    async with open_world(PUBLIC) as world:
        await send_invites(world)
        text = (await world.client.get("/metrics")).text
    assert 'divan_events_total{event="invite.sent",topic="social"} 1.0' in text
    assert "divan_heartbeats_total 0.0" in text

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from divan_core.codec.problems import STATUSES
from divan_http.operation import OF_PEOPLE, KeyedOperation, OperatorOperation
from divan_http.routes import document, table
from tests.http.world import World

pytestmark = pytest.mark.anyio

HEARTBEAT = {
    "lat": {"type": "number", "minimum": -90, "maximum": 90},
    "accuracy_m": {"type": "number", "minimum": 1},
    "device_id": {"type": "string", "minLength": 1, "maxLength": 128},
}


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from references(part)


def parameters(path: str, method: str = "get") -> dict[str, Any]:
    found = document(dev=True)["paths"][path][method]["parameters"]
    return {parameter["name"]: parameter for parameter in found}


async def test_it_is_served(world: World) -> None:
    answer = await world.client.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["openapi"] == "3.1.0"
    assert answer.content == msgspec.json.encode(document(dev=True))


@pytest.mark.parametrize("dev", [True, False])
def test_every_operation_is_there_with_every_status(*, dev: bool) -> None:
    paths = document(dev=dev)["paths"]
    rows = table(dev=dev)
    assert sum(len(methods) for methods in paths.values()) == len(rows)
    for row in rows:
        described = paths[row.path][row.method.lower()]
        assert described["summary"]
        statuses = {str(row.status), "400"} | {str(STATUSES[one.kind]) for one in row.errors}
        if isinstance(row, OF_PEOPLE):
            statuses |= {"401", "403", "503"}
        if isinstance(row, OperatorOperation):
            statuses |= {"401", "403"}
        if isinstance(row, KeyedOperation):
            statuses |= {"200", "409", "422"}
        if row.has_body:
            statuses |= {"413", "415"}
        if row.takes_input:
            statuses |= {"422"}
        assert statuses <= set(described["responses"])
        assert "500" not in described["responses"]


def test_every_reference_leads_somewhere() -> None:
    found = document(dev=True)
    there = {f"#/components/schemas/{name}" for name in found["components"]["schemas"]}
    assert set(references(found)) == there


def test_credentials_of_development_are_described_only_there() -> None:
    dev, prod = document(dev=True), document(dev=False)
    assert set(dev["components"]["securitySchemes"]) == {
        "bearer",
        "operator",
        "devUser",
        "devCampus",
        "devRoles",
    }
    assert set(prod["components"]["securitySchemes"]) == {"bearer", "operator"}
    assert prod["paths"]["/me"]["get"]["security"] == [{"bearer": []}]
    assert dev["paths"]["/me"]["get"]["security"] == [
        {"bearer": []},
        {"devUser": [], "devCampus": []},
    ]
    assert "security" not in dev["paths"]["/campuses"]["get"]


def test_bounds_are_in_the_document() -> None:
    schema = document(dev=True)["components"]["schemas"]["Heartbeat"]
    assert HEARTBEAT.items() <= schema["properties"].items()
    assert schema["required"] == ["lat", "lon", "accuracy_m", "device_id", "ts_client"]
    nearby = parameters("/proximity/nearby")
    assert nearby["radius_m"]["required"] is True
    assert nearby["radius_m"]["schema"]["minimum"] == 1
    assert nearby["radius_m"]["schema"]["maximum"] == 5000
    assert nearby["limit"]["schema"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 200,
        "default": 50,
    }
    assert nearby["campus_id"]["schema"] == {"type": "string", "format": "uuid"}
    assert (nearby["include"]["style"], nearby["include"]["explode"]) == ("form", False)
    ids = parameters("/presence/lookup")["user_ids"]["schema"]
    assert (ids["minItems"], ids["maxItems"]) == (1, 100)
    assert parameters("/friends/{user_id}/block", "post")["user_id"]["in"] == "path"


def test_pages_are_as_long_as_the_contract_says() -> None:
    """20, or 50 for who is near and for messages; 200 at most, or 50 for what is looked for."""
    long = {"proximity.nearby", "chat.messages", "chat.outbox", "rooms.messages"}
    for methods in document(dev=True)["paths"].values():
        for row in methods.values():
            for one in row.get("parameters", ()):
                if one["name"] == "limit":
                    name = row["operationId"]
                    searches = name.startswith(("search.", "discover."))
                    assert one["schema"]["default"] == (50 if name in long else 20), name
                    assert one["schema"]["maximum"] == (50 if searches else 200), name


def test_names_read_well() -> None:
    schemas = document(dev=True)["components"]["schemas"]
    assert {"NearbyPersonPage", "CampusViewPage", "Problem", "FieldError"} <= set(schemas)
    assert not [name for name in schemas if name.endswith("_")]


def test_bodies_that_may_be_left_out() -> None:
    paths = document(dev=True)["paths"]
    assert paths["/presence/heartbeat"]["post"]["requestBody"]["required"] is True
    assert paths["/presence/offline"]["post"]["requestBody"]["required"] is False


async def test_pages_have_twenty_items_unless_told_otherwise(world: World) -> None:
    """Fifty where people are near, and of messages."""
    found = (await world.client.get("/openapi.json")).json()["paths"]
    sizes = {
        path: one["schema"]["default"]
        for path, methods in found.items()
        for one in methods.get("get", {}).get("parameters", ())
        if one["name"] == "limit"
    }
    assert {path for path, size in sizes.items() if size != 20} == {
        "/proximity/nearby",
        "/chat/conversations/{user_id}/messages",
        "/chat/conversations/{user_id}/outbox",
        "/rooms/{room_id}/messages",
    }
    assert set(sizes.values()) == {20, 50}

"""Long-polling requests that are looked at before the library sees them."""

from typing import Any

import pytest

from divan_rt.polling import is_payload, read_body, replayed

pytestmark = pytest.mark.anyio


class Request:
    """Events of a request, one after the other."""

    def __init__(self, *events: dict[str, Any]) -> None:
        self._events = list(events)

    async def receive(self) -> dict[str, Any]:
        return self._events.pop(0)


def part(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


GONE = {"type": "http.disconnect"}


async def test_bodies_are_put_together() -> None:
    request = Request(part(b"4a", more=True), part(b"", more=True), part(b"b"))
    assert await read_body(request.receive, 4) == b"4ab"
    assert await read_body(Request({"type": "http.request"}).receive, 4) == b""


@pytest.mark.parametrize(
    "events",
    [
        [part(b"12345")],
        [part(b"12345", more=True)],
        [part(b"123", more=True), part(b"45")],
        [part(b"123", more=True), GONE],
    ],
    ids=["long", "long at once", "long in parts", "gone"],
)
async def test_bodies_that_are_too_long_or_break_off(events: list[dict[str, Any]]) -> None:
    assert await read_body(Request(*events).receive, 4) is None


async def test_a_body_is_read_again_and_then_the_rest() -> None:
    again = replayed(b"4", Request(GONE).receive)
    assert await again() == part(b"4")
    assert await again() == GONE


@pytest.mark.parametrize("body", [b"4", b"3", b"1", b"5", b"42[]\x1e3", b"\x1e".join([b"3"] * 16)])
def test_payloads(body: bytes) -> None:
    assert is_payload(body)


@pytest.mark.parametrize(
    "body", [b"", b"0{}", b"2", b"6", b"bAA", b"d=4", b"x", b"4\x1e", b"\xff", b"3\x1e" * 17]
)
def test_what_is_no_payload(body: bytes) -> None:
    assert not is_payload(body)

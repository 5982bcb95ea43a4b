"""What a page is watched for."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Pages, Watched, launched

HERE = "http://127.0.0.1:9/"
ASKING = "<p>Here</p><script>fetch('/more').catch(() => {})</script>"


@pytest.fixture(scope="module")
def pages(chromium: str) -> Iterator[Pages]:
    with launched(chromium) as pages:
        yield pages


@pytest.fixture
def watched(pages: Pages) -> Iterator[Watched]:
    it = Watched(pages.lend(), HERE)
    it.spoilt = True
    it.watch()
    it.page.route(HERE, lambda route: route.fulfill(body=ASKING, content_type="text/html"))
    yield it
    it.leave(pages)


def test_what_a_browser_gives_up_is_no_fault(watched: Watched) -> None:
    """As the icon of a tab whose page is loaded again before it has come."""
    failures: list[str | None] = []
    watched.page.route(f"{HERE}more", lambda _: None)  # never answered
    watched.hear("requestfailed", lambda request: failures.append(request.failure))
    with watched.page.expect_request(f"{HERE}more"):
        watched.page.goto(HERE)
    with watched.page.expect_event("requestfailed"):
        watched.page.goto("about:blank")
    assert failures == ["net::ERR_ABORTED"]
    assert watched.faults == []


def test_what_a_server_breaks_off_is(watched: Watched) -> None:
    watched.page.route(f"{HERE}more", lambda route: route.abort("connectionreset"))
    with watched.page.expect_event("requestfailed"):
        watched.page.goto(HERE)
    expect(watched.page.get_by_text("Here")).to_be_visible()
    assert f"{HERE}more net::ERR_CONNECTION_RESET" in watched.faults

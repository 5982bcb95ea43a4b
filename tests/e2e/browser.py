"""A real browser, a real server in a thread, and what every page has to keep."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from divan_cli.asgi import Application
from divan_cli.listening import Plan, address_of, bound
from tests.servers.process import wait_until

FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
SMALLEST_PHONE = {"width": 360, "height": 640}
LYING_PHONE = {"width": 844, "height": 390}
PATIENCE_MS = 30_000
"""As long as Playwright waits for everything else: what is expected has 5 s of its own accord."""

GIVEN_UP = "net::ERR_ABORTED"
VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""
HORIZONTAL = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
NAMELESS = """() => [...document.querySelectorAll(
    "a[href], button, input, select, textarea, summary, [tabindex='0']")].filter((one) => {
      const labels = [...(one.labels || [])].map((label) => label.textContent).join("");
      return !(one.getAttribute("aria-label") || one.textContent.trim() || labels.trim());
    }).map((one) => one.outerHTML)"""
CONTRAST = """(element) => {
  const parts = (text) => text.match(/[0-9.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  let behind = element;
  let ground = [255, 255, 255];
  for (; behind; behind = behind.parentElement) {
    const [r, g, b, a = 1] = parts(getComputedStyle(behind).backgroundColor);
    if (a > 0.9) { ground = [r, g, b]; break; }
  }
  const [one, other] = [light(parts(getComputedStyle(element).color)), light(ground)];
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}"""


class Pages:
    """Pages of a browser: who is done with one gives it back, for a new one costs a second.

    Every server has an origin of its own, so that nothing a page has kept is found by the next.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: defaultdict[str, list[Page]] = defaultdict(list)
        self._lent: dict[Page, str] = {}

    def lend(self, **options: Any) -> Page:
        """A page in a context with these options, which nobody else has."""
        kind = repr(sorted(options.items()))
        page = self._free[kind].pop() if self._free[kind] else self._new(options)
        self._lent[page] = kind
        return page

    def give_back(self, page: Page) -> None:
        """Let others have it; it leaves where it is."""
        page.goto("about:blank")
        self._free[self._lent.pop(page)].append(page)

    def _new(self, options: dict[str, Any]) -> Page:
        context = self._browser.new_context(**options)
        context.add_init_script(VIOLATIONS)
        return context.new_page()


@attrs.define
class Watched:
    """A page, and everything that went wrong on it.

    ``spoilt`` is one that is not as it was, whatever it shows next: with a clock of its own, or
    between it and a server.
    """

    page: Page
    url: str
    faults: list[str] = attrs.field(factory=list)
    elsewhere: list[str] = attrs.field(factory=list)
    spoilt: bool = False
    _heard: list[tuple[str, Callable[[Any], None]]] = attrs.field(factory=list)

    def watch(self) -> None:
        self.hear("console", lambda message: self._told(message.type, message.text))
        self.hear("pageerror", lambda error: self.faults.append(str(error)))
        self.hear("requestfailed", lambda request: self._failed(request.url, request.failure))
        self.hear("request", lambda request: self._requested(request.url))

    def hear(self, event: Any, do: Callable[[Any], None]) -> None:
        """Do something whenever the page tells of an event."""
        self.page.on(event, do)
        self._heard.append((event, do))

    def leave(self, pages: Pages) -> None:
        """Give the page back, or close it where nobody else may have it."""
        for event, do in self._heard:
            self.page.remove_listener(event, do)
        if self.spoilt:
            self.page.context.close()
        else:
            pages.give_back(self.page)

    def _told(self, level: str, text: str) -> None:
        if level in {"error", "warning"}:
            self.faults.append(text)

    def _failed(self, url: str, why: str | None) -> None:
        # A browser gives up what it asks for when its page is left or loaded again: mostly the
        # tab's icon, which it gets when it likes. That is nobody's fault.
        if why != GIVEN_UP:
            self.faults.append(f"{url} {why}")

    def _requested(self, url: str) -> None:
        if not re.match(r"(http|ws)://127\.0\.0\.1:", url):
            self.elsewhere.append(url)


@contextmanager
def launched(chromium: str) -> Iterator[Pages]:
    """Pages of a browser that runs inside the context."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield Pages(browser)
        browser.close()


@contextmanager
def served(application: Application) -> Iterator[str]:
    """The address of an application that is served inside the context."""
    listener = bound(Plan(port=0))
    config = uvicorn.Config(application, lifespan="on", ws="websockets-sansio", log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    wait_until(lambda: server.started)
    yield address_of(listener)
    server.should_exit = True
    thread.join(30)

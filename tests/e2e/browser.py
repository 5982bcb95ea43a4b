"""A real browser, a real server in a thread, and what every page has to keep."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

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
PATIENCE_MS = 15_000
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


@attrs.define
class Watched:
    """A page, and everything that went wrong on it."""

    page: Page
    url: str
    faults: list[str] = attrs.field(factory=list)
    elsewhere: list[str] = attrs.field(factory=list)

    def watch(self) -> None:
        self.page.on("console", lambda message: self._told(message.type, message.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("requestfailed", lambda request: self.faults.append(request.url))
        self.page.on("request", lambda request: self._requested(request.url))

    def _told(self, level: str, text: str) -> None:
        if level in {"error", "warning"}:
            self.faults.append(text)

    def _requested(self, url: str) -> None:
        if not re.match(r"(http|ws)://127\.0\.0\.1:", url):
            self.elsewhere.append(url)


@contextmanager
def launched(chromium: str) -> Iterator[Browser]:
    """A browser, running inside the context."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
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

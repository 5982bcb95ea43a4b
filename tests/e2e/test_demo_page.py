"""The demo's page in a real browser, before a real server."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import attrs
import pytest
from playwright.sync_api import Locator, expect

from divan_cli.asgi import Application
from divan_cli.demo.host import hosted
from divan_cli.demo.scene import Wishes, scene_of
from tests.e2e.browser import (
    CONTRAST,
    DESKTOP,
    HORIZONTAL,
    LYING_PHONE,
    NAMELESS,
    PHONE,
    SMALLEST_PHONE,
    Pages,
    Watched,
    launched,
    served,
)
from tests.servers.process import wait_until

TEXTS = ("h2", ".hint", ".segments .is-on", ".count", ".status", ".watcher.is-looking span")


@attrs.define
class Visit(Watched):
    """The demo's page."""

    def counts(self) -> tuple[int, int]:
        """How many are near, and how many of them are listed, at one moment."""
        script = """[document.querySelector(".count").dataset.count || 0,
                     document.querySelectorAll(".people li").length].map(Number)"""
        near, listed = self.page.evaluate(script)
        return near, listed

    @property
    def card(self) -> Locator:
        """What is said of my movement."""
        return self.page.locator(".cards .card")

    def seen(self, answer: str) -> None:
        """Wait until the other student sees me (yes), or does not (no)."""
        expect(self.page.locator(".eyes")).to_have_attribute("data-seen", answer)
        expect(self.page.locator(".eyes")).not_to_contain_text("Asking")

    def here(self) -> tuple[float, float]:
        """Where the server believes me to be."""
        script = """async () => {
          const scene = await (await fetch("/demo/scene")).json();
          const headers = {"X-User-Id": scene.me.user_id, "X-Campus-Id": scene.campus_id};
          return (await (await fetch("/demo/cells?radius_m=1", {headers})).json()).here;
        }"""
        lat, lon = self.page.evaluate(script)
        return lat, lon

    def drag_me(self, east_px: int, north_px: int) -> None:
        box = self.page.locator(".me").bounding_box()
        assert box
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + east_px / 2, y - north_px / 2, steps=4)
        self.page.mouse.move(x + east_px, y - north_px, steps=4)
        self.page.mouse.up()


Open = Callable[..., Visit]


@pytest.fixture(scope="module")
def pages(chromium: str) -> Iterator[Pages]:
    with launched(chromium) as pages:
        yield pages


@pytest.fixture
def speed() -> float:
    """How fast time runs in the demo."""
    return 1.0


@pytest.fixture
def url(speed: float) -> Iterator[str]:
    """The address of a demo of its own, so that no limit is used up by another test."""
    application = Application(partial(hosted, scene_of(Wishes(people=50)), 1, speed))
    with served(application) as address:
        yield address


@pytest.fixture
def visit(pages: Pages, url: str) -> Iterator[Open]:
    """Open the page; at the end nothing may have gone wrong on it."""
    visits: list[Visit] = []

    def opened(viewport: dict[str, int] = DESKTOP, **options: Any) -> Visit:
        made = Visit(pages.lend(viewport=viewport, **options), url)
        visits.append(made)
        made.watch()
        made.page.goto(url)
        expect(made.page.locator(".status")).to_contain_text("live")
        return made

    yield opened
    for one in visits:
        assert one.faults == []
        assert one.elsewhere == []
        assert one.page.evaluate("window.violations") == []
        one.leave(pages)


@pytest.mark.parametrize("speed", [6.0])
def test_people_appear_in_the_list_on_the_map_and_in_the_feed(visit: Open) -> None:
    it = visit()
    expect(it.page.locator(".people li").first).to_be_visible()
    expect(it.page.locator(".square").first).to_be_visible()
    it.page.get_by_role("radio", name="500 m").check(force=True)
    expect(it.page.locator(".feed li").nth(2)).to_be_visible()
    wait_until(lambda: it.counts()[1] > 10)
    near, listed = it.counts()
    assert near >= listed
    told = [text.split() for text in it.page.locator(".people .distance").all_inner_texts()]
    assert all(unit == "m" and int(metres) % 25 == 0 for metres, unit in told)
    assert [int(metres) for metres, _ in told] == sorted(int(metres) for metres, _ in told)


def test_the_squares_are_those_of_the_list(visit: Open) -> None:
    it = visit()
    it.page.get_by_role("radio", name="200 m").first.check(force=True)
    expect(it.page.locator(".square.is-unlisted")).to_have_count(0)
    listed = it.page.locator(".square").count()
    god = it.page.get_by_role("button", name="God view")
    god.click()
    expect(it.page.get_by_text("Only this demo has it")).to_be_visible()
    expect(it.page.locator(".square.is-unlisted").first).to_be_attached()
    assert it.page.locator(".square").count() > listed
    assert god.get_attribute("aria-pressed") == "true"


def test_a_short_drag_is_believed(visit: Open) -> None:
    it = visit()
    before = it.here()
    it.drag_me(12, 0)
    wait_until(lambda: it.here()[1] > before[1])
    expect(it.card).to_contain_text("arrow keys")


def test_a_long_drag_is_refused_in_plain_words_and_can_be_walked(visit: Open) -> None:
    it = visit()
    first = it.here()
    it.drag_me(-10, 0)
    wait_until(lambda: it.here() != first)  # just heard, so that the rule has not had time to relax
    before = it.here()
    it.drag_me(240, 150)
    refused = it.page.locator("[data-move=refused]")
    expect(refused).to_contain_text("The server did not believe that")
    expect(refused).to_contain_text("at most 12")
    assert it.here() == before
    refused.get_by_role("button", name="Walk there").click()
    walking = it.page.locator("[data-move=walking]")
    expect(walking).to_contain_text("Walking")
    walking.get_by_role("button", name="Hurry").click()
    expect(walking).to_contain_text("Hurrying")
    wait_until(lambda: it.here()[1] > before[1] + 0.0005)
    walking.get_by_role("button", name="Stop").click()
    expect(walking).to_be_hidden()


def test_arrow_keys_move_me_and_escape_stops(visit: Open) -> None:
    it = visit()
    before = it.here()
    it.page.locator("#map").focus()
    it.page.keyboard.press("ArrowUp")
    it.page.keyboard.press("Shift+ArrowUp")
    expect(it.card).to_contain_text("Walking, 4")
    wait_until(lambda: it.here()[0] > before[0])
    it.page.keyboard.press("Escape")
    expect(it.card).to_contain_text("arrow keys")


def test_a_click_on_the_map_walks_there(visit: Open) -> None:
    it = visit()
    it.page.locator("#map").click(position={"x": 480, "y": 620})
    expect(it.card).to_contain_text("Walking")


def test_ghost_mode_makes_me_vanish_for_others(visit: Open) -> None:
    it = visit()
    it.seen("yes")
    it.page.get_by_role("switch", name="Ghost mode").check()
    it.seen("no")
    expect(it.page.locator(".eyes")).to_contain_text("You are not there")
    expect(it.page.locator(".people li").first).to_be_visible()
    it.page.get_by_role("switch", name="Ghost mode").uncheck()
    it.seen("yes")


def test_friends_see_me_when_strangers_do_not(visit: Open) -> None:
    it = visit()
    it.page.get_by_role("radio", name="Friends").check(force=True)
    it.seen("yes")
    it.page.get_by_role("radio", name="(stranger)").check(force=True)
    it.seen("no")
    it.page.get_by_role("radio", name="Everyone").check(force=True)
    it.seen("yes")
    expect(it.page.locator(".eyes .tag")).to_have_count(0)


def test_blur_makes_my_square_larger_and_distances_coarser(visit: Open) -> None:
    it = visit()
    it.seen("yes")
    edge = it.page.locator(".own-square")
    before = edge.bounding_box()
    it.page.get_by_role("radio", name="200 m").last.check(force=True)
    expect(it.page.locator(".eyes .distance")).to_have_text(re.compile(r"[24]00 m"))
    wait_until(lambda: width(edge.bounding_box()) > 6 * width(before))


def test_what_others_are_told_has_no_coordinates(visit: Open) -> None:
    it = visit()
    it.seen("yes")
    it.page.get_by_text("All that Demo Friend is told").click()
    told = it.page.locator(".eyes pre").inner_text()
    assert '"distance_m"' in told
    assert not re.search(r"lat|lon|east|north|cell|\d\.\d", told)


def test_blocking_removes_somebody_and_unblocking_brings_them_back(visit: Open) -> None:
    it = visit()
    it.page.get_by_role("radio", name="500 m").check(force=True)
    friend = it.page.locator(".people li", has_text="Demo Friend")
    expect(friend).to_be_visible()
    friend.get_by_role("button", name="Block Demo Friend").click()
    expect(friend).to_have_count(0)
    it.seen("no")
    it.page.locator(".blocked").get_by_role("button", name="Unblock Demo Friend").click()
    expect(friend).to_be_visible()
    expect(friend.locator(".tag")).to_have_count(0)
    it.seen("yes")
    it.page.get_by_role("button", name="Become friends again").click()
    expect(friend.locator(".tag")).to_have_text("friend")


def test_everything_is_there_again_after_a_reload(visit: Open) -> None:
    it = visit()
    it.page.get_by_role("switch", name="Ghost mode").check()
    it.seen("no")
    before = it.here()
    it.drag_me(15, 15)
    wait_until(lambda: it.here() != before)  # the hint stands there before the drag is sent, too
    expect(it.card).to_contain_text("arrow keys")
    here = it.here()
    it.page.reload()
    expect(it.page.get_by_role("switch", name="Ghost mode")).to_be_checked()
    expect(it.page.locator(".status")).to_contain_text("live")
    assert it.here() == pytest.approx(here, abs=1e-6)


def test_it_works_with_the_keyboard_alone(visit: Open) -> None:
    it = visit()
    it.seen("yes")
    reached = []
    for _ in range(30):
        it.page.keyboard.press("Tab")
        reached.append(it.page.evaluate("document.activeElement.id || document.activeElement.name"))
        if reached[-1] == "ghost":
            break
    assert "map" in reached
    assert "radius" in reached
    it.page.keyboard.press("Space")
    it.seen("no")
    it.page.keyboard.press("Tab")
    it.page.keyboard.press("ArrowRight")
    expect(it.page.get_by_role("radio", name="Friends")).to_be_checked()


def test_everything_that_can_be_focused_has_a_name_and_shows_it(visit: Open) -> None:
    it = visit()
    nameless = it.page.evaluate(NAMELESS)
    assert nameless == []
    it.page.get_by_role("switch", name="Ghost mode").focus()
    it.page.keyboard.press("Shift+Tab")
    focused = "getComputedStyle(document.activeElement.closest('label') || document.activeElement)"
    assert it.page.evaluate(f"{focused}.outlineStyle") == "solid"


@pytest.mark.parametrize("speed", [6.0])
def test_changes_are_said_to_those_who_listen(visit: Open) -> None:
    it = visit()
    live = it.page.get_by_role("status")
    assert live.get_attribute("aria-live") == "polite"
    it.page.get_by_role("radio", name="200 m").first.check(force=True)
    expect(live).to_have_text(re.compile("came near|left|moved"))


@pytest.mark.parametrize(
    "viewport", [PHONE, SMALLEST_PHONE, LYING_PHONE], ids=["390", "360", "lying"]
)
def test_on_a_phone_nothing_is_wider_than_the_screen(visit: Open, viewport: dict[str, int]) -> None:
    it = visit(viewport, is_mobile=True, has_touch=True)
    for name in ("You", "Seen by", "Nearby", "Updates"):
        it.page.get_by_role("navigation").get_by_role("button", name=re.compile(f"^{name}")).tap()
        assert it.page.evaluate(HORIZONTAL) == 0
        expect(it.page.locator("[data-panel]:visible").first).to_be_in_viewport()
    it.page.get_by_role("navigation").get_by_role("button", name="You", exact=True).tap()
    it.page.get_by_role("switch", name="Ghost mode").tap()
    expect(it.page.get_by_role("switch", name="Ghost mode")).to_be_checked()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_schemes(visit: Open, scheme: str) -> None:
    it = visit(color_scheme=scheme)
    it.seen("yes")
    for selector in TEXTS:
        ratio = it.page.locator(selector).first.evaluate(CONTRAST)
        assert ratio >= 4.5, selector
    brightness = it.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", brightness)[:3])) < 60) is (scheme == "dark")


def test_walking_and_pacing(visit: Open) -> None:
    found = visit().page.evaluate(MODULES)
    assert found == {
        "walked": 14,
        "arrived": True,
        "dueAtOnce": True,
        "dueTooSoon": False,
        "dueStill": False,
        "dueMoved": True,
        "dueToKeep": True,
        "held": False,
        "after": ["b", "c"],
        "order": ["c", "b"],
        "sentence": "Cy, 25 m came near; Al left; Bo, 25 → 50 m moved",
    }


MODULES = """async () => {
  const { Glide, Pace } = await import("/demo/glide.js");
  const { distance, moved } = await import("/demo/geo.js");
  const { applied, listed, nearestFirst, sentence, told } = await import("/demo/people.js");
  const begin = [45.5, -73.6];
  const glide = new Glide(begin);
  glide.aim(moved(begin, 0, 100));
  glide.advance(10);
  const walked = Math.round(distance(begin, glide.at));
  glide.advance(1000);
  const pace = new Pace();
  const dueAtOnce = pace.isDue(begin, 0);
  pace.sent(begin, 0);
  const on = moved(begin, 3, 0);
  const one = (id, name, metres) => ({ user_id: id, display_name: name, distance_m: metres });
  const people = listed([one("a", "Al", 25), one("b", "Bo", 25)]);
  const update = { added: [one("c", "Cy", 25)], removed: ["a"], updated: [one("b", "Bo", 50)] };
  const after = applied(people, update);
  const found = {
    walked, arrived: !glide.target, dueAtOnce,
    dueTooSoon: pace.isDue(on, 2000), dueStill: pace.isDue(begin, 2300),
    dueMoved: pace.isDue(on, 2300), dueToKeep: pace.isDue(begin, 30000),
    after: [...after.keys()], order: nearestFirst(after).map((person) => person.user_id),
    sentence: sentence(told(people, update)),
  };
  pace.hold(5000, 30000);
  return { ...found, held: pace.isDue(on, 34000) };
}"""


def width(box: Any) -> float:
    """The width of a bounding box; 0 without one."""
    return float(box["width"]) if box else 0.0

"""The page of the staff in a real browser, before a real server."""

import io
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import attrs
import httpx2
import pytest
from playwright.sync_api import Locator, WebSocketRoute, expect

from divan_cli.asgi import Application, Asgi, serving
from divan_core.bulk.importer import Importer, ImportTools
from divan_core.divan import Divan
from divan_core.settings import Settings
from divan_core.stores.factories import memory_stores
from divan_core.testing.clock import ManualClock
from divan_core.testing.mail import quick_hasher
from tests.e2e.browser import (
    CONTRAST,
    DESKTOP,
    HORIZONTAL,
    NAMELESS,
    PHONE,
    SMALLEST_PHONE,
    Pages,
    Watched,
    launched,
    served,
)
from tests.servers.process import wait_until

MOD = "/api/mod/v1"
CAMPUS = str(UUID(int=0xCA))
PEOPLE = ("ana", "ben", "cyd", "mod", "boss", "chief")
IDS = {name: str(UUID(int=0xA0 + number)) for number, name in enumerate(PEOPLE)}
ROLES = {"mod": ["staff.moderator"], "boss": ["staff.admin"], "chief": ["staff.admin"]}
PASSWORD = "seven drowsy otters in a boat"
NASTY = 'You are a fool <img src=x onerror="window.hurt=1">'
TEXTS = ("h2", ".hint", ".tag", ".severity", ".status", ".is-main", ".queue .what", "nav a")


def lines() -> bytes:
    """One campus, and the people on it."""
    campus = {
        "type": "campus",
        "id": CAMPUS,
        "name": "Here",
        "lat": 45.5,
        "lon": -73.6,
        "timezone": "UTC",
    }
    people = [
        {
            "type": "person",
            "id": IDS[name],
            "campus_id": CAMPUS,
            "handle": name,
            "display_name": name.title(),
            "email": f"{name}@divan.example",
            "password": PASSWORD,
            "verified": True,
            "roles": ROLES.get(name, []),
        }
        for name in PEOPLE
    ]
    return b"\n".join(json.dumps(one).encode() for one in (campus, *people))


@asynccontextmanager
async def campus(clock: ManualClock | None = None) -> AsyncIterator[Asgi]:
    settings, hasher = Settings(env="dev", nearby_tick_s=0.5), quick_hasher()
    stores = memory_stores() if clock is None else memory_stores(clock)
    async with Divan.open(settings, stores=stores, clock=clock, hasher=hasher) as divan:
        tools = ImportTools(divan.audience, divan.presence, divan.clock, hasher)
        await Importer(divan.stores.units, tools).load(io.BytesIO(lines()))
        async with serving(divan) as app:
            yield app


@attrs.frozen
class Campus:
    """The people of a server, as what they do reaches it."""

    client: httpx2.Client

    def ask(self, name: str, method: str, path: str, body: Any = None) -> Any:
        headers = {"X-User-Id": IDS[name], "X-Campus-Id": CAMPUS}
        answer = self.client.request(method, path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def write(self, sender: str, to: str, body: str) -> str:
        """Write to somebody; the message's id."""
        sent = self.ask(sender, "POST", "/chat/messages", {"to_user_id": IDS[to], "body": body})
        return str(sent["message_id"])

    def report(self, by: str, kind: str, subject: str, reason: str = "abuse", **more: str) -> str:
        """Report something; the id of the newest case."""
        named = {"subject_type": kind, "subject_id": subject, "reason_code": reason}
        self.ask(by, "POST", f"{MOD}/reports", named | more)
        return str(self.ask("boss", "GET", f"{MOD}/cases")["items"][0]["id"])

    def case(self, case_id: str) -> Any:
        return self.ask("boss", "GET", f"{MOD}/cases/{case_id}")["case"]

    def read(self, reader: str, peer: str) -> list[str]:
        """What somebody reads of a conversation."""
        path = f"/chat/conversations/{IDS[peer]}/messages"
        return [one["body"] for one in self.ask(reader, "GET", path)["items"]]


@attrs.define
class Console(Watched):
    """The page of the staff. ``expected`` are refusals that the browser notes as errors.

    Where the server is ``gone``, that is noted too, of each question that was under way.
    """

    expected: list[int] = attrs.field(factory=list)
    gone: bool = False

    def enter(self, name: str = "mod") -> None:
        """Sign in with a token."""
        self.page.get_by_text("With a token").click()
        self.page.get_by_label("Token").fill(token_of(name))
        self.page.get_by_role("button", name="Sign in by token").click()
        self.live()

    def live(self) -> None:
        expect(self.page.locator(".status")).to_have_text("live")

    def note_states(self) -> None:
        """Have the page keep what its status says from now on, however soon that changes."""
        self.page.evaluate("""() => {
          const status = document.querySelector(".status");
          window.states = [];
          new MutationObserver(() => window.states.push(status.textContent.trim()))
            .observe(status, {childList: true, characterData: true, subtree: true});
        }""")

    def was(self, state: str) -> None:
        """Wait until the status has said so."""
        wait_until(lambda: state in self.page.evaluate("window.states"))

    def go(self, hash_: str) -> None:
        self.page.evaluate("(hash) => { location.hash = hash; }", hash_)

    def row(self, case_id: str) -> Locator:
        return self.page.locator(f".queue li[data-id='{case_id}']")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def answer(self, reason: str, button: str) -> None:
        """Give a reason in the dialog that is open."""
        self.dialog.get_by_role("textbox").first.fill(reason)
        self.dialog.get_by_role("button", name=button, exact=True).click()
        expect(self.dialog).to_have_count(0)

    @property
    def wrong(self) -> list[str]:
        """What went wrong, but for the refusals that were to be expected."""
        known = [f"status of {status}" for status in self.expected]
        known += ["net::ERR_FAILED"] if self.gone else []
        return [one for one in self.faults if not any(words in one for words in known)]


Open = Callable[..., Console]


def token_of(name: str) -> str:
    return f"uid:{IDS[name]};campus:{CAMPUS}"


@pytest.fixture(scope="module")
def pages(chromium: str) -> Iterator[Pages]:
    with launched(chromium) as pages:
        yield pages


@pytest.fixture
def clock() -> ManualClock | None:
    """That of the server, where it is not the system's."""
    return None


@pytest.fixture
def url(clock: ManualClock | None) -> Iterator[str]:
    with served(Application(partial(campus, clock))) as address:
        yield address


@pytest.fixture
def people(url: str) -> Iterator[Campus]:
    with httpx2.Client(base_url=url) as client:
        yield Campus(client)


@pytest.fixture
def console(pages: Pages, url: str) -> Iterator[Open]:
    """Open the page; at the end nothing may have gone wrong, nor a token be in an address."""
    opened: list[Console] = []

    def open_(name: str | None = "mod", viewport: dict[str, int] = DESKTOP, **more: Any) -> Console:
        made = Console(pages.lend(viewport=viewport, **more), url)
        opened.append(made)
        made.watch()
        made.hear("request", lambda request: no_token(request.url))
        made.page.goto(f"{url}/console")
        if name:
            made.enter(name)
        return made

    yield open_
    for one in opened:
        assert one.wrong == []
        assert one.elsewhere == []
        assert one.page.evaluate("window.violations") == []
        assert one.page.evaluate("window.hurt") is None
        one.leave(pages)


def no_token(url: str) -> None:
    assert "uid:" not in unquote(url)  # a cursor may hold the three letters by chance
    assert "token=" not in url


def test_from_a_report_to_what_is_undone(console: Open, people: Campus) -> None:
    it = console()
    message = people.write("cyd", "ana", NASTY)
    case_id = people.report("ana", "message", message, note="She wrote this.")
    row = it.row(case_id)
    expect(row).to_contain_text("Abuse · 1 report")  # by itself
    row.click()
    page = it.page
    expect(page.get_by_text("She wrote this.")).to_be_visible()
    expect(page.locator(".is-blurred")).to_be_visible()
    assert "fool" not in page.content()
    page.get_by_role("button", name="Show what it says").click()
    expect(page.locator(".content")).to_have_text(NASTY)
    assert people.read("ana", "cyd") == [NASTY]
    page.get_by_label("Action", exact=True).select_option("tombstone")
    expect(page.get_by_text("Only its author sees it")).to_be_visible()
    page.get_by_label("Reason", exact=True).fill("That is no way to speak.")
    page.get_by_role("button", name="Tombstone").click()
    done = page.locator("[data-action=tombstone]")
    expect(done).to_contain_text("That is no way to speak.")
    expect(page.locator(".bar .tag").first).to_have_text("Actioned")
    expect(page.locator(".timeline")).to_contain_text("Action: Tombstone by you")
    assert people.read("ana", "cyd") == []
    assert people.read("cyd", "ana") == [NASTY]
    done.get_by_role("button", name="Undo Tombstone").click()
    it.answer("It was a quotation.", "Undo")
    expect(done).to_contain_text("Reverted")
    expect(done.get_by_role("button")).to_have_count(0)
    assert people.read("ana", "cyd") == [NASTY]
    expect(page.locator(".timeline")).to_contain_text("Undone: Tombstone by you")


def test_rows_change_by_themselves(console: Open, people: Campus) -> None:
    it = console()
    case_id = people.report("ana", "user", IDS["cyd"], "spam")
    expect(it.row(case_id)).to_contain_text("Spam · 1 report")
    people.report("ben", "user", IDS["cyd"], "harassment")
    expect(it.row(case_id)).to_contain_text("Harassment · 2 reports")
    people.ask("boss", "POST", f"{MOD}/cases/{case_id}/assign", {"assignee_id": IDS["mod"]})
    expect(it.row(case_id)).to_contain_text("assigned to you")
    people.ask("boss", "POST", f"{MOD}/cases/{case_id}/dismiss", {"reason": "Nothing."})
    expect(it.row(case_id)).to_have_count(0)
    expect(it.page.get_by_text("The queue is clear")).to_be_visible()


def test_the_page_of_a_case_changes_by_itself(console: Open, people: Campus) -> None:
    case_id = people.report("ana", "user", IDS["cyd"])
    it = console()
    it.go(f"#/cases/{case_id}")
    expect(it.page.get_by_text("Reports (1)")).to_be_visible()
    it.page.get_by_label("Reason", exact=True).fill("What I was about to say")
    people.report("ben", "user", IDS["cyd"])
    expect(it.page.get_by_text("Reports (2)")).to_be_visible()
    expect(it.page.get_by_label("Reason", exact=True)).to_have_value("What I was about to say")


def test_keys_of_the_queue(console: Open, people: Campus) -> None:
    """What is done with a row takes it away, and leads to the next one."""
    first = people.report("ana", "user", IDS["cyd"])
    second = people.report("ana", "user", IDS["ben"])
    third = people.report("cyd", "user", IDS["ana"])
    it = console()
    expect(it.row(third)).to_be_visible()
    it.press("j", "j", "j", "j", "k")
    expect(it.row(second).locator("a")).to_be_focused()
    it.press("a")
    expect(it.row(second)).to_contain_text("assigned to you")
    it.press("d")
    it.answer("Nothing wrong.", "Dismiss")
    expect(it.row(second)).to_have_count(0)
    expect(it.row(first).locator("a")).to_be_focused()
    it.press("e")
    it.answer("Too grave for me.", "Escalate")
    expect(it.row(first)).to_have_count(0)
    expect(it.row(third).locator("a")).to_be_focused()
    it.press("Enter")
    expect(it.page.get_by_text("What it is about")).to_be_visible()
    assert [people.case(one)["status"] for one in (first, second)] == ["escalated", "dismissed"]


def test_the_same_about_many_cases(console: Open, people: Campus) -> None:
    """Tried first, and what comes of each is told."""
    cases = [people.report("ana", "user", IDS[name]) for name in ("cyd", "ben", "chief")]
    first, second, third = cases
    it = console()
    expect(it.row(third)).to_be_visible()
    it.press("*", "e")
    wish = it.dialog.get_by_label("What", exact=True)
    expect(wish).to_have_value("escalate")
    wish.select_option("apply:mute")
    it.dialog.get_by_label("How long").select_option("60")
    it.dialog.get_by_label("Reason", exact=True).fill("They agreed on it.")
    people.ask("boss", "POST", f"{MOD}/cases/{second}/dismiss", {"reason": "Nothing."})
    it.dialog.get_by_role("button", name="Try it").click()
    expect(it.dialog.get_by_role("status")).to_have_text("It can be done to 2 of 3.")
    expect(it.dialog.locator(f"[data-case='{second}']")).to_have_class("is-bad")
    assert people.case(first)["status"] == "open"
    it.dialog.get_by_label("Reason", exact=True).fill("They agreed on it beforehand.")
    it.dialog.get_by_role("button", name="Try it").click()  # another wish is tried anew
    it.dialog.get_by_role("button", name="Mute: 2 cases").click()
    expect(it.dialog.get_by_role("status")).to_have_text("Done to 2 of 3.")
    expect(it.dialog.locator(f"[data-case='{first}'] .came")).to_have_text("Done")
    it.dialog.get_by_role("button", name="Close").click()
    expect(it.page.locator(".queue li")).to_have_count(0)
    expect(it.page.locator(".picked")).to_be_hidden()
    statuses = [people.case(one)["status"] for one in cases]
    assert statuses == ["actioned", "dismissed", "actioned"]
    (done,) = people.ask("boss", "GET", f"{MOD}/cases/{first}")["actions"]
    assert (done["action"], done["reason"]) == ("mute", "They agreed on it beforehand.")


def test_rows_are_chosen_by_keys_and_by_boxes(console: Open, people: Campus) -> None:
    cases = [people.report("ana", "user", IDS[name]) for name in ("cyd", "ben", "chief")]
    first, second, third = cases
    it = console()
    expect(it.row(third)).to_be_visible()
    it.press("b")
    expect(it.page.get_by_text("Choose rows first")).to_be_visible()
    it.press("j", "x", "j", "X")
    chosen = it.page.locator(".picked [role=status]")
    expect(chosen).to_have_text("2 cases chosen")
    it.row(third).get_by_role("checkbox").uncheck()
    it.row(first).get_by_role("checkbox").click(modifiers=["Shift"])
    expect(chosen).to_have_text("3 cases chosen")
    it.row(second).get_by_role("checkbox").uncheck()
    people.ask("boss", "POST", f"{MOD}/cases/{first}/dismiss", {"reason": "Nothing."})
    expect(chosen).to_have_text("1 case chosen")  # the other is no longer there
    it.press("Escape")
    expect(chosen).to_be_hidden()


def test_keys_of_a_case(console: Open, people: Campus) -> None:
    case_id = people.report("cyd", "user", IDS["ana"])
    it = console()
    it.press("n")
    expect(it.page).to_have_url(re.compile(f"#/cases/{case_id}$"))
    expect(it.page.get_by_text("On the desk of")).to_be_visible()
    it.press("v")
    expect(it.page.locator(".content")).to_have_text("Ana (@ana)")
    it.press("a")
    expect(it.page.get_by_text("In the care of")).to_be_visible()
    it.press("?")
    expect(it.dialog).to_contain_text("take up the most urgent case")
    it.press("Escape")
    expect(it.dialog).to_have_count(0)
    it.press("u")
    expect(it.row(case_id)).to_be_visible()


def test_keys_do_nothing_while_somebody_types(console: Open, people: Campus) -> None:
    case_id = people.report("ana", "user", IDS["cyd"])
    it = console()
    it.press("/")
    it.page.keyboard.type("dejan")
    expect(it.page.get_by_label("Id or handle")).to_have_value("dejan")
    expect(it.dialog).to_have_count(0)
    assert people.case(case_id)["assigned_to"] is None


def test_filters(console: Open, people: Campus) -> None:
    people.report("ana", "user", IDS["cyd"], "spam")
    message = people.write("cyd", "ana", "Hello")
    grave = people.report("ana", "message", message, "harassment")
    people.ask("boss", "POST", f"{MOD}/cases/{grave}/assign", {"assignee_id": IDS["mod"]})
    it = console()
    rows = it.page.locator(".queue li")
    expect(rows).to_have_count(2)
    for label, value, count in (
        ("Severity from", "3", 1),
        ("Severity from", "1", 2),
        ("About", "message", 1),
        ("Reason", "spam", 0),
        ("About", "", 1),
        ("Reason", "", 2),
        ("Status", "closed", 0),
        ("Status", "", 2),
    ):
        it.page.get_by_label(label, exact=True).select_option(value)
        expect(rows).to_have_count(count)
    for label, day, count in (
        ("Opened from", "2099-01-01", 0),
        ("Opened from", "", 2),
        ("until", "2020-01-01", 0),
        ("until", "2099-01-01", 2),
    ):
        it.page.get_by_label(label, exact=True).fill(day)
        expect(rows).to_have_count(count)
    it.page.get_by_label("Assigned to me").check()
    expect(rows).to_have_count(1)
    it.page.reload()
    it.live()
    expect(it.page.get_by_label("Assigned to me")).to_be_checked()
    expect(rows).to_have_count(1)
    rows.first.click()
    it.page.get_by_role("link", name="← Queue").click()
    expect(it.page.get_by_label("Assigned to me")).to_be_checked()
    it.page.get_by_label("Assigned to me").uncheck()
    it.page.get_by_label("Id or handle").fill("cyd")
    it.press("Enter")
    expect(rows).to_have_count(2)
    it.page.get_by_label("Id or handle").fill("ana")
    it.press("Enter")
    expect(rows).to_have_count(0)


def test_a_password_signs_in(console: Open) -> None:
    it = console(None)
    page = it.page
    it.expected += [401]
    page.get_by_label("E-mail").fill("mod@divan.example")
    page.get_by_label("Password").fill("something else entirely")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    it.live()
    expect(page.locator(".me")).to_have_text("Mod")
    page.reload()
    it.live()
    assert urlsplit(page.url).path == "/console"
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("E-mail")).to_be_visible()
    assert page.evaluate("sessionStorage.length + localStorage.length") == 0


def test_a_session_is_renewed_before_its_token_ends(console: Open, people: Campus) -> None:
    """Each refresh token is good once, so those who ask at once share a renewal."""
    it = console(None)
    it.spoilt = True
    it.page.clock.install()
    it.page.get_by_label("E-mail").fill("mod@divan.example")
    it.page.get_by_label("Password").fill(PASSWORD)
    renewals: list[str] = []
    it.page.on("request", lambda request: renewals.append(request.url))
    it.page.get_by_role("button", name="Sign in", exact=True).click()
    it.live()
    it.page.clock.fast_forward(15 * 60_000)
    it.press("4")
    case_id = people.report("ana", "user", IDS["cyd"])
    expect(it.page.locator(".numbers div").first).to_be_visible()
    it.press("1")
    expect(it.row(case_id)).to_be_visible()
    assert [one.endswith("/auth/refresh") for one in renewals].count(True) == 1


@pytest.mark.parametrize("clock", [ManualClock()])
def test_a_token_that_the_server_ends_is_renewed(
    console: Open, people: Campus, clock: ManualClock
) -> None:
    """Also where the browser's clock believes that it is good; the socket is live again."""
    it = console(None)
    it.expected += [401]
    it.page.get_by_label("E-mail").fill("mod@divan.example")
    it.page.get_by_label("Password").fill(PASSWORD)
    it.page.get_by_role("button", name="Sign in", exact=True).click()
    it.live()
    it.note_states()
    clock.advance(16 * 60)
    it.was("connecting…")
    it.live()
    case_id = people.report("ana", "user", IDS["cyd"])
    expect(it.row(case_id)).to_be_visible()
    it.press("4")
    expect(it.page.locator(".numbers div").first).to_be_visible()


def test_in_development_a_claim_signs_in(console: Open) -> None:
    it = console(None)
    page = it.page
    page.get_by_text("In development").click()
    page.get_by_label("Person's id").fill(IDS["ana"])
    page.get_by_label("Campus id").fill(CAMPUS)
    page.get_by_label("Role").select_option("staff.admin")
    page.get_by_role("button", name="Sign in without proof").click()
    it.live()
    expect(page.locator(".me")).to_have_text("Ana")


def test_others_are_told_that_it_is_for_staff(console: Open) -> None:
    it = console(None)
    it.expected += [401, 403]
    it.page.get_by_text("With a token").click()
    for token, words in ((token_of("ana"), "This is for staff."), ("nonsense", "")):
        it.page.get_by_label("Token").fill(token)
        it.page.get_by_role("button", name="Sign in by token").click()
        expect(it.page.get_by_role("alert")).to_contain_text(words)
    assert it.page.evaluate("sessionStorage.length") == 0


def test_refusals_are_told_in_words(console: Open, people: Campus) -> None:
    case_id = people.report("ana", "user", IDS["cyd"])
    it = console()
    it.expected += [403, 404, 409, 422]
    it.go(f"#/cases/{case_id}")
    it.page.get_by_role("button", name="Escalate…").click()
    people.ask("boss", "POST", f"{MOD}/cases/{case_id}/dismiss", {"reason": "Nothing."})
    it.dialog.get_by_role("textbox").fill("Too grave.")
    it.dialog.get_by_role("button", name="Escalate", exact=True).click()
    expect(it.dialog.get_by_role("alert")).to_be_visible()
    it.dialog.get_by_role("button", name="Cancel").click()
    it.go(f"#/cases/{CAMPUS}")
    expect(it.page.get_by_role("alert")).to_be_visible()
    it.go("#/cases/nonsense")
    expect(it.page.get_by_role("alert")).to_contain_text("path.case_id")


def test_a_policy_is_checked_and_tried(console: Open) -> None:
    it = console("mod")
    it.expected += [422]
    it.go("#/policies/new")
    page, text = it.page, it.page.get_by_label("The policy, as JSON")
    written = text.input_value()
    text.fill("{")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("alert")).to_contain_text("This is no JSON")
    text.fill(written.replace('"contains:free money"', '"contains:fine", "matches:("'))
    page.get_by_role("button", name="Check").click()
    path = page.get_by_role("button", name=re.compile(r"^\$\.rules\[0\]\.when"))
    path.click()
    chosen = text.evaluate("(one) => one.value.slice(one.selectionStart, one.selectionEnd)")
    assert "matches:(" in chosen
    text.fill(written)
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".good")).to_contain_text("of 1 rule")
    page.get_by_label("Text", exact=True).fill("Get FR3E MONEY here")
    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.locator(".outcome")).to_have_text("Tombstone · severity 2")
    expect(page.get_by_role("cell", name="my-rule")).to_be_visible()


def test_a_policy_is_kept_and_put_in_force(console: Open) -> None:
    it = console("boss")
    page = it.page
    it.press("2")
    expect(page.locator(".entry")).to_contain_text("in force")
    page.get_by_role("link", name="Write one").click()
    text = page.get_by_label("The policy, as JSON")
    text.fill(text.input_value().replace("my-version", "2026-12"))
    page.get_by_role("button", name="Keep this version…").click()
    it.dialog.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_role("heading", name="2026-12")).to_be_visible()
    page.get_by_role("button", name="Put in force…").click()
    it.dialog.get_by_role("button", name="Put in force", exact=True).click()
    expect(page.locator(".bar .tag")).to_have_text("in force")
    it.press("2")
    expect(page.locator(".entry", has_text="2026-12")).to_contain_text("in force")


def test_a_policy_is_asked_about_the_past(console: Open, people: Campus) -> None:
    people.write("cyd", "ana", "Get FR3E MONEY here")
    people.write("ana", "cyd", "No.")
    it = console()
    it.go("#/policies/new")
    part = it.page.locator("[data-part=backtest]")
    events = part.locator("dl > div", has=it.page.get_by_text("Events", exact=True))

    def asked() -> bool:
        part.get_by_role("button", name="Ask the past").click()
        expect(events).to_be_visible()
        return "2" in events.inner_text()

    wait_until(asked)  # what is written is decided about a little later
    expect(part.get_by_role("cell", name="my-rule")).to_be_visible()
    expect(part.get_by_role("row", name=re.compile("none.*tombstone"))).to_be_visible()


def test_moderators_are_told_what_is_for_admins(console: Open) -> None:
    it = console("mod")
    it.expected += [403]
    it.go("#/policies/new")
    it.page.get_by_role("button", name="Keep this version…").click()
    it.dialog.get_by_role("button", name="Keep", exact=True).click()
    expect(it.dialog.get_by_role("alert")).to_be_visible()
    it.dialog.get_by_role("button", name="Cancel").click()


def test_audit_and_numbers(console: Open, people: Campus) -> None:
    case_id = people.report("ana", "user", IDS["cyd"])
    people.ask("mod", "POST", f"{MOD}/cases/{case_id}/dismiss", {"reason": "Nothing wrong."})
    it = console()
    it.press("3")
    expect(it.page.get_by_role("cell", name="Nothing wrong.")).to_be_visible()
    it.page.get_by_role("button", name="Verify").click()
    expect(it.page.locator(".good")).to_contain_text("The record is whole: 1 entry")
    it.press("4")
    expect(it.page.locator(".numbers div", has_text="Dismissed in 7 days")).to_contain_text("1")
    people.report("ana", "user", IDS["ben"])
    opened = it.page.locator(".numbers div", has_text=re.compile("^Open"))
    expect(opened.first).to_contain_text("1")


def test_whoever_is_no_longer_of_the_staff_is_told(console: Open, people: Campus) -> None:
    """A ban ends the socket at once, and the next question."""
    it = console("mod")
    it.expected += [401, 403]
    case_id = people.report("ana", "user", IDS["mod"])
    done = {"action": "ban", "reason": "Sold what he saw."}
    people.ask("boss", "POST", f"{MOD}/cases/{case_id}/actions", done)
    expect(it.page.locator(".status")).not_to_have_text("live")
    it.press("4")
    expect(it.page.get_by_role("alert").first).to_be_visible()


def test_a_lost_connection_is_taken_up_again(console: Open, people: Campus) -> None:
    """And what happened meanwhile is there then."""
    it = console(None)
    lines: list[WebSocketRoute] = []

    def carry(line: WebSocketRoute) -> None:
        lines.append(line)
        line.connect_to_server()

    it.spoilt = True
    it.page.route_web_socket(re.compile("/socket.io/"), carry)
    it.page.reload()
    it.enter()
    it.note_states()
    lines[-1].close()
    it.was("connecting…")
    case_id = people.report("ana", "user", IDS["cyd"])
    it.live()
    expect(it.row(case_id)).to_be_visible()
    assert len(lines) > 1


@pytest.mark.parametrize("viewport", [PHONE, SMALLEST_PHONE], ids=["390", "360"])
def test_on_a_phone_nothing_is_wider_than_the_screen(
    console: Open, people: Campus, viewport: dict[str, int]
) -> None:
    message = people.write("cyd", "ana", "x" * 300)
    case_id = people.report("ana", "message", message, note="y" * 200)
    it = console(viewport=viewport, is_mobile=True, has_touch=True)
    for name in ("Policies", "Audit", "Numbers", "Queue"):
        it.page.get_by_role("navigation").get_by_role("link", name=name).tap()
        expect(it.page.get_by_role("heading", name=name)).to_be_visible()
        assert it.page.evaluate(HORIZONTAL) == 0, name
    it.row(case_id).tap()
    it.page.get_by_role("button", name="Show what it says").tap()
    assert it.page.evaluate(HORIZONTAL) == 0
    it.go("#/policies/new")
    expect(it.page.get_by_role("button", name="Check")).to_be_visible()
    assert it.page.evaluate(HORIZONTAL) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_and_everything_has_a_name(
    console: Open, people: Campus, scheme: str
) -> None:
    case_id = people.report("ana", "user", IDS["cyd"])
    it = console(color_scheme=scheme)
    expect(it.row(case_id)).to_be_visible()
    for selector in TEXTS:
        assert it.page.locator(selector).first.evaluate(CONTRAST) >= 4.5, selector
    for hash_ in ("#/queue", f"#/cases/{case_id}", "#/policies/new", "#/audit", "#/numbers"):
        it.go(hash_)
        expect(it.page.get_by_role("heading", level=2)).to_be_visible()
        assert it.page.evaluate(NAMELESS) == []


def test_places_in_a_policy(console: Open) -> None:
    """Names may hold dots, and text what looks like JSON."""
    it = console(None)
    found = it.page.evaluate("""async () => {
      const { placeOf } = await import("/console/places.js");
      const text = '{"rules": [1, {"a.b": {"c": ["}\\\\"", "x"]}, "a": 2}], "n": -1.5e3}';
      const at = (path) => {
        const place = placeOf(text, path);
        return place && text.slice(place.start, place.end);
      };
      return [at("$.rules[1].a.b.c[1]"), at("$.rules[1].a.b.c[0]"), at("$.rules[1].a"), at("$.n"),
              at("$.rules[7].q"), at("$") === text, placeOf("{", "$.a"), placeOf('{"a" 1', "$")];
    }""")
    assert found == [
        '"x"',
        '"}\\""',
        "2",
        "-1.5e3",
        '[1, {"a.b": {"c": ["}\\"", "x"]}, "a": 2}]',
        True,
        None,
        None,
    ]


def test_nothing_is_asked_of_a_server_that_is_gone(console: Open, people: Campus) -> None:
    it = console()
    people.report("ana", "user", IDS["cyd"])
    it.spoilt = it.gone = True
    it.page.route(f"**{MOD}/**", lambda route: route.abort())
    it.press("4")
    expect(it.page.get_by_role("alert")).to_contain_text("The server does not answer.")


def test_from_a_report_to_an_appeal(console: Open, people: Campus) -> None:
    """Who acted cannot decide about it; another admin can, and what was done is undone."""
    message = people.write("cyd", "ana", NASTY)
    case_id = people.report("ana", "message", message)
    action = {"action": "tombstone", "reason": "That is no way to speak."}
    people.ask("boss", "POST", f"{MOD}/cases/{case_id}/actions", action)
    it = console("chief")
    it.page.get_by_label("Status").select_option("")
    it.page.get_by_label("Appeal open").check()
    expect(it.page.get_by_text("The queue is clear")).to_be_visible()
    appeal = {"case_id": case_id, "note": "It was a quotation of what she said to me."}
    people.ask("cyd", "POST", f"{MOD}/appeals", appeal)
    expect(it.row(case_id)).to_contain_text("Appeal")
    it.row(case_id).click()
    waiting = it.page.locator("[data-appeal=open]")
    expect(waiting).to_contain_text("Cyd (@cyd)")
    expect(waiting).to_contain_text("It was a quotation of what she said to me.")
    expect(it.page.get_by_text("An appeal waits: it is decided first.")).to_be_visible()
    waiting.get_by_role("button", name="Accept…").click()
    it.answer("You are right, we are sorry.", "Accept")
    expect(it.page.locator("[data-appeal=accepted]")).to_contain_text("You are right")
    expect(it.page.locator("[data-action=tombstone]")).to_contain_text("Reverted")
    assert people.read("ana", "cyd") == [NASTY]
    assert it.page.get_by_role("button", name="Reject…").count() == 0
    done = people.ask("cyd", "GET", f"{MOD}/mine")["items"]
    assert "You are right, we are sorry." in json.dumps(done)


def test_an_appeal_that_is_not_ones_to_decide(console: Open, people: Campus) -> None:
    case_id = people.report("ana", "user", IDS["cyd"])
    action = {"action": "mute", "reason": "Unkind."}
    people.ask("boss", "POST", f"{MOD}/cases/{case_id}/actions", action)
    appeal = {"case_id": case_id, "note": "I was kind all along."}
    people.ask("cyd", "POST", f"{MOD}/appeals", appeal)
    it = console("boss")
    it.expected += [403]
    it.go(f"#/cases/{case_id}")
    it.page.get_by_role("button", name="Reject…").click()
    it.dialog.get_by_role("textbox").fill("No.")
    it.dialog.get_by_role("button", name="Reject", exact=True).click()
    expect(it.dialog.get_by_role("alert")).to_be_visible()
    it.dialog.get_by_role("button", name="Cancel").click()
    expect(it.page.locator("[data-appeal=open]")).to_be_visible()


def test_a_ban_of_the_whole_deployment_takes_two(console: Open, people: Campus) -> None:
    case_id = people.report("ana", "user", IDS["cyd"])
    proposing = console("boss")
    proposing.go(f"#/cases/{case_id}")
    proposing.page.get_by_label("Action", exact=True).select_option("ban")
    proposing.page.get_by_label("Reason", exact=True).fill("Threats.")
    proposing.page.get_by_label("Where").select_option("deployment")
    proposing.page.get_by_role("button", name="Ban", exact=True).click()
    expect(proposing.page.get_by_text("It waits for another admin.")).to_be_visible()
    assert people.ask("cyd", "GET", "/me")["handle"] == "cyd"
    confirming = console("chief")
    confirming.go(f"#/cases/{case_id}")
    confirming.page.get_by_role("button", name="Confirm Ban").click()
    confirming.answer("I have read them.", "Confirm")
    for it in (confirming, proposing):
        expect(it.page.get_by_text("It waits for another admin.")).to_have_count(0)
    headers = {"X-User-Id": IDS["cyd"], "X-Campus-Id": CAMPUS}
    assert people.client.get("/me", headers=headers).status_code == 403

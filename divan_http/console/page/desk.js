/** The page of somebody who is signed in: navigation, what is live, and one view at a time. */

import { fill, h } from "./dom.js";
import { Live } from "./live.js";
import { short } from "./words.js";
import * as deeds from "./deeds.js";
import { help, listen } from "./ui/keys.js";
import { button, renewTimes } from "./ui/parts.js";
import { Toasts } from "./ui/toasts.js";
import { AuditView } from "./views/audit.js";
import { CaseView } from "./views/case.js";
import { NumbersView } from "./views/numbers.js";
import { PoliciesView } from "./views/policies.js";
import { PolicyView } from "./views/policy.js";
import { QueueView } from "./views/queue.js";

const CLOCK_MS = 20_000;

const VIEWS = {
  queue: ["Queue", QueueView],
  policies: ["Policies", PoliciesView],
  audit: ["Audit", AuditView],
  numbers: ["Numbers", NumbersView],
};
const SINGLE = { cases: CaseView, policies: PolicyView };
const STATES = { live: "live", connecting: "connecting…", off: "not live" };

/** Whose key listener it is; there is one for the page, whoever signs in. */
let current = null;
listen((key) => current?.keyed(key));

export class Desk {
  #view = null;
  #queue = "#/queue";
  #onHash = () => this.#route();

  constructor(root, client, me, leave) {
    this.client = client;
    this.me = me;
    this.scope = undefined; // not known before the socket says it; null for every campus
    this.lastRow = null; // where somebody was in the queue
    this.toasts = new Toasts();
    this.live = new Live(client.credentials);
    this.#draw(root, leave);
    this.#listen();
    current = this;
    this.clock = setInterval(renewTimes, CLOCK_MS);
    window.addEventListener("hashchange", this.#onHash);
    this.#route();
    this.live.open();
  }

  close() {
    current = null;
    clearInterval(this.clock);
    window.removeEventListener("hashchange", this.#onHash);
    this.#view?.close?.();
    this.live.close();
  }

  /** Say something to everybody, also to those who listen instead of looking. */
  say(words) {
    this.toasts.say(words);
  }

  fail(fault) {
    this.toasts.fail(fault);
  }

  go(hash) {
    if (location.hash === hash) this.#route();
    else location.hash = hash;
  }

  back() {
    this.go(this.#queue);
  }

  /** How a person is called here: nobody's name is told by the interface, but one's own is known. */
  person(id) {
    if (!id) return "nobody";
    return id === this.me.user_id ? "you" : short(id);
  }

  get isAdmin() {
    return this.scope === null;
  }

  /** What a key does now. */
  keyed(key) {
    const everywhere = {
      "?": help,
      n: () => deeds.next(this),
      u: () => this.back(),
      1: () => this.back(),
      2: () => this.go("#/policies"),
      3: () => this.go("#/audit"),
      4: () => this.go("#/numbers"),
    };
    return this.#view?.keys?.[key] || everywhere[key];
  }

  #draw(root, leave) {
    this.state = h("span", { class: "pill status", role: "status" });
    this.links = Object.entries(VIEWS).map(([name, [words]]) =>
      h("a", { href: `#/${name}`, "data-view": name }, words),
    );
    this.main = h("main", { id: "main", tabindex: "-1" });
    fill(
      root,
      h(
        "a",
        { class: "skip", href: "#main", onclick: (event) => this.#skip(event) },
        "Skip to the content",
      ),
      h(
        "header",
        {},
        h("img", { src: "/console/icon.svg", alt: "", width: 28, height: 28 }),
        h("h1", {}, "Console"),
        h("nav", { "aria-label": "Views" }, this.links),
        h(
          "div",
          { class: "who" },
          this.state,
          h("span", { class: "me", title: this.me.user_id }, this.me.display_name),
          button("Keys", help, { class: "is-quiet", "aria-keyshortcuts": "?" }),
          button("Sign out", leave, { class: "is-quiet" }),
        ),
      ),
      this.main,
      this.toasts.element,
    );
  }

  #skip(event) {
    event.preventDefault();
    this.main.focus();
  }

  #listen() {
    this.live.addEventListener("status", ({ detail }) => this.#status(detail));
    this.live.addEventListener("scope", ({ detail }) => {
      this.scope = detail;
      this.#view?.scoped?.();
    });
    this.live.addEventListener("change", ({ detail }) => this.#view?.changed?.(detail));
    this.live.addEventListener("reload", () => this.#view?.reload?.());
  }

  #status({ status, words }) {
    this.state.className = `pill status is-${status}`;
    this.state.title = words;
    fill(
      this.state,
      h("i", { "aria-hidden": "true" }),
      words && status === "off" ? words : STATES[status],
    );
  }

  #route() {
    const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
    const [place, id] = path.split("/");
    const name = place in VIEWS || place in SINGLE ? place : "queue";
    if (name === "queue") this.#queue = `#/queue${query ? `?${query}` : ""}`;
    this.#view?.close?.();
    this.#mark(name === "cases" ? "queue" : name);
    const Shown = id ? SINGLE[name] || VIEWS[name][1] : (VIEWS[name] || VIEWS.queue)[1];
    this.main.className = `view is-${name}${id ? "-one" : ""}`;
    this.#view = new Shown(this, id ? decodeURIComponent(id) : null, new URLSearchParams(query));
    fill(this.main, this.#view.element);
    this.main.focus({ preventScroll: true });
    scrollTo(0, 0);
    this.#view.reload?.();
  }

  /** The queue's filters stand in the address, so that coming back finds it as it was. */
  remember(params) {
    const text = params.toString();
    this.#queue = `#/queue${text ? `?${text}` : ""}`;
    history.replaceState(null, "", this.#queue);
  }

  #mark(name) {
    document.title = `${VIEWS[name][0]} · Divan console`;
    for (const link of this.links) {
      if (link.dataset.view === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }
}

/** The queue: cases that fit what is asked for, as they change. */

import * as deeds from "../deeds.js";
import { fill, h } from "../dom.js";
import { alert, button, busy, checkbox, choice, empty, field } from "../ui/parts.js";
import { REASONS, STATUSES, SUBJECTS, capital, reasonWord, subjectWord } from "../words.js";
import { together } from "./batch.js";
import { Filter } from "./filter.js";
import { Picked } from "./picked.js";
import { Row } from "./row.js";

const PAGE = 50;
const NARROW = "(max-width: 820px)";
const SEVERITIES = [1, 2, 3, 4, 5].map((one) => [String(one), String(one)]);

export class QueueView {
  #rows = new Map();
  #current; // the id of the row that was focused last
  #isDrawn = false;
  #cursor = null;
  #asked = 0;

  constructor(desk, _id, params) {
    this.desk = desk;
    this.#current = desk.lastRow;
    this.filter = new Filter(params, desk.me.user_id);
    this.list = h("ol", { class: "queue", "aria-label": "Cases" });
    this.faults = h("div", {});
    this.count = h("p", { class: "hint count", role: "status" });
    this.more = button("Show more", () => this.#more(), { hidden: true });
    this.picked = new Picked(desk, () => this.#together("dismiss"));
    this.form = this.#form();
    this.filters = h(
      "details",
      { open: !matchMedia(NARROW).matches },
      h("summary", {}, "Filters"),
      this.form,
    );
    this.list.addEventListener("focusin", (event) => {
      this.#current = event.target.closest("li").dataset.id;
      desk.lastRow = this.#current;
    });
    this.element = h(
      "div",
      {},
      h(
        "div",
        { class: "bar" },
        h("h2", {}, "Queue"),
        this.count,
        button("Take up the next", () => deeds.next(desk), {
          class: "is-main",
          "aria-keyshortcuts": "n",
        }),
        button("CSV", (event) => this.#export(event.target), {
          title: "Up to 10,000 cases that fit",
        }),
      ),
      this.filters,
      this.faults,
      this.list,
      this.picked.element,
      this.more,
    );
    this.keys = {
      j: () => this.#move(1),
      k: () => this.#move(-1),
      o: () => this.#chosen((row) => desk.go(row.hash)),
      a: () => this.#wish("assign"),
      e: () => this.#wish("escalate"),
      d: () => this.#wish("dismiss"),
      x: () => this.#chosen((row) => this.picked.toggle(row)),
      X: () => this.#chosen((row) => this.picked.through(row, this.#ordered)),
      "*": () => this.picked.all(this.#ordered),
      b: () => this.#together("dismiss"),
      Escape: () => this.picked.clear(),
      "/": () => this.#search(),
    };
  }

  /** Ask for the whole list again; what is chosen stays so. */
  async reload() {
    const asked = ++this.#asked;
    try {
      const page = await this.desk.client.get("/api/mod/v1/cases", {
        ...this.filter.query,
        limit: PAGE,
      });
      if (asked === this.#asked) this.#replace(page);
    } catch (refusal) {
      if (asked === this.#asked) fill(this.faults, alert(refusal));
    }
  }

  /** Something happened to a case: show it as it is now, where it belongs. */
  changed({ case: found }) {
    const row = this.#rows.get(found.id);
    const fits = this.filter.fits(found);
    if (fits === undefined)
      this.reload(); // only the server can tell
    else if (row && fits) row.show(found);
    else if (row) this.#drop(row);
    else if (fits) this.#insert(found);
    this.#counted();
  }

  #form() {
    const any = (words, names, say = capital) => [
      ["", words],
      ...names.map((one) => [one, say(one)]),
    ];
    const { filter } = this;
    const control = (name, options) => choice(name, options, filter.get(name));
    const form = h(
      "form",
      { class: "filters", role: "search", "aria-label": "Which cases" },
      field("Status", control("status", any("Any", STATUSES))),
      field("Severity from", control("severity_min", SEVERITIES)),
      field("to", control("severity_max", SEVERITIES)),
      field("About", control("subject_type", any("Anything", SUBJECTS, subjectWord))),
      field(
        "Reason",
        control(
          "reason",
          any("Any", REASONS, (one) => capital(reasonWord(one))),
        ),
      ),
      field("Opened from", h("input", { name: "from", type: "date", value: filter.get("from") })),
      field("until", h("input", { name: "until", type: "date", value: filter.get("until") })),
      field(
        "Id or handle",
        h("input", { name: "q", type: "search", maxlength: 64, value: filter.get("q") }),
      ),
      h(
        "div",
        { class: "checks" },
        checkbox("Assigned to me", { name: "mine", checked: filter.has("mine") }),
        checkbox("Appeal open", { name: "appeal_open", checked: filter.has("appeal_open") }),
      ),
    );
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", () => this.#asks());
    return form;
  }

  #asks() {
    this.filter.read(new FormData(this.form));
    this.desk.remember(this.filter.params);
    this.reload();
  }

  #replace({ items, cursor }) {
    fill(this.faults);
    const isFocused = this.list.contains(document.activeElement) || !this.#isDrawn;
    this.#isDrawn = true;
    const rows = items.map((one) => this.#rows.get(one.id)?.show(one) || this.#row(one));
    for (const row of this.#rows.values()) if (!rows.includes(row)) this.picked.drop(row);
    this.#rows = new Map(rows.map((row) => [row.id, row]));
    fill(
      this.list,
      rows.map((row) => row.element),
    );
    if (isFocused) this.#rows.get(this.#current)?.focus();
    this.#cursor = cursor;
    this.more.hidden = !cursor;
    this.#counted();
  }

  async #more() {
    const asked = this.#asked;
    const page = await busy(
      this.more,
      () =>
        this.desk.client.get("/api/mod/v1/cases", {
          ...this.filter.query,
          limit: PAGE,
          cursor: this.#cursor,
        }),
      (refusal) => this.desk.fail(refusal),
    );
    if (!page || asked !== this.#asked) return;
    for (const one of page.items) if (!this.#rows.has(one.id)) this.#insert(one);
    this.#cursor = page.cursor;
    this.more.hidden = !page.cursor;
    this.#counted();
  }

  #row(found) {
    return new Row(this.desk, found, (row, isRange) => {
      if (isRange) this.picked.through(row, this.#ordered);
      else this.picked.toggle(row);
    });
  }

  /** The rows as they stand. */
  get #ordered() {
    return [...this.list.children].map((one) => this.#rows.get(one.dataset.id));
  }

  /** The newest are first, and ids grow with time. */
  #insert(found) {
    const after = [...this.list.children].find((one) => one.dataset.id < found.id);
    if (!after && this.#cursor) return; // it is on a page that was not asked for yet
    const row = this.#row(found);
    this.#rows.set(row.id, row);
    this.list.insertBefore(row.element, after || null);
  }

  /** Whoever was at the row is at the one after it, or else before it. */
  #drop(row) {
    const { nextElementSibling: next, previousElementSibling: previous } = row.element;
    const wasFocused =
      row.element.contains(document.activeElement) || document.activeElement === document.body;
    if (this.#current === row.id) {
      this.#current = (next || previous)?.dataset.id ?? null;
      if (wasFocused) this.#rows.get(this.#current)?.focus();
    }
    this.#rows.delete(row.id);
    this.picked.drop(row);
    row.element.remove();
  }

  #counted() {
    const more = this.#cursor ? "+" : "";
    this.count.textContent = this.#rows.size ? `${this.#rows.size}${more} shown` : "";
    const hasEmpty = this.list.nextElementSibling?.classList.contains("empty");
    if (!this.#rows.size && !hasEmpty) this.list.after(empty("No case fits. The queue is clear."));
    if (this.#rows.size && hasEmpty) this.list.nextElementSibling.remove();
  }

  #chosen(act) {
    const row = this.#rows.get(this.#current);
    if (row) act(row);
    else this.desk.say("Choose a row first: j and k move.");
  }

  /** Do something with what is chosen, or else with the row one is at. */
  #wish(deed) {
    if (this.picked.size) this.#together(deed);
    else this.#chosen((row) => this.#do(deeds[deed], row));
  }

  async #together(deed) {
    if (!this.picked.size) return this.desk.say("Choose rows first: x chooses one.");
    await together(this.desk, this.picked.cases, deed);
    this.picked.clear();
    await this.reload();
    return this.#rows.get(this.#current)?.focus();
  }

  /** Do something with a row's case, and go on from there. */
  async #do(deed, row) {
    const found = await deed(this.desk, row.found);
    if (found) this.changed({ case: found });
    this.#rows.get(this.#current)?.focus();
  }

  #search() {
    this.filters.open = true;
    this.form.elements.q.focus();
  }

  #move(step) {
    const items = [...this.list.children];
    const at = items.findIndex((one) => one.dataset.id === this.#current);
    const to = at < 0 ? 0 : Math.min(Math.max(at + step, 0), items.length - 1);
    this.#rows.get(items[to]?.dataset.id)?.focus();
  }

  async #export(element) {
    const text = await busy(
      element,
      () => this.desk.client.get("/api/mod/v1/cases/export.csv", this.filter.query),
      (refusal) => this.desk.fail(refusal),
    );
    if (text === undefined) return;
    const href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    h("a", { href, download: "cases.csv" }).click();
    URL.revokeObjectURL(href);
  }
}

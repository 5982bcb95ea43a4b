/** What is on record, and whether the record is whole. */

import { fill, h } from "../dom.js";
import { alert, button, busy, empty, field, identity } from "../ui/parts.js";
import { actionWord, changeWord, counted, moment } from "../words.js";

const PATH = "/api/mod/v1/audit";
const PAGE = 50;
const PLACES = { case: "#/cases", policy: "#/policies" };
const FAULTS = {
  changed: "is not as it was written",
  missing: "is left out",
  truncated: "and those after it are gone",
  rolled_back: "and those after it are another history than at the checkpoint",
  added: "was added by nobody",
  checkpoint: "is a line of the file of checkpoints that was not signed here",
};

export class AuditView {
  #after = 0;

  constructor(desk) {
    this.desk = desk;
    this.faults = h("div", {});
    this.verdict = h("div", { role: "status" });
    this.rows = h("tbody", {});
    this.from = h("input", { name: "after", type: "number", min: 0, value: 0 });
    this.more = button("Show more", () => this.#more(), { hidden: true });
    const form = h(
      "form",
      { class: "filters is-short" },
      field("After entry", this.from),
      h("button", { type: "submit" }, "Show"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.reload();
    });
    this.element = h(
      "div",
      {},
      h(
        "div",
        { class: "bar" },
        h("h2", {}, "Audit"),
        button("Verify", (event) => this.#verify(event.target), { class: "is-main" }),
      ),
      h(
        "p",
        { class: "hint" },
        "What staff and rules have done, oldest first. Verifying reads the whole record.",
      ),
      this.verdict,
      form,
      this.faults,
      h(
        "div",
        { class: "scroll", tabindex: "0", role: "group", "aria-label": "Entries" },
        table(this.rows),
      ),
      this.more,
    );
  }

  async reload() {
    this.#after = Number(this.from.value) || 0;
    fill(this.rows);
    await this.#more();
  }

  async #more() {
    const page = await busy(
      this.more,
      () => this.desk.client.get(PATH, { after: this.#after, limit: PAGE }),
      (refusal) => fill(this.faults, alert(refusal)),
    );
    if (!page) return;
    fill(
      this.faults,
      !page.items.length && !this.rows.children.length && empty("Nothing is on record after that."),
    );
    this.rows.append(...page.items.map((one) => this.#entry(one)));
    this.#after = page.items.at(-1)?.seq ?? this.#after;
    this.more.hidden = !page.cursor;
  }

  #entry(one) {
    const [kind, id] = one.about.split(":");
    const about = PLACES[kind]
      ? h("a", { href: `${PLACES[kind]}/${id}` }, identity(id))
      : one.about;
    return h(
      "tr",
      {},
      h("td", {}, String(one.seq)),
      h("td", {}, h("time", { datetime: one.at }, moment(one.at))),
      h(
        "td",
        {},
        one.data.kind
          ? `${changeWord(one.action)}: ${actionWord(one.data.kind)}`
          : changeWord(one.action),
      ),
      h("td", {}, about),
      h("td", {}, one.actor_id ? identity(one.actor_id, this.desk.person(one.actor_id)) : "a rule"),
      h("td", {}, one.erased ? h("span", { class: "hint" }, "erased") : one.reason || ""),
    );
  }

  async #verify(element) {
    fill(this.verdict, h("p", { class: "hint" }, "Reading the whole record…"));
    const found = await busy(
      element,
      () => this.desk.client.get(`${PATH}/verify`),
      (refusal) => fill(this.verdict, alert(refusal)),
    );
    if (found) fill(this.verdict, found.ok ? this.#good(found) : bad(found));
  }

  #good({ count, erased, checkpoints }) {
    const latest = () => {
      this.from.value = Math.max(0, count - PAGE);
      this.reload();
    };
    return h(
      "div",
      { class: "good" },
      h(
        "p",
        {},
        `The record is whole: ${counted(count, "entry", "entries")}, ${counted(checkpoints, "checkpoint")} compared, words of ${erased} erased.`,
      ),
      count > PAGE && button("Show the latest", latest),
    );
  }
}

function bad({ fault, count }) {
  const words = `Entry ${fault.seq} ${FAULTS[fault.kind] || fault.kind}. ${counted(count, "entry", "entries")} before it are good.`;
  return alert({ words });
}

function table(rows) {
  const columns = ["Entry", "When", "What", "About", "By", "Reason"];
  return h(
    "table",
    {},
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        columns.map((name) => h("th", { scope: "col" }, name)),
      ),
    ),
    rows,
  );
}

/** One case: what it is about, who says what is wrong, what was done, and what can be. */

import * as deeds from "../deeds.js";
import { fill, h } from "../dom.js";
import { alert, button, empty } from "../ui/parts.js";
import { LIVE, short, subjectWord } from "../words.js";
import { ActionForm } from "./actionform.js";
import { Cover } from "./cover.js";
import { badge, flags } from "./row.js";
import * as sections from "./sections.js";

const CASES = "/api/mod/v1/cases";
const BEFORE = 10;

export class CaseView {
  #asked = 0;
  #resolve = async (appeal, status) => {
    if (await deeds.resolve(this.desk, appeal, status)) await this.reload();
  };
  #hands = {
    confirm: (action, words) => this.#about(deeds.confirm, action, words),
    revert: (action, words) => this.#about(deeds.revert, action, words),
  };

  constructor(desk, id) {
    this.desk = desk;
    this.id = id;
    this.cover = new Cover();
    this.form = new ActionForm(desk, id, () => this.reload());
    this.parts = Object.fromEntries(
      ["faults", "head", "about", "appeals", "done", "reports", "before", "timeline"].map(
        (name) => [name, h("div", {})],
      ),
    );
    const { faults, head, about, appeals, done, reports, before, timeline } = this.parts;
    this.element = h(
      "div",
      {},
      h("a", { class: "back", href: "#/queue", onclick: (event) => this.#back(event) }, "← Queue"),
      faults,
      head,
      h(
        "div",
        { class: "columns" },
        h("div", {}, about, appeals, done, this.form.element),
        h("div", {}, reports, before, timeline),
      ),
    );
    this.keys = {
      a: () => this.#do(deeds.assign),
      e: () => this.#do(deeds.escalate),
      d: () => this.#do(deeds.dismiss),
      v: () => this.cover.toggle(),
      Escape: () => desk.back(),
    };
  }

  async reload() {
    const asked = ++this.#asked;
    try {
      const detail = await this.desk.client.get(`${CASES}/${encodeURIComponent(this.id)}`);
      if (asked === this.#asked) this.#draw(detail);
    } catch (refusal) {
      if (asked === this.#asked) fill(this.parts.faults, alert(refusal));
    }
  }

  changed({ case: found }) {
    if (found.id === this.id) this.reload();
  }

  #back(event) {
    event.preventDefault();
    this.desk.back();
  }

  async #do(deed) {
    if (this.found && (await deed(this.desk, this.found))) await this.reload();
  }

  /** Do something about one of the actions. */
  async #about(deed, action, words) {
    if (await deed(this.desk, this.id, action, words)) await this.reload();
  }

  #draw(detail) {
    const found = detail.case;
    const { faults, head, about, appeals, done, reports, timeline } = this.parts;
    fill(faults);
    fill(head, this.#head(found));
    fill(about, sections.about(this.desk, found, this.cover.show(detail.content)));
    fill(appeals, sections.appeals(this.desk, detail.appeals, this.#resolve));
    fill(done, sections.actions(this.desk, detail.actions, this.#hands));
    fill(reports, sections.reports(this.desk, detail.reports));
    fill(timeline, sections.timeline(this.desk, detail.timeline));
    this.form.fit(found);
    if (found.owner_id && found.owner_id !== this.owner) this.#remember(found);
    this.owner = found.owner_id;
    this.found = found;
  }

  #head(found) {
    const isLive = LIVE.has(found.status);
    const waits = isLive || found.appeal_open;
    return [
      h(
        "div",
        { class: "bar" },
        badge(found),
        h("h2", {}, `${subjectWord(found.subject_type)} ${short(found.subject_id)}`),
        h("span", { class: "tags" }, flags(found)),
      ),
      h(
        "div",
        { class: "buttons is-left" },
        button("Assign to me", () => this.#do(deeds.assign), {
          disabled: !waits,
          "aria-keyshortcuts": "a",
        }),
        button("Assign…", () => this.#do(deeds.assignTo), { disabled: !waits }),
        button("Escalate…", () => this.#do(deeds.escalate), {
          disabled: !isLive,
          "aria-keyshortcuts": "e",
        }),
        button("Dismiss…", () => this.#do(deeds.dismiss), {
          disabled: !isLive,
          "aria-keyshortcuts": "d",
        }),
        button("Next case", () => deeds.next(this.desk), { "aria-keyshortcuts": "n" }),
      ),
    ];
  }

  /** Other cases of the same person. */
  async #remember({ owner_id }) {
    const { before } = this.parts;
    try {
      const { items } = await this.desk.client.get(CASES, { q: owner_id, limit: BEFORE + 1 });
      const others = items.filter((one) => one.id !== this.id).slice(0, BEFORE);
      fill(
        before,
        sections.section(
          "Other cases of this person",
          others.length ? sections.history(others) : empty("There are none."),
        ),
      );
    } catch (refusal) {
      fill(before, sections.section("Other cases of this person", alert(refusal)));
    }
  }
}


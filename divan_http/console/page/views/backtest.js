/** What a policy would have decided about what was written in a period, beside what was. */

import { fill, h } from "../dom.js";
import { alert, busy, field } from "../ui/parts.js";
import { tabled } from "../ui/table.js";

const WEEK_MS = 7 * 86_400_000;
const MISSING = "This server cannot ask the past.";

export class Backtest {
  /** `policy()` gives the one that is asked about. */
  constructor(desk, policy) {
    this.desk = desk;
    this.policy = policy;
    this.result = h("div", { role: "status" });
    const now = Date.now();
    const form = h(
      "form",
      { class: "filters is-short" },
      field(
        "From",
        h("input", {
          name: "from",
          type: "datetime-local",
          required: true,
          value: local(now - WEEK_MS),
        }),
      ),
      field(
        "To",
        h("input", {
          name: "to",
          type: "datetime-local",
          required: true,
          value: local(now + 60_000),
        }),
      ),
      h("button", { type: "submit" }, "Ask the past"),
    );
    form.addEventListener("submit", (event) => this.#ask(event, form));
    const hint = h(
      "p",
      { class: "hint" },
      "What this policy would have decided about what was written then.",
    );
    this.element = h(
      "section",
      { class: "card", "data-part": "backtest" },
      h("h3", {}, "Back-test"),
      hint,
      form,
      this.result,
    );
  }

  async #ask(event, form) {
    event.preventDefault();
    const said = new FormData(form);
    fill(this.result, h("p", { class: "hint" }, "Reading what was written…"));
    const [from, to] = ["from", "to"].map((name) => new Date(said.get(name)).toISOString());
    const act = () =>
      this.desk.client.post("/api/mod/v1/policies/backtest", { policy: this.policy(), from, to });
    const done = await busy(form.querySelector("[type=submit]"), act, (fault) => {
      const isMissing = fault.status === 404 || fault.status === 405;
      fill(this.result, alert(isMissing ? { words: MISSING } : fault));
    });
    if (done) fill(this.result, tabled(done));
  }
}

/** A moment as such a field has it, in the time of this place. */
function local(ms) {
  const shifted = ms - new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(shifted).toISOString().slice(0, 16);
}

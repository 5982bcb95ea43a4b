/** What a policy would decide about something; nothing is done. */

import { fill, h } from "../dom.js";
import { alert, busy, choice, facts, field } from "../ui/parts.js";
import { tabled } from "../ui/table.js";
import { actionWord, capital } from "../words.js";

const SUBJECTS = ["message", "user", "room", "post", "comment", "group", "invite"];

export class Trial {
  /** `policy()` gives the one that is tried. */
  constructor(desk, policy) {
    this.desk = desk;
    this.policy = policy;
    this.result = h("div", { role: "status" });
    const subjects = SUBJECTS.map((one) => [one, capital(one)]);
    const form = h(
      "form",
      {},
      field("About", choice("subject_type", subjects, "message")),
      field("Text", h("textarea", { name: "text", rows: 3, maxlength: 20_000 })),
      field("Links", h("textarea", { name: "urls", rows: 1 }), "One a line."),
      field(
        "Signals",
        h("input", { name: "signals", placeholder: "nsfw=high trust=12" }),
        "Name, =, a level or a number; spaces between.",
      ),
      h("div", { class: "buttons is-left" }, h("button", { type: "submit" }, "Try")),
    );
    form.addEventListener("submit", (event) => this.#try(event, form));
    this.element = h("section", { class: "card" }, h("h3", {}, "Try it"), form, this.result);
  }

  async #try(event, form) {
    event.preventDefault();
    fill(this.result);
    const act = () =>
      this.desk.client.post("/api/mod/v1/policies/dry_run", {
        policy: this.policy(),
        event: read(form),
      });
    const done = await busy(form.querySelector("[type=submit]"), act, (fault) =>
      fill(this.result, alert(fault)),
    );
    if (done) fill(this.result, decided(done));
  }
}

function read(form) {
  const said = new FormData(form);
  const words = (name) => said.get(name).split(/\s+/).filter(Boolean);
  const signals = words("signals").map((one) => one.split("="));
  return {
    subject_type: said.get("subject_type"),
    text: said.get("text"),
    urls: words("urls"),
    signals: Object.fromEntries(
      signals.map(([name, value = "1"]) => [
        name,
        Number.isNaN(Number(value)) ? value : Number(value),
      ]),
    ),
  };
}

function decided({ action, severity, reasons, matched, shadow }) {
  return [
    h("p", { class: "outcome" }, h("strong", {}, actionWord(action)), ` · severity ${severity}`),
    facts([["Reasons", reasons.join("; ")]]),
    matched.length > 0 && [h("h4", {}, "Rules that matched"), tabled(matched)],
    shadow.length > 0 && [h("h4", {}, "Rules in the shadow"), tabled(shadow)],
    !matched.length && h("p", { class: "hint" }, "No rule matched."),
  ];
}

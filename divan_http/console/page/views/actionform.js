/** Doing something about a case. */

import { fill, h } from "../dom.js";
import { newKey } from "../net.js";
import { alert, busy, choice, field } from "../ui/parts.js";
import { LIVE, actionWord, actionsFor } from "../words.js";
import { Span, isEndless } from "./span.js";

const SCOPES = [
  ["campus", "on this campus, at once"],
  ["deployment", "in the whole deployment, once another admin confirms it"],
];
const DECIDED = "It is decided that nothing is to be done, or over.";
const APPEALED = "An appeal waits: it is decided first.";

export class ActionForm {
  #key = newKey();
  #subject = null;

  constructor(desk, id, done) {
    this.desk = desk;
    this.id = id;
    this.done = done;
    this.action = choice("action", [], "");
    this.effect = h("p", { class: "hint", role: "status" });
    this.span = new Span();
    this.scope = field("Where", choice("scope", SCOPES, "campus"));
    this.faults = h("div", {});
    this.submit = h("button", { type: "submit", class: "is-danger" }, "Do it");
    this.form = this.#form();
    this.closed = h("p", { class: "hint" });
    this.element = h(
      "section",
      { class: "card" },
      h("h3", {}, "Do something"),
      this.form,
      this.closed,
    );
    this.form.addEventListener("change", () => this.#chosen());
    this.form.addEventListener("input", () => {
      this.#key = newKey(); // another payload is another write
    });
    this.form.addEventListener("submit", (event) => this.#do(event));
  }

  /** Offer what can be done about this case. */
  fit(found) {
    const isOpen = (LIVE.has(found.status) || found.status === "actioned") && !found.appeal_open;
    this.form.hidden = !isOpen;
    this.closed.hidden = isOpen;
    this.closed.textContent = found.appeal_open ? APPEALED : DECIDED;
    if (found.subject_type === this.#subject) return;
    this.#subject = found.subject_type;
    fill(
      this.action,
      actionsFor(found.subject_type).map(([value, words]) => h("option", { value }, words)),
    );
    this.#chosen();
  }

  #form() {
    const text = (name, attributes) =>
      h("textarea", { name, rows: 2, maxlength: 2000, ...attributes });
    const targets = h("input", { name: "targets", autocomplete: "off", spellcheck: "false" });
    return h(
      "form",
      { class: "act" },
      field("Action", this.action),
      this.effect,
      field("Reason", text("reason", { required: true }), "It stays on record."),
      this.span.element,
      this.scope,
      h(
        "details",
        {},
        h("summary", {}, "More"),
        field(
          "Other people it is done to",
          targets,
          "Their ids, with commas between. Whose the subject is, if empty.",
        ),
        field("Note", text("note"), "For staff alone."),
      ),
      this.faults,
      h("div", { class: "buttons is-left" }, this.submit),
    );
  }

  #chosen() {
    const name = this.action.value;
    const [, words, effect] = actionsFor(this.#subject).find(([one]) => one === name) || [
      name,
      "Do it",
      "",
    ];
    this.effect.textContent = effect;
    this.submit.textContent = words;
    this.submit.className = isEndless(name) ? "is-main" : "is-danger";
    this.span.fit(!isEndless(name));
    this.scope.hidden = name !== "ban" || !this.desk.isAdmin;
  }

  async #do(event) {
    event.preventDefault();
    fill(this.faults);
    const body = this.#body();
    const path = `/api/mod/v1/cases/${this.id}/actions`;
    const done = await busy(
      this.submit,
      () => this.desk.client.post(path, body, this.#key),
      (refusal) => fill(this.faults, alert(refusal)),
    );
    if (!done) return;
    this.#key = newKey();
    this.form.reset();
    this.#chosen();
    this.desk.say(`Done: ${actionWord(body.action)}.`);
    this.done();
  }

  #body() {
    const said = new FormData(this.form);
    const { minutes } = this.span;
    const targets = said
      .get("targets")
      .split(/[\s,]+/)
      .filter(Boolean);
    const note = said.get("note").trim();
    return {
      action: said.get("action"),
      reason: said.get("reason").trim(),
      ...(minutes && { ttl_minutes: minutes }),
      ...(!this.scope.hidden && { scope: said.get("scope") }),
      ...(targets.length && { targets }),
      ...(note && { note }),
    };
  }
}

/** The same about many cases: tried first, then done, with what comes of each. */

import { fill, h, newId } from "../dom.js";
import { newKey } from "../net.js";
import { alert, busy, button, choice, field, identity } from "../ui/parts.js";
import { actionWord, actionsFor, counted, subjectWord } from "../words.js";
import { Span, isEndless } from "./span.js";

const PATH = "/api/mod/v1/cases/batch_action";
const DEEDS = [
  ["dismiss", "Dismiss"],
  ["assign", "Assign to me"],
  ["escalate", "Leave to admins"],
];

/** Ask what is to be done about these cases, and do it; resolves once that is closed. */
export function together(desk, cases, deed) {
  return new Promise((resolve) => {
    const { dialog } = new Batch(desk, cases, deed);
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

class Batch {
  #would = []; // the ids of what it can be done to, once that was tried
  #key = newKey();
  #came = new Map(); // what came of each

  constructor(desk, cases, deed) {
    this.desk = desk;
    this.cases = cases;
    this.deed = choice("deed", deedsFor(cases), deed);
    this.reason = h("textarea", { rows: 2, required: true, maxlength: 2000 });
    this.span = new Span();
    this.faults = h("div", {});
    this.summary = h("p", { role: "status" });
    this.list = h("ol", { class: "results", "aria-label": "What comes of each" });
    this.submit = h("button", { type: "submit" });
    this.cancel = button("Cancel", () => this.dialog.close());
    this.form = this.#form();
    this.dialog = h("dialog", { "aria-labelledby": this.form.firstChild.id }, this.form);
    this.form.addEventListener("input", () => this.#changed());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#go();
    });
    this.#changed();
  }

  #form() {
    this.fields = h(
      "fieldset",
      { class: "plain" },
      field("What", this.deed),
      field("Reason", this.reason, "It stays on record, with each of them."),
      this.span.element,
    );
    return h(
      "form",
      { method: "dialog" },
      h("h2", { id: newId("title") }, `About ${counted(this.cases.length, "case")}`),
      this.fields,
      this.faults,
      this.summary,
      this.list,
      h("div", { class: "buttons" }, this.cancel, this.submit),
    );
  }

  /** Another wish is tried anew. */
  #changed() {
    const [, action] = this.deed.value.split(":");
    this.span.fit(Boolean(action) && !isEndless(action));
    this.#would = [];
    this.#key = newKey();
    this.#came.clear();
    fill(this.faults);
    this.summary.textContent = "Nothing is done yet: it is tried first.";
    this.#show("");
    this.#offer("Try it", "is-main");
  }

  #offer(words, kind) {
    this.submit.textContent = words;
    this.submit.className = kind;
  }

  async #go() {
    const isTrial = !this.#would.length;
    const ids = isTrial ? this.cases.map((one) => one.id) : this.#would;
    fill(this.faults);
    this.fields.disabled = true;
    const done = await busy(
      this.submit,
      () => this.desk.client.post(PATH, this.#body(ids, isTrial), this.#key),
      (refusal) => fill(this.faults, alert(refusal)),
    );
    this.fields.disabled = false;
    if (!done) return;
    for (const one of done.results) this.#came.set(one.case_id, one);
    const good = done.results.filter((one) => one.ok).map((one) => one.case_id);
    if (isTrial) this.#tried(good);
    else this.#done(good);
  }

  #body(ids, isTrial) {
    const [action, name] = this.deed.value.split(":");
    const minutes = this.span.minutes;
    return {
      case_ids: ids,
      action,
      reason: this.reason.value.trim(),
      ...(name && { payload: { action: name, ...(minutes && { ttl_minutes: minutes }) } }),
      dry_run: isTrial,
    };
  }

  #tried(good) {
    this.#would = good;
    this.#key = newKey();
    this.summary.textContent = `It can be done to ${good.length} of ${this.cases.length}.`;
    this.#show("Would be done");
    if (good.length) this.#offer(`${this.#words} ${counted(good.length, "case")}`, "is-danger");
  }

  #done(good) {
    this.summary.textContent = `Done to ${good.length} of ${this.cases.length}.`;
    this.#show("Done");
    this.fields.hidden = true;
    this.submit.hidden = true;
    this.cancel.textContent = "Close";
    this.cancel.focus();
  }

  get #words() {
    const [deed, name] = this.deed.value.split(":");
    return name ? `${actionWord(name)}:` : `${DEEDS.find(([one]) => one === deed)[1]}:`;
  }

  /** Each case with what came of it; `words` are for those with nothing against it. */
  #show(words) {
    fill(
      this.list,
      this.cases.map(({ id, subject_type, subject_id }) => {
        const came = this.#came.get(id);
        return h(
          "li",
          { "data-case": id, class: came && (came.ok ? "is-good" : "is-bad") },
          h("span", {}, `${subjectWord(subject_type)} `, identity(subject_id)),
          came && h("span", { class: "came" }, came.ok ? words : came.error.detail),
        );
      }),
    );
  }
}

/** What can be done about all of them. */
function deedsFor(cases) {
  const kinds = [...new Set(cases.map((one) => one.subject_type))].map(actionsFor);
  const shared = kinds[0].filter(([name]) => kinds.every((kind) => kind.some(([one]) => one === name)));
  return [...DEEDS, ...shared.map(([name, words]) => [`apply:${name}`, words])];
}

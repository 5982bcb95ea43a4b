/** One policy: read it, or write the next one; check it, try it, ask the past, put it in force. */

import { fill, h } from "../dom.js";
import { placeOf } from "../places.js";
import { ask } from "../ui/dialog.js";
import { alert, button, busy, field, tag } from "../ui/parts.js";
import { counted } from "../words.js";
import { Backtest } from "./backtest.js";
import { Trial } from "./trial.js";

const PATH = "/api/mod/v1/policies";
const NOTHING = { subject_type: "message", text: "" };
const DRAFT = {
  version: "my-version",
  default_action: "none",
  rules: [
    {
      id: "my-rule",
      when: { "text.any_of": ["contains:free money"] },
      then: { action: "tombstone", severity: 2, reason: "Advertising" },
    },
  ],
};

export class PolicyView {
  #kept = null;

  constructor(desk, id) {
    this.desk = desk;
    this.id = id;
    this.title = h("h2", {}, "A new policy");
    this.state = h("span", { class: "tags" });
    this.text = h("textarea", {
      class: "code",
      rows: 24,
      spellcheck: "false",
      autocapitalize: "off",
    });
    this.faults = h("div", { role: "status" });
    this.activate = button("Put in force…", () => this.#activate(), { hidden: true });
    this.keep = button("Keep this version…", () => this.#keep());
    const policy = () => this.#read();
    this.element = h(
      "div",
      {},
      h("a", { class: "back", href: "#/policies" }, "← Policies"),
      h("div", { class: "bar" }, this.title, this.state),
      h(
        "div",
        { class: "columns" },
        h(
          "section",
          { class: "card" },
          field("The policy, as JSON", this.text),
          this.faults,
          h(
            "div",
            { class: "buttons is-left" },
            button("Check", (event) => this.#check(event.target), { class: "is-main" }),
            this.keep,
            this.activate,
          ),
          h("p", { class: "hint" }, "Keeping and putting in force are for admins."),
        ),
        new Trial(desk, policy).element,
      ),
      new Backtest(desk, policy).element,
    );
    if (id === "new") this.text.value = JSON.stringify(DRAFT, null, 2);
  }

  async reload() {
    if (this.id === "new" || this.#kept) return; // what somebody writes is not overwritten
    try {
      this.#show(await this.desk.client.get(`${PATH}/${encodeURIComponent(this.id)}`));
    } catch (refusal) {
      fill(this.faults, alert(refusal));
    }
  }

  #show(found) {
    const { version, default_action, rules } = found;
    this.#kept = found;
    this.title.textContent = version;
    this.text.value = JSON.stringify({ version, default_action, rules }, null, 2);
    this.#drawn(found.active);
  }

  #drawn(isActive) {
    fill(this.state, isActive && tag("in force", "is-actioned"));
    this.activate.hidden = isActive;
  }

  /** What is written, as an object; where it is no JSON, it is said where. */
  #read() {
    try {
      return JSON.parse(this.text.value);
    } catch (fault) {
      throw new Error(`This is no JSON: ${fault.message}`, { cause: fault });
    }
  }

  /** Ask the server to decide about nothing by it, which it does only by a policy that can be. */
  async #check(element) {
    fill(this.faults);
    const act = () =>
      this.desk.client.post(`${PATH}/dry_run`, { policy: this.#read(), event: NOTHING });
    const done = await busy(element, act, (fault) => this.#refused(fault, "$.policy"));
    if (!done) return;
    const rules = this.#read().rules.length;
    fill(
      this.faults,
      h("p", { class: "good" }, `It can be a policy, of ${counted(rules, "rule")}.`),
    );
  }

  async #keep() {
    let policy;
    try {
      policy = this.#read();
    } catch (fault) {
      this.#refused(fault, "$");
      return;
    }
    const made = await ask({
      title: `Keep the version “${policy.version}”?`,
      fields: [h("p", {}, "It decides nothing until it is put in force, and cannot be changed.")],
      submit: "Keep",
      act: (_form, key) =>
        this.desk.client.post(PATH, policy, key).catch((refusal) => {
          this.#refused(refusal, "$");
          throw refusal;
        }),
    });
    if (!made) return;
    this.desk.say(`The version ${made.version} is kept.`);
    this.desk.go(`#/policies/${made.id}`);
  }

  async #activate() {
    const { id, version } = this.#kept;
    const done = await ask({
      title: `Put “${version}” in force?`,
      fields: [h("p", {}, "It decides from now on, for the whole deployment, and no other.")],
      submit: "Put in force",
      danger: true,
      act: () => this.desk.client.post(`${PATH}/${id}/activate`),
    });
    if (!done) return;
    this.desk.say(`${version} is in force.`);
    this.#drawn(done.active);
  }

  /** Every fault with its place, to which one can go. */
  #refused(fault, root) {
    const errors = fault.errors || [];
    const said = errors.length ? { words: fault.message } : fault;
    const go = (path) => () => this.#select(path.replace(root, "$"));
    const list = h(
      "ul",
      { class: "faults" },
      errors.map(({ path, message }) =>
        h(
          "li",
          {},
          button(path.replace(root, "$"), go(path), { class: "path", title: "Go there" }),
          ` ${message}`,
        ),
      ),
    );
    fill(this.faults, alert(said, errors.length ? list : null));
  }

  #select(path) {
    const place = placeOf(this.text.value, path);
    if (!place) return;
    this.text.focus();
    this.text.setSelectionRange(place.start, place.end);
    const line = this.text.value.slice(0, place.start).split("\n").length;
    this.text.scrollTop =
      ((line - 3) * this.text.scrollHeight) / this.text.value.split("\n").length;
  }
}

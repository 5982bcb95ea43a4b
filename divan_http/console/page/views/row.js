/** One case in the queue. */

import { fill, h } from "../dom.js";
import { tag, time } from "../ui/parts.js";
import { capital, reasonWord, reportsWord, short, subjectWord } from "../words.js";

export class Row {
  /** `picks` is told when the row is chosen, and whether those before it are as well. */
  constructor(desk, found, picks) {
    this.desk = desk;
    this.id = found.id;
    this.hash = `#/cases/${found.id}`;
    this.link = h("a", { href: this.hash });
    this.box = h("input", { type: "checkbox" });
    this.box.addEventListener("click", ({ shiftKey }) => picks(this, shiftKey));
    this.element = h("li", { "data-id": found.id }, h("label", {}, this.box), this.link);
    this.show(found);
  }

  /** Show the case as it is now. */
  show(found) {
    this.found = found;
    const name = `${subjectWord(found.subject_type)} ${short(found.subject_id)}`;
    this.box.setAttribute("aria-label", `Choose ${name}`);
    fill(
      this.link,
      badge(found),
      h(
        "span",
        { class: "what" },
        h("strong", {}, name),
        h(
          "span",
          { class: "hint" },
          `${capital(reasonWord(found.reason))} · ${reportsWord(found.report_count)}`,
        ),
      ),
      h("span", { class: "tags" }, flags(found)),
      h("span", { class: "care" }, this.#care(found)),
      h("span", { class: "since" }, time(found.opened_at)),
    );
    return this;
  }

  get isPicked() {
    return this.box.checked;
  }

  set isPicked(isPicked) {
    this.box.checked = isPicked;
    this.element.classList.toggle("is-picked", isPicked);
  }

  focus() {
    this.link.focus();
    this.element.scrollIntoView({ block: "nearest" });
  }

  #care({ assigned_to, leased_to, leased_until }) {
    if (assigned_to) return `assigned to ${this.desk.person(assigned_to)}`;
    const isLeased = leased_to && Date.parse(leased_until) > Date.now();
    return isLeased ? `on the desk of ${this.desk.person(leased_to)}` : "";
  }
}

/** What is to be noticed about a case. */
export function flags(found) {
  return [
    tag(capital(found.status), `is-${found.status}`),
    found.appeal_open && tag("Appeal", "is-escalated"),
    found.brigading && tag("Agreed on?", "is-brigading"),
  ];
}

/** How severe a case is. */
export function badge({ severity }) {
  return h("span", { class: `severity is-${severity}`, title: `Severity ${severity} of 5` }, `${severity}`);
}

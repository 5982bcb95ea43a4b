/** One case in the queue. */

import { fill, h } from "../dom.js";
import { tag, time } from "../ui/parts.js";
import { capital, reasonWord, reportsWord, short, subjectWord } from "../words.js";

export class Row {
  constructor(desk, found) {
    this.desk = desk;
    this.id = found.id;
    this.hash = `#/cases/${found.id}`;
    this.link = h("a", { href: this.hash });
    this.element = h("li", { "data-id": found.id }, this.link);
    this.show(found);
  }

  /** Show the case as it is now. */
  show(found) {
    this.found = found;
    fill(
      this.link,
      badge(found),
      h(
        "span",
        { class: "what" },
        h("strong", {}, `${subjectWord(found.subject_type)} ${short(found.subject_id)}`),
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

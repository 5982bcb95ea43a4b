/** For how long something is done. */

import { h } from "../dom.js";
import { choice, field } from "../ui/parts.js";

const SPANS = [
  ["", "until it is undone"],
  ["60", "for an hour"],
  ["1440", "for a day"],
  ["10080", "for a week"],
  ["43200", "for 30 days"],
  ["other", "for so many minutes…"],
];

/** Actions that are over once they are done. */
const ENDLESS = new Set(["none", "warn"]);

export function isEndless(action) {
  return ENDLESS.has(action);
}

export class Span {
  constructor() {
    this.choice = choice("span", SPANS, "");
    this.number = h("input", {
      name: "minutes",
      type: "number",
      min: 1,
      max: 2_628_000,
      "aria-label": "Minutes",
      hidden: true,
    });
    this.element = field("How long", this.choice);
    this.element.append(this.number);
  }

  /** Ask for a time, or for none where what is done has none. */
  fit(isTimed) {
    this.element.hidden = !isTimed;
    this.number.hidden = this.choice.value !== "other";
    this.number.required = isTimed && !this.number.hidden;
  }

  /** Whole minutes; undefined where it has no end. */
  get minutes() {
    const said = this.choice.value === "other" ? this.number.value : this.choice.value;
    return said && !this.element.hidden ? Number(said) : undefined;
  }
}

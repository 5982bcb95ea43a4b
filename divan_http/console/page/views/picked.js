/** Which rows of the queue are chosen, and the bar that says so. */

import { fill, h } from "../dom.js";
import { button } from "../ui/parts.js";
import { counted } from "../words.js";

/** So many cases the server takes at once. */
const MOST = 100;

export class Picked {
  #rows = new Map();
  #last = null; // where a range begins

  /** `act` is called when something is to be done with them. */
  constructor(desk, act) {
    this.desk = desk;
    this.count = h("span", { role: "status" });
    this.element = h(
      "div",
      { class: "bar picked", hidden: true },
      this.count,
      button("Do something with them…", act, { class: "is-main", "aria-keyshortcuts": "b" }),
      button("Choose none", () => this.clear(), { "aria-keyshortcuts": "Escape" }),
    );
  }

  get size() {
    return this.#rows.size;
  }

  get cases() {
    return [...this.#rows.values()].map((row) => row.found);
  }

  /** Choose a row, or choose it no longer. */
  toggle(row, isChosen = !this.#rows.has(row.id)) {
    this.#last = row.id;
    this.#set([row], isChosen);
  }

  /** Choose all rows, in their order, from the one that was touched last to this one. */
  through(row, rows) {
    const [from, to] = [this.#last, row.id].map((id) => rows.findIndex((one) => one.id === id));
    const ends = from < 0 ? [to, to] : [Math.min(from, to), Math.max(from, to)];
    this.#last = row.id;
    this.#set(rows.slice(ends[0], ends[1] + 1), true);
  }

  /** Choose all of them, or none where all of them are. */
  all(rows) {
    const isChosen = rows.slice(0, MOST).some((row) => !this.#rows.has(row.id));
    this.#set(rows, isChosen);
  }

  clear() {
    this.#set([...this.#rows.values()], false);
  }

  /** A row went away. */
  drop(row) {
    if (this.#rows.has(row.id)) this.#set([row], false);
  }

  #set(rows, isChosen) {
    for (const row of rows) {
      if (!isChosen) this.#rows.delete(row.id);
      else if (this.#rows.size < MOST) this.#rows.set(row.id, row);
      row.isPicked = this.#rows.has(row.id);
    }
    if (isChosen && rows.some((row) => !row.isPicked)) this.desk.say(`It is ${MOST} at once at most.`);
    this.element.hidden = !this.size;
    fill(this.count, this.size ? `${counted(this.size, "case")} chosen` : "");
  }
}

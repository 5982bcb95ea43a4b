/** Other people, as the squares in which the server lets them be seen. */

import * as L from "/demo/vendor/leaflet.js";
import { initials } from "../people.js";

const FADE_MS = 350;
const WIDE_M = 100;

export class Cells {
  #shown = new Map();
  #drawn = null;

  constructor(map, session) {
    this.map = map;
    this.session = session;
    this.renderer = L.svg({ pane: "squares", padding: 0.6 });
  }

  show({ cells, people, chosen, everyone }) {
    const drawn = [cells, people, chosen, everyone];
    if (this.#drawn?.every((one, index) => one === drawn[index])) return;
    this.#drawn = drawn;
    const wanted = new Map(cells.cells.map((cell) => [cell.id, cell]));
    for (const [id, square] of this.#shown) {
      if (wanted.has(id)) continue;
      square.leave();
      this.#shown.delete(id);
    }
    for (const [id, cell] of wanted) {
      if (!this.#shown.has(id)) this.#shown.set(id, new Square(this, cell));
      this.#shown.get(id).show(cell, people, chosen);
    }
  }
}

/** One square, with a badge in its middle: one person's initials, or how many there are. */
class Square {
  constructor({ map, renderer, session }, cell) {
    this.map = map;
    this.session = session;
    const wide = cell.size_m > WIDE_M;
    const className = wide ? "square is-wide" : "square";
    this.shape = L.polygon(cell.corners, { className, renderer, interactive: !wide }).addTo(map);
    this.face = document.createElement("span");
    const icon = L.divIcon({ className: "badge", html: this.face, iconSize: [0, 0] });
    const middle = this.shape.getBounds().getCenter();
    this.badge = L.marker(middle, { icon, pane: "badges", keyboard: false }).addTo(map);
    if (!wide) this.shape.bindTooltip("", { sticky: true, className: "tip" });
    this.badge.bindTooltip("", { className: "tip", direction: "top", offset: [0, -12] });
    this.badge.on("click", () => this.#choose());
  }

  show(cell, people, chosen) {
    const known = cell.people.map((id) => people.get(id)).filter(Boolean);
    const unknown = cell.people.length - known.length;
    this.people = known;
    const classes = {
      "is-friend": known.some((one) => one.is_friend),
      "is-unlisted": known.length === 0,
      "is-chosen": cell.people.includes(chosen),
      "is-single": cell.people.length === 1,
    };
    this.face.textContent = labelOf(cell, known);
    for (const element of [this.shape.getElement(), this.badge.getElement()]) {
      for (const [name, on] of Object.entries(classes)) element.classList.toggle(name, on);
    }
    const text = tipOf(known, unknown, cell.size_m);
    this.shape.setTooltipContent(text);
    this.badge.setTooltipContent(text);
  }

  leave() {
    this.badge.remove();
    this.shape.getElement().classList.add("is-leaving");
    setTimeout(() => this.shape.remove(), FADE_MS);
  }

  #choose() {
    if (this.people.length) this.session.choose(this.people[0].user_id);
  }
}

/** Initials of a single person, else how many; nothing for one whom I am not told of. */
function labelOf(cell, known) {
  if (cell.people.length > 1) return cell.people.length;
  return known.length ? initials(known[0].display_name) : "";
}

/** The names, as an element: names are text, never markup. */
function tipOf(known, unknown, size) {
  const tip = document.createElement("span");
  const names = known.slice(0, 6).map((one) => one.display_name);
  const rest = known.length - names.length + unknown;
  if (rest) names.push(names.length ? `${rest} more` : `${rest} not listed for you`);
  tip.textContent = `${names.join(", ")}: somewhere about this square of ${size} m`;
  return tip;
}

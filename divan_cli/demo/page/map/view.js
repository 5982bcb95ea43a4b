/** The map: what lies still, the squares of others, and me on top. */

import * as L from "/demo/vendor/leaflet.js";
import { drawCampus } from "./campus.js";
import { Cells } from "./cells.js";
import { Me } from "./me.js";

const PANES = { ground: 200, plan: 250, squares: 400, reach: 420, badges: 610, watchers: 615, me: 620 };
const STEPS = {
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};
const STEP_M = 10;
const LONG_STEP_M = 50;
const CLOSE_ZOOM = 17.25;

export class MapView {
  constructor(element, session) {
    this.session = session;
    this.map = L.map(element, {
      keyboard: false,
      zoomSnap: 0.25,
      zoomDelta: 0.5,
      minZoom: 12,
      maxZoom: 20,
      zoomControl: false,
      attributionControl: false,
      maxBoundsViscosity: 0.8,
    });
    this.#panes();
    this.whole = drawCampus(this.map, session.scene.drawing, session.scene.me.place);
    this.map.setMaxBounds(this.whole.pad(0.35));
    this.map.setView(session.state.here, CLOSE_ZOOM);
    L.control.zoom({ position: "bottomright" }).addTo(this.map);
    L.control.scale({ imperial: false, position: "bottomleft" }).addTo(this.map);
    this.cells = new Cells(this.map, session);
    this.me = new Me(this.map, session);
    this.map.on("click", ({ latlng }) => session.mover?.walk([latlng.lat, latlng.lng]));
    this.map.on("zoomend", () => this.#label());
    element.addEventListener("keydown", (event) => this.#key(event));
    this.#label();
    new ResizeObserver(() => this.map.invalidateSize()).observe(element);
  }

  /** Draw a state. */
  show(state) {
    this.cells.show(state);
    this.me.show(state);
  }

  /** Look at me. */
  find() {
    this.map.setView(this.session.state.here, Math.max(this.map.getZoom(), CLOSE_ZOOM));
  }

  /** Look at everything. */
  all() {
    this.map.fitBounds(this.whole);
  }

  #panes() {
    for (const [name, level] of Object.entries(PANES)) {
      this.map.createPane(name).style.zIndex = level;
    }
  }

  #label() {
    const zoom = this.map.getZoom();
    const container = this.map.getContainer();
    container.classList.toggle("far", zoom < 16.5);
    container.classList.toggle("farther", zoom < 15.5);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEPS[event.key];
    const { mover } = this.session;
    if (step && mover) {
      const length = event.shiftKey ? LONG_STEP_M : STEP_M;
      mover.step(step[0] * length, step[1] * length);
    } else if (event.key === "Escape") mover?.stop();
    else if (event.key === "+" || event.key === "=") this.map.zoomIn();
    else if (event.key === "-") this.map.zoomOut();
    else if (event.key === "Home") this.find();
    else return;
    event.preventDefault();
  }
}

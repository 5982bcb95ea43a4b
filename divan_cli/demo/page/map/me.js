/** Me: the exact place only I know, how far I look, my own square, and who looks at me. */

import * as L from "/demo/vendor/leaflet.js";

export class Me {
  constructor(map, session) {
    this.map = map;
    this.session = session;
    const renderer = L.svg({ pane: "reach", padding: 0.6 });
    const still = { renderer, interactive: false };
    const here = session.state.here;
    this.reach = L.circle(here, { ...still, radius: 50, className: "reach" }).addTo(map);
    this.way = L.polyline([], { ...still, className: "way" }).addTo(map);
    this.sight = L.polyline([], { ...still, className: "sight" }).addTo(map);
    this.square = L.polygon([], { renderer, className: "own-square" });
    this.square.bindTooltip("", { sticky: true, className: "tip" });
    this.goal = L.marker(here, { icon: icon("goal"), interactive: false, pane: "me" });
    this.marker = L.marker(here, {
      icon: icon("me", [44, 44]),
      draggable: true,
      autoPan: true,
      keyboard: false,
      pane: "me",
      title: "You. Drag to move.",
      zIndexOffset: 1000,
    }).addTo(map);
    this.marker.on("drag", () => session.mover?.drag(this.#dragged()));
    this.marker.on("dragend", () => session.mover?.drop(this.#dragged()));
    this.watchers = session.scene.watchers.map((who) => watcherOf(who).addTo(map));
  }

  show({ here, move, radius, cells, seen, watcher, privacy }) {
    if (move.kind !== "dragging") this.marker.setLatLng(here);
    this.reach.setLatLng(here).setRadius(radius);
    this.#toggle(this.reach, "is-moving", move.kind === "dragging" || move.kind === "sending");
    this.#goal(here, move);
    this.#own(cells.mine, seen, privacy);
    const from = this.session.scene.watchers.find((one) => one.user_id === watcher);
    const visible = Boolean(seen.item && cells.mine);
    this.sight.setLatLngs(visible ? [from.place, this.square.getBounds().getCenter()] : []);
    this.watchers.forEach((marker, index) => {
      const chosen = this.session.scene.watchers[index] === from;
      marker.getElement().classList.toggle("is-looking", chosen);
    });
    this.marker.getElement().classList.toggle("is-hidden", !visible);
  }

  #dragged() {
    const { lat, lng } = this.marker.getLatLng();
    return [lat, lng];
  }

  #goal(here, move) {
    const to = move.kind === "walking" || move.kind === "refused" ? move.to : null;
    this.way.setLatLngs(to ? [here, to] : []);
    if (to) this.goal.setLatLng(to).addTo(this.map);
    else this.goal.remove();
    this.goal.getElement()?.classList.toggle("is-refused", move.kind === "refused");
  }

  #own(mine, seen, privacy) {
    if (!mine) {
      this.square.remove(); // an empty one fails when its tooltip looks for a middle
      return;
    }
    this.square.setLatLngs(mine.corners).addTo(this.map);
    this.#toggle(this.square, "is-hidden", !seen.item);
    const hidden = privacy.ghost_mode || privacy.visibility === "none";
    this.square.setTooltipContent(
      hidden
        ? `Your square of ${mine.size_m} m. Nobody is shown it.`
        : `Your square of ${mine.size_m} m: all that others are ever measured against.`,
    );
  }

  #toggle(layer, name, on) {
    layer.getElement()?.classList.toggle(name, on);
  }
}

function icon(name, size = [0, 0]) {
  const face = document.createElement("span");
  return L.divIcon({ className: name, html: face, iconSize: size });
}

function watcherOf({ place, display_name: name, relation }) {
  const face = document.createElement("span");
  face.textContent = name;
  const looks = L.divIcon({ className: `watcher is-${relation}`, html: face, iconSize: [0, 0] });
  const options = { icon: looks, keyboard: false, pane: "watchers" };
  const text = document.createElement("span");
  text.textContent = `${name} stands here, so that you can see yourself with other eyes`;
  return L.marker(place, options).bindTooltip(text, { className: "tip", direction: "top" });
}

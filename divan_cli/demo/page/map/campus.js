/** What lies still: ground, paths, trees, houses and their names. Colours come from the style. */

import * as L from "/demo/vendor/leaflet.js";
import { moved } from "../geo.js";

const TREES_M = [3.6, 4.4, 4, 5];
const SHADE_M = [1.6, -1.8];
const RAISED = new Set(["fountain"]);

/** Draw the plan; the bounds of everything. Without a plan, the tracks or `centre` decide. */
export function drawCampus(map, drawing, centre) {
  const ground = L.svg({ pane: "ground", padding: 0.6 });
  const plan = L.svg({ pane: "plan", padding: 0.6 });
  const area = (outline, name, renderer) =>
    L.polygon(outline, { className: name, renderer, interactive: false }).addTo(map);
  const line = (points, name, renderer) =>
    L.polyline(points, { className: name, renderer, interactive: false }).addTo(map);

  if (drawing.ground.length) area(drawing.ground, "plan-ground", ground);
  const flat = drawing.areas.filter((one) => !RAISED.has(one.kind));
  const raised = drawing.areas.filter((one) => RAISED.has(one.kind));
  for (const one of flat) area(one.outline, `plan-${one.kind}`, ground);
  for (const one of drawing.streets) line(one, "plan-street", ground);
  for (const one of drawing.paths) line(one, "plan-path-edge", ground);
  for (const one of drawing.paths) line(one, "plan-path", ground);
  for (const one of drawing.tracks) line(one, "plan-track", ground);
  for (const one of raised) area(one.outline, `plan-${one.kind}`, plan);
  drawing.trees.forEach((at, index) => {
    const radius = TREES_M[index % TREES_M.length];
    L.circle(at, { radius, className: "plan-tree", renderer: plan, interactive: false }).addTo(map);
  });
  for (const { outline } of drawing.buildings) {
    area(outline.map((corner) => moved(corner, ...SHADE_M)), "plan-shade", plan);
  }
  for (const house of drawing.buildings) {
    area(house.outline, `plan-house plan-house-${house.kind}`, plan);
    nameOf(house).addTo(map);
  }
  scaleWidths(map);
  return boundsOf(drawing, centre);
}

function nameOf({ name, kind, label }) {
  const text = document.createElement("span");
  text.textContent = name;
  const icon = L.divIcon({ className: `place-name place-${kind}`, html: text, iconSize: [0, 0] });
  return L.marker(label, { icon, interactive: false, keyboard: false, pane: "badges" });
}

/** Give paths and streets their true width at every zoom. */
function scaleWidths(map) {
  const adjust = () => {
    const here = map.getCenter();
    const pixels = 256 * 2 ** map.getZoom();
    const perMetre = pixels / (40075016.7 * Math.cos((here.lat * Math.PI) / 180));
    map.getContainer().style.setProperty("--metre", `${perMetre.toFixed(4)}px`);
  };
  map.on("zoomend viewreset load", adjust);
}

function boundsOf(drawing, centre) {
  const points = [...drawing.ground, ...drawing.tracks.flat()];
  return points.length ? L.latLngBounds(points) : L.latLng(centre).toBounds(1000);
}

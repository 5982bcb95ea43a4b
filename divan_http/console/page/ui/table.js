/** Any JSON as tables and lists, for answers whose shape this page does not fix. */

import { h } from "../dom.js";
import { capital, plain } from "../words.js";

/** A list of objects is a table, an object a list of facts, anything else text. */
export function tabled(value) {
  if (Array.isArray(value)) return listed(value);
  if (isObject(value)) return described(value);
  return document.createTextNode(value === null || value === undefined ? "none" : String(value));
}

function listed(items) {
  if (!items.length) return document.createTextNode("none");
  if (!items.every(isObject)) return h("ul", { class: "plain" }, items.map((one) => h("li", {}, tabled(one))));
  const columns = [...new Set(items.flatMap((one) => Object.keys(one)))];
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": "Table" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col" }, capital(plain(name)))))),
      h("tbody", {}, items.map((one) => h("tr", {}, columns.map((name) => h("td", {}, tabled(one[name])))))),
    ),
  );
}

function described(object) {
  const pairs = Object.entries(object);
  if (!pairs.length) return document.createTextNode("none");
  return h(
    "dl",
    { class: "facts is-listed" },
    pairs.map(([name, value]) => h("div", {}, h("dt", {}, capital(plain(name))), h("dd", {}, tabled(value)))),
  );
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Any JSON as tables and lists, for answers whose shape this page does not fix. */

import { h } from "../dom.js";
import { capital, plain } from "../words.js";
import { facts, identity } from "./parts.js";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What is read first; all else is in the order in which it came. */
const FIRST = [
  "version",
  "since",
  "until",
  "rule_id",
  "action",
  "subject_type",
  "subject_id",
  "events",
  "decided",
  "would",
];

/** A list of objects is a table, an object its facts and what it has of tables, else it is text. */
export function tabled(value) {
  if (Array.isArray(value) && value.length && value.every(isObject)) return table(value);
  if (isObject(value)) return described(value);
  return h("p", {}, inline(value));
}

function table(items) {
  const columns = ordered([...new Set(items.flatMap((one) => Object.keys(one)))]);
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": "Table" },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          columns.map((name) => h("th", { scope: "col" }, capital(plain(name)))),
        ),
      ),
      h(
        "tbody",
        {},
        items.map((one) =>
          h(
            "tr",
            {},
            columns.map((name) => h("td", {}, inline(one[name]))),
          ),
        ),
      ),
    ),
  );
}

function described(object) {
  const names = ordered(Object.keys(object));
  const [simple, rest] = [
    names.filter((name) => !isLarge(object[name])),
    names.filter((name) => isLarge(object[name])),
  ];
  return h(
    "div",
    {},
    facts(simple.map((name) => [capital(plain(name)), inline(object[name])])),
    rest.map((name) => [h("h4", {}, capital(plain(name))), tabled(object[name])]),
  );
}

/** In one line: lists with commas, objects as names and values. */
function inline(value) {
  if (Array.isArray(value))
    return value.length ? value.flatMap((one, at) => [at ? ", " : "", inline(one)]) : "none";
  if (isObject(value))
    return Object.entries(value).flatMap(([name, one], at) => [
      `${at ? ", " : ""}${plain(name)}: `,
      inline(one),
    ]);
  if (typeof value === "boolean") return value ? "yes" : "no";
  const text = value === null || value === undefined ? "none" : String(value);
  return UUID.test(text) ? identity(text) : text;
}

function ordered(names) {
  return [
    ...FIRST.filter((name) => names.includes(name)),
    ...names.filter((name) => !FIRST.includes(name)),
  ];
}

function isLarge(value) {
  return isObject(value) || (Array.isArray(value) && value.some(isObject));
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

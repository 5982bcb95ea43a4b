/** Small pieces that every view is made of. */

import { h, newId } from "../dom.js";
import { ago, moment, short } from "../words.js";

/** A control with its label, and perhaps a hint. */
export function field(label, control, hint) {
  control.id ||= newId("field");
  const hintId = hint && newId("hint");
  if (hint) control.setAttribute("aria-describedby", hintId);
  return h(
    "div",
    { class: "field" },
    h("label", { for: control.id }, label),
    control,
    hint && h("p", { class: "hint", id: hintId }, hint),
  );
}

export function checkbox(label, attributes) {
  const box = h("input", { type: "checkbox", id: newId("box"), ...attributes });
  return h("label", { class: "check", for: box.id }, box, label);
}

/** A choice among [value, words]. */
export function choice(name, options, chosen, attributes = {}) {
  return h(
    "select",
    { name, ...attributes },
    options.map(([value, words]) => h("option", { value, selected: value === chosen }, words)),
  );
}

export function button(words, onclick, attributes = {}) {
  return h("button", { type: "button", onclick, ...attributes }, words);
}

export function tag(words, kind = "") {
  return h("span", { class: `tag ${kind}` }, words);
}

/** When something was; the exact moment on asking. */
export function time(text) {
  return h("time", { datetime: text, title: moment(text), "data-ago": true }, ago(text));
}

/** Say of all such moments how long ago they are by now. */
export function renewTimes() {
  for (const one of document.querySelectorAll("time[data-ago]"))
    one.textContent = ago(one.dateTime);
}

/** An id, short; the whole of it on asking. */
export function identity(id, words = short(id)) {
  return h("code", { class: "id", title: id }, words);
}

export function empty(words) {
  return h("p", { class: "empty" }, words);
}

/** A refusal or fault, said at once to those who listen. */
export function alert(fault, more) {
  const words = fault.words || fault.message || String(fault);
  return h("div", { class: "alert", role: "alert" }, h("p", {}, words), more);
}

/** Pairs of words and what they stand for; absent ones are left out. */
export function facts(pairs) {
  const known = pairs.filter(
    ([, value]) => value !== null && value !== undefined && value !== false && value !== "",
  );
  return h(
    "dl",
    { class: "facts" },
    known.map(([word, value]) => h("div", {}, h("dt", {}, word), h("dd", {}, value))),
  );
}

/** Let a button do one thing at a time; what goes wrong is given to `failed`. */
export async function busy(element, act, failed) {
  if (element.disabled) return undefined;
  element.disabled = true;
  try {
    return await act();
  } catch (fault) {
    failed(fault);
    return undefined;
  } finally {
    element.disabled = false;
  }
}

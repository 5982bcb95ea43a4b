/** Shortcuts: single keys that do something while nobody is typing. */

import { h } from "../dom.js";
import { isAsking, show } from "./dialog.js";

const TYPING = "input:not([type=checkbox]), select, textarea, [contenteditable]";

/** Call `find(key)` for what a key does now, and do it. */
export function listen(find) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isAsking())
      return;
    if (event.key === "Escape" && event.target.matches(TYPING)) event.target.blur();
    if (event.target.matches(TYPING)) return;
    const act = find(event.key);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

const HELP = [
  ["j  k", "the next row, the one before"],
  ["Enter", "open the row"],
  ["a", "assign the case to yourself"],
  ["e", "leave the case to admins"],
  ["d", "dismiss the case"],
  ["x  X  *", "choose the row, all up to it, all"],
  ["b", "do the same to all that are chosen"],
  ["n", "take up the most urgent case"],
  ["v", "show or cover what the case is about"],
  ["/", "search"],
  ["u", "back to the queue"],
  ["1  2  3  4", "queue, policies, audit, numbers"],
  ["?", "this list"],
];

export function help() {
  const rows = HELP.map(([keys, words]) =>
    h(
      "div",
      {},
      h(
        "dt",
        {},
        keys.split(/\s+/).map((key) => h("kbd", {}, key)),
      ),
      h("dd", {}, words),
    ),
  );
  show("Keys", h("dl", { class: "keys" }, rows));
}

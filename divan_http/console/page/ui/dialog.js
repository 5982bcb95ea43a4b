/** Questions that are answered before something is done. */

import { fill, h, newId } from "../dom.js";
import { newKey } from "../net.js";
import { alert, button, busy } from "./parts.js";

/**
 * Ask, then act; what is refused is told in the dialog, which stays open.
 *
 * `act(form, key)` does it; sent again after a failure it has the same key, so it is done once.
 * Resolves to what `act` gave, or undefined where somebody thought better of it.
 */
export function ask({ title, fields = [], submit, danger = false, act }) {
  return new Promise((resolve) => {
    const key = newKey();
    const titleId = newId("title");
    const faults = h("div", {});
    const confirm = h(
      "button",
      { type: "submit", class: danger ? "is-danger" : "is-main" },
      submit,
    );
    const form = h(
      "form",
      { method: "dialog" },
      h("h2", { id: titleId }, title),
      fields,
      faults,
      h(
        "div",
        { class: "buttons" },
        button("Cancel", () => dialog.close()),
        confirm,
      ),
    );
    const dialog = h("dialog", { "aria-labelledby": titleId }, form);
    let found;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      fill(faults);
      const done = await busy(
        confirm,
        () => act(new FormData(form), key),
        (fault) => fill(faults, alert(fault)),
      );
      if (done === undefined) return;
      found = done;
      dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(found);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Show something until it is closed. */
export function show(title, ...content) {
  const titleId = newId("title");
  const dialog = h(
    "dialog",
    { "aria-labelledby": titleId },
    h("h2", { id: titleId }, title),
    content,
    h(
      "div",
      { class: "buttons" },
      button("Close", () => dialog.close(), { class: "is-main" }),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** Whether somebody is being asked something. */
export function isAsking() {
  return document.querySelector("dialog[open]") !== null;
}

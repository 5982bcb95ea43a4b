/** What has happened, in a word, for a few seconds. */

import { h } from "../dom.js";
import { button } from "./parts.js";

const STAYS_MS = 6000;

export class Toasts {
  element = h("div", { class: "toasts", role: "status", "aria-live": "polite" });

  say(words) {
    const toast = h("p", { class: "toast" }, words);
    this.element.append(toast);
    setTimeout(() => toast.remove(), STAYS_MS);
  }

  /** A fault stays until it is read. */
  fail(fault) {
    const words = fault.words || fault.message;
    const close = button("Fine", () => toast.remove(), { class: "is-quiet" });
    const toast = h("div", { class: "toast is-fault" }, h("p", {}, words), close);
    this.element.append(toast);
  }
}

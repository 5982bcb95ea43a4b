/** What a case is about, covered until somebody asks to see it. */

import { fill, h } from "../dom.js";
import { button } from "../ui/parts.js";

const LONGEST = 12;

export class Cover {
  #content = null;
  #isOpen = false;
  #element = h("div", { class: "cover" });

  /** Show what the subject says now, covered as before; null where it is gone. */
  show(content) {
    this.#content = content;
    this.#draw();
    return this.#element;
  }

  toggle() {
    this.#isOpen = !this.#isOpen;
    this.#draw();
  }

  /** What is covered is not on the page at all: only how much of it there is. */
  #draw() {
    if (this.#content === null) {
      fill(this.#element, h("p", { class: "empty" }, "It is not there any more."));
      return;
    }
    const lines = Math.min(LONGEST, Math.ceil(this.#content.length / 60));
    const covered = h(
      "div",
      { class: "is-blurred", "aria-hidden": "true" },
      Array.from({ length: lines }, () => h("i", {})),
    );
    const words = this.#isOpen ? "Cover" : "Show what it says";
    fill(
      this.#element,
      this.#isOpen ? h("blockquote", { class: "content" }, this.#content) : covered,
      button(words, () => this.#asked(), {
        "aria-expanded": String(this.#isOpen),
        "aria-keyshortcuts": "v",
      }),
    );
  }

  #asked() {
    this.toggle();
    this.#element.querySelector("button")?.focus();
  }
}

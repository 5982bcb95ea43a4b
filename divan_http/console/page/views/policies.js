/** The policies there are, the newest first. */

import { fill, h } from "../dom.js";
import { alert, button, busy, tag, time } from "../ui/parts.js";
import { counted } from "../words.js";

const PATH = "/api/mod/v1/policies";

export class PoliciesView {
  #cursor = null;

  constructor(desk) {
    this.desk = desk;
    this.faults = h("div", {});
    this.list = h("ul", { class: "entries card" });
    this.more = button("Show more", () => this.#more(), { hidden: true });
    this.element = h(
      "div",
      {},
      h(
        "div",
        { class: "bar" },
        h("h2", {}, "Policies"),
        h("a", { class: "button is-main", href: "#/policies/new" }, "Write one"),
      ),
      h(
        "p",
        { class: "hint" },
        "Policies never change: who wants another rule writes another version. One is in force.",
      ),
      this.faults,
      this.list,
      this.more,
    );
  }

  async reload() {
    try {
      const page = await this.desk.client.get(PATH, { limit: 50 });
      fill(this.faults);
      fill(this.list);
      this.#add(page);
    } catch (refusal) {
      fill(this.faults, alert(refusal));
    }
  }

  async #more() {
    const page = await busy(
      this.more,
      () => this.desk.client.get(PATH, { limit: 50, cursor: this.#cursor }),
      (refusal) => this.desk.fail(refusal),
    );
    if (page) this.#add(page);
  }

  #add({ items, cursor }) {
    this.list.append(...items.map((one) => this.#policy(one)));
    this.#cursor = cursor;
    this.more.hidden = !cursor;
  }

  #policy(one) {
    return h(
      "li",
      { class: "entry" },
      h("a", { href: `#/policies/${one.id}` }, h("strong", {}, one.version)),
      ` · ${counted(one.rules, "rule")} `,
      one.active && tag("in force", "is-actioned"),
      h(
        "p",
        { class: "hint" },
        one.created_at
          ? ["kept by ", this.desk.person(one.created_by), " ", time(one.created_at)]
          : "comes with Divan",
        one.activated_at && [", in force since ", time(one.activated_at)],
      ),
    );
  }
}

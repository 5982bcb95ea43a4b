/** What somebody else's list says of me: their own account, through the same interface. */

import { Live } from "./live.js";

const RADIUS_M = 5000;

export class Watcher {
  #live;
  #tell;
  #myId;

  /** `tell({status, item})` is called whenever what they see of me has changed. */
  constructor(person, myId, tell) {
    this.#tell = tell;
    this.#myId = myId;
    this.#live = new Live(person, RADIUS_M);
    this.#live.addEventListener("open", () => this.#live.subscribe());
    this.#live.addEventListener("change", () => this.#look());
    this.#live.addEventListener("status", () => this.#look());
  }

  close() {
    this.#tell = () => {};
    this.#live.close();
  }

  #look() {
    const { status, people } = this.#live;
    this.#tell({ status, item: people.get(this.#myId) || null });
  }
}

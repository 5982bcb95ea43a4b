/** One person's live view of who is near, over Socket.IO. */

import { io } from "/console/vendor/socket.io.js";
import { applied, listed, told } from "./people.js";

const PATIENCE_MS = 8000;

/**
 * Keeps `people` equal to what the server would list within `radius`.
 *
 * Events: `change` (detail: {seq, lines, people}), `status` (detail: "live", "waiting",
 * "connecting" or "absent"; `retryAfter` in seconds while waiting for the limit).
 */
export class Live extends EventTarget {
  people = new Map();
  radius = 0;
  seq = null;
  status = "connecting";
  #socket;
  #retry = 0;
  #asked = 0;
  #subscribed = false;

  constructor(person, wanted) {
    super();
    this.radius = wanted;
    this.#socket = io("/presence", {
      path: "/socket.io",
      transports: ["websocket"],
      auth: person.credentials,
      forceNew: true,
    });
    this.#socket.on("connect", () => this.dispatchEvent(new Event("open")));
    this.#socket.on("disconnect", () => this.#lost());
    this.#socket.on("connect_error", () => this.#lost());
    this.#socket.on("nearby:update", (update) => this.#update(update));
    this.#socket.on("nearby:resync", (whole) => this.#replace(whole));
  }

  /** Send a position; the server's acknowledgement. */
  heartbeat(fix) {
    return this.#ask("presence:heartbeat", fix);
  }

  /** Ask for everybody within `radius` from now on. */
  async subscribe(radius = this.radius) {
    clearTimeout(this.#retry);
    this.radius = radius;
    const asked = ++this.#asked;
    if (!this.#socket.connected) return;
    const ack = await this.#ask("nearby:subscribe", { radius_m: radius }).catch(() => null);
    if (asked !== this.#asked || !ack) return;
    if (ack.ok) this.#replace(ack);
    else this.#refused(ack.error);
  }

  close() {
    clearTimeout(this.#retry);
    this.#asked += 1;
    this.#socket.close();
  }

  #ask(event, data) {
    return this.#socket.timeout(PATIENCE_MS).emitWithAck(event, data);
  }

  #refused(problem) {
    this.#subscribed = false;
    const seconds = problem.retry_after || 2;
    const absent = problem.code === "presence_required";
    this.#retry = setTimeout(() => this.subscribe(), seconds * 1000);
    this.#say(absent ? "absent" : "waiting", seconds);
    if (absent) this.#change(null, new Map(), []);
  }

  #lost() {
    this.#subscribed = false;
    this.#say("connecting");
  }

  #replace({ seq, items }) {
    if (!items) return;
    this.#subscribed = true;
    this.#say("live");
    this.#change(seq, listed(items), [{ sort: "whole", people: [`${items.length} people`] }]);
  }

  #update(update) {
    if (!this.#subscribed || update.radius_m !== this.radius || update.seq <= this.seq) return;
    if (update.seq !== this.seq + 1) {
      this.subscribe(); // something is missing in between: ask for everything
      return;
    }
    const lines = told(this.people, update);
    this.#change(update.seq, applied(this.people, update), lines);
  }

  #change(seq, people, lines) {
    this.seq = seq;
    this.people = people;
    this.dispatchEvent(new CustomEvent("change", { detail: { seq, lines, people } }));
  }

  #say(status, retryAfter = 0) {
    this.status = status;
    this.dispatchEvent(new CustomEvent("status", { detail: { status, retryAfter } }));
  }
}

/** What happens to cases, as it happens, over Socket.IO. */

import { io } from "./vendor/socket.io.js";

const PATIENCE_MS = 8000;
const AGAIN_MS = 2000;
const FINAL = new Set([401, 403]);

/**
 * Events: `change` (detail: {change, case}), `reload` (something may have been missed), `status`
 * (detail: "live", "connecting" or "off", with `words`), `scope` (detail: a campus id; null for all).
 */
export class Live extends EventTarget {
  #socket;
  #credentials;
  #isRenewed = false;
  #retry = 0;
  #closed = false;

  constructor(credentials) {
    super();
    this.#credentials = credentials;
    this.#socket = io("/mod", {
      path: "/socket.io",
      transports: ["websocket"],
      auth: (send) => this.#auth(send),
      autoConnect: false,
      forceNew: true,
    });
    this.#socket.on("connect", () => this.#watch());
    this.#socket.on("disconnect", (reason) => this.#lost(reason));
    this.#socket.on("connect_error", (fault) => this.#refused(fault));
    this.#socket.on("case:new", (told) => this.#say("change", told));
    this.#socket.on("case:update", (told) => this.#say("change", told));
    this.#socket.on("mod:reload", () => this.#say("reload"));
  }

  open() {
    this.#status("connecting");
    this.#socket.connect();
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#socket.close();
  }

  async #auth(send) {
    try {
      send({ token: await this.#credentials.token() });
    } catch {
      send({}); // it is refused, and tried again
    }
  }

  async #watch() {
    const ack = await this.#socket
      .timeout(PATIENCE_MS)
      .emitWithAck("queue:watch", {})
      .catch(() => null);
    if (!ack) this.#socket.disconnect().connect();
    else if (ack.ok) this.#begun(ack);
    else this.#ended(ack.error);
  }

  #begun({ campus_id }) {
    this.#isRenewed = false;
    this.#status("live");
    this.#say("scope", campus_id);
    this.#say("reload");
  }

  /** The library connects again by itself, except when it was the server that ended it. */
  #lost(reason) {
    if (this.#closed) return;
    this.#status("connecting");
    if (reason === "io server disconnect") this.#later();
  }

  #refused(fault) {
    if (fault.data) this.#ended(fault.data);
    else this.#status("connecting");
  }

  /** A token that is refused is renewed once; whoever is not of the staff is out for good. */
  async #ended(problem) {
    const renewed = problem.status === 401 && (await this.#renewed());
    const isFinal = FINAL.has(problem.status) && !renewed;
    this.#status(isFinal ? "off" : "connecting", problem.detail);
    if (!isFinal) this.#later((problem.retry_after || 0) * 1000);
  }

  async #renewed() {
    if (this.#isRenewed || !this.#credentials.isRenewable) return false;
    this.#isRenewed = true;
    return this.#credentials.renew().then(
      () => true,
      () => false,
    );
  }

  #later(wait = 0) {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#socket.connect(), Math.max(wait, AGAIN_MS));
  }

  #status(status, words = "") {
    this.#say("status", { status, words });
  }

  #say(name, detail = null) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

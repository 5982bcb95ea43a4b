/** My own movement: dragging, walking, and the heartbeats that tell the server. */

import { distance, duration, metres, moved } from "./geo.js";
import { Glide, HURRY_M_S, Pace, WALK_M_S } from "./glide.js";

const FRAME_MS = 50;
const ACCURACY_M = 5;

/**
 * Moves the visitor. `state.here` is where the marker stands, `state.move` what is going on:
 * still; walking {to, leftS, hurry}; sending {to}; or refused {to, why}.
 */
export class Mover {
  #pace = new Pace();
  #glide;
  #believed;
  #believedAt = 0;
  #busy = false;
  #held = false;

  constructor(session, here) {
    this.session = session;
    this.#glide = new Glide(here);
    this.#believed = here;
    session.set({ here });
    let last = performance.now();
    setInterval(() => {
      const now = performance.now();
      this.#frame(Math.min((now - last) / 1000, 5));
      last = now;
    }, FRAME_MS);
  }

  /** Milliseconds of the server's clock: the pace, like the limit, is counted in them. */
  get #now() {
    return this.session.clock.now();
  }

  /** Send where I am, now: on connecting, and when the server has lost me. */
  show() {
    return this.#send(this.#glide.at);
  }

  /** The marker is being dragged; it is nobody's business until it is dropped. */
  drag(here) {
    this.#held = true;
    this.session.set({ here, move: { kind: "dragging" } });
  }

  /** The marker was dropped: tell the server as soon as the pace allows, and see. */
  async drop(to) {
    const from = this.#believed;
    this.#held = true;
    this.#glide.put(from);
    this.session.set({ here: to, move: { kind: "sending", to } });
    await this.#turn();
    const seconds = (this.#now - this.#believedAt) / 1000;
    const ack = await this.#send(to);
    this.#held = false;
    if (!ack) this.stop();
    else if (ack.ok) this.#arrive(to);
    else this.#refused(ack.error, from, to, seconds);
  }

  /** Walk there. */
  walk(to, hurry = false) {
    this.#held = false;
    this.#glide.aim(to, hurry ? HURRY_M_S : WALK_M_S);
    this.#show();
  }

  /** Walk some metres on from where I am going. */
  step(east, north) {
    const { kind, hurry } = this.session.state.move;
    this.walk(moved(this.#glide.target || this.#glide.at, east, north), kind === "walking" && hurry);
  }

  hurry() {
    const to = this.#glide.target;
    if (to) this.walk(to, true);
  }

  /** Stay where the marker is. */
  stop() {
    this.#held = false;
    this.#glide.put(this.#glide.at);
    this.session.set({ here: this.#glide.at, move: { kind: "still" } });
  }

  /** Wait until something may be sent. */
  async #turn() {
    for (let wait = 1; wait > 0; ) {
      wait = Math.max(this.#pace.wait(this.#now) / this.#speed, this.#busy ? FRAME_MS : 0);
      await new Promise((done) => setTimeout(done, wait));
    }
  }

  get #speed() {
    return this.session.scene.speed;
  }

  #frame(seconds) {
    if (this.#held) return;
    if (this.#glide.advance(seconds * this.#speed)) this.#show();
    if (this.#pace.isDue(this.#glide.at, this.#now)) this.#send(this.#glide.at);
  }

  #show() {
    const { at, target, leftS, speed } = this.#glide;
    const walking = { kind: "walking", to: target, leftS, hurry: speed > WALK_M_S };
    this.session.set({ here: at, move: target ? walking : { kind: "still" } });
  }

  #arrive(to) {
    this.#glide.put(to);
    this.#show();
    this.session.say("You moved; the server believed it.");
  }

  #refused(problem, from, to, seconds) {
    if (problem.code !== "implausible_movement") {
      this.stop();
      this.session.set({ notice: problem.detail, said: problem.detail });
      return;
    }
    const far = distance(from, to);
    const why =
      `${metres(far)} in ${duration(seconds)} would be ${Math.round(far / Math.max(seconds, 1))} ` +
      "metres a second. The server believes at most 12, so nobody was told of it.";
    const move = { kind: "refused", to, why, walkS: far / WALK_M_S, hurryS: far / HURRY_M_S };
    this.session.set({ here: from, move, said: `The server did not believe that. ${why}` });
  }

  async #send(at) {
    if (this.#busy) return null;
    this.#busy = true;
    const now = this.#now;
    this.#pace.sent(at, now);
    try {
      const ack = await this.session.live.heartbeat(this.#fix(at, now));
      this.#heard(ack, at, now);
      return ack;
    } catch {
      return null; // not connected: the next connection begins with a heartbeat
    } finally {
      this.#busy = false;
    }
  }

  #heard(ack, at, now) {
    if (ack.ok) {
      this.#believed = at;
      this.#believedAt = now;
    } else if (ack.error.code === "rate_limited") {
      this.#pace.hold((ack.error.retry_after || 2) * 1000, now);
    } else if (ack.error.code === "clock_skew") {
      this.session.tellTime();
    } else if (!this.#held) {
      this.#elsewhere(now);
    }
  }

  /** The server believes me somewhere else, as after moving in another tab: go there. */
  async #elsewhere(now) {
    this.#pace.hold(Pace.GAP_MS, now);
    const { here } = await this.session.me.get("/demo/cells?radius_m=1");
    if (!here || distance(here, this.#glide.at) < 30) return;
    this.#believed = here;
    this.#glide.put(here);
    this.#show();
  }

  #fix([lat, lon], now) {
    return { lat, lon, accuracy_m: ACCURACY_M, device_id: "demo-page", ts_client: now };
  }
}

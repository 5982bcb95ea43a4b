/** How the visitor's own marker moves, and when its device speaks. Pure; time is handed in. */

import { between, distance } from "./geo.js";

/** An easy walk and the quickest way that the server still believes (its limit is 12 m/s). */
export const WALK_M_S = 1.4;
export const HURRY_M_S = 11;

/** A body that glides towards a target. */
export class Glide {
  constructor(at) {
    this.at = at;
    this.target = null;
    this.speed = WALK_M_S;
  }

  /** Stand here, at once. */
  put(at) {
    this.at = at;
    this.target = null;
  }

  /** Go there from now on. */
  aim(target, speed = WALK_M_S) {
    this.target = target;
    this.speed = speed;
  }

  get leftM() {
    return this.target ? distance(this.at, this.target) : 0;
  }

  get leftS() {
    return this.leftM / this.speed;
  }

  /** Let seconds pass; whether the body moved. */
  advance(seconds) {
    if (!this.target) return false;
    const left = this.leftM;
    const step = this.speed * seconds;
    if (step >= left) this.put(this.target);
    else this.at = between(this.at, this.target, step / left);
    return true;
  }
}

/** When a device sends: 30 heartbeats a minute are allowed, and a lease lasts 90 s. */
export class Pace {
  static GAP_MS = 2200;
  static KEEP_MS = 30000;

  #sentAt = -Infinity;
  #sent = null;
  #notBefore = 0;

  /** Whether somebody at this place has something to say and may say it now. */
  isDue(at, now) {
    if (now < this.#notBefore || now - this.#sentAt < Pace.GAP_MS) return false;
    const moved = !this.#sent || distance(this.#sent, at) > 0.5;
    return moved || now - this.#sentAt >= Pace.KEEP_MS;
  }

  /** Milliseconds until something may be sent. */
  wait(now) {
    return Math.max(0, this.#notBefore - now, this.#sentAt + Pace.GAP_MS - now);
  }

  sent(at, now) {
    this.#sent = at;
    this.#sentAt = now;
  }

  /** Say nothing for some milliseconds, then say where one is, moved or not. */
  hold(milliseconds, now) {
    this.#notBefore = now + milliseconds;
    this.#sent = null;
  }
}

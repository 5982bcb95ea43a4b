/**
 * How somebody shows who they are. They are kept for this tab alone, and never in an address.
 *
 * A token is sent as it was given; a password is exchanged for tokens that are renewed in time.
 */

import { Refused, answer } from "./net.js";

const PLACE = "divan.console.credentials";
const EARLY_MS = 30_000;

export class Credentials {
  #known;
  #renewing = null;

  /** Those of this tab; null where there are none. */
  static kept() {
    const text = sessionStorage.getItem(PLACE);
    return text ? new Credentials(JSON.parse(text)) : null;
  }

  /** A token of whoever issues them here. */
  static ofToken(text) {
    return new Credentials({ token: text.trim().replace(/^Bearer\s+/i, "") });
  }

  /** Claims that only a server in development believes. */
  static ofClaims(userId, campusId, roles) {
    const parts = [`uid:${userId.trim()}`, `campus:${campusId.trim()}`, `roles:${roles.trim()}`];
    return new Credentials({ token: parts.join(";") });
  }

  static async ofPassword(email, password) {
    return new Credentials(session(await answer("POST", "/auth/token", { email, password })));
  }

  constructor(known) {
    this.#known = known;
  }

  keep() {
    sessionStorage.setItem(PLACE, JSON.stringify(this.#known));
  }

  /** A token that is good now. */
  async token() {
    const { until } = this.#known;
    if (until && Date.now() > until - EARLY_MS) await this.renew();
    return this.#known.token;
  }

  /** Whether a token can be had in place of one that is refused. */
  get isRenewable() {
    return Boolean(this.#known.refresh);
  }

  /** Get a new token; whoever asks meanwhile waits for the same one, as each is good once. */
  renew() {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  /** Forget them here, and end the session where there is one. */
  async forget() {
    sessionStorage.removeItem(PLACE);
    const refresh_token = this.#known.refresh;
    if (!refresh_token) return;
    try {
      await answer("POST", "/auth/logout", { refresh_token });
    } catch (refusal) {
      if (!(refusal instanceof Refused)) throw refusal; // it ends by itself
    }
  }

  async #renew() {
    const refresh_token = this.#known.refresh;
    this.#known = session(await answer("POST", "/auth/refresh", { refresh_token }));
    this.keep();
  }
}

function session({ access_token, refresh_token, expires_in }) {
  return { token: access_token, refresh: refresh_token, until: Date.now() + expires_in * 1000 };
}

/** Everything the page knows and does, apart from drawing: one visitor's session. */

import { Live } from "./live.js";
import { Person, answer } from "./net.js";
import { ServerClock } from "./clock.js";
import { Mover } from "./mover.js";
import { Watcher } from "./watcher.js";
import { nearestFirst, sentence } from "./people.js";

const FEED_LENGTH = 40;
const CELLS_MS = 2000;

export class Session {
  #listeners = new Set();
  #drawn = 0;

  static async open() {
    return new Session(await answer("/demo/scene"));
  }

  constructor(scene) {
    this.scene = scene;
    this.clock = new ServerClock(scene.now, scene.speed);
    this.me = new Person(scene.campus_id, scene.me);
    this.state = {
      here: scene.me.place,
      move: { kind: "still" },
      radius: 50,
      people: new Map(),
      status: "connecting",
      seq: null,
      privacy: { visibility: "everyone", blur_distance_m: 0, ghost_mode: false },
      blocked: [],
      cells: { cells: [], mine: null },
      everyone: false,
      feed: [],
      paused: false,
      chosen: null,
      watcher: scene.watchers[0].user_id,
      seen: { status: "connecting", item: null },
      notice: "",
      said: "",
    };
  }

  /** Connect, take up where the server last saw me, and live. */
  async start() {
    const [account, blocked, view] = await Promise.all([
      this.me.get("/me"),
      this.me.get("/demo/blocked"),
      this.me.get("/demo/cells?radius_m=1"),
    ]);
    this.set({ privacy: account.privacy, blocked: blocked.items });
    this.live = new Live(this.me, this.state.radius);
    this.mover = new Mover(this, view.here || this.state.here);
    this.live.addEventListener("open", () => this.#opened());
    this.live.addEventListener("change", ({ detail }) => this.#changed(detail));
    this.live.addEventListener("status", ({ detail }) => this.#status(detail));
    this.watch(this.state.watcher);
    setInterval(() => this.lookAround(), CELLS_MS);
    document.addEventListener("visibilitychange", () => this.lookAround());
  }

  /** Be told of every change of the state, at most once a frame. */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(patch) {
    this.state = { ...this.state, ...patch };
    if (this.#drawn) return;
    this.#drawn = requestAnimationFrame(() => {
      this.#drawn = 0;
      for (const listener of this.#listeners) listener(this.state);
    });
  }

  /** Ask the server for its time again, as after this machine has slept. */
  async tellTime() {
    const { now, speed } = await answer("/demo/scene");
    this.clock = new ServerClock(now, speed);
  }

  /** Say something to everybody, also to those who listen instead of looking. */
  say(text) {
    this.set({ said: text });
  }

  setRadius(radius) {
    this.set({ radius });
    this.live.subscribe(radius).then(() => this.lookAround());
  }

  async setPrivacy(fields) {
    const before = this.state.privacy;
    this.set({ privacy: { ...before, ...fields } });
    try {
      this.set({ privacy: await this.me.patch("/me/privacy", fields) });
    } catch (refusal) {
      this.set({ privacy: before });
      this.fail(refusal);
    }
    this.lookAround();
  }

  async block(person) {
    await this.#try(`/friends/${person.user_id}/block`, `${person.display_name} is blocked.`);
    const others = this.state.blocked.filter((one) => one.user_id !== person.user_id);
    const { user_id, display_name, is_friend } = person;
    this.set({ blocked: [...others, { user_id, display_name, was_friend: Boolean(is_friend) }] });
  }

  async unblock(person) {
    await this.#try(`/friends/${person.user_id}/unblock`, `${person.display_name} is unblocked.`);
    this.set({ blocked: this.state.blocked.filter((one) => one.user_id !== person.user_id) });
  }

  /** Restore what unblocking does not: only a demo can. */
  befriend(person) {
    return this.#try(`/demo/befriend/${person.user_id}`, `You and ${person.name} are friends.`);
  }

  setEveryone(everyone) {
    this.set({ everyone });
    this.lookAround();
  }

  choose(userId) {
    this.set({ chosen: this.state.chosen === userId ? null : userId });
  }

  pause(paused) {
    this.set({ paused });
  }

  /** Look at myself with the eyes of one of the watchers. */
  watch(userId) {
    this.watcher?.close();
    const who = this.scene.watchers.find((one) => one.user_id === userId);
    this.set({ watcher: userId, seen: { status: "connecting", item: null } });
    this.watcher = new Watcher(new Person(this.scene.campus_id, who), this.me.userId, (seen) => {
      this.set({ seen });
      this.lookAround();
    });
  }

  /** Fetch the squares of those who are listed, or of everybody in god view. */
  async lookAround() {
    if (document.hidden || this.looking) return;
    this.looking = true;
    const { radius, everyone } = this.state;
    try {
      const path = `/demo/cells?radius_m=${radius}&everyone=${everyone}`;
      this.set({ cells: await this.me.get(path) });
    } catch {
      // the connection's own status says what is wrong; the next look is two seconds away
    } finally {
      this.looking = false;
    }
  }

  fail(refusal) {
    const wait = refusal.retryAfter ? ` Try again in ${refusal.retryAfter} s.` : "";
    const notice = refusal.message.includes("Try again") ? refusal.message : refusal.message + wait;
    this.set({ notice, said: notice });
  }

  forgive() {
    this.set({ notice: "" });
  }

  get neighbours() {
    return nearestFirst(this.state.people);
  }

  async #try(path, done) {
    try {
      await this.me.post(path);
      this.say(done);
    } catch (refusal) {
      this.fail(refusal);
      throw refusal;
    } finally {
      this.lookAround();
    }
  }

  async #opened() {
    await this.mover.show();
    await this.live.subscribe(this.state.radius);
    this.lookAround();
  }

  #changed({ seq, lines, people }) {
    const { feed, paused, said } = this.state;
    const entry = { seq, at: new Date(), lines };
    const news = !paused && lines.length > 0;
    this.set({
      seq,
      people,
      feed: news ? [entry, ...feed].slice(0, FEED_LENGTH) : feed,
      said: news && lines[0].sort !== "whole" ? sentence(lines) : said,
    });
    this.lookAround();
  }

  #status({ status, retryAfter }) {
    this.set({ status, retryAfter });
    if (status === "absent") this.mover.show();
  }
}

/** The server's clock, which may run faster than this machine's. */
export class ServerClock {
  #began = performance.now();

  /** `now` is the server's time in epoch milliseconds, `speed` how many times faster it runs. */
  constructor(now, speed) {
    this.origin = now;
    this.speed = speed;
  }

  now() {
    return Math.round(this.origin + (performance.now() - this.#began) * this.speed);
  }
}

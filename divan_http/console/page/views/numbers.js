/** How the desk stands, in numbers. */

import { fill, h, svg } from "../dom.js";
import { alert, choice, empty, field, identity } from "../ui/parts.js";
import { span } from "../words.js";

const PATH = "/api/mod/v1/dashboard";
const DAYS = [7, 30, 90].map((days) => [String(days), `${days} days`]);
const KINDS = ["opened", "actioned", "dismissed"];
const PAUSE_MS = 3000;

export class NumbersView {
  #timer = 0;

  constructor(desk) {
    this.desk = desk;
    this.faults = h("div", {});
    this.numbers = h("dl", { class: "numbers" });
    this.days = choice("days", DAYS, "30");
    this.chart = h("div", {});
    this.staff = h("tbody", {});
    this.days.addEventListener("change", () => this.reload());
    const columns = ["Who", "Before them", "Decided in 7 days"];
    this.element = h(
      "div",
      {},
      h("div", { class: "bar" }, h("h2", {}, "Numbers")),
      this.faults,
      this.numbers,
      h(
        "section",
        { class: "card" },
        h("h3", {}, "Day by day"),
        field("Of the last", this.days),
        this.chart,
      ),
      h(
        "section",
        { class: "card" },
        h("h3", {}, "Who has how much to do"),
        h(
          "table",
          {},
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              columns.map((name) => h("th", { scope: "col" }, name)),
            ),
          ),
          this.staff,
        ),
      ),
    );
  }

  close() {
    clearTimeout(this.#timer);
  }

  /** Numbers change with cases; they are asked for at most every few seconds. */
  changed() {
    this.#timer ||= setTimeout(() => {
      this.#timer = 0;
      this.reload();
    }, PAUSE_MS);
  }

  async reload() {
    const { client } = this.desk;
    try {
      const [kpis, trends, workload] = await Promise.all([
        client.get(`${PATH}/kpis`),
        client.get(`${PATH}/trends`, { days: this.days.value }),
        client.get(`${PATH}/workload`),
      ]);
      fill(this.faults);
      fill(
        this.numbers,
        told(kpis).map(([words, value]) => h("div", {}, h("dt", {}, words), h("dd", {}, value))),
      );
      fill(this.chart, drawn(trends.days));
      fill(
        this.staff,
        workload.staff.length
          ? workload.staff.map((one) => this.#load(one))
          : h("tr", {}, h("td", { colspan: 3 }, empty("Nobody has anything."))),
      );
    } catch (refusal) {
      fill(this.faults, alert(refusal));
    }
  }

  #load({ user_id, assigned, decided_7d }) {
    const who = h("td", {}, identity(user_id, user_id === this.desk.me.user_id ? "you" : user_id));
    return h("tr", {}, who, h("td", {}, String(assigned)), h("td", {}, String(decided_7d)));
  }
}

function told(kpis) {
  const seconds = (value) => (value === null ? "none" : span(value));
  return [
    ["Open", String(kpis.open)],
    ["Escalated", String(kpis.escalated)],
    ["In nobody's care", String(kpis.unassigned)],
    ["The oldest waits for", seconds(kpis.oldest_age_s)],
    ["Opened in 24 h", String(kpis.opened_24h)],
    ["Decided in 24 h", String(kpis.decided_24h)],
    ["Actioned in 7 days", String(kpis.actioned_7d)],
    ["Dismissed in 7 days", String(kpis.dismissed_7d)],
    ["Half are decided within", seconds(kpis.median_decision_s)],
    ["Appeals that wait", String(kpis.appeals_open)],
    ["Accepted in 7 days", String(kpis.appeals_accepted_7d)],
    ["Rejected in 7 days", String(kpis.appeals_rejected_7d)],
  ];
}

const WIDTH = 9;
const HEIGHT = 120;

/** Bars of every day, and the same as a table for those who listen. */
function drawn(days) {
  const highest = Math.max(1, ...days.flatMap((day) => KINDS.map((kind) => day[kind])));
  const bars = days.flatMap((day, index) =>
    KINDS.map((kind, place) => {
      const height = (HEIGHT * day[kind]) / highest;
      const x = index * WIDTH * 4 + place * WIDTH;
      const bar = svg("rect", {
        class: `is-${kind}`,
        x,
        y: HEIGHT - height,
        width: WIDTH - 1,
        height,
      });
      bar.append(svg("title", {}, `${day.day}: ${day[kind]} ${kind}`));
      return bar;
    }),
  );
  const viewBox = `0 0 ${days.length * WIDTH * 4} ${HEIGHT + 1}`;
  return [
    svg(
      "svg",
      { class: "bars", viewBox, preserveAspectRatio: "none", "aria-hidden": "true" },
      bars,
    ),
    h(
      "p",
      { class: "legend" },
      KINDS.map((kind) => h("span", { class: `is-${kind}` }, kind)),
    ),
    h(
      "details",
      {},
      h("summary", {}, "As a table"),
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["day", ...KINDS].map((name) => h("th", { scope: "col" }, name)),
          ),
        ),
        h(
          "tbody",
          {},
          days.map((day) =>
            h(
              "tr",
              {},
              [day.day, ...KINDS.map((kind) => day[kind])].map((value) =>
                h("td", {}, String(value)),
              ),
            ),
          ),
        ),
      ),
    ),
  ];
}

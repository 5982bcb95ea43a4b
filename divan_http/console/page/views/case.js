/** One case: what it is about, who says what is wrong, what was done, and what can be. */

import * as deeds from "../deeds.js";
import { fill, h } from "../dom.js";
import { alert, button, empty, facts, identity, tag, time } from "../ui/parts.js";
import {
  LIVE,
  actionWord,
  capital,
  changeWord,
  counted,
  moment,
  plain,
  reasonWord,
  short,
  subjectWord,
} from "../words.js";
import { ActionForm } from "./actionform.js";
import { Cover } from "./cover.js";
import { flags } from "./row.js";

const CASES = "/api/mod/v1/cases";
const BEFORE = 10;

export class CaseView {
  #asked = 0;

  constructor(desk, id) {
    this.desk = desk;
    this.id = id;
    this.cover = new Cover();
    this.form = new ActionForm(desk, id, () => this.reload());
    this.parts = Object.fromEntries(
      ["faults", "head", "about", "appeals", "done", "reports", "before", "timeline"].map((name) => [name, h("div", {})]),
    );
    const { faults, head, about, appeals, done, reports, before, timeline } = this.parts;
    this.element = h(
      "div",
      {},
      h("a", { class: "back", href: "#/queue", onclick: (event) => this.#back(event) }, "← Queue"),
      faults,
      head,
      h(
        "div",
        { class: "columns" },
        h("div", {}, about, appeals, done, this.form.element),
        h("div", {}, reports, before, timeline),
      ),
    );
    this.keys = {
      a: () => this.#do(deeds.assign),
      e: () => this.#do(deeds.escalate),
      d: () => this.#do(deeds.dismiss),
      v: () => this.cover.toggle(),
      Escape: () => desk.back(),
    };
  }

  async reload() {
    const asked = ++this.#asked;
    try {
      const detail = await this.desk.client.get(`${CASES}/${encodeURIComponent(this.id)}`);
      if (asked === this.#asked) this.#draw(detail);
    } catch (refusal) {
      if (asked === this.#asked) fill(this.parts.faults, alert(refusal));
    }
  }

  changed({ case: found }) {
    if (found.id === this.id) this.reload();
  }

  #back(event) {
    event.preventDefault();
    this.desk.back();
  }

  async #do(deed) {
    if (this.found && (await deed(this.desk, this.found))) await this.reload();
  }

  #draw(detail) {
    const found = detail.case;
    const { faults, head, about, appeals, done, reports, timeline } = this.parts;
    fill(faults);
    fill(head, this.#head(found));
    fill(about, this.#about(found, detail.content));
    fill(appeals, this.#appeals(detail.appeals || []));
    fill(done, this.#done(detail.actions));
    fill(reports, this.#reports(detail.reports));
    fill(timeline, this.#timeline(detail.timeline));
    this.form.fit(found);
    if (found.owner_id && found.owner_id !== this.owner) this.#remember(found);
    this.owner = found.owner_id;
    this.found = found;
  }

  #head(found) {
    const isLive = LIVE.has(found.status);
    const waits = isLive || found.appeal_open;
    return [
      h(
        "div",
        { class: "bar" },
        h("span", { class: `severity is-${found.severity}`, title: `Severity ${found.severity} of 5` }, `${found.severity}`),
        h("h2", {}, `${subjectWord(found.subject_type)} ${short(found.subject_id)}`),
        h("span", { class: "tags" }, flags(found)),
      ),
      h(
        "div",
        { class: "buttons is-left" },
        button("Assign to me", () => this.#do(deeds.assign), { disabled: !waits, "aria-keyshortcuts": "a" }),
        button("Assign…", () => this.#do(deeds.assignTo), { disabled: !waits }),
        button("Escalate…", () => this.#do(deeds.escalate), { disabled: !isLive, "aria-keyshortcuts": "e" }),
        button("Dismiss…", () => this.#do(deeds.dismiss), { disabled: !isLive, "aria-keyshortcuts": "d" }),
        button("Next case", () => deeds.next(this.desk), { "aria-keyshortcuts": "n" }),
      ),
    ];
  }

  #about(found, content) {
    const { desk } = this;
    return section(
      "What it is about",
      this.cover.show(content),
      facts([
        ["Whose", found.owner_id && h("a", { href: `#/queue?status=&q=${found.owner_id}` }, identity(found.owner_id, desk.person(found.owner_id)))],
        ["Gravest reason", capital(reasonWord(found.reason))],
        ["Reports", found.report_count > 0 && `${found.report_count}, weighing ${found.weight}`],
        ["In the care of", found.assigned_to && identity(found.assigned_to, desk.person(found.assigned_to))],
        ["On the desk of", found.leased_to && `${desk.person(found.leased_to)} until ${moment(found.leased_until)}`],
        ["Decided", found.decision && h("span", {}, `${found.decision} by ${found.decided_by ? desk.person(found.decided_by) : "a rule"}, `, time(found.decided_at))],
        ["Opened", time(found.opened_at)],
        ["Case", identity(found.id)],
      ]),
      found.brigading && h("p", { class: "hint" }, "Most of the reports weigh little: they may have been agreed on."),
    );
  }

  #appeals(items) {
    if (!items.length) return null;
    return section("Appeal", items.map((one) => this.#appeal(one)));
  }

  #appeal(one) {
    const decide = (status) => async () => {
      if (await deeds.resolve(this.desk, one.id, status)) await this.reload();
    };
    return h(
      "article",
      { class: "entry", "data-appeal": one.status },
      h("p", {}, tag(capital(one.status), `is-${one.status}`), " ", h("strong", {}, called(one.appellant)), " ", time(one.created_at)),
      one.note && h("blockquote", {}, one.note),
      one.resolved_at && h("p", { class: "hint" }, `Decided by ${this.desk.person(one.resolver_id)}, `, time(one.resolved_at)),
      one.outcome_note && h("p", {}, `Answer: ${one.outcome_note}`),
      one.status === "open" &&
        h("div", { class: "buttons is-left" }, button("Accept…", decide("accepted")), button("Reject…", decide("rejected"))),
    );
  }

  #done(items) {
    if (!items.length) return null;
    return section("What was done", h("ul", { class: "entries" }, items.map((one) => this.#action(one))));
  }

  #action(one) {
    const words = actionWord(one.action);
    const isFelt = !["none", "warn"].includes(one.action);
    const after = (deed) => async () => {
      if (await deed(this.desk, this.id, one.id, words)) await this.reload();
    };
    return h(
      "li",
      { class: "entry", "data-action": one.action, "data-end": one.end || "" },
      h(
        "p",
        {},
        h("strong", {}, words),
        ` on ${subjectWord(one.target_type).toLowerCase()} `,
        identity(one.target_id),
        ` by ${one.by ? this.desk.person(one.by) : "a rule"}, `,
        time(one.created_at),
        one.until && !one.end && h("span", { class: "hint" }, `, until ${moment(one.until)}`),
      ),
      one.scope === "deployment" && h("p", {}, tag("Whole deployment", "is-escalated"), one.pending && " It waits for another admin."),
      one.reason && h("blockquote", {}, one.reason),
      one.note && h("p", { class: "hint" }, `Note: ${one.note}`),
      one.end && h("p", { class: "hint" }, `${capital(one.end)} `, time(one.ended_at), one.ended_by && ` by ${this.desk.person(one.ended_by)}`),
      isFelt &&
        !one.end &&
        h(
          "div",
          { class: "buttons is-left" },
          one.pending && button("Confirm…", after(deeds.confirm), { "aria-label": `Confirm ${words}` }),
          button("Undo…", after(deeds.revert), { "aria-label": `Undo ${words}` }),
        ),
    );
  }

  #reports(items) {
    return section(
      `Reports (${items.length})`,
      !items.length && empty("Nobody has reported it."),
      h(
        "ul",
        { class: "entries" },
        items.map((one) =>
          h(
            "li",
            { class: "entry" },
            h(
              "p",
              {},
              h("strong", {}, capital(reasonWord(one.reason_code))),
              " by ",
              identity(one.reporter_id, this.desk.person(one.reporter_id)),
              ", ",
              time(one.created_at),
              h("span", { class: "hint" }, ` · weighs ${one.weight}`),
            ),
            one.note && h("blockquote", {}, one.note),
          ),
        ),
      ),
    );
  }

  #timeline(items) {
    return section(
      "On record",
      items.length
        ? h("ol", { class: "entries timeline" }, items.map((one) => this.#entry(one)))
        : empty("Nothing was decided yet."),
    );
  }

  #entry(one) {
    const kind = one.data.kind ? `: ${actionWord(one.data.kind)}` : "";
    const what = one.data.kind ? changeWord(one.action) + kind : changeWord(one.action);
    return h(
      "li",
      { class: "entry" },
      h("p", {}, h("strong", {}, what), ` by ${one.actor_id ? this.desk.person(one.actor_id) : "a rule"}, `, time(one.at)),
      one.reason && h("blockquote", {}, one.reason),
      one.erased && h("p", { class: "hint" }, "What was said was erased with a person's data."),
    );
  }

  /** Other cases of the same person. */
  async #remember({ owner_id }) {
    const { before } = this.parts;
    try {
      const { items } = await this.desk.client.get(CASES, { q: owner_id, limit: BEFORE + 1 });
      const others = items.filter((one) => one.id !== this.id).slice(0, BEFORE);
      fill(before, section("Other cases of this person", others.length ? history(others) : empty("There are none.")));
    } catch (refusal) {
      fill(before, section("Other cases of this person", alert(refusal)));
    }
  }
}

/** Somebody with a name; without one where they are gone. */
function called({ user_id, handle, display_name }) {
  return handle ? `${display_name} (@${handle})` : short(user_id);
}

function history(cases) {
  return h(
    "ul",
    { class: "entries" },
    cases.map((one) =>
      h(
        "li",
        { class: "entry" },
        h("a", { href: `#/cases/${one.id}` }, `${subjectWord(one.subject_type)} ${short(one.subject_id)}`),
        ` · ${reasonWord(one.reason)} · ${counted(one.report_count, "report")} · ${plain(one.decision || one.status)}, `,
        time(one.opened_at),
      ),
    ),
  );
}

function section(title, ...content) {
  return h("section", { class: "card" }, h("h3", {}, title), content);
}

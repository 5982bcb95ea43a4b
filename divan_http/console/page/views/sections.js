/** The sections of a case's page, drawn from what the server says of it. */

import { h } from "../dom.js";
import { button, empty, facts, identity, tag, time } from "../ui/parts.js";
import {
  actionWord,
  capital,
  changeWord,
  moment,
  plain,
  reasonWord,
  reportsWord,
  short,
  subjectWord,
} from "../words.js";

/** What a case is about; `cover` shows it when somebody asks. */
export function about(desk, found, cover) {
  return section(
    "What it is about",
    cover,
    facts([
      [
        "Whose",
        found.owner_id &&
          h(
            "a",
            { href: `#/queue?status=&q=${found.owner_id}` },
            identity(found.owner_id, desk.person(found.owner_id)),
          ),
      ],
      ["Gravest reason", capital(reasonWord(found.reason))],
      ["Reports", found.report_count > 0 && `${found.report_count}, weighing ${found.weight}`],
      [
        "In the care of",
        found.assigned_to && identity(found.assigned_to, desk.person(found.assigned_to)),
      ],
      [
        "On the desk of",
        found.leased_to && `${desk.person(found.leased_to)} until ${moment(found.leased_until)}`,
      ],
      [
        "Decided",
        found.decision &&
          h(
            "span",
            {},
            `${found.decision} by ${found.decided_by ? desk.person(found.decided_by) : "a rule"}, `,
            time(found.decided_at),
          ),
      ],
      ["Opened", time(found.opened_at)],
      ["Case", identity(found.id)],
    ]),
    found.brigading &&
      h(
        "p",
        { class: "hint" },
        "Most of the reports weigh little: they may have been agreed on.",
      ),
  );
}

/** Appeals; `resolve(appeal, status)` decides one. */
export function appeals(desk, items, resolve) {
  if (!items.length) return null;
  return section(
    "Appeal",
    items.map((one) => appeal(desk, one, resolve)),
  );
}

function appeal(desk, one, resolve) {
  const decide = (status) => () => resolve(one.id, status);
  return h(
    "article",
    { class: "entry", "data-appeal": one.status },
    h(
      "p",
      {},
      tag(capital(one.status), `is-${one.status}`),
      " ",
      h("strong", {}, called(one.appellant)),
      " ",
      time(one.created_at),
    ),
    one.note && h("blockquote", {}, one.note),
    one.resolved_at &&
      h(
        "p",
        { class: "hint" },
        `Decided by ${desk.person(one.resolver_id)}, `,
        time(one.resolved_at),
      ),
    one.outcome_note && h("p", {}, `Answer: ${one.outcome_note}`),
    one.status === "open" &&
      h(
        "div",
        { class: "buttons is-left" },
        button("Accept…", decide("accepted")),
        button("Reject…", decide("rejected")),
      ),
  );
}

/** Actions; `confirm(action, words)` and `revert(action, words)` do what is left to do. */
export function actions(desk, items, deeds) {
  if (!items.length) return null;
  return section(
    "What was done",
    h(
      "ul",
      { class: "entries" },
      items.map((one) => action(desk, one, deeds)),
    ),
  );
}

function action(desk, one, { confirm, revert }) {
  const words = actionWord(one.action);
  const isFelt = !["none", "warn"].includes(one.action);
  const after = (deed) => () => deed(one.id, words);
  return h(
    "li",
    { class: "entry", "data-action": one.action, "data-end": one.end || "" },
    h(
      "p",
      {},
      h("strong", {}, words),
      ` on ${subjectWord(one.target_type).toLowerCase()} `,
      identity(one.target_id),
      ` by ${one.by ? desk.person(one.by) : "a rule"}, `,
      time(one.created_at),
      one.until && !one.end && h("span", { class: "hint" }, `, until ${moment(one.until)}`),
    ),
    one.scope === "deployment" &&
      h(
        "p",
        {},
        tag("Whole deployment", "is-escalated"),
        one.pending && " It waits for another admin.",
      ),
    one.reason && h("blockquote", {}, one.reason),
    one.note && h("p", { class: "hint" }, `Note: ${one.note}`),
    one.end &&
      h(
        "p",
        { class: "hint" },
        `${capital(one.end)} `,
        time(one.ended_at),
        one.ended_by && ` by ${desk.person(one.ended_by)}`,
      ),
    isFelt &&
      !one.end &&
      h(
        "div",
        { class: "buttons is-left" },
        one.pending &&
          button("Confirm…", after(confirm), { "aria-label": `Confirm ${words}` }),
        button("Undo…", after(revert), { "aria-label": `Undo ${words}` }),
      ),
  );
}

export function reports(desk, items) {
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
            identity(one.reporter_id, desk.person(one.reporter_id)),
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

/** What is on record of a case. */
export function timeline(desk, items) {
  return section(
    "On record",
    items.length
      ? h(
          "ol",
          { class: "entries timeline" },
          items.map((one) => entry(desk, one)),
        )
      : empty("Nothing was decided yet."),
  );
}

function entry(desk, one) {
  const kind = one.data.kind ? `: ${actionWord(one.data.kind)}` : "";
  const what = one.data.kind ? changeWord(one.action) + kind : changeWord(one.action);
  return h(
    "li",
    { class: "entry" },
    h(
      "p",
      {},
      h("strong", {}, what),
      ` by ${one.actor_id ? desk.person(one.actor_id) : "a rule"}, `,
      time(one.at),
    ),
    one.reason && h("blockquote", {}, one.reason),
    one.erased && h("p", { class: "hint" }, "What was said was erased with a person's data."),
  );
}

/** Somebody with a name; without one where they are gone. */
function called({ user_id, handle, display_name }) {
  return handle ? `${display_name} (@${handle})` : short(user_id);
}

/** Other cases of the same person. */
export function history(cases) {
  return h(
    "ul",
    { class: "entries" },
    cases.map((one) =>
      h(
        "li",
        { class: "entry" },
        h(
          "a",
          { href: `#/cases/${one.id}` },
          `${subjectWord(one.subject_type)} ${short(one.subject_id)}`,
        ),
        ` · ${reasonWord(one.reason)} · ${reportsWord(one.report_count)} · ${plain(one.decision || one.status)}, `,
        time(one.opened_at),
      ),
    ),
  );
}

export function section(title, ...content) {
  return h("section", { class: "card" }, h("h3", {}, title), content);
}

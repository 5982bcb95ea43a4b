/** What is done with cases, from the queue and from the page of one. */

import { h } from "./dom.js";
import { ask } from "./ui/dialog.js";
import { field } from "./ui/parts.js";
import { LIVE } from "./words.js";

const CASES = "/api/mod/v1/cases";

/** Whoever comes too late is told so, and not asked for a reason first. */
function isOpen(desk, { status, appeal_open }, { appealed = false } = {}) {
  const open = LIVE.has(status) || (appealed && appeal_open);
  if (!open) desk.say("This case is decided already.");
  return open;
}

/** Why something is done; everything but looking goes on record with a reason. */
export function reason(label = "Reason", hint = "It stays on record.") {
  return field(
    label,
    h("textarea", { name: "reason", rows: 3, required: true, maxlength: 2000 }),
    hint,
  );
}

/** Put a case into one's own care; the case as it is then. */
export async function assign(desk, found) {
  if (!isOpen(desk, found, { appealed: true })) return undefined;
  try {
    const mine = await desk.client.post(`${CASES}/${found.id}/assign`);
    desk.say("The case is yours.");
    return mine;
  } catch (refusal) {
    desk.fail(refusal);
    return undefined;
  }
}

export async function assignTo(desk, { id }) {
  const control = h("input", {
    name: "assignee_id",
    required: true,
    autocomplete: "off",
    spellcheck: "false",
  });
  return ask({
    title: "Assign to a member of staff",
    fields: [field("Their id", control, "Numbers lists who of the staff has how much to do.")],
    submit: "Assign",
    act: (form, key) =>
      desk.client.post(
        `${CASES}/${id}/assign`,
        { assignee_id: form.get("assignee_id").trim() },
        key,
      ),
  });
}

export async function escalate(desk, found) {
  if (!isOpen(desk, found)) return undefined;
  return ask({
    title: "Leave this case to admins?",
    fields: [reason()],
    submit: "Escalate",
    act: (form, key) =>
      desk.client.post(`${CASES}/${found.id}/escalate`, { reason: form.get("reason") }, key),
  });
}

export async function dismiss(desk, found) {
  if (!isOpen(desk, found)) return undefined;
  return ask({
    title: "Nothing is to be done?",
    fields: [reason()],
    submit: "Dismiss",
    act: (form, key) =>
      desk.client.post(`${CASES}/${found.id}/dismiss`, { reason: form.get("reason") }, key),
  });
}

export function revert(desk, id, action, words) {
  return ask({
    title: `Undo “${words}”?`,
    fields: [reason("Why it was wrong", "Everything is then as if it had never been done.")],
    submit: "Undo",
    act: (form, key) =>
      desk.client.post(
        `${CASES}/${id}/actions/${action}/revert`,
        { reason: form.get("reason") },
        key,
      ),
  });
}

/** Let something take force that another admin has proposed. */
export function confirm(desk, id, action, words) {
  const control = h("textarea", { name: "reason", rows: 3, maxlength: 2000 });
  return ask({
    title: `Confirm “${words}”?`,
    fields: [
      h("p", {}, "It takes force for the whole deployment."),
      field("Reason", control, "It stays on record."),
    ],
    submit: "Confirm",
    danger: true,
    act: (form, key) => {
      const reason = form.get("reason").trim();
      return desk.client.post(
        `${CASES}/${id}/actions/${action}/confirm`,
        reason ? { reason } : {},
        key,
      );
    },
  });
}

export function resolve(desk, appeal, status) {
  const note = h("textarea", { name: "note", rows: 3, maxlength: 2000 });
  const isAccepted = status === "accepted";
  return ask({
    title: isAccepted ? "Accept the appeal?" : "Reject the appeal?",
    fields: [
      h(
        "p",
        {},
        isAccepted ? "All that was done about the case is undone." : "What was done stays.",
      ),
      field("What the person is told", note, "Whoever acted cannot decide about the appeal."),
    ],
    submit: isAccepted ? "Accept" : "Reject",
    act: (form, key) => {
      const said = form.get("note").trim();
      return desk.client.post(
        `/api/mod/v1/appeals/${appeal}/resolve`,
        { status, ...(said && { note: said }) },
        key,
      );
    },
  });
}

/** Take up the most urgent case. */
export async function next(desk) {
  try {
    const { case: found } = await desk.client.get(`${CASES}/next`);
    if (found) desk.go(`#/cases/${found.id}`);
    else desk.say("Nothing waits for you.");
  } catch (refusal) {
    desk.fail(refusal);
  }
}

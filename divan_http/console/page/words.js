/** What things are called, and when they were. */

export const STATUSES = ["open", "escalated", "actioned", "dismissed", "closed"];
export const SUBJECTS = ["user", "message", "room", "turn", "post", "comment", "group"];
export const REASONS = ["abuse", "harassment", "spam", "nsfw", "other"];
export const LIVE = new Set(["open", "escalated"]);

const SUBJECT_WORDS = { user: "Person", turn: "Part of a story" };
const REASON_WORDS = { nsfw: "nudity or sex" };

/** What can be done about each kind of subject: name, words, what it does. */
const ACTIONS = [
  ["warn", "Warn", "Goes on record, changes nothing."],
  ["tombstone", "Tombstone", "Only its author sees it, and that it was tombstoned.", "message turn"],
  [
    "shadow_hide",
    "Hide in the shadow",
    "Only the author sees it, and is not told.",
    "message turn user",
  ],
  ["remove", "Remove", "Nobody sees it any more.", "message turn room"],
  ["mute", "Mute", "The person reads and cannot write."],
  ["ban", "Ban", "The person is out."],
  ["restrict_create", "No new things", "The person makes nothing new."],
  ["restrict_invites", "No invites", "The person sends no invites."],
  ["none", "None", "Goes on record as looked at."],
];

export function actionsFor(subject) {
  return ACTIONS.filter(([, , , subjects]) => !subjects || subjects.split(" ").includes(subject));
}

export function actionWord(name) {
  return ACTIONS.find(([known]) => known === name)?.[1] || plain(name);
}

const CHANGES = {
  "report.received": "A report came in",
  "case.assigned": "Assigned",
  "case.escalated": "Left to admins",
  "case.dismissed": "Dismissed",
  "case.closed": "Closed",
  "action.applied": "Action",
  "action.reverted": "Undone",
  "action.expired": "Ended by its time",
  "action.proposed": "Proposed",
  "action.confirmed": "Confirmed",
  "action.lapsed": "Lapsed",
  "appeal.opened": "Appeal",
  "appeal.resolved": "Appeal decided",
  "policy.created": "A policy was kept",
  "policy.activated": "A policy was put in force",
};

export function changeWord(name) {
  return CHANGES[name] || capital(plain(name));
}

export function subjectWord(name) {
  return SUBJECT_WORDS[name] || capital(name);
}

export function reasonWord(name) {
  return REASON_WORDS[name] || name;
}

/** A name of the interface as words: restrict_create, case.assigned. */
export function plain(name) {
  return String(name).replace(/[_.:]/g, " ");
}

export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Enough of an id to tell one from another: its end, as the beginning is the time. */
export function short(id) {
  return id.length > 9 ? `…${id.slice(-8)}` : id;
}

const UNITS = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
];

/** So many seconds, roughly. */
export function span(seconds) {
  const [size, unit] = UNITS.find(([size]) => seconds >= size) || [1, "s"];
  return `${Math.floor(seconds / size)} ${unit}`;
}

/** How long ago a moment was, or how far ahead it is. */
export function ago(text, now = Date.now()) {
  const seconds = Math.round((now - Date.parse(text)) / 1000);
  if (seconds < 0) return `in ${span(-seconds)}`;
  return seconds < 5 ? "just now" : `${span(seconds)} ago`;
}

export function moment(text) {
  return new Date(text).toLocaleString();
}

export function counted(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

/** How many have reported something; nobody where a rule found it. */
export function reportsWord(number) {
  return number ? counted(number, "report") : "by a rule";
}

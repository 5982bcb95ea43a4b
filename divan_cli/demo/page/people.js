/** Who is near, built from a full list and the differences that follow it. Pure. */

/** The people of a full list, by id. */
export function listed(items) {
  return new Map(items.map((one) => [one.user_id, one]));
}

/** The people after one update. */
export function applied(people, { added = [], removed = [], updated = [] }) {
  const after = new Map(people);
  for (const id of removed) after.delete(id);
  for (const one of [...added, ...updated]) after.set(one.user_id, one);
  return after;
}

/** Nearest first, then by name. */
export function nearestFirst(people) {
  return [...people.values()].sort(
    (a, b) => a.distance_m - b.distance_m || a.display_name.localeCompare(b.display_name),
  );
}

/** What an update says, as lines of one sort each; `people` is the state before it. */
export function told(people, { added = [], removed = [], updated = [] }) {
  const gone = removed.filter((id) => people.has(id)).map((id) => people.get(id).display_name);
  const moves = updated.map((one) => moveOf(people.get(one.user_id), one));
  return [
    { sort: "added", people: added.map((one) => `${one.display_name}, ${one.distance_m} m`) },
    { sort: "removed", people: gone },
    { sort: "updated", people: moves },
  ].filter((line) => line.people.length);
}

function moveOf(before, after) {
  if (!before || before.distance_m === after.distance_m) return after.display_name;
  return `${after.display_name}, ${before.distance_m} → ${after.distance_m} m`;
}

const WORDS = { added: "came near", removed: "left", updated: "moved" };

/** The lines as one sentence. */
export function sentence(lines) {
  return lines.map((line) => `${short(line.people)} ${WORDS[line.sort]}`).join("; ");
}

function short(names) {
  if (names.length <= 3) return names.join(" and ");
  return `${names.slice(0, 2).join(", ")} and ${names.length - 2} others`;
}

/** The letters that stand for a name. */
export function initials(name) {
  const words = name.split(/\s+/).filter(Boolean);
  return [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => word.charAt(0)).join("");
}

/** One of eight tones, always the same for the same person. */
export function tone(userId) {
  return parseInt(userId.slice(-2), 16) % 8;
}

/** The last digits of a sequence number; where it begins means nothing. */
export function shortSeq(seq) {
  return seq === null ? "–" : `#${String(seq).slice(-4)}`;
}

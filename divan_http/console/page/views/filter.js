/** Which cases the queue shows: what is asked of the server, and whether a case fits. */

const NAMES = [
  "status",
  "severity_min",
  "severity_max",
  "subject_type",
  "reason",
  "from",
  "until",
  "q",
  "mine",
  "appeal_open",
];
const DEFAULTS = { status: "open", severity_min: "1", severity_max: "5" };
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** When a day (YYYY-MM-DD) begins here, or one so many days later, in milliseconds; 0 for no day. */
function midnight(day, later = 0) {
  const moment = new Date(`${day || ""}T00:00`);
  moment.setDate(moment.getDate() + later);
  return moment.getTime() || 0;
}

export class Filter {
  #values;

  /** As the address has it; `me` is whose cases "assigned to me" are. */
  constructor(params, me) {
    this.me = me;
    this.#values = { ...DEFAULTS };
    for (const name of NAMES) if (params.has(name)) this.#values[name] = params.get(name);
  }

  get(name) {
    return this.#values[name] || "";
  }

  has(name) {
    return Boolean(this.#values[name]);
  }

  /** Take over what a form says. */
  read(form) {
    for (const name of NAMES) this.#values[name] = String(form.get(name) || "").trim();
  }

  /** What stands in the address: what is not as usual. */
  get params() {
    const params = new URLSearchParams();
    for (const name of NAMES) {
      const value = this.#values[name] || "";
      if (value !== (DEFAULTS[name] || ""))
        params.set(name, value && this.#isBox(name) ? "1" : value);
    }
    return params;
  }

  /** What is asked of the server. */
  get query() {
    const { mine, appeal_open, from, until, ...rest } = this.#values;
    const [first, end] = [midnight(from), midnight(until, 1)];
    return {
      ...rest,
      ...(first && { opened_from: first }),
      ...(end && { opened_before: end }),
      ...(mine && { assigned_to: this.me }),
      ...(appeal_open && { appeal_open: "true" }),
    };
  }

  /** Whether a case is one of these; undefined where only the server knows, as with handles. */
  fits(found) {
    const wanted = this.#values;
    const same = (name) => !wanted[name] || wanted[name] === found[name];
    if (!same("status") || !same("subject_type") || !same("reason")) return false;
    if (
      found.severity < Number(wanted.severity_min) ||
      found.severity > Number(wanted.severity_max)
    )
      return false;
    const opened = Date.parse(found.opened_at);
    if (opened < midnight(wanted.from) || opened >= (midnight(wanted.until, 1) || Infinity))
      return false;
    if (wanted.mine && found.assigned_to !== this.me) return false;
    if (wanted.appeal_open && !found.appeal_open) return false;
    return this.#named(found);
  }

  #named(found) {
    const q = (this.#values.q || "").toLowerCase();
    if (!q) return true;
    if ([found.id, found.subject_id.toLowerCase(), found.owner_id].includes(q)) return true;
    return UUID.test(q) ? false : undefined;
  }

  #isBox(name) {
    return name === "mine" || name === "appeal_open";
  }
}

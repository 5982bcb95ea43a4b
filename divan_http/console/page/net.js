/** Requests to Divan's HTTP interface, and its refusals in words. */

/** A refusal: the server's problem document, or what can be said without one. */
export class Refused extends Error {
  constructor(problem) {
    super(problem.detail || problem.title || "The server refused.");
    this.status = problem.status || 0;
    this.code = problem.code || "unknown";
    this.errors = problem.errors || [];
    this.retryAfter = problem.retry_after || 0;
    this.requestId = problem.request_id || "";
  }

  /** All of it, in sentences. */
  get words() {
    const faults = this.errors.map(({ path, message }) => `${path} ${message}.`);
    const wait = this.retryAfter ? [`Try again in ${this.retryAfter} s.`] : [];
    const asked = this.status >= 500 && this.requestId ? [`Request ${this.requestId}.`] : [];
    return [this.message, ...faults, ...wait, ...asked].join(" ");
  }
}

/** The JSON of an answer, or its text where it is none; null where it is empty. */
export async function answer(method, path, body, headers = {}) {
  const sent = body === undefined ? {} : { "Content-Type": "application/json" };
  let reply;
  let text;
  try {
    reply = await fetch(path, {
      method,
      headers: { ...sent, ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
    });
    text = await reply.text();
  } catch {
    throw new Refused({ detail: "The server does not answer.", code: "unreachable" });
  }
  const content = parsed(text, reply.headers.get("Content-Type") || "");
  if (reply.ok) return content;
  const said = content && typeof content === "object" ? content : {};
  throw new Refused({
    detail: `The server answered ${reply.status}.`,
    ...said,
    status: reply.status,
  });
}

/** A word of one's own for one write: sent again with it, the write is done once. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Asks as one member of the staff; says "lost" when the credentials are good no more. */
export class Client extends EventTarget {
  constructor(credentials) {
    super();
    this.credentials = credentials;
  }

  get(path, query = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== "" && value !== undefined);
    const text = new URLSearchParams(given).toString();
    return this.#send("GET", text ? `${path}?${text}` : path);
  }

  post(path, body = {}, key = newKey()) {
    return this.#send("POST", path, body, { "Idempotency-Key": key });
  }

  async #send(method, path, body, headers = {}) {
    try {
      return await this.#tried(method, path, body, headers);
    } catch (refusal) {
      if (refusal.status === 401) this.dispatchEvent(new CustomEvent("lost", { detail: refusal }));
      throw refusal;
    }
  }

  async #tried(method, path, body, headers) {
    const { credentials } = this;
    const send = async () => {
      const Authorization = `Bearer ${await credentials.token()}`;
      return answer(method, path, body, { ...headers, Authorization });
    };
    try {
      return await send();
    } catch (refusal) {
      if (refusal.status !== 401 || !credentials.isRenewable) throw refusal;
      await credentials.renew();
      return send();
    }
  }
}

function parsed(text, type) {
  if (!text) return null;
  if (!type.includes("json")) return text;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

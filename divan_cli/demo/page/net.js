/** Requests to Divan's HTTP interface, as one person. */

/** A refusal of the server, as its problem document says it. */
export class Refused extends Error {
  constructor(problem) {
    super(problem.detail || problem.title || "The server refused.");
    this.code = problem.code || "unknown";
    this.retryAfter = problem.retry_after || 0;
  }
}

/** Somebody who acts: sends every request with the credentials of development. */
export class Person {
  constructor(campusId, who) {
    this.campusId = campusId;
    this.userId = who.user_id;
    this.name = who.display_name;
  }

  get credentials() {
    return { user_id: this.userId, campus_id: this.campusId };
  }

  get(path) {
    return this.#send("GET", path);
  }

  post(path) {
    return this.#send("POST", path);
  }

  patch(path, fields) {
    return this.#send("PATCH", path, fields);
  }

  #send(method, path, fields) {
    const headers = { "X-User-Id": this.userId, "X-Campus-Id": this.campusId };
    if (fields) headers["Content-Type"] = "application/json";
    return answer(path, { method, headers, body: fields && JSON.stringify(fields) });
  }
}

/** The JSON of an answer; null where there is none. */
export async function answer(path, options) {
  const reply = await fetch(path, options);
  const text = await reply.text();
  const content = text ? JSON.parse(text) : null;
  if (!reply.ok) throw new Refused(content || { title: `The server answered ${reply.status}.` });
  return content;
}

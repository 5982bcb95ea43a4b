// People write to each other, each with a key and a name of their own for every message.
//
//   DIVAN_URL=https://divan.example.org DIVAN_PEOPLE=/path/people.json k6 run deploy/k6/chat_send.js
//
// DIVAN_PEOPLE is a JSON list of people of one campus: {"user_id", "token"}, or in development
// {"user_id", "campus_id"}. It should have as many as there are virtual users: a person may send
// 600 messages a minute. With K6_DRY_RUN=1 nothing is sent: the request is shown and checked.

import { check, sleep } from "k6";
import exec from "k6/execution";
import { SharedArray } from "k6/data";
import http from "k6/http";

const DRY_RUN = __ENV.K6_DRY_RUN === "1";
const ORIGIN = __ENV.DIVAN_URL || "http://127.0.0.1:8000";
const PEERS = 5;
const THINK_S = Number(__ENV.K6_THINK_S || 1);

const NOBODY = "00000000-0000-0000-0000-000000000000";
const SOMEBODY = "00000000-0000-0000-0000-000000000001";
const CAMPUS = "00000000-0000-0000-0000-0000000000ca";

const people = new SharedArray("people", () =>
  DRY_RUN
    ? [NOBODY, SOMEBODY].map((user_id) => ({ user_id, campus_id: CAMPUS }))
    : JSON.parse(open(__ENV.DIVAN_PEOPLE)),
);

const load = {
  executor: "ramping-vus",
  startVUs: 0,
  stages: [
    { target: 300, duration: "30s" },
    { target: 300, duration: "60s" },
    { target: 0, duration: "10s" },
  ],
  gracefulStop: "10s",
};

export const options = {
  scenarios: {
    chat_send: DRY_RUN ? { executor: "shared-iterations", vus: 1, iterations: 1 } : load,
  },
  thresholds: DRY_RUN
    ? { checks: ["rate==1"] }
    : {
        checks: ["rate==1"],
        http_req_failed: ["rate==0"],
        "http_req_duration{name:chat.send}": ["p(95)<50"],
      },
};

const credentials = (person) =>
  person.token
    ? { Authorization: `Bearer ${person.token}` }
    : { "X-User-Id": person.user_id, "X-Campus-Id": person.campus_id };

const message = (sender, recipient, name) => ({
  url: `${ORIGIN}/chat/messages`,
  headers: {
    "Content-Type": "application/json",
    "Idempotency-Key": name,
    ...credentials(sender),
  },
  body: { to_user_id: recipient.user_id, client_msg_id: name, body: `message ${name}` },
});

export function setup() {
  return { run: Date.now().toString(36) };
}

export default function ({ run }) {
  const turn = exec.vu.iterationInInstance;
  const place = exec.vu.idInTest - 1;
  const sender = people[place % people.length];
  const recipient = people[(place + 1 + (turn % Math.min(PEERS, people.length - 1))) % people.length];
  const { url, headers, body } = message(sender, recipient, `${run}-${place}-${turn}`);
  if (DRY_RUN) {
    if (turn === 0) console.log(JSON.stringify({ method: "POST", url, headers, body }));
    check(body, { "writes to somebody else": (it) => it.to_user_id !== sender.user_id });
    sleep(THINK_S);
    return;
  }
  const answer = http.post(url, JSON.stringify(body), { headers, tags: { name: "chat.send" } });
  check(answer, {
    "is created": (it) => it.status === 201,
    "is the first of its key": (it) => it.headers["Idempotent-Replayed"] === "false",
    "is numbered": (it) => it.status === 201 && it.json("seq") > 0,
    "is from its sender": (it) => it.status === 201 && it.json("sender_id") === sender.user_id,
  });
  sleep(THINK_S * (0.5 + Math.random()));
}

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

import { CAMPUS, DRY_RUN, NOBODY, ORIGIN, credentials, scenario, thresholds } from "./lib/scene.js";

const PEERS = 5;
const THINK_S = Number(__ENV.K6_THINK_S || 1);

const SOMEBODY = "00000000-0000-0000-0000-000000000001";

const people = new SharedArray("people", () =>
  DRY_RUN
    ? [NOBODY, SOMEBODY].map((user_id) => ({ user_id, campus_id: CAMPUS }))
    : JSON.parse(open(__ENV.DIVAN_PEOPLE)),
);

export const options = {
  scenarios: { chat_send: scenario },
  thresholds: thresholds("chat.send"),
};

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

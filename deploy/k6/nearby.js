// People stand on a campus, say where they are, and ask who is near them.
//
//   DIVAN_URL=https://divan.example.org DIVAN_PEOPLE=/path/people.json k6 run deploy/k6/nearby.js
//
// DIVAN_PEOPLE is a JSON list of people of one campus, as for chat_send.js; K6_LAT and K6_LON are
// its middle, around which they stand. There should be as many as virtual users, who each ask every
// K6_THINK_S seconds (3): a person may ask 30 times a minute. With K6_DRY_RUN=1 nothing is sent:
// the requests are shown and checked.

import { check, sleep } from "k6";
import exec from "k6/execution";
import { SharedArray } from "k6/data";
import http from "k6/http";

import { CAMPUS, DRY_RUN, NOBODY, ORIGIN, credentials, scenario, thresholds } from "./lib/scene.js";

const THINK_S = Number(__ENV.K6_THINK_S || 3);
const RADIUS_M = Number(__ENV.K6_RADIUS_M || 50);
const LAT = Number(__ENV.K6_LAT || 45.5048);
const LON = Number(__ENV.K6_LON || -73.5772);
// A heartbeat is a lease of 90 seconds.
const BEAT_MS = 30_000;
// Places about ten metres apart, twenty to a row.
const ROW = 20;
const STEP_DEGREES = 0.0001;

const people = new SharedArray("people", () =>
  DRY_RUN ? [{ user_id: NOBODY, campus_id: CAMPUS }] : JSON.parse(open(__ENV.DIVAN_PEOPLE)),
);

export const options = {
  scenarios: { nearby: scenario },
  thresholds: thresholds("presence.heartbeat", "proximity.nearby"),
};

const heartbeat = (person, place) => ({
  url: `${ORIGIN}/presence/heartbeat`,
  headers: { "Content-Type": "application/json", ...credentials(person) },
  body: {
    lat: LAT + STEP_DEGREES * Math.floor(place / ROW),
    lon: LON + STEP_DEGREES * (place % ROW),
    accuracy_m: 10,
    device_id: "k6",
    ts_client: Date.now(),
  },
});

const question = (person) => ({
  url: `${ORIGIN}/proximity/nearby`,
  headers: credentials(person),
  query: { radius_m: RADIUS_M },
});

function shown(person, place) {
  const beat = heartbeat(person, place);
  const asked = question(person);
  console.log(JSON.stringify({ method: "POST", ...beat }));
  console.log(JSON.stringify({ method: "GET", ...asked }));
  check(beat.body, { "is a place on earth": (it) => Math.abs(it.lat) < 90 && Math.abs(it.lon) < 180 });
}

function beat(person, place) {
  const { url, headers, body } = heartbeat(person, place);
  const tags = { name: "presence.heartbeat" };
  const answer = http.post(url, JSON.stringify(body), { headers, tags });
  check(answer, { "is heard": (it) => it.status === 200 && it.json("ts") > 0 });
}

function ask(person) {
  const { url, headers, query } = question(person);
  const tags = { name: "proximity.nearby" };
  const answer = http.get(`${url}?radius_m=${query.radius_m}`, { headers, tags });
  const near = answer.status === 200 ? answer.json("items") : null;
  check(answer, {
    "is a list": () => near !== null,
    "is nearest first": () =>
      near !== null && near.every((one, at) => !at || near[at - 1].distance_m <= one.distance_m),
    "is without the one who asks": () =>
      near !== null && near.every((one) => one.user_id !== person.user_id),
    "tells nobody's position": () => near !== null && near.every((one) => one.lat === undefined),
  });
}

let heardAt = 0; // of this virtual user

export default function () {
  const place = exec.vu.idInTest - 1;
  const person = people[place % people.length];
  if (DRY_RUN) {
    shown(person, place);
    return;
  }
  if (Date.now() - heardAt > BEAT_MS) {
    beat(person, place % people.length);
    heardAt = Date.now();
  }
  ask(person);
  sleep(THINK_S * (0.7 + Math.random()));
}

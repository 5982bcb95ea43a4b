/** The whole page. */

import { html, useEffect, useRef, useState } from "/demo/vendor/preact-htm.js";
import { MapView } from "../map/view.js";
import { shortSeq } from "../people.js";
import { Feed } from "./feed.js";
import { How } from "./how.js";
import { Legend } from "./legend.js";
import { Move } from "./move.js";
import { Nearby } from "./nearby.js";
import { Privacy } from "./privacy.js";
import { Seen } from "./seen.js";

const TABS = [
  ["you", "You"],
  ["seen", "Seen by"],
  ["near", "Nearby"],
  ["feed", "Updates"],
];

export function App({ session }) {
  const [state, setState] = useState(session.state);
  const [tab, setTab] = useState("you");
  const [map, setMap] = useState(null);
  useEffect(() => session.subscribe(setState), [session]);
  return html`
    <a class="skip" href="#panels">Skip the map</a>
    <${Header} session=${session} state=${state} />
    <main data-tab=${tab}>
      <section class="stage" aria-label="Map of the campus">
        <${Canvas} session=${session} state=${state} onReady=${setMap} />
        <${Tools} session=${session} state=${state} map=${map} />
        <${Legend} />
        <div class="cards"><${Move} session=${session} state=${state} /></div>
      </section>
      <${Tabs} tab=${tab} setTab=${setTab} state=${state} />
      <div class="column column-left" id="panels" tabindex="-1">
        <${Privacy} session=${session} state=${state} />
        <${Seen} session=${session} state=${state} />
        <${How} floor=${session.scene.floor_m} />
      </div>
      <div class="column column-right">
        <${Nearby} session=${session} state=${state} />
        <${Feed} session=${session} state=${state} />
      </div>
    </main>
    <p class="unseen" role="status" aria-live="polite">${useCalm(state.said)}</p>
  `;
}

function Header({ session, state }) {
  const { name, people, recorded, speed } = session.scene;
  const facts = recorded
    ? `${people} people moved like this once. Their names are invented.`
    : `${people} people walk about here. They are invented.`;
  return html`
    <header>
      <img src="/demo/icon.svg" alt="" width="28" height="28" />
      <h1>Divan <span class="campus">${name}</span></h1>
      <p class="facts">
        <span class="wide">${facts}</span>
        ${speed !== 1 && html`<span class="pill">time runs ${speed}×</span>`}
        <${Status} state=${state} />
      </p>
    </header>
  `;
}

const STATUSES = {
  live: "live",
  waiting: "waiting",
  connecting: "connecting…",
  absent: "say where you are",
};

function Status({ state: { status, retryAfter, seq } }) {
  const text = status === "waiting" ? `waiting ${retryAfter} s (6 changes a minute)` : STATUSES[status];
  return html`
    <span class="pill status is-${status}">
      <i aria-hidden="true"></i>${text}${status === "live" && seq !== null ? ` · ${shortSeq(seq)}` : ""}
    </span>
  `;
}

function Canvas({ session, state, onReady }) {
  const element = useRef(null);
  const view = useRef(null);
  useEffect(() => {
    view.current = new MapView(element.current, session);
    onReady(view.current);
  }, [session]);
  useEffect(() => view.current?.show(state), [state]);
  return html`
    <div
      class="map"
      id="map"
      ref=${element}
      tabindex="0"
      role="application"
      aria-label="Map. You are in the middle of the circle."
      aria-describedby="map-keys"
    ></div>
    <p class="unseen" id="map-keys">
      Arrow keys walk 10 metres, with Shift 50. Escape stops. Plus and minus zoom, Home finds you.
      Everything on the map is also in the lists beside it.
    </p>
  `;
}

function Tools({ session, state, map }) {
  return html`
    <div class="tools">
      <button type="button" onClick=${() => map.find()}>Find me</button>
      <button type="button" onClick=${() => map.all()}>Whole campus</button>
      <button
        type="button"
        class="god"
        aria-pressed=${String(state.everyone)}
        title="Everybody's square. No client of Divan can ask for this; only this demo can."
        onClick=${() => session.setEveryone(!state.everyone)}
      >
        God view
      </button>
    </div>
    ${state.everyone &&
    html`<p class="god-note">God view: everybody's square. Only this demo has it.</p>`}
  `;
}

function Tabs({ tab, setTab, state }) {
  return html`
    <nav class="tabs" aria-label="Panels">
      ${TABS.map(
        ([id, name]) => html`
          <button
            type="button"
            key=${id}
            aria-current=${id === tab ? "true" : "false"}
            onClick=${() => setTab(id)}
          >
            ${name}${id === "near" ? html` <b>${state.people.size}</b>` : ""}
          </button>
        `,
      )}
    </nav>
  `;
}

const CALM_MS = 4000;

/** A text that changes at most every four seconds, so that it can be read out. */
function useCalm(text) {
  const [said, setSaid] = useState(text);
  const last = useRef(0);
  useEffect(() => {
    const wait = Math.max(0, last.current + CALM_MS - performance.now());
    const timer = setTimeout(() => {
      last.current = performance.now();
      setSaid(text);
    }, wait);
    return () => clearTimeout(timer);
  }, [text]);
  return said;
}

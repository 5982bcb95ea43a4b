/** Me: how far I look, and how I am seen. */

import { html } from "/demo/vendor/preact-htm.js";
import { Choice, Switch } from "./controls.js";

const RADII = [10, 20, 50, 200, 500].map((metres) => [metres, `${metres} m`]);
const BLURS = [0, 10, 20, 50, 200].map((metres) => [metres, metres ? `${metres} m` : "none"]);
const AUDIENCES = [
  ["everyone", "Everyone"],
  ["friends", "Friends"],
  ["none", "Nobody"],
];

export function Privacy({ session, state }) {
  const { privacy, radius, blocked } = state;
  const { floor_m: floor, me } = session.scene;
  const square = Math.max(privacy.blur_distance_m, floor);
  return html`
    <section class="panel" data-panel="you" aria-labelledby="you-title">
      <h2 id="you-title">You are ${me.display_name}</h2>
      <${Choice}
        name="radius"
        legend="Look around within"
        value=${radius}
        options=${RADII}
        onChoose=${(metres) => session.setRadius(metres)}
      />
      <hr />
      <${Switch}
        id="ghost"
        label="Ghost mode"
        on=${privacy.ghost_mode}
        onChange=${(ghost_mode) => session.setPrivacy({ ghost_mode })}
        hint="You see others; nobody sees you."
      />
      <${Choice}
        name="visibility"
        legend="Who may see you"
        value=${privacy.visibility}
        options=${AUDIENCES}
        onChoose=${(visibility) => session.setPrivacy({ visibility })}
      />
      <${Choice}
        name="blur"
        legend="Blur your place to"
        value=${privacy.blur_distance_m}
        options=${BLURS}
        onChoose=${(blur_distance_m) => session.setPrivacy({ blur_distance_m })}
        hint=${`Others get a square of ${square} m. Nobody here gets less than ${floor} m.`}
      />
      ${state.notice &&
      html`
        <p class="notice" role="alert">
          ${state.notice}
          <button type="button" onClick=${() => session.forgive()}>Fine</button>
        </p>
      `}
      ${blocked.length > 0 && html`<${Blocked} session=${session} blocked=${blocked} />`}
    </section>
  `;
}

function Blocked({ session, blocked }) {
  return html`
    <h3>Blocked by you</h3>
    <ul class="blocked">
      ${blocked.map(
        (person) => html`
          <li key=${person.user_id}>
            <span>${person.display_name}</span>
            <button type="button" onClick=${() => session.unblock(person)}>
              Unblock<span class="unseen"> ${person.display_name}</span>
            </button>
          </li>
        `,
      )}
    </ul>
    <p class="hint">They cannot see you either, and are never told. Unblocking restores no friendship.</p>
  `;
}

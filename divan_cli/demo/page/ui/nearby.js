/** The list of who is near. */

import { html, useState } from "/demo/vendor/preact-htm.js";
import { Face } from "./controls.js";

const AT_FIRST = 60;

export function Nearby({ session, state }) {
  const [all, setAll] = useState(false);
  const people = session.neighbours;
  const shown = all ? people : people.slice(0, AT_FIRST);
  return html`
    <section class="panel panel-list" data-panel="near" aria-labelledby="near-title">
      <h2 id="near-title">
        Near you <span class="count" data-count=${people.length}>${people.length}</span>
      </h2>
      ${people.length === 0 && html`<p class="hint">Nobody within ${state.radius} m. Look further, or walk.</p>`}
      <ul class="people">
        ${shown.map(
          (person) => html`
            <${Neighbour}
              key=${person.user_id}
              person=${person}
              chosen=${state.chosen === person.user_id}
              session=${session}
            />
          `,
        )}
      </ul>
      ${people.length > shown.length &&
      html`<button type="button" class="more" onClick=${() => setAll(true)}>
        Show ${people.length - shown.length} more
      </button>`}
    </section>
  `;
}

function Neighbour({ person, chosen, session }) {
  const studies = [person.major, person.graduation_year].filter(Boolean).join(", ");
  return html`
    <li class=${chosen ? "is-chosen" : ""} data-user=${person.user_id}>
      <button
        type="button"
        class="who"
        aria-pressed=${String(chosen)}
        onClick=${() => session.choose(person.user_id)}
      >
        <${Face} person=${person} />
        <span class="name">
          <strong>${person.display_name}</strong>
          <span class="hint">
            ${person.is_friend && html`<span class="tag">friend</span> `}
            ${studies || `@${person.handle}`}
          </span>
        </span>
        <span class="distance">${person.distance_m} m</span>
      </button>
      <button type="button" class="block" onClick=${() => session.block(person)}>
        Block<span class="unseen"> ${person.display_name}</span>
      </button>
    </li>
  `;
}

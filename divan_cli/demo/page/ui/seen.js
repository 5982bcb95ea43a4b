/** What another student sees of me, as their own account's answer says it. */

import { html } from "/demo/vendor/preact-htm.js";
import { Choice, Face } from "./controls.js";

export function Seen({ session, state }) {
  const { watcher, seen, blocked } = state;
  const { watchers } = session.scene;
  const who = watchers.find((one) => one.user_id === watcher);
  const options = watchers.map((one) => [one.user_id, `${one.display_name} (${one.relation})`]);
  const person = { user_id: who.user_id, display_name: who.display_name, is_friend: true };
  const isBlocked = blocked.some((one) => one.user_id === watcher);
  return html`
    <section class="panel" data-panel="seen" aria-labelledby="seen-title">
      <h2 id="seen-title">What others see of you</h2>
      <${Choice}
        name="watcher"
        legend="Look with the eyes of"
        value=${watcher}
        options=${options}
        onChoose=${(id) => session.watch(id)}
      />
      <div class="eyes" data-seen=${seen.item ? "yes" : "no"}>
        ${seen.status !== "live"
          ? html`<p class="hint">Asking ${who.display_name}…</p>`
          : seen.item
            ? html`<${Listed} item=${seen.item} who=${who} />`
            : html`<${Unlisted} who=${who} />`}
      </div>
      <p class="row">
        ${isBlocked
          ? html`<button type="button" onClick=${() => session.unblock(person)}>
              Unblock ${who.display_name}
            </button>`
          : html`<button type="button" onClick=${() => session.block(person)}>
              Block ${who.display_name}
            </button>`}
        ${who.relation === "friend" &&
        !isBlocked &&
        seen.item &&
        !seen.item.is_friend &&
        html`<button type="button" onClick=${() => session.befriend({ ...who, name: who.display_name })}>
          Become friends again
        </button>`}
      </p>
    </section>
  `;
}

function Listed({ item, who }) {
  return html`
    <div class="listed">
      <${Face} person=${item} />
      <div>
        <strong>${item.display_name}</strong>
        ${item.is_friend && html` <span class="tag">friend</span>`}
        <br />
        <span class="hint">@${item.handle}</span>
      </div>
      <span class="distance">${item.distance_m} m</span>
    </div>
    <details>
      <summary>All that ${who.display_name} is told</summary>
      <pre>${JSON.stringify(item, null, 2)}</pre>
      <p class="hint">No coordinates. The distance is to your square, in whole squares.</p>
    </details>
  `;
}

function Unlisted({ who }) {
  return html`
    <p class="unlisted">
      <strong>You are not there.</strong> To ${who.display_name} you look exactly like somebody who
      is not on campus.
    </p>
  `;
}

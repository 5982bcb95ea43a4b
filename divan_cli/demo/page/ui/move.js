/** What is going on with my movement, over the map. */

import { html } from "/demo/vendor/preact-htm.js";
import { duration } from "../geo.js";

export function Move({ session, state: { move } }) {
  const { mover } = session;
  if (move.kind === "refused") return html`<${RefusedMove} mover=${mover} move=${move} />`;
  if (move.kind === "walking") return html`<${Walking} mover=${mover} move=${move} />`;
  if (move.kind === "sending") return html`<div class="card">Telling the server…</div>`;
  return html`
    <div class="card card-quiet">
      Drag yourself, click where to walk, or use the arrow keys.
    </div>
  `;
}

function Walking({ mover, move }) {
  return html`
    <div class="card" data-move="walking">
      <span>${move.hurry ? "Hurrying" : "Walking"}, ${duration(move.leftS)} to go</span>
      ${!move.hurry &&
      html`<button type="button" onClick=${() => mover.hurry()}>Hurry</button>`}
      <button type="button" onClick=${() => mover.stop()}>Stop</button>
    </div>
  `;
}

function RefusedMove({ mover, move }) {
  return html`
    <div class="card card-refused" role="alert" data-move="refused">
      <p><strong>The server did not believe that.</strong> ${move.why}</p>
      <p class="row">
        <button type="button" class="main" onClick=${() => mover.walk(move.to)}>
          Walk there, ${duration(move.walkS)}
        </button>
        <button type="button" onClick=${() => mover.walk(move.to, true)}>
          Hurry, ${duration(move.hurryS)}
        </button>
        <button type="button" onClick=${() => mover.stop()}>Stay here</button>
      </p>
    </div>
  `;
}

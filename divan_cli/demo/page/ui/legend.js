/** What the colours of the map mean. */

import { html } from "/demo/vendor/preact-htm.js";

const SIGNS = [
  ["dot", "you, exactly: only you see this"],
  ["own", "your square: all that others get"],
  ["other", "somebody is about here"],
  ["friend", "a friend is about here"],
];

const WIDE = matchMedia("(min-width: 720px) and (min-height: 560px)").matches;

export function Legend() {
  return html`
    <details class="legend" open=${WIDE}>
      <summary>Legend</summary>
      <ul>
        ${SIGNS.map(([sign, text]) => html`<li key=${sign}><i class="sign is-${sign}"></i>${text}</li>`)}
      </ul>
    </details>
  `;
}

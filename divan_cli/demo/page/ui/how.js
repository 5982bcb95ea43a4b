/** How a position becomes a square, in a few words and one figure. */

import { html } from "/demo/vendor/preact-htm.js";

export function How({ floor }) {
  return html`
    <section class="panel" data-panel="seen" aria-labelledby="how-title">
      <h2 id="how-title">How your place is protected</h2>
      <${Figure} />
      <ol class="steps">
        <li><b>Your exact place</b> goes to the server and to nobody else. It is gone 90 s after you are.</li>
        <li>
          A <b>secret offset</b> of your own is added. It drifts over weeks, so that asking again and
          again gives nobody an average.
        </li>
        <li>
          The result is put into a <b>square</b> of ${floor} m, or of your blur. Lists, distances and
          updates know this square only.
        </li>
        <li>
          You leave a square a <b>quarter beyond its edge</b>: the moment of crossing tells nobody
          where you are.
        </li>
      </ol>
    </section>
  `;
}

function Figure() {
  return html`
    <svg class="figure" viewBox="0 0 320 108" role="img" aria-labelledby="figure-title">
      <title id="figure-title">An exact place, moved by a secret offset, falls into a square</title>
      <g class="grid">
        <path d="M20 14h280M20 54h280M20 94h280M60 4v100M100 4v100M140 4v100M180 4v100M220 4v100M260 4v100" />
      </g>
      <rect class="pick" x="180" y="14" width="40" height="40" rx="3" />
      <path class="offset" d="M169 66C176 56 182 50 190 46" />
      <circle class="exact" cx="166" cy="71" r="6" />
      <circle class="shifted" cx="194" cy="43" r="4" />
      <text x="154" y="75" text-anchor="end">you</text>
      <text x="174" y="50" text-anchor="end">secret offset</text>
      <text x="228" y="30">what others get</text>
    </svg>
  `;
}

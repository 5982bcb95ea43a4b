/** The live updates, as they come. */

import { html } from "/demo/vendor/preact-htm.js";
import { shortSeq } from "../people.js";

const MARKS = { added: "+", removed: "−", updated: "~", whole: "=" };
const WORDS = { added: "came near", removed: "gone", updated: "moved", whole: "full list" };
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

export function Feed({ session, state }) {
  const { feed, paused } = state;
  return html`
    <section class="panel panel-feed" data-panel="feed" aria-labelledby="feed-title">
      <h2 id="feed-title">
        Live updates
        <button
          type="button"
          class="small"
          aria-pressed=${String(paused)}
          onClick=${() => session.pause(!paused)}
        >
          Pause
        </button>
      </h2>
      ${feed.length === 0 && html`<p class="hint">Nothing yet. Updates come every two seconds.</p>`}
      <ol class="feed" aria-label="Updates, newest first">
        ${feed.map((entry) => html`<${Entry} key=${entry.at.getTime()} entry=${entry} />`)}
      </ol>
    </section>
  `;
}

function Entry({ entry }) {
  return html`
    <li>
      <span class="seq" title=${`seq ${entry.seq ?? "unknown"}`}>${shortSeq(entry.seq)}</span>
      <div>
        ${entry.lines.map(
          (line) => html`
            <p key=${line.sort} class="line is-${line.sort}">
              <b aria-hidden="true">${MARKS[line.sort]}</b>
              <span class="unseen">${WORDS[line.sort]}: </span>${line.people.join("; ")}
            </p>
          `,
        )}
      </div>
      <time datetime=${entry.at.toISOString()}>${TIME.format(entry.at)}</time>
    </li>
  `;
}

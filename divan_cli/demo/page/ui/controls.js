/** Controls that several panels use. */

import { html } from "/demo/vendor/preact-htm.js";
import { initials, tone } from "../people.js";

/** One of a few values, as radio buttons in a row. */
export function Choice({ name, legend, value, options, onChoose, hint }) {
  return html`
    <fieldset class="choice">
      <legend>${legend}</legend>
      <div class="segments">
        ${options.map(
          ([option, label]) => html`
            <label key=${option} class=${option === value ? "is-on" : ""}>
              <input
                type="radio"
                name=${name}
                value=${option}
                checked=${option === value}
                onChange=${() => onChoose(option)}
              />
              <span>${label}</span>
            </label>
          `,
        )}
      </div>
      ${hint && html`<p class="hint">${hint}</p>`}
    </fieldset>
  `;
}

/** On or off. */
export function Switch({ id, label, on, onChange, hint }) {
  return html`
    <div class="switch">
      <label for=${id}>${label}</label>
      <input
        id=${id}
        type="checkbox"
        role="switch"
        checked=${on}
        aria-describedby=${`${id}-hint`}
        onChange=${(event) => onChange(event.target.checked)}
      />
      <p class="hint" id=${`${id}-hint`}>${hint}</p>
    </div>
  `;
}

/** A round with somebody's letters. */
export function Face({ person }) {
  const friend = person.is_friend ? "is-friend" : "";
  return html`
    <span class="face tone-${tone(person.user_id)} ${friend}" aria-hidden="true">
      ${initials(person.display_name)}
    </span>
  `;
}

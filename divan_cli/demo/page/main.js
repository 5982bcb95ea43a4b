/** The page's beginning: open a session and draw it. */

import { html, render } from "/demo/vendor/preact-htm.js";
import { Session } from "./session.js";
import { App } from "./ui/app.js";

async function begin() {
  const root = document.getElementById("app");
  try {
    const session = await Session.open();
    root.replaceChildren();
    render(html`<${App} session=${session} />`, root);
    await session.start();
  } catch (fault) {
    console.error(fault);
    root.textContent = `The campus does not answer: ${fault.message}`;
  }
}

begin();

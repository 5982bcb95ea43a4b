/** The page's beginning: sign in, or go on with the credentials of this tab. */

import { Credentials } from "./credentials.js";
import { Desk } from "./desk.js";
import { Client } from "./net.js";
import { signIn } from "./views/signin.js";
import { fill, h } from "./dom.js";

const MOD = "/api/mod/v1";
const root = document.getElementById("app");
let desk = null;

/** Go in with these credentials. Throws the refusal of whoever is not of the staff. */
async function enter(credentials) {
  const client = new Client(credentials);
  const [me] = await Promise.all([client.get("/me"), client.get(`${MOD}/dashboard/kpis`)]);
  credentials.keep();
  client.addEventListener("lost", ({ detail }) => leave(detail));
  desk = new Desk(root, client, me, () => leave());
}

/** Come out; `refusal` is why, where it was not wished for. */
async function leave(refusal) {
  if (!desk) return;
  const { credentials } = desk.client;
  desk.close();
  desk = null;
  await credentials.forget();
  signIn(root, enter, refusal);
}

async function begin() {
  const kept = Credentials.kept();
  if (!kept) return signIn(root, enter);
  try {
    return await enter(kept);
  } catch (refusal) {
    if (refusal.status === 401 || refusal.status === 403) await kept.forget();
    return signIn(root, enter, refusal);
  }
}

begin().catch((fault) => {
  console.error(fault);
  fill(root, h("p", { class: "boot" }, "The console could not be opened. Load the page again."));
});

/** Showing who one is: by a token, by e-mail and password, or in development by a claim. */

import { Credentials } from "../credentials.js";
import { fill, h } from "../dom.js";
import { alert, busy, choice, field } from "../ui/parts.js";

const ROLES = [
  ["staff.moderator", "moderator"],
  ["staff.admin", "admin"],
];

/** Draw the page; `enter(credentials)` goes in. */
export function signIn(root, enter, refusal) {
  const doors = (document.documentElement.dataset.doors || "").split(" ");
  const faults = h("div", {}, refusal && alert(refusal));
  const through = (make) => (event) => {
    event.preventDefault();
    const form = event.target;
    fill(faults);
    return busy(
      form.querySelector("[type=submit]"),
      async () => enter(await make(new FormData(form))),
      (fault) => fill(faults, alert(fault)),
    );
  };
  fill(
    root,
    h(
      "main",
      { class: "signin" },
      h("img", { src: "/console/icon.svg", alt: "", width: 40, height: 40 }),
      h("h1", {}, "Divan console"),
      h("p", { class: "hint" }, "For moderators and admins."),
      faults,
      doors.includes("password") && byPassword(through),
      byToken(through, !doors.includes("password")),
      doors.includes("dev") && byClaim(through),
    ),
  );
  document.title = "Sign in · Divan console";
  root.querySelector("input")?.focus();
}

function byPassword(through) {
  const email = h("input", {
    name: "email",
    type: "email",
    autocomplete: "username",
    required: true,
  });
  const password = h("input", {
    name: "password",
    type: "password",
    autocomplete: "current-password",
    required: true,
  });
  return h(
    "form",
    {
      class: "card",
      onsubmit: through((form) => Credentials.ofPassword(form.get("email"), form.get("password"))),
    },
    field("E-mail", email),
    field("Password", password),
    h("button", { type: "submit", class: "is-main" }, "Sign in"),
  );
}

function byToken(through, isOnly) {
  const token = h("input", {
    name: "token",
    type: "password",
    autocomplete: "off",
    spellcheck: "false",
    required: true,
  });
  const form = h(
    "form",
    { onsubmit: through((form) => Credentials.ofToken(form.get("token"))) },
    field("Token", token, "It is kept for this tab alone."),
    h("button", { type: "submit", class: "is-main" }, "Sign in by token"),
  );
  return h("details", { class: "card", open: isOnly }, h("summary", {}, "With a token"), form);
}

function byClaim(through) {
  const id = (name) =>
    h("input", { name, required: true, autocomplete: "off", spellcheck: "false" });
  const make = (form) =>
    Credentials.ofClaims(form.get("user_id"), form.get("campus_id"), form.get("role"));
  const form = h(
    "form",
    { onsubmit: through(make) },
    field("Person's id", id("user_id")),
    field("Campus id", id("campus_id")),
    field("Role", choice("role", ROLES, "staff.moderator")),
    h("button", { type: "submit", class: "is-main" }, "Sign in without proof"),
  );
  return h(
    "details",
    { class: "card" },
    h("summary", {}, "In development"),
    h("p", { class: "hint" }, "This server believes claims without proof."),
    form,
  );
}

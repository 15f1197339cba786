// Behaviour of every desk page: large type, the menu on narrow screens, search and help keys, forms that send themselves.

import { csrfToken, store, stored, typing } from "./words.js";

const root = document.documentElement;

/** Elements are fetched by the pages that hold them, also when they arrive later in a swapped part. */
function fetchElements(part) {
  if (part.querySelector("page-viewer")) import("./page-viewer.js");
  if (part.querySelector("describe-desk")) import("./describe-desk.js");
  if (part.querySelector("upload-zone")) import("./upload-zone.js");
}

function setSize(large) {
  if (large) root.dataset.size = "large";
  else delete root.dataset.size;
  for (const button of document.querySelectorAll("[data-toggle-size]")) button.setAttribute("aria-pressed", String(large));
}

const clicks = {
  "[data-toggle-size]": () => {
    const large = root.dataset.size !== "large";
    setSize(large);
    store("size", large ? "large" : "normal");
  },
  "[data-toggle-menu]": (button) => {
    button.setAttribute("aria-expanded", String(document.body.classList.toggle("menu-open")));
  },
  "[data-show-keys]": (_, event) => showKeys(event),
  "[data-print]": () => window.print(),
};

function showKeys(event) {
  const keys = document.querySelector("dialog#keys");
  if (!keys || keys.open) return;
  event.preventDefault();
  keys.showModal();
}

/** The box in a table's heading ticks those of its rows. */
function tickAll(box) {
  for (const each of document.querySelectorAll(`input[type=checkbox][name="${box.dataset.tickAll}"]`)) each.checked = box.checked;
}

document.addEventListener("click", (event) => {
  for (const [selector, act] of Object.entries(clicks)) {
    const button = event.target.closest(selector);
    if (button) act(button, event);
  }
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form?.requestSubmit();
  if (event.target.matches("[data-tick-all]")) tickAll(event.target);
  if (event.target.matches("[data-single-keys]")) store("keys", event.target.checked ? "on" : "off");
});

document.addEventListener("keydown", (event) => {
  if (typing(event)) return;
  if (event.key === "?") showKeys(event);
  if (event.key !== "/") return;
  const box = [...document.querySelectorAll("[data-search]")].find((field) => field.offsetParent !== null);
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select?.();
});

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = csrfToken();
});

document.addEventListener("htmx:load", () => fetchElements(document));
fetchElements(document);
if (stored("size") === "large" || root.dataset.size === "large") setSize(true);
for (const box of document.querySelectorAll("[data-single-keys]")) box.checked = stored("keys") !== "off";
document.querySelector(".errors[tabindex]")?.focus();

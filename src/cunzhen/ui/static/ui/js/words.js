// The few words scripts say themselves, in the page's language, and the little helpers all elements share.

const english = document.documentElement.lang.startsWith("en");

/** The text in the page's language; {0}, {1} … are filled from values. */
export function say(chinese, inEnglish, ...values) {
  return (english ? inEnglish : chinese).replace(/\{(\d)\}/g, (_, place) => values[place]);
}

/** A count with thousands separators. */
export const count = (number) => number.toLocaleString("en-US");

/** An element with attributes and children; false and null children and attributes are left out. */
export function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** An icon of the sprite; a word stands beside it, so it is hidden from screen readers. */
export function icon(sprite, name) {
  return draw("svg", { class: "icon", "aria-hidden": "true", focusable: "false" }, draw("use", { href: `${sprite}#${name}` }));
}

/** The sprite's address: the element's own, else the one other icons of the page use. */
export function spriteOf(element) {
  const used = document.querySelector(".icon use")?.getAttribute("href") ?? "";
  return element.closest("[sprite]")?.getAttribute("sprite") ?? used.split("#")[0];
}

/** Whether a key press belongs to what the person is typing, or single keys were switched off (WCAG 2.1.4). */
export function typing(event) {
  if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return true;
  if (stored("keys") === "off" || document.querySelector("dialog[open]")) return true;
  return Boolean(event.target.closest?.("input, textarea, select, [contenteditable]"));
}

/** A remembered choice; null where the browser keeps nothing. */
export function stored(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** Remember a choice where the browser allows it. */
export function store(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Private windows keep nothing: the choice then holds for this page only.
  }
}

export const csrfToken = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null && child !== false));
  return element;
}

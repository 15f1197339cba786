// <page-viewer>: the scan of one paper, page by page, with the places of its fields marked on it.

import { draw, icon, make, say, spriteOf, typing } from "./words.js";

const STEP = 1.25;
const LEAST = 0.25;
const MOST = 8;
const CLASSES = { uncertain: "doubt", hit: "hit" };
const ruler = document.createElement("canvas").getContext("2d");

class PageViewer extends HTMLElement {
  connectedCallback() {
    if (this.pages) return;
    const given = JSON.parse(this.querySelector('script[type="application/json"]')?.textContent || "{}");
    this.pages = given.pages ?? [];
    if (!this.pages.length) return;
    this.zoom = 1;
    this.turned = 0;
    this.build();
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
    this.sizes = new ResizeObserver(() => this.lay());
    this.sizes.observe(this.canvas);
    this.show(given.start ?? this.pages[0].number);
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.onKey);
    this.sizes?.disconnect();
    this.pages = null;
    this.append(...this.querySelectorAll("[data-tools]"));
    this.frame?.remove();
  }

  /** Show the page of this number; the page view is recorded by the server, so pages are never fetched ahead. */
  show(number) {
    const page = this.pages.find((each) => each.number === Number(number)) ?? this.pages[0];
    if (page === this.page) return;
    this.page = page;
    const place = this.pages.indexOf(page);
    const words = say("第 {0} 页，共 {1} 页", "Page {0} of {1}", place + 1, this.pages.length);
    this.where.textContent = words;
    this.frame.setAttribute("aria-label", say("扫描件，{0}", "Scan, {0}", words));
    this.back.disabled = place === 0;
    this.on.disabled = place === this.pages.length - 1;
    this.strip.querySelectorAll("a").forEach((link, each) => {
      if (each !== place) return link.removeAttribute("aria-current");
      link.setAttribute("aria-current", "true");
      this.strip.scrollLeft = link.offsetLeft - this.strip.offsetLeft - this.strip.clientWidth / 2;
    });
    this.fetchImage();
    this.mark();
    this.canvas.scrollTo(0, 0);
    this.dispatchEvent(new CustomEvent("page-shown", { bubbles: true, detail: { number: page.number } }));
  }

  /** Go so many pages on or back. */
  turn(by) {
    const next = this.pages[this.pages.indexOf(this.page) + by];
    if (next) this.show(next.number);
  }

  /** Where a field stands: its page and box, or null. */
  place(field) {
    for (const page of [this.page, ...this.pages]) {
      const found = page.boxes?.find((each) => each.field === field);
      if (found) return { page, box: found.box };
    }
    return null;
  }

  /** Mark the field's box as the one being worked on, on its page and in view; null takes the mark away. */
  highlight(field, given = null) {
    const place = field ? (this.place(field) ?? given) : null;
    this.active = place;
    if (place && place.page !== this.page) this.show(place.page.number);
    this.mark();
    const lit = this.boxes.querySelector(".lit")?.getBoundingClientRect();
    if (!lit) return place;
    const view = this.canvas.getBoundingClientRect();
    const inside = lit.top >= view.top && lit.bottom <= view.bottom && lit.left >= view.left && lit.right <= view.right;
    if (!inside) {
      this.canvas.scrollTop += lit.top - view.top - (view.height - lit.height) / 2;
      this.canvas.scrollLeft += lit.left - view.left - (view.width - lit.width) / 2;
    }
    return place;
  }

  /** The field was checked: its box is no longer drawn as doubtful. */
  settle(field) {
    for (const box of this.pages.flatMap((page) => page.boxes ?? [])) if (box.field === field) box.state = "known";
    this.mark();
  }

  /** The page's image once it is loaded; rejected when it cannot be. */
  async picture() {
    const image = this.image;
    await image.decode();
    return image;
  }

  build() {
    const sprite = spriteOf(this);
    const button = (name, words, act, after = false) => {
      const parts = [icon(sprite, name), words];
      const made = make("button", { class: "btn btn-s", type: "button" }, ...(after ? parts.reverse() : parts));
      made.addEventListener("click", act);
      return made;
    };
    this.back = button("i-left", say("上一页", "Previous"), () => this.turn(-1));
    this.on = button("i-right", say("下一页", "Next"), () => this.turn(1), true);
    this.where = make("span", { class: "small", role: "status" });
    const tools = make("div", { class: "viewer-tools" },
      make("div", { class: "join" }, this.back, this.on), this.where,
      make("div", { class: "join push" },
        button("i-minus", say("缩小", "Smaller"), () => this.scale(1 / STEP)),
        button("i-plus", say("放大", "Larger"), () => this.scale(STEP)),
        button("i-fit", say("适合宽度", "Fit width"), () => this.fit())),
      button("i-turn", say("右转 90 度", "Turn right"), () => this.rotate()),
      ...this.querySelectorAll("[data-tools]"));
    this.boxes = draw("svg", { class: "boxes", "aria-hidden": "true", focusable: "false" });
    this.sheet = make("div", { class: "sheet" });
    this.fault = make("div", { class: "sheet-fault notice notice-bad", role: "alert", hidden: true }, icon(sprite, "i-alert"),
      make("p", {}, say("这一页的图像没有取到，请检查网络后", "The image did not arrive; check the line and "),
        button("i-retry", say("重试", "try again"), () => this.fetchImage())));
    this.canvas = make("div", { class: "canvas", tabindex: "0", role: "region", "aria-label": say("扫描图像", "Scanned image") },
      this.fault, this.sheet);
    this.strip = make("nav", { class: "strip", "aria-label": say("本件各页", "Pages") }, ...this.pages.map((page) => this.thumb(page)),
      this.hasAttribute("legend") && legend());
    this.strip.hidden = this.pages.length < 2 && !this.hasAttribute("legend");
    this.frame = make("section", { class: "viewer" }, tools, this.canvas, this.strip);
    this.append(this.frame);
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.canvas.addEventListener("pointerdown", (event) => this.grab(event));
  }

  thumb(page) {
    const words = page.label ?? say("第 {0} 页", "Page {0}", page.number);
    const image = make("img", { src: page.thumbnail, alt: "", width: 62, height: Math.round((62 * page.height) / page.width), loading: "lazy" });
    const link = make("a", { href: page.image }, image, words);
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.show(page.number);
    });
    return link;
  }

  fetchImage() {
    const { image, width, height, label, alt, words } = this.page;
    this.fault.hidden = true;
    this.sheet.setAttribute("aria-busy", "true");
    const shown = make("img", { width, height, draggable: "false", alt: alt ?? label ?? this.where.textContent });
    shown.addEventListener("load", () => this.sheet.removeAttribute("aria-busy"));
    shown.addEventListener("error", () => {
      if (shown !== this.image) return;
      this.sheet.removeAttribute("aria-busy");
      this.fault.hidden = false;
    });
    shown.src = image;
    this.image = shown;
    this.boxes.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.words = words?.length ? textLayer(words) : null;
    this.sheet.replaceChildren(...[shown, this.boxes, this.words].filter(Boolean));
    this.lay();
  }

  mark() {
    const { width, boxes = [] } = this.page;
    const here = this.active?.page === this.page ? this.active : null;
    const same = (box) => here && box.join() === here.box.join();
    const marks = boxes.filter(({ box }) => box && !same(box)).map(({ field, box, state }) => rect(box, width / 400, CLASSES[state], field));
    if (here) marks.push(rect(here.box, width / 240, "glow"), rect(here.box, width / 240, "lit"));
    this.boxes.replaceChildren(...marks);
  }

  /** Sizes in pixels of the screen; a turned sheet keeps its own width and is moved to where its turned edges lie. */
  lay() {
    if (!this.page) return;
    const { width, height } = this.page;
    const style = getComputedStyle(this.canvas);
    const room = this.canvas.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const seen = Math.min(room, 46 * rem) * this.zoom;
    const across = this.turned % 180 !== 0;
    const wide = across ? (seen * width) / height : seen;
    const tall = (wide * height) / width;
    const shift = across ? (wide - tall) / 2 : 0;
    Object.assign(this.sheet.style, {
      width: `${wide}px`, maxWidth: "none", transform: this.turned ? `rotate(${this.turned}deg)` : "",
      margin: `${shift}px 0 ${shift}px ${Math.max(0, (room - seen) / 2) - shift}px`,
    });
    if (this.words) this.words.style.transform = `scale(${wide / width})`;
  }

  /** Zoom about a point of the window, the middle of the canvas unless told. */
  scale(by, x, y) {
    const zoom = Math.min(MOST, Math.max(LEAST, this.zoom * by));
    const view = this.canvas.getBoundingClientRect();
    const before = this.sheet.getBoundingClientRect();
    const [left, top] = [x ?? view.left + view.width / 2, y ?? view.top + view.height / 2];
    const [part, depth] = [(left - before.left) / before.width, (top - before.top) / before.height];
    this.zoom = zoom;
    this.lay();
    const after = this.sheet.getBoundingClientRect();
    this.canvas.scrollLeft += after.left + part * after.width - left;
    this.canvas.scrollTop += after.top + depth * after.height - top;
  }

  fit() {
    this.zoom = 1;
    this.lay();
  }

  rotate() {
    this.turned = (this.turned + 90) % 360;
    this.lay();
  }

  wheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    this.scale(event.deltaY < 0 ? 1.1 : 1 / 1.1, event.clientX, event.clientY);
  }

  /** Drag to move about with a mouse; fingers scroll by themselves, words stay selectable. */
  grab(down) {
    if (down.button !== 0 || down.pointerType === "touch" || down.target.closest(".words span, button")) return;
    const { scrollLeft, scrollTop } = this.canvas;
    const field = down.target.dataset?.field;
    let moved = false;
    const move = (event) => {
      const [x, y] = [event.clientX - down.clientX, event.clientY - down.clientY];
      if (!moved && Math.hypot(x, y) < 4) return;
      if (!moved) this.canvas.setPointerCapture(down.pointerId);
      moved = true;
      this.canvas.classList.add("is-held");
      this.canvas.scrollTo(scrollLeft - x, scrollTop - y);
    };
    const done = new AbortController();
    const end = (up) => {
      done.abort();
      this.canvas.classList.remove("is-held");
      if (!moved && field && up.type === "pointerup") this.dispatchEvent(new CustomEvent("box-chosen", { bubbles: true, detail: { field } }));
    };
    this.canvas.addEventListener("pointermove", move, { signal: done.signal });
    for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, end, { signal: done.signal });
  }

  key(event) {
    if (typing(event)) return;
    const acts = {
      "[": () => this.turn(-1), "]": () => this.turn(1), "+": () => this.scale(STEP), "=": () => this.scale(STEP),
      "-": () => this.scale(1 / STEP), 0: () => this.fit(), r: () => this.rotate(),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }
}

function rect([left, top, right, bottom], pad, kind, field) {
  return draw("rect", { x: left - pad, y: top - pad, width: right - left + 2 * pad, height: bottom - top + 2 * pad, rx: pad, class: kind, "data-field": field });
}

/** Selectable words over the image in the page's own pixels; words read with little certainty are underlined. */
function textLayer(words) {
  return make("div", { class: "words" }, ...words.map(([text, left, top, right, bottom, sure]) => {
    const word = make("span", { class: sure < 0.8 && "word-doubt" }, text);
    const size = (bottom - top) * 0.85;
    ruler.font = `${size}px sans-serif`;
    const stretch = (right - left) / (ruler.measureText(text).width || 1);
    Object.assign(word.style, { left: `${left}px`, top: `${top}px`, fontSize: `${size}px`, transform: `scaleX(${stretch})` });
    return word;
  }));
}

function legend() {
  const line = (kind, words) => make("span", {}, draw("svg", { viewBox: "0 0 28 13", "aria-hidden": "true" },
    draw("rect", { class: kind, x: 1, y: 1, width: 26, height: 11 })), words);
  return make("p", { class: "legend strip-legend" }, line("k-lit", say("正在填的项目", "Current field")),
    line("k-doubt", say("请核对", "To check")), line("k-read", say("已识别", "Read")));
}

customElements.define("page-viewer", PageViewer);

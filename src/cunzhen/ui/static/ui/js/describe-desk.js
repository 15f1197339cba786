// <describe-desk>: the scan beside its fields; the keyboard leads from one doubtful field to the next.

import "./page-viewer.js";
import { icon, make, say, spriteOf } from "./words.js";

const FIELD = "input:not([type=hidden]), select, textarea";
const inputOf = (row) => row?.querySelector(FIELD);

class DescribeDesk extends HTMLElement {
  connectedCallback() {
    if (!this.form) this.build();
    document.addEventListener("keydown", this.onKey);
    window.addEventListener("pageshow", this.onShow);
    this.count();
    if (!document.querySelector(".errors") && !this.hasAttribute("quiet")) this.next(null);
  }

  build() {
    this.form = this.querySelector("form");
    this.viewer = this.querySelector("page-viewer");
    this.sprite = spriteOf(this.viewer);
    this.addEventListener("focusin", (event) => this.enter(event.target.closest(".frow[data-field]")));
    this.addEventListener("click", (event) => this.click(event));
    this.addEventListener("box-chosen", (event) => this.go(this.row(event.detail.field)));
    this.form.addEventListener("change", (event) => this.accept(event.target.closest(".frow[data-unsure]")));
    this.form.addEventListener("submit", (event) => this.sending(event));
    this.onKey = (event) => this.key(event);
    this.onShow = () => this.button?.removeAttribute("aria-busy");
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.onKey);
    window.removeEventListener("pageshow", this.onShow);
  }

  get button() {
    return this.form.querySelector("[type=submit].btn-main") ?? this.form.querySelector("[type=submit]");
  }

  get unsure() {
    return [...this.form.querySelectorAll(".frow[data-unsure]")].filter(inputOf);
  }

  row(field) {
    return [...this.form.querySelectorAll(".frow[data-field]")].find((each) => each.dataset.field === field);
  }

  go(row) {
    const input = inputOf(row) ?? this.button;
    input?.focus();
    input?.select?.();
  }

  /** To the next doubtful field after this row, from the top again; to the button only when none is left at all. */
  next(row) {
    const rows = this.unsure;
    const after = row && rows.find((each) => row.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING);
    this.go(after || rows[0]);
  }

  /** Make a row the one being worked on; what stands under the pointer stays there while rows grow and shrink. */
  enter(row) {
    if (!row || row === this.now) return;
    const list = row.closest(".fields");
    const before = row.getBoundingClientRect().top;
    this.now?.classList.remove("frow-now");
    this.now = row;
    row.classList.add("frow-now");
    row.querySelector(".assist")?.removeAttribute("hidden");
    const place = this.viewer.pages?.length && this.viewer.highlight(row.dataset.field, this.given(row));
    if (place) this.closeUp(row, place);
    if (!list) return;
    list.scrollTop += row.getBoundingClientRect().top - before;
    row.scrollIntoView({ block: "nearest" });
  }

  given({ dataset }) {
    const box = dataset.box?.split(",").map(Number);
    const page = this.viewer.pages.find((each) => each.number === Number(dataset.page));
    return page && box?.length === 4 ? { page, box } : null;
  }

  /** The place on the paper, enlarged under its field. */
  async closeUp(row, { page, box }) {
    let assist = row.querySelector(".assist");
    if (!assist) {
      assist = make("div", { class: "assist" });
      row.append(make("div", { class: "under under-wide" }, assist));
    }
    assist.classList.toggle("assist-alone", !assist.querySelector("button"));
    const picture = await this.viewer.picture().catch(() => null);
    if (!picture || this.viewer.page !== page) return;
    let canvas = assist.querySelector("canvas.closeup");
    if (!canvas) {
      canvas = make("canvas", { class: "closeup", role: "img", "aria-label": say("此处的放大图", "This place, enlarged") });
      assist.prepend(canvas);
    }
    const [left, top, right, bottom] = box;
    const tall = (bottom - top) * 2.2;
    const wide = Math.max(right - left + (bottom - top), tall * (assist.matches(".assist-alone") ? 3.5 : 1.75));
    const scale = picture.naturalWidth / page.width;
    const dots = Math.max(1, (canvas.clientWidth * devicePixelRatio) / wide);
    canvas.width = wide * dots;
    canvas.height = tall * dots;
    const corner = [(left + right - wide) / 2, (top + bottom - tall) / 2];
    const brush = canvas.getContext("2d");
    brush.fillStyle = "#fff";
    brush.fillRect(0, 0, canvas.width, canvas.height);
    brush.drawImage(picture, ...[...corner, wide, tall].map((each) => each * scale), 0, 0, canvas.width, canvas.height);
    if (row === this.now) row.scrollIntoView({ block: "nearest" });
  }

  /** The person has looked at it: no longer doubtful. */
  accept(row) {
    if (!row) return;
    delete row.dataset.unsure;
    row.classList.remove("frow-doubt");
    this.count();
    if (this.viewer.pages?.length) this.viewer.settle(row.dataset.field);
    const sure = row.querySelector(".sure");
    if (!sure) return;
    // A mark that says more than this, such as a check digit that agrees, stays.
    if (!sure.matches(".sure-done")) sure.replaceChildren(icon(this.sprite, "i-ok"), say("已核对", "Checked"));
    sure.className = "sure sure-done";
  }

  take(button) {
    const row = button.closest(".frow");
    const input = inputOf(row);
    input.value = button.dataset.suggest;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    this.accept(row);
    input.focus();
  }

  count() {
    const left = this.unsure.length;
    for (const tag of this.querySelectorAll("[data-unsure-count]")) {
      tag.className = left ? "tag tag-warn" : "tag tag-ok";
      const words = left ? say("还有 {0} 处请核对", "{0} left to check", left) : say("全部已核对", "All checked");
      tag.replaceChildren(icon(this.sprite, left ? "i-alert" : "i-ok"), words);
    }
  }

  click(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const { suggest, addRow } = button.dataset;
    if (suggest !== undefined) this.take(button);
    else if (addRow) this.add(addRow);
    else if (button.matches("[data-remove-row]")) this.remove(button.closest(".frow-group") ?? button.closest(".frow"));
    else if (button.matches("[data-next-unsure]")) this.next(this.now);
  }

  add(name) {
    const template = this.querySelector(`template[data-row="${name}"]`);
    const numbers = [...this.form.elements].map((each) => Number(each.name?.match(`^${name}-(\\d+)-`)?.[1] ?? -1));
    const made = document.createElement("template");
    made.innerHTML = template.innerHTML.replaceAll("__n__", Math.max(-1, ...numbers) + 1);
    const first = made.content.querySelector(FIELD);
    template.before(made.content);
    first?.focus();
    this.count();
  }

  remove(row) {
    const beside = row.nextElementSibling?.querySelector?.(FIELD) ?? inputOf(row.previousElementSibling);
    row.remove();
    (beside ?? this.button)?.focus();
    this.count();
  }

  key(event) {
    if (event.isComposing || event.keyCode === 229 || document.querySelector("dialog[open]")) return;
    const row = event.target.closest?.(".frow");
    const act = this.act(event, row && this.contains(row) ? row : null);
    if (!act) return;
    event.preventDefault();
    act();
  }

  act({ key, code, ctrlKey, altKey, shiftKey, metaKey, target }, row) {
    // Other forms of the desk, such as the one that sends the paper back, keep their own keys.
    if (target.form && target.form !== this.form) return null;
    if (key === "Enter" && ctrlKey) return () => this.form.requestSubmit(this.button);
    if (key === "F2") return () => this.next(row ?? this.now);
    const digit = altKey && !ctrlKey && code.match(/^(?:Digit|Numpad)([1-9])$/)?.[1];
    const suggestion = digit && (row ?? this.now)?.querySelectorAll("button[data-suggest]")[digit - 1];
    if (suggestion) return () => this.take(suggestion);
    if (ctrlKey || altKey || shiftKey || metaKey) return null;
    if (key === "PageUp" || key === "PageDown") return () => this.viewer.turn(key === "PageUp" ? -1 : 1);
    if (key !== "Enter" || !row || !target.matches("input, select")) return null;
    return () => {
      if (!target.reportValidity()) return;
      this.accept(row);
      this.next(row);
    };
  }

  sending(event) {
    if (this.button?.getAttribute("aria-busy") === "true") return event.preventDefault();
    this.button?.setAttribute("aria-busy", "true");
  }
}

customElements.define("describe-desk", DescribeDesk);

// <upload-zone>: many files and folders in pieces; a broken line only pauses, and a file begun before goes on.

import { count, csrfToken, make, say } from "./words.js";

const AT_ONCE = 2;
const CHUNK = 8 * 1024 * 1024;
const DELAYS = [0, 1000, 3000, 5000, 10000, 20000];
const AGAIN = 30000;

/** Where begun uploads are remembered: addresses only, since file names hold people's names and desks are shared. */
const remembered = {
  async findAllUploads() {
    return [];
  },
  async findUploadsByFingerprint(mark) {
    const kept = localStorage.getItem(mark);
    return kept ? [JSON.parse(kept)] : [];
  },
  async addUpload(mark, { uploadUrl, size, creationTime }) {
    localStorage.setItem(mark, JSON.stringify({ uploadUrl, size, creationTime, metadata: {}, urlStorageKey: mark }));
    return mark;
  },
  async removeUpload(mark) {
    localStorage.removeItem(mark);
  },
};

class UploadZone extends HTMLElement {
  connectedCallback() {
    if (this.waiting) return;
    // The library may stand after this module in the page; without it the form is sent as it is.
    if (!window.tus && document.readyState !== "complete") {
      window.addEventListener("load", () => this.isConnected && this.connectedCallback(), { once: true });
      return;
    }
    if (!window.tus?.isSupported) return;
    Object.assign(this, { waiting: [], running: new Set(), failed: new Set(), done: 0, all: 0, bytes: 0, sent: 0 });
    this.input = this.querySelector("input[type=file]");
    // Labels open their own inputs, which then stay for the keyboard; buttons share the first one.
    this.input.hidden = Boolean(this.querySelector("button[data-pick]"));
    for (const plain of this.querySelectorAll("[data-plain]")) plain.hidden = true;
    this.addEventListener("change", ({ target }) => {
      if (target.type !== "file") return;
      this.add([...target.files].map((file) => [file, file.webkitRelativePath || file.name]));
      target.value = "";
    });
    this.addEventListener("click", (event) => this.click(event.target.closest("button")));
    this.stop = new AbortController();
    const listen = (name, act) => window.addEventListener(name, act, { signal: this.stop.signal });
    listen("dragover", (event) => this.over(event));
    listen("dragleave", (event) => !event.relatedTarget && this.classList.remove("is-over"));
    listen("drop", (event) => this.drop(event));
    listen("online", () => this.retry((each) => each.line));
    listen("beforeunload", (event) => {
      if (!this.waiting.length && !this.running.size) return;
      event.preventDefault();
      event.returnValue = "";
    });
    this.timer = setInterval(() => this.retry((each) => each.line), AGAIN);
  }

  disconnectedCallback() {
    this.stop?.abort();
    clearInterval(this.timer);
    for (const each of this.running ?? []) each.upload.abort();
  }

  click(button) {
    const pick = button?.dataset.pick;
    if (pick) {
      this.input.webkitdirectory = pick === "folder";
      this.input.click();
    }
    if (button?.file) this.retry((each) => each === button.file);
    if (button?.drop) this.forget(button.drop);
    if (button && !button.isConnected) this.querySelector("button[data-pick], input[type=file]").focus();
  }

  over(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    const here = this.contains(event.target);
    this.classList.toggle("is-over", here);
    event.dataTransfer.dropEffect = here ? "copy" : "none";
  }

  async drop(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.classList.remove("is-over");
    if (!this.contains(event.target)) return;
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    for (const entry of entries) await this.walk(entry);
  }

  async walk(entry) {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject)).catch(() => null);
      return file && this.add([[file, entry.fullPath.replace(/^\//, "")]]);
    }
    const reader = entry.createReader();
    for (;;) {
      // A folder is handed out a hundred names at a time until an empty portion.
      const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!part.length) return null;
      for (const each of part) await this.walk(each);
    }
  }

  add(files) {
    if (!files.length) return;
    if (!this.waiting.length && !this.running.size) [this.began, this.sentBefore] = [Date.now(), this.sent];
    for (const [file, path] of files) {
      this.waiting.push({ file, path, sent: 0 });
      this.bytes += file.size;
    }
    this.all += files.length;
    this.receiving(false);
    this.work();
  }

  work() {
    while (this.running.size < AT_ONCE && this.waiting.length) this.start(this.waiting.shift());
    this.tell();
    if (this.running.size || this.failed.size || this.done < this.all || !this.all) return;
    this.receiving(true);
    this.dispatchEvent(new CustomEvent("uploads-done", { bubbles: true, detail: { count: this.done } }));
  }

  async start(one) {
    this.running.add(one);
    const transfer = this.getAttribute("transfer");
    const { file, path } = one;
    one.upload = new window.tus.Upload(file, {
      endpoint: this.getAttribute("endpoint"), chunkSize: CHUNK, retryDelays: DELAYS, headers: { "X-CSRFToken": csrfToken() },
      metadata: { filename: file.name, path, transfer }, urlStorage: remembered, removeFingerprintOnSuccess: true,
      fingerprint: async () => `upload-${digest([transfer, path, file.size, file.lastModified].join("|"))}`,
      onShouldRetry: (error) => lost(error),
      onProgress: (sent) => this.progress(one, sent),
      onSuccess: () => this.end(one, () => (this.done += 1)),
      onError: (error) => this.end(one, () => {
        one.line = lost(error);
        one.words = reason(error);
        this.failed.add(one);
        this.list();
      }),
    });
    const earlier = await one.upload.findPreviousUploads().catch(() => []);
    if (earlier.length) one.upload.resumeFromPreviousUpload(earlier[0]);
    one.upload.start();
  }

  end(one, note) {
    this.running.delete(one);
    note();
    this.work();
  }

  progress(one, sent) {
    this.sent += sent - one.sent;
    one.sent = sent;
    this.tell();
  }

  retry(which) {
    const again = [...this.failed].filter(which);
    if (!again.length) return;
    for (const one of again) this.failed.delete(one);
    this.waiting.push(...again);
    this.list();
    this.work();
  }

  forget(one) {
    this.failed.delete(one);
    this.all -= 1;
    this.bytes -= one.file.size;
    this.progress(one, 0);
    this.list();
    this.work();
  }

  receiving(ready) {
    for (const button of document.querySelectorAll("[data-receive]")) button.disabled = !ready;
  }

  tell() {
    const state = this.querySelector("[data-upload-status]");
    const bar = this.querySelector("progress") ?? make("progress", { class: "bar-progress", "aria-label": say("上传进度", "Upload") });
    if (!bar.isConnected) state?.before(bar);
    Object.assign(bar, { hidden: false, max: this.bytes || 1, value: this.bytes ? this.sent : 1 });
    const left = this.all - this.done - this.failed.size;
    const speed = (this.sent - this.sentBefore) / (Date.now() - this.began || 1);
    const wait = left && speed > 0 ? Math.ceil((this.bytes - this.sent) / speed / 1000) : 0;
    const time = wait > 90 ? say("，还需约 {0} 分钟", ", about {0} min to go", Math.ceil(wait / 60)) : wait ? say("，还需约 {0} 秒", ", about {0} s to go", wait) : "";
    const words = say("已上传 {0} 个，失败 {1} 个，剩余 {2} 个", "{0} uploaded, {1} failed, {2} left", ...[this.done, this.failed.size, left].map(count)) + time;
    if (state && state.textContent !== words) state.textContent = words;
  }

  list() {
    const button = (words, key, one) => Object.assign(make("button", { type: "button", class: "btn btn-s" }, words), { [key]: one });
    const rows = [...this.failed].slice(0, 200).map((one) => make("li", {}, make("span", {}, one.path), make("span", { class: "bad small" }, one.words),
      button(say("重试", "Try again"), "file", one), button(say("不传了", "Leave out"), "drop", one)));
    this.querySelector("[data-upload-failures]")?.replaceChildren(...rows);
  }
}

/** No answer, or one that asks to come again: the line or the server, not the file. */
function lost(error) {
  const status = error.originalResponse?.getStatus() ?? 0;
  return status === 0 || status === 409 || status === 423 || status >= 500;
}

/** What the server said in plain words, else how it answered. */
function reason(error) {
  if (lost(error)) return say("连接中断，恢复后自动续传", "The line broke; goes on when it is back");
  const answer = error.originalResponse;
  if (answer.getHeader("Content-Type")?.startsWith("text/plain")) return answer.getBody().slice(0, 200);
  return say("没有收下（{0}），请刷新页面后重试", "Not taken ({0}); reload the page and try again", answer.getStatus());
}

/** A short mark of a text (two rounds of FNV-1a); Web Crypto is missing on plain http. */
function digest(text) {
  return [0x811c9dc5, 0x1000193].map((seed) => [...text].reduce((sum, letter) => Math.imul(sum ^ letter.codePointAt(0), 0x1000193) >>> 0, seed).toString(16)).join("");
}

customElements.define("upload-zone", UploadZone);

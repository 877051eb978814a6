// Decisions on their way to the service. Each is kept in the browser until the service has acknowledged it, and is sent
// again after a reload or an outage under the same key, so that it is stored once.

import { post, transient } from "./api.js";

const WAITS = [300, 600, 1200, 2500, 5000];

export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const b = crypto.getRandomValues(new Uint8Array(16)); // where the page is not served from this machine
  b[6] = (b[6] & 15) | 64;
  b[8] = (b[8] & 63) | 128;
  const h = [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
  return [h.slice(0, 8), h.slice(8, 12), h.slice(12, 16), h.slice(16, 20), h.slice(20)].join("-");
}

export class Outbox {
  /** `told` is called with ("sent", entry, event), ("clash", entry, event), ("refused", entry, message) and ("waiting"). */
  constructor(store, told) {
    this.prefix = `gouji:${store}:out:`;
    this.logKey = `gouji:${store}:log`;
    this.told = told;
    this.busy = false;
    this.failures = 0;
    addEventListener("online", () => this.flush());
  }

  entries() {
    const out = [];
    for (let i = 0; i < localStorage.length; i += 1) {
      const k = localStorage.key(i);
      if (k.startsWith(this.prefix)) out.push(JSON.parse(localStorage.getItem(k)));
    }
    return out.sort((a, b) => a.order - b.order);
  }

  get waiting() {
    return this.entries().filter((e) => !e.stopped).length;
  }

  put(entry) {
    localStorage.setItem(this.prefix + entry.body.key, JSON.stringify(entry));
  }

  drop(key) {
    localStorage.removeItem(this.prefix + key);
  }

  add(entry) {
    this.put({ ...entry, order: Date.now() + Math.random() });
    this.told("waiting");
    return this.flush();
  }

  /** What one did, oldest first: {key, id, report, field, action, text, at, undone}. It outlives a reload. */
  log() {
    return JSON.parse(localStorage.getItem(this.logKey) ?? "[]");
  }

  note(change) {
    const log = change(this.log());
    localStorage.setItem(this.logKey, JSON.stringify(log.slice(-5000)));
  }

  async flush() {
    if (this.busy) return; // what was added meanwhile is sent in the same go
    this.busy = true;
    try {
      for (let next; (next = this.entries().find((e) => !e.stopped)) && (await this.send(next)); );
    } finally {
      this.busy = false;
    }
  }

  async send(entry) {
    const body = { ...entry.body };
    if (entry.cancelsKey) {
      const undone = this.log().find((x) => x.key === entry.cancelsKey);
      if (!undone?.id) return this.drop(body.key), true; // what it takes back was never stored
      body.cancels = undone.id;
    }
    let event;
    try {
      event = await post(`/v1/reports/${entry.report}/events`, body);
    } catch (e) {
      return this.failed(entry, e);
    }
    this.failures = 0;
    this.drop(body.key);
    for (const later of this.entries()) {
      if (later.report === entry.report && later.body.field === body.field) this.put({ ...later, body: { ...later.body, after: Math.max(later.body.after, event.id) } });
    }
    this.note((log) => log.map((x) => (x.key === body.key ? { ...x, id: event.id } : x)));
    this.told("sent", entry, event);
    return true;
  }

  failed(entry, e) {
    if (transient(e)) {
      const wait = WAITS[Math.min(this.failures, WAITS.length - 1)];
      this.failures += 1;
      setTimeout(() => this.flush(), wait);
      this.told("waiting");
      return false;
    }
    // Kept, and not sent again by itself: a person decides what becomes of it.
    this.put({ ...entry, stopped: true });
    if (e.status === 409 && e.problem.event) this.told("clash", entry, e.problem.event);
    else this.told("refused", entry, e.message);
    return true;
  }
}

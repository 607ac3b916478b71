/**
 * The one connection of a page. Knows topics and their positions, replies and the two answers of
 * an order; knows nothing of what the data means. Never reloads the page.
 *
 * States: connecting, live, delayed (ticks are late), reconnecting (no connection), closed (the
 * server said not to come back).
 */
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 10_000;
const PING_EVERY_MS = 5_000;
const PONG_WITHIN_MS = 10_000;
const REPLY_WITHIN_MS = 10_000;
const RESYNC_EVERY_MS = 2_000;
const DELAYED_AFTER_MS = 1_000;
const WATCH_EVERY_MS = 250;
const PENDING_MAX = 100;
const FINAL_CODES = new Map([
  [4401, "logged_out"],
  [4500, "bad_token"],
  [4501, "bad_request"],
  [4504, "connection_limit"],
  [4507, "permission"],
]);

const APPENDED = /^(account|news|trades:.+)$/;

/** Wait before attempt number `attempt` (0, 1, ...): full jitter between 0.5 and at most 10 s. */
export function retryDelay(attempt, random = Math.random) {
  const ceiling = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(attempt + 1, 10));
  return RETRY_MIN_MS + random() * (ceiling - RETRY_MIN_MS);
}

/**
 * What to do with a pushed frame at a known position: apply it, drop it, or ask again.
 * A private stream is chained by `prev` across epochs, or replaced as a whole; an appended public
 * one counts by one; a replaced one only grows.
 */
export function judge(known, frame) {
  if (!known) return "apply";
  if (frame.prev !== undefined) {
    if (frame.offset <= known.offset) return "drop";
    // A snapshot may stand for a commit after the last message, so `prev` may lie before it.
    return frame.prev <= known.offset ? "apply" : "resync";
  }
  if (frame.topic === "account" || known.epoch !== frame.epoch) return "apply";
  if (frame.offset <= known.offset) return "drop";
  if (frame.type === "append" && frame.offset > known.offset + 1) return "resync";
  return "apply";
}

export class Link {
  /** @param {{path: string, onData: Function, onState: Function}} options */
  constructor({ path, onData, onState, onOpen = () => {} }) {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.url = `${scheme}//${location.host}${path}`;
    Object.assign(this, { onData, onState, onOpen });
    this.topics = new Map();
    this.pending = new Map();
    this.resynced = new Map();
    this.nextId = 1;
    this.attempt = 0;
    this.socket = null;
    this.state = "connecting";
    this.tickAt = null;
    this.paused = false;
    addEventListener("online", () => this.#retryNow());
    document.addEventListener("visibilitychange", () => this.#retryNow());
  }

  open() {
    clearTimeout(this.retryTimer);
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.onopen = () => this.#opened(socket);
    socket.onmessage = (event) => socket === this.socket && this.#received(event.data);
    socket.onclose = (event) => socket === this.socket && this.#closed(event.code);
    this.watch ??= setInterval(() => this.#watch(), WATCH_EVERY_MS);
  }

  get ready() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  subscribe(topic) {
    if (this.topics.has(topic)) return;
    this.topics.set(topic, null);
    if (this.ready) this.#subscribe(topic);
  }

  unsubscribe(topic) {
    if (!this.topics.delete(topic) || !this.ready) return;
    this.request("unsubscribe", { topic }).catch(() => {});
  }

  /**
   * Send an operation. Resolves with the first reply, rejects with a problem.
   * `decided` is called with the second answer of an order.
   */
  request(op, fields = {}, { decided = null } = {}) {
    if (!this.ready || this.pending.size >= PENDING_MAX) {
      return Promise.reject({ code: "link_down", title: "No connection", temporary: true });
    }
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.pending.delete(id);
        reject({ code: "no_reply", title: "No reply from the server", temporary: true });
      }, REPLY_WITHIN_MS);
      this.pending.set(id, { resolve, reject, decided, timer });
      this.socket.send(JSON.stringify({ id, op, ...fields }));
    });
  }

  /** World halted: the absence of ticks is no delay. */
  pauseWatch(paused) {
    this.paused = paused;
  }

  #opened(socket) {
    if (socket !== this.socket) return;
    this.attempt = 0;
    this.tickAt = Date.now();
    this.onState({ opened_at: this.tickAt });
    this.#setState("live");
    for (const topic of this.topics.keys()) this.#subscribe(topic);
    this.pingTimer = setInterval(() => this.#ping(), PING_EVERY_MS);
    this.#ping();
    this.onOpen();
  }

  #subscribe(topic) {
    const position = this.topics.get(topic);
    const known = position ? { epoch: position.epoch, offset: position.offset } : {};
    this.request("subscribe", { topic, ...known }).then(
      (reply) => {
        if (!this.topics.has(topic)) return;
        if (reply.recovered && this.topics.get(topic)) return;
        this.topics.set(topic, { epoch: reply.epoch, offset: reply.offset });
        if (reply.snapshot)
          this.onData({ kind: "snapshot", topic, data: reply.snapshot, tick: reply.tick });
      },
      (problem) => {
        this.onState({ refused: { topic, code: problem.code } });
        if (problem.temporary && this.ready) this.#subscribeLater(topic, problem.retry_after);
      },
    );
  }

  #subscribeLater(topic, seconds) {
    setTimeout(
      () => {
        if (this.ready && this.topics.has(topic)) this.#subscribe(topic);
      },
      Math.max(RESYNC_EVERY_MS, (seconds ?? 0) * 1000),
    );
  }

  #received(text) {
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {
      return;
    }
    if (frame.id !== undefined && frame.id !== null) this.#replied(frame);
    else if (frame.topic) this.#pushed(frame);
  }

  #replied(frame) {
    const waiting = this.pending.get(frame.id);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    const second = frame.status === "executed" || (frame.status === "rejected" && waiting.answered);
    if (second && waiting.decided) {
      this.pending.delete(frame.id);
      waiting.resolve(frame);
      waiting.decided(frame);
      return;
    }
    if (frame.ok && waiting.decided && !waiting.answered) {
      waiting.answered = true;
    } else {
      this.pending.delete(frame.id);
    }
    if (frame.ok) waiting.resolve(frame);
    else waiting.reject(frame.error ?? { code: "refused", title: "Refused" });
  }

  #pushed(frame) {
    if (!this.topics.has(frame.topic)) return;
    const now = Date.now();
    if (frame.topic === "market_tick" || frame.topic === "world") this.tickAt = now;
    const verdict = judge(this.topics.get(frame.topic), frame);
    if (verdict === "drop") return;
    if (verdict === "resync" && now - (this.resynced.get(frame.topic) ?? 0) > RESYNC_EVERY_MS) {
      this.resynced.set(frame.topic, now);
      this.#subscribe(frame.topic);
      return;
    }
    this.topics.set(frame.topic, { epoch: frame.epoch, offset: frame.offset });
    // On a stream that is appended to, a replacement is its whole snapshot, told by the server.
    const whole = frame.type === "replace" && APPENDED.test(frame.topic);
    const kind = whole ? "snapshot" : "frame";
    this.onData({ kind, topic: frame.topic, data: frame.data, tick: frame.tick, at: now });
  }

  #ping() {
    const sent = performance.now();
    this.request("ping").then(
      () => this.onState({ latency_ms: Math.round(performance.now() - sent) }),
      (problem) => {
        if (problem.code === "no_reply" && performance.now() - sent >= PONG_WITHIN_MS)
          this.socket?.close();
      },
    );
  }

  #watch() {
    if (!this.ready || this.state === "closed") return;
    const age = Date.now() - (this.tickAt ?? Date.now());
    this.#setState(!this.paused && age > DELAYED_AFTER_MS ? "delayed" : "live");
  }

  #closed(code) {
    clearInterval(this.pingTimer);
    for (const { reject, timer, answered } of this.pending.values()) {
      clearTimeout(timer);
      if (!answered) reject({ code: "link_down", title: "Connection lost", temporary: true });
    }
    this.pending.clear();
    if (FINAL_CODES.has(code)) {
      this.#setState("closed", FINAL_CODES.get(code));
      return;
    }
    this.#setState("reconnecting");
    this.retryTimer = setTimeout(() => this.open(), retryDelay(this.attempt++));
  }

  #retryNow() {
    if (this.state !== "reconnecting" || document.visibilityState === "hidden") return;
    if (this.socket?.readyState === WebSocket.CONNECTING) return;
    this.attempt = 0;
    this.open();
  }

  #setState(state, reason = null) {
    if (state === this.state) return;
    this.state = state;
    this.onState({ state, reason, since: Date.now() });
  }
}

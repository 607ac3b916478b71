/** The link indicator in the header, and the banner when figures are old. */
import { html, nothing } from "../../vendor/lit.js";
import { clock } from "../core/format.js";
import { StoreElement } from "./element.js";

const OLD_MS = 3_000;
const LABELS = {
  connecting: "connecting",
  live: "live",
  delayed: "delayed",
  reconnecting: "reconnecting",
  closed: "offline",
};
const CLOSED = {
  logged_out: "You were logged out. Log in again to trade.",
  connection_limit: "Too many pages of yours are connected. Close one and reload this one.",
};

/** Milliseconds since the last tick (or the connection) reached this page, or null before both. */
export function tickAge(state, now = Date.now()) {
  const since = Math.max(state.tickAt ?? 0, state.link.opened_at ?? 0);
  return since ? Math.max(0, now - since) : null;
}

/** Old figures: nothing that depends on the shown price may be sent. */
export function isStale(state, now = Date.now()) {
  if (state.world.state === "halted") return false;
  if (state.link.state === "reconnecting" || state.link.state === "closed") return true;
  const age = tickAge(state, now);
  return age !== null && age > OLD_MS;
}

export class LeaLink extends StoreElement {
  connectedCallback() {
    super.connectedCallback();
    this.timer = setInterval(() => this.requestUpdate(), 500);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  slices() {
    return [this.state.link, this.state.world.state];
  }

  render() {
    const { link, world } = this.state;
    const halted = world.state === "halted" && link.state === "live";
    const age = tickAge(this.state);
    const shown = age === null ? "no tick yet" : `tick ${(age / 1000).toFixed(1)} s ago`;
    const delay = link.state === "live" && link.latency_ms !== null ? ` ${link.latency_ms} ms` : "";
    return html`<span class="chip" data-state=${halted ? "delayed" : link.state} title=${shown}>
      <span class="dot"></span>
      <span
        >${halted ? "halted" : (LABELS[link.state] ?? link.state)}<span class="wide"
          >${delay}</span
        ></span
      >
    </span>`;
  }
}

export class LeaBanner extends StoreElement {
  connectedCallback() {
    super.connectedCallback();
    this.timer = setInterval(() => this.requestUpdate(), 500);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  slices() {
    return [this.state.link.state, this.state.world.state];
  }

  text() {
    const { link, world, tickAt } = this.state;
    if (world.state === "halted" && link.state === "live") {
      return "The world is halted. Open orders can be canceled; new ones wait until it resumes.";
    }
    if (link.state === "closed")
      return CLOSED[link.reason] ?? "The connection was closed by the server.";
    if (!isStale(this.state)) return null;
    const from = tickAt ? `Prices are from ${clock(tickAt)}.` : "";
    return link.state === "reconnecting" ? `Reconnecting. ${from}` : `The world is late. ${from}`;
  }

  render() {
    const text = this.text();
    document.documentElement.toggleAttribute("data-stale", isStale(this.state));
    return html`<div role="status">${text ? html`<p class="banner">${text}</p>` : nothing}</div>`;
  }
}

customElements.define("lea-link", LeaLink);
customElements.define("lea-banner", LeaBanner);

/** Why did the price move: the parts of the mid's change over a window, as the world tells them. */
import { html } from "../../vendor/lit.js";
import { get } from "../core/api.js";
import { direction, percent } from "../core/format.js";
import { StoreElement, change } from "./element.js";

const AGAIN_MS = 10_000;
const WINDOWS = [
  ["min", "1 min", 100, 6],
  ["hour", "10 min", 600, 10],
  ["days", "30 days", "day", 30],
];
const REASONS = [
  ["balance", "Demand, supply"],
  ["wages", "Wages"],
  ["inputs", "Inputs"],
  ["scarcity", "Scarcity"],
  ["news", "News"],
  ["order_flow", "Order flow"],
];

/** Log points as the fraction that people expect. */
export function fractionOf(logPoints) {
  return Math.expm1(Number(logPoints));
}

export class LeaReasons extends StoreElement {
  static properties = { chosen: { state: true }, total: { state: true }, problem: { state: true } };

  constructor() {
    super();
    this.chosen = WINDOWS[0];
    this.total = null;
    this.problem = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.load();
    this.timer = setInterval(() => document.visibilityState === "visible" && this.load(), AGAIN_MS);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  slices() {
    return [this.state.code];
  }

  async load() {
    const { code } = this.state;
    const [, , interval, limit] = this.chosen;
    const asked = this.chosen;
    if (!code) return;
    try {
      const path = `/api/markets/${code}/attribution?interval=${interval}&limit=${limit}`;
      const answer = await get(path);
      if (asked !== this.chosen) return;
      this.total = answer.data?.length ? answer.total.mid : null;
      this.problem = null;
    } catch (problem) {
      this.problem = problem.title ?? "Not loaded";
    }
  }

  choose(window) {
    this.chosen = window;
    this.load();
  }

  row(name, label, most) {
    const value = Number(this.total?.[name] ?? 0);
    const share = most > 0 ? Math.abs(value) / most : 0;
    const sign = direction(value);
    return html`<div>
      <dt>${label}</dt>
      <dd class="bar-box" aria-hidden="true">
        <span
          class=${value < 0 ? "down" : "up"}
          .style=${`transform:scaleX(${(value < 0 ? -1 : 1) * Math.min(1, share)})`}
        ></span>
      </dd>
      <dd class="num ${sign < 0 ? "down" : sign > 0 ? "up" : "muted"}">
        ${this.total ? percent(value) : percent(null)}
      </dd>
    </div>`;
  }

  render() {
    const most = Math.max(0, ...REASONS.map(([name]) => Math.abs(Number(this.total?.[name] ?? 0))));
    return html`<div class="reasons-head">
        ${change(this.total ? fractionOf(this.total.change) : null)}
        <div class="tabs" role="group" aria-label="Time looked back">
          ${WINDOWS.map(
            (window) =>
              html`<button
                type="button"
                aria-pressed=${String(window === this.chosen)}
                @click=${() => this.choose(window)}
              >
                ${window[1]}
              </button>`,
          )}
        </div>
      </div>
      <dl class="reasons">${REASONS.map(([name, label]) => this.row(name, label, most))}</dl>
      <p class="reasons-note" ?hidden=${!this.problem}>${this.problem}</p>`;
  }
}

customElements.define("lea-reasons", LeaReasons);

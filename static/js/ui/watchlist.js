/** All markets with their last 60 points, price and change; each row is a link. */
import { html, nothing, repeat } from "../../vendor/lit.js";
import { credits, decimalsOf, direction, regionName, usualDecimals } from "../core/format.js";
import { reducedMotion } from "../core/theme.js";
import { StoreElement, change, sparkline } from "./element.js";

const FLASH_MS = 300;
const FLASHES_PER_SECOND_MAX = 1;

export class LeaWatchlist extends StoreElement {
  static properties = { current: { type: String } };

  lastPrice = new Map();
  lastFlash = new Map();

  slices() {
    const { markets, sparks } = this.state;
    return [markets, sparks];
  }

  row(market) {
    const { sparks } = this.state;
    const sign = direction(market.change);
    const decimals = market.increment ? decimalsOf(market.increment) : usualDecimals(market.last);
    return html`<li>
      <a
        class="watch"
        href="/m/${market.code}"
        data-code=${market.code}
        aria-current=${market.code === this.current ? "page" : nothing}
      >
        <span class="flash" aria-hidden="true"></span>
        <span class="code">${market.code}</span>
        <span class="name">${market.name ?? ""}</span>
        ${sparkline(sparks[market.code], sign)}
        <span class="last">${credits(market.last, { decimals })}</span>
        ${change(market.change)}
      </a>
    </li>`;
  }

  /** The name of the region above its first market. */
  heading(code, before) {
    const name = regionName(code);
    return name && name !== regionName(before) ? html`<li class="region">${name}</li>` : nothing;
  }

  render() {
    const { codes, markets } = this.state;
    if (!codes.length) return html`<p class="empty">No markets are open yet.</p>`;
    return html`<ul class="watchlist">
      ${repeat(
        codes,
        (c) => c,
        (c, i) => [this.heading(c, codes[i - 1]), this.row(markets[c])],
      )}
    </ul>`;
  }

  updated() {
    const now = performance.now();
    for (const [code, market] of Object.entries(this.state.markets)) {
      const before = this.lastPrice.get(code);
      this.lastPrice.set(code, market.last);
      if (before === undefined || before === market.last || reducedMotion()) continue;
      if (now - (this.lastFlash.get(code) ?? 0) < 1000 / FLASHES_PER_SECOND_MAX) continue;
      this.lastFlash.set(code, now);
      const cell = this.querySelector(`[data-code="${code}"] .flash`);
      cell?.animate({ opacity: [0.55, 0] }, { duration: FLASH_MS, easing: "ease-out" });
    }
  }
}

customElements.define("lea-watchlist", LeaWatchlist);

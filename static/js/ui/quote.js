/** The head of the market: last price, change, and the day's figures. */
import { html, nothing } from "../../vendor/lit.js";
import { compact, credits, decimalsOf, whole } from "../core/format.js";
import { StoreElement, change } from "./element.js";

/** Seconds until the uncross of a call auction, never below 0; null without one. */
export function secondsLeft(auction, tick, rate) {
  if (!auction || !Number.isFinite(tick)) return null;
  return Math.max(0, Math.ceil((auction.ends_tick - tick) / (rate || 10)));
}

export class LeaQuote extends StoreElement {
  slices() {
    const { markets, code, tick } = this.state;
    return [markets[code], markets[code]?.auction ? tick : null];
  }

  auction(auction, decimals) {
    const { tick, world } = this.state;
    const seconds = secondsLeft(auction, tick, Number(world?.tick_rate_hz));
    const price =
      auction.price === null
        ? "nothing would trade yet"
        : `${whole(auction.quantity)} lots at ${credits(auction.price, { decimals })}`;
    return html`<span
      class="auction"
      title="Continuous trading rests. Limit orders collect and trade at one price."
      >Auction${seconds === null ? nothing : html` <span class="mono">${seconds} s</span>`}
      <span class="muted">${price}</span></span
    >`;
  }

  render() {
    const market = this.state.markets[this.state.code] ?? {};
    const decimals = decimalsOf(market.increment ?? "0.001");
    const figures = [
      ["Bid", credits(market.bid, { decimals })],
      ["Ask", credits(market.ask, { decimals })],
      ["High", credits(market.high, { decimals })],
      ["Low", credits(market.low, { decimals })],
      ["Volume 24 h", compact(market.volume), whole(market.volume)],
    ];
    return html`<span class="quote-last display">${credits(market.last, { decimals })}</span>
      ${change(market.change)} ${market.auction ? this.auction(market.auction, decimals) : nothing}
      <dl class="figures">
        ${figures.map(
          ([label, value, title]) =>
            html`<div title=${title ?? nothing}>
              <dt>${label}</dt>
              <dd>${value}</dd>
            </div>`,
        )}
      </dl>`;
  }
}

customElements.define("lea-quote", LeaQuote);

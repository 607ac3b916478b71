/** The head of the market: last price, change, and the day's figures. */
import { html, nothing } from "../../vendor/lit.js";
import { compact, credits, decimalsOf, whole } from "../core/format.js";
import { StoreElement, change } from "./element.js";

export class LeaQuote extends StoreElement {
  slices() {
    const { markets, code } = this.state;
    return [markets[code]];
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
      ${change(market.change)}
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

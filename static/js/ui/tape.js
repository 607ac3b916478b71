/** The newest trades, newest first. The arrow says which side took. */
import { html, repeat } from "../../vendor/lit.js";
import { credits, decimalsOf, whole } from "../core/format.js";
import { StoreElement, arrow } from "./element.js";

export class LeaTape extends StoreElement {
  static properties = { limit: { type: Number } };

  slices() {
    return [this.state.trades];
  }

  render() {
    const { trades, markets, code } = this.state;
    const decimals = decimalsOf(markets[code]?.increment ?? "0.001");
    if (!trades.length) {
      return html`<p class="empty">No trades yet. They appear here as they happen.</p>`;
    }
    return html`<table class="tape">
      <thead>
        <tr>
          <th scope="col">Price</th>
          <th scope="col" class="num">Lots</th>
          <th scope="col" class="num">Tick</th>
        </tr>
      </thead>
      <tbody>
        ${repeat(
          trades.slice(0, this.limit || 50),
          (trade) => trade.id,
          (trade) => {
            const sign = trade.side === "buy" ? 1 : -1;
            return html`<tr>
              <td class="nowrap ${sign > 0 ? "up" : "down"}">
                ${arrow(sign)}
                <span class="visually-hidden">${trade.side}</span>
                ${credits(trade.price, { decimals })}
              </td>
              <td class="num">${whole(trade.qty)}</td>
              <td class="num muted">${whole(trade.tick)}</td>
            </tr>`;
          },
        )}
      </tbody>
    </table>`;
  }
}

customElements.define("lea-tape", LeaTape);

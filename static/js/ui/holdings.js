/** What the player owns: cash, goods at the last price, and their sum. */
import { html } from "../../vendor/lit.js";
import { credits, whole } from "../core/format.js";
import { parseCredits } from "../core/money.js";
import { StoreElement } from "./element.js";

/** Lots of each good with their value: [{code, free, held, value}], and the sum with the cash. */
export function valued(balances, markets) {
  let total =
    (parseCredits(balances.CASH?.available) ?? 0n) + (parseCredits(balances.CASH?.held) ?? 0n);
  const rows = [];
  for (const { asset, available, held } of Object.values(balances)) {
    const lots = Number(available) + Number(held);
    if (asset === "CASH" || !lots) continue;
    const value = (parseCredits(markets[asset]?.last) ?? 0n) * BigInt(lots);
    total += value;
    rows.push({ code: asset, free: Number(available), held: Number(held), value });
  }
  return { rows: rows.sort((a, b) => (a.value < b.value ? 1 : -1)), total };
}

export class LeaHoldings extends StoreElement {
  slices() {
    return [this.state.balances, this.state.markets];
  }

  render() {
    const { balances, markets } = this.state;
    const { rows, total } = valued(balances, markets);
    const held = parseCredits(balances.CASH?.held) ?? 0n;
    return html`<dl class="totals">
        <div>
          <dt>Net worth</dt>
          <dd class="display">${credits(total)}</dd>
        </div>
        <div>
          <dt>Free cash</dt>
          <dd>${credits(balances.CASH?.available)}</dd>
        </div>
        <div>
          <dt>In orders</dt>
          <dd>${credits(held)}</dd>
        </div>
      </dl>
      ${
        rows.length
          ? html`<table>
              <thead>
                <tr>
                  <th scope="col">Good</th>
                  <th scope="col" class="num">Free</th>
                  <th scope="col" class="num">In orders</th>
                  <th scope="col" class="num">Value</th>
                </tr>
              </thead>
              <tbody>
                ${rows.map(
                  (row) =>
                    html`<tr>
                      <td><a class="plain" href="/m/${row.code}">${row.code}</a></td>
                      <td class="num">${whole(row.free)}</td>
                      <td class="num">${whole(row.held)}</td>
                      <td class="num">${credits(row.value)}</td>
                    </tr>`,
                )}
              </tbody>
            </table>`
          : html`<p class="empty">No goods yet. What you buy is listed here at its last price.</p>`
      }`;
  }
}

customElements.define("lea-holdings", LeaHoldings);

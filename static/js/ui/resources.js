/** What is left of each resource, what its scarcity does to cost, and how long the stocks last. */
import { html } from "../../vendor/lit.js";
import { NONE, percent, ratio } from "../core/format.js";
import { StoreElement, change } from "./element.js";
import { tinyLine } from "./tiles.js";
import { reserveWord } from "./why.js";

export class LeaResources extends StoreElement {
  slices() {
    const { indicators, days, markets, codes } = this.state;
    return [indicators, days, markets, codes];
  }

  newest(name, code) {
    const { indicators, days } = this.state;
    return indicators[name]?.[code] ?? days[name]?.[code]?.at(-1)?.[1];
  }

  choose(name, market) {
    this.dispatchEvent(
      new CustomEvent("lea-series", { bubbles: true, detail: { name, market } }),
    );
  }

  row(code) {
    const { markets, days } = this.state;
    const reserves = this.newest("reserves", code);
    const share = Number(reserves);
    const cover = this.newest("stock_to_use", code);
    const line = days.stock_to_use?.[code] ?? [];
    return html`<tr>
      <th scope="row">
        <a class="plain" href="/m/${code}">${code}</a>
        <span class="muted wide">${markets[code]?.name ?? ""}</span>
      </th>
      <td class="num">
        ${
          reserves === undefined
            ? html`<span class="muted">${NONE}</span>`
            : html`<button
                type="button"
                class="link-button cell"
                title=${reserveWord(share)}
                @click=${() => this.choose("reserves", code)}
              >
                ${percent(share, { sign: false, decimals: 0 })}
              </button>`
        }
      </td>
      <td class="meter-cell wide">
        ${
          reserves === undefined
            ? ""
            : html`<span class="meter"
                ><span .style=${`transform:scaleX(${Math.max(0, Math.min(1, share))})`}></span
              ></span>`
        }
      </td>
      <td class="num">${ratio(this.newest("price_multiplier", code))}</td>
      <td class="num">
        <button
          type="button"
          class="link-button cell"
          ?disabled=${cover === undefined}
          @click=${() => this.choose("stock_to_use", code)}
        >
          ${ratio(cover, 1)}
        </button>
      </td>
      <td class="wide">${tinyLine(line.map((point) => Number(point[1])))}</td>
      <td class="num">${change(markets[code]?.change)}</td>
    </tr>`;
  }

  render() {
    const { codes } = this.state;
    if (!codes.length) return html`<p class="empty">The markets appear here once they opened.</p>`;
    return html`<table class="resources">
      <thead>
        <tr>
          <th scope="col">Market</th>
          <th scope="col" class="num">Reserves</th>
          <th scope="col" class="wide"><span class="visually-hidden">Reserves as a bar</span></th>
          <th scope="col" class="num" title="What scarcity does to the cost of labor">Multiplier</th>
          <th scope="col" class="num" title="Days of use that all stocks cover">Stock, days</th>
          <th scope="col" class="wide"><span class="visually-hidden">Stock, its days</span></th>
          <th scope="col" class="num">30 days</th>
        </tr>
      </thead>
      <tbody>
        ${codes.map((code) => this.row(code))}
      </tbody>
    </table>`;
  }
}

customElements.define("lea-resources", LeaResources);

/** Why this price: what is left of the resource, the balance of supply and demand, and the mood. */
import { html, nothing } from "../../vendor/lit.js";
import { credits, percent, ratio } from "../core/format.js";
import { StoreElement } from "./element.js";

/** A word for what is left of a resource. */
export function reserveWord(share) {
  if (share >= 0.8) return "abundant";
  if (share >= 0.5) return "enough";
  if (share >= 0.25) return "getting scarce";
  return "scarce";
}

function moodWord(fear, greed) {
  if (!Number.isFinite(fear) || !Number.isFinite(greed)) return null;
  if (fear > greed + 0.1) return "Fear outweighs greed: agents sell sooner.";
  if (greed > fear + 0.1) return "Greed outweighs fear: agents chase gains.";
  return "Fear and greed are in balance.";
}

export class LeaWhy extends StoreElement {
  slices() {
    const { indicators, markets, code } = this.state;
    return [indicators, markets[code]?.equilibrium_price, markets[code]?.last, code];
  }

  render() {
    const { indicators: now, markets, code } = this.state;
    const market = markets[code] ?? {};
    const reserve = now.reserves?.[code];
    const share = Number(reserve);
    const fair = Number(market.equilibrium_price);
    const gap = fair > 0 ? Number(market.last) / fair - 1 : null;
    const mood = moodWord(Number(now.fear ?? NaN), Number(now.greed ?? NaN));
    if (reserve === undefined && !mood && gap === null) {
      return html`<p class="empty">
        The indicators of this world appear here at the end of its first day.
      </p>`;
    }
    return html`<dl class="why">
        ${
          reserve === undefined
            ? nothing
            : html`<dt>Reserves left</dt>
                <dd>
                  ${percent(share, { sign: false, decimals: 0 })}
                  <span class="muted">${reserveWord(share)}</span>
                  <span class="meter"
                    ><span .style=${`transform:scaleX(${Math.max(0, Math.min(1, share))})`}></span
                  ></span>
                </dd>`
        }
        ${
          gap === null
            ? nothing
            : html`<dt>Balance price</dt>
                <dd>
                  ${credits(market.equilibrium_price)}
                  <span class="muted"
                    >last ${percent(Math.abs(gap), { sign: false, decimals: 1 })}
                    ${gap >= 0 ? "above" : "below"}</span
                  >
                </dd>`
        }
        <dt>Fear, greed</dt>
        <dd>${ratio(now.fear)}, ${ratio(now.greed)}</dd>
        ${
          now.volatility_multiplier === undefined
            ? nothing
            : html`<dt>Volatility</dt>
                <dd>${ratio(now.volatility_multiplier)} times the usual</dd>`
        }
      </dl>
      ${mood ? html`<p class="why-mood">${mood}</p>` : nothing}`;
  }
}

customElements.define("lea-why", LeaWhy);

/** Deals between players: one's own site on offer, and what others offer. */
import { html, live } from "../../vendor/lit.js";
import { credits, percent } from "../core/format.js";
import { parseCredits, toDecimal } from "../core/money.js";
import { act, preview } from "../core/works.js";
import { WorksElement, estimate } from "./works-base.js";

/** What was typed as the API takes it; as typed when it is no amount, so that the door says so. */
export function amount(text) {
  const minor = parseCredits(text);
  return minor === null ? text : toDecimal(minor);
}

export class LeaWorksSale extends WorksElement {
  static properties = {
    site: { attribute: false },
    price: { state: true },
    found: { state: true },
  };

  get path() {
    return `/api/sites/${this.site.id}/offer`;
  }

  body() {
    return { price: amount(this.price ?? this.site.offer ?? this.site.resale) };
  }

  async type(price) {
    this.price = price;
    this.found = await preview("POST", this.path, this.body());
  }

  async offer(event) {
    event.preventDefault();
    const answer = await act("POST", this.path, this.body(), "The site is for sale.");
    if (answer) this.price = this.found = undefined;
  }

  render() {
    const { site } = this;
    if (this.works.work?.protected_until_tick) {
      return html`<details>
        <summary>Sell to another player</summary>
        <p class="hint">You can sell it once you are no newcomer; until then the treasury takes it back.</p>
      </details>`;
    }
    const end = () => act("DELETE", this.path, null, "The site is no longer for sale.");
    return html`<details>
      <summary>${site.offer ? `For sale at ${credits(site.offer)}` : "Sell to another player"}</summary>
      <form @submit=${this.offer}>
        <label
          >Price of the site<input
            name="offer"
            inputmode="decimal"
            autocomplete="off"
            .value=${live(this.price ?? site.offer ?? site.resale)}
            @change=${(event) => this.type(event.target.value)}
        /></label>
        ${this.found ? estimate(this.found) : html``}
        <p class="hint">Stock and open orders stay with you; workers, research and rules go with the site.</p>
        <div class="buttons">
          <button class="button small">${site.offer ? "Change the price" : "Offer for sale"}</button>
          ${site.offer ? html`<button type="button" class="button small" @click=${end}>Take it off</button>` : html``}
        </div>
      </form>
    </details>`;
  }
}

export class LeaWorksOffers extends WorksElement {
  static properties = { chosen: { state: true }, found: { state: true } };

  async look(offer) {
    this.chosen = offer;
    this.found = undefined;
    this.found = await preview("POST", `/api/offers/${offer.id}`, { price: offer.price });
  }

  async buy() {
    const { id, price } = this.chosen;
    const answer = await act("POST", `/api/offers/${id}`, { price }, "The site is yours now.");
    if (answer) this.chosen = undefined;
  }

  deal() {
    if (!this.chosen) return html``;
    const { found } = this;
    return html`${estimate(found)}
      <div class="buttons">
        <button
          type="button"
          class="button primary"
          ?disabled=${!found || found.problem || found.affordable === false}
          @click=${this.buy}
        >
          Buy this site
        </button>
        <button type="button" class="link-button" @click=${() => (this.chosen = undefined)}>Not now</button>
      </div>`;
  }

  row(offer) {
    const chosen = offer.id === this.chosen?.id;
    return html`<li>
      <div class="deal">
        <span><strong>${offer.name}</strong> <span class="mono">${offer.market}</span></span>
        <span class="num">${credits(offer.price)}</span>
        <span class="muted"
          >tier ${offer.tier}, level ${offer.level}, condition
          ${percent(offer.condition, { decimals: 0, sign: false })}, ${offer.workers} of
          ${offer.workers_max} workers${offer.unpaid_days ? ", land fee unpaid" : ""}</span
        >
        ${
          offer.own
            ? html`<span class="muted">yours</span>`
            : html`<button type="button" class="button small" @click=${() => this.look(offer)}>Look</button>`
        }
      </div>
      ${chosen ? this.deal() : html``}
    </li>`;
  }

  render() {
    const { offers } = this.works;
    if (!offers.length) {
      return html`<p class="empty">No player sells a site now. Yours can be offered on its card.</p>`;
    }
    return html`<ul class="deals">
      ${offers.map((offer) => this.row(offer))}
    </ul>`;
  }
}

customElements.define("lea-works-sale", LeaWorksSale);
customElements.define("lea-works-offers", LeaWorksOffers);

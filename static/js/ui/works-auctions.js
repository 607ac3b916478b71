/** Auctions: sites that came to the treasury, for the best bid. */
import { html, live } from "../../vendor/lit.js";
import { credits, percent, whole } from "../core/format.js";
import { act, preview } from "../core/works.js";
import { WorksElement, estimate } from "./works-base.js";
import { amount } from "./works-sale.js";

const ORIGINS = {
  failed_firm: "left by a failed firm",
  given_back: "given back to the treasury",
  taken_back: "taken back by the treasury",
};

export class LeaWorksAuctions extends WorksElement {
  static properties = { open: { state: true }, price: { state: true }, found: { state: true } };

  path(auction) {
    return `/api/auctions/${auction.number}`;
  }

  async choose(auction) {
    this.open = auction.number;
    await this.type(auction, auction.next_bid);
  }

  async type(auction, price) {
    this.price = price;
    this.found = undefined;
    this.found = await preview("POST", this.path(auction), { price: amount(price) });
  }

  async bid(event, auction) {
    event.preventDefault();
    const body = { price: amount(this.price) };
    const answer = await act("POST", this.path(auction), body, "Your bid is the best.");
    if (answer) this.open = undefined;
  }

  form(auction) {
    return html`<form @submit=${(event) => this.bid(event, auction)}>
      <label
        >Your bid, ${credits(auction.next_bid)} or more<input
          name="bid"
          inputmode="decimal"
          autocomplete="off"
          .value=${live(this.price)}
          @change=${(event) => this.type(auction, event.target.value)}
      /></label>
      ${estimate(this.found)}
      <p class="hint">A bid is paid now and comes back at once when somebody bids more.</p>
      <div class="buttons">
        <button class="button small" ?disabled=${!this.found || this.found.problem || this.found.affordable === false}>Bid</button>
        <button type="button" class="link-button" @click=${() => (this.open = undefined)}>Not now</button>
      </div>
    </form>`;
  }

  row(auction) {
    const left = Math.max(0, auction.ends_tick - this.works.tick);
    const best = auction.best ? `best bid ${credits(auction.best)}` : `from ${credits(auction.reserve)}`;
    return html`<li>
      <div class="deal">
        <span><strong>${auction.name}</strong> <span class="mono">${auction.market}</span></span>
        <span class="num">${best}</span>
        <span class="muted"
          >tier ${auction.tier}, level ${auction.level}, condition
          ${percent(auction.condition, { decimals: 0, sign: false })}, ${ORIGINS[auction.origin]};
          ${whole(left)} ticks left</span
        >
        ${
          auction.own
            ? html`<span class="muted">you lead</span>`
            : html`<button type="button" class="button small" @click=${() => this.choose(auction)}>Bid</button>`
        }
      </div>
      ${!auction.own && this.open === auction.number ? this.form(auction) : html``}
    </li>`;
  }

  render() {
    const { auctions } = this.works;
    if (!auctions.length) {
      return html`<p class="empty">
        Nothing is under the hammer. Sites that failed firms leave or players give up are sold here.
      </p>`;
    }
    return html`<ul class="deals">
      ${auctions.map((auction) => this.row(auction))}
    </ul>`;
  }
}

customElements.define("lea-works-auctions", LeaWorksAuctions);

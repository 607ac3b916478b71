/** The trade ticket: a draft, its exact preview, and the way of the last order. */
import { html, live, nothing } from "../../vendor/lit.js";
import { credits, decimalsOf, percent, statusWord, whole, words } from "../core/format.js";
import { parseCredits, toDecimal } from "../core/money.js";
import { preview, shareOf } from "../core/preview.js";
import { place } from "../core/trade.js";
import { toast } from "../core/toast.js";
import { StoreElement } from "./element.js";
import { isStale } from "./link.js";

const FIRST_LOTS = "5";
const TIFS = [
  ["gtc", "Until canceled"],
  ["ioc", "Now or never (IOC)"],
  ["fok", "All or nothing (FOK)"],
];
const PROBLEMS = {
  no_quantity: "Enter how many lots.",
  no_price: "Enter a price.",
  auction: "In a call auction only limit orders that can rest are taken.",
  off_grid: "The price must be a multiple of the price increment.",
  no_liquidity: "Nobody is on the other side right now. Use a limit order.",
  insufficient_cash: "This is more than your free cash.",
  insufficient_goods: "You don't have that many lots free.",
};
const CAUTIONS = {
  would_cross: "It would trade at once, so a post-only order is refused.",
  fok_unfilled: "The book can't fill all of it now: it would be canceled.",
  thin: "The shown book can't fill all of it; the rest is canceled.",
  far_price: "The price is more than 20% worse than the best one.",
};

export class LeaTicket extends StoreElement {
  static properties = { draft: { state: true } };

  constructor() {
    super();
    this.draft = { side: "buy", type: "limit", tif: "gtc", price: "", quantity: "" };
    this.following = true;
  }

  slices() {
    const { book, balances, tickets, link, code, world } = this.state;
    return [book, balances, tickets[0], link.state, code, world.state];
  }

  connectedCallback() {
    super.connectedCallback();
    this.addEventListener("focusin", () => {
      this.following = false;
    });
    this.timer = setInterval(() => this.requestUpdate(), 1000);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  get market() {
    return this.state.markets[this.state.code] ?? {};
  }

  get free() {
    const { balances, code } = this.state;
    return { cash: balances.CASH?.available ?? "0", stock: balances[code]?.available ?? 0 };
  }

  get increment() {
    return this.state.book?.increment ?? this.market.increment ?? "0.001";
  }

  best(side = this.draft.side) {
    const rows = side === "buy" ? this.state.book?.asks : this.state.book?.bids;
    return rows?.[0]?.[0] ?? null;
  }

  set(change) {
    this.draft = { ...this.draft, ...change };
  }

  /** Take a side, as the keys b and s do: its best price, the quantity in focus. */
  start(side) {
    this.set({ side, price: this.best(side) ? this.shown(this.best(side)) : this.draft.price });
    this.updateComplete.then(() => this.querySelector("#quantity")?.select());
  }

  take({ price, quantity, side }) {
    this.following = false;
    const change = { price: this.shown(price) };
    if (this.draft.type === "market") change.type = "limit";
    if (quantity) Object.assign(change, { quantity: String(quantity), side });
    this.set(change);
  }

  clear() {
    this.following = true;
    this.set({ price: "", quantity: "" });
  }

  shown(price) {
    return credits(price, { decimals: decimalsOf(this.increment) }).replaceAll(",", "");
  }

  willUpdate() {
    if (!this.following || this.draft.type === "market") return;
    const best = this.best();
    if (best && this.draft.price !== this.shown(best))
      this.draft = { ...this.draft, price: this.shown(best) };
    if (!this.draft.quantity && !this.state.fills.length && this.draft.side === "buy") {
      this.draft = { ...this.draft, quantity: FIRST_LOTS };
    }
  }

  view() {
    return preview({
      draft: this.draft,
      book: this.state.book,
      increment: this.increment,
      auction: Boolean(this.state.markets[this.state.code]?.auction),
      ...this.free,
    });
  }

  blocked(view) {
    if (this.state.world.state === "halted") return "The world is halted: no new orders.";
    if (this.state.link.state === "closed") return "Offline: orders can't be sent.";
    if (this.draft.type === "market" && isStale(this.state)) {
      return "The shown prices are old: market orders wait for fresh ones.";
    }
    return view.problems.length ? (PROBLEMS[view.problems[0]] ?? words(view.problems[0])) : null;
  }

  submit(event) {
    event?.preventDefault();
    const view = this.view();
    const stop = this.blocked(view);
    if (stop) {
      toast(stop, { kind: "error", key: "ticket" });
      this.querySelector(
        view.problems[0] === "no_price" || view.problems[0] === "off_grid" ? "#price" : "#quantity",
      )?.focus();
      return;
    }
    const { side, type, tif } = this.draft;
    const fields = { market: this.state.code, side, type, quantity: Number(view.quantity) };
    if (type !== "market") fields.price = toDecimal(parseCredits(this.draft.price));
    if (type === "limit") fields.tif = tif;
    place(fields);
    this.set({ quantity: "" });
  }

  share(part) {
    const lots = shareOf({ draft: this.draft, book: this.state.book, percent: part, ...this.free });
    this.set({ quantity: lots > 0n ? String(lots) : "" });
  }

  segments() {
    const { side } = this.draft;
    const button = (value, label, key) =>
      html`<button
        type="button"
        class="side ${value}"
        aria-pressed=${String(side === value)}
        aria-keyshortcuts=${key}
        @click=${() => this.set({ side: value, price: this.best(value) ? this.shown(this.best(value)) : this.draft.price })}
      >
        ${label}
      </button>`;
    return html`<div class="sides" role="group" aria-label="Side">
      ${button("buy", "Buy", "b")}${button("sell", "Sell", "s")}
    </div>`;
  }

  kinds() {
    const { type, tif } = this.draft;
    return html`<div class="pair">
      <label
        >Type<select
          id="type"
          .value=${live(type)}
          @change=${(e) => this.set({ type: e.target.value })}
        >
          <option value="limit">Limit</option>
          <option value="market">Market</option>
          <option value="post_only">Post only</option>
        </select></label
      >
      <label
        >In force<select
          id="tif"
          ?disabled=${type !== "limit"}
          .value=${live(tif)}
          @change=${(e) => this.set({ tif: e.target.value })}
        >
          ${TIFS.map(([value, label]) => html`<option value=${value}>${label}</option>`)}
        </select></label
      >
    </div>`;
  }

  fields(view) {
    const { type, price, quantity } = this.draft;
    const market = type === "market";
    const wrong = (codes) =>
      String(view.problems.some((p) => codes.includes(p)) && Boolean(price || quantity));
    return html` ${
        market
          ? nothing
          : html`<label for="price"
              >Price per lot
              <input
                id="price"
                name="price"
                inputmode="decimal"
                autocomplete="off"
                .value=${live(price)}
                aria-invalid=${wrong(["off_grid"])}
                aria-describedby="ticket-note"
                @input=${(e) => this.set({ price: e.target.value })}
            /></label>`
      }
      <label for="quantity"
        >Lots
        <input
          id="quantity"
          name="quantity"
          inputmode="numeric"
          autocomplete="off"
          .value=${live(quantity)}
          aria-invalid=${wrong(["insufficient_cash", "insufficient_goods"])}
          aria-describedby="ticket-note"
          @input=${(e) => this.set({ quantity: e.target.value })}
      /></label>
      <div class="shares" role="group" aria-label="Share of what is free">
        ${[25, 50, 75, 100].map(
          (part) =>
            html`<button type="button" class="button small" @click=${() => this.share(part)}>
              ${part}%
            </button>`,
        )}
      </div>`;
  }

  rows(view) {
    const buying = this.draft.side === "buy";
    const ready = !view.problems.some((p) =>
      ["no_quantity", "no_price", "off_grid", "no_liquidity"].includes(p),
    );
    const money = (value) =>
      ready && value !== null && value !== undefined ? credits(value) : credits(null);
    const { code } = this.state;
    const note =
      !ready || !view.filled
        ? ""
        : view.filled === view.quantity
          ? "fills now"
          : `${whole(view.filled)} now, ${view.resting ? `${whole(view.resting)} rest` : `${whole(view.canceled)} canceled`}`;
    return html`<dl class="preview" aria-live="off">
      <dt>${buying ? "Pay at most" : "Receive at least"}</dt>
      <dd>${money(buying ? view.payAtMost : view.receiveAtLeast)}</dd>
      <dt title="0.05% of each trade, rounded up; the seller pays">Fee</dt>
      <dd>${buying ? (ready ? "none" : money(null)) : money(view.fee)}</dd>
      <dt>Average fill</dt>
      <dd>${note ? html`<span class="muted">${note}</span>` : nothing}${money(view.average)}</dd>
      <dt title="How far the average is from the best price">Price impact</dt>
      <dd>${ready && view.filled ? percent(view.impact, { sign: false }) : credits(null)}</dd>
      <dt>Cash after</dt>
      <dd class=${ready && view.cashAfter < 0n ? "crit" : ""}>${money(view.cashAfter)}</dd>
      <dt>${code} after</dt>
      <dd>${ready ? `${whole(view.stockAfter)} lots` : credits(null)}</dd>
    </dl>`;
  }

  way() {
    const ticket = this.state.tickets[0];
    if (!ticket) return html`<p class="way muted">Nothing is sent until you press the button.</p>`;
    const steps = ["sending", "accepted", "new", "partially_filled", "filled"];
    const names = {
      sending: "sent",
      accepted: "journaled",
      new: "working",
      partially_filled: "partly",
      filled: "filled",
    };
    const bad = ["rejected", "canceled", "expired"].includes(ticket.state);
    const at = bad ? -1 : steps.indexOf(ticket.state);
    const { side, quantity } = ticket.fields;
    const seq = ticket.result?.seq ?? ticket.seq;
    return html`<div class="way" data-state=${ticket.state}>
      <p role="status">
        <strong>${side} ${whole(quantity)} ${ticket.fields.market}:</strong>
        ${statusWord(ticket.state)}${ticket.reason ? html`, ${words(ticket.reason)}` : nothing}
        ${seq ? html`<span class="muted mono">#${seq}</span>` : nothing}
      </p>
      ${ticket.detail && bad ? html`<p class="muted">${ticket.detail}</p>` : nothing}
      ${
        bad
          ? nothing
          : html`<ol aria-hidden="true">
              ${steps.map((step, i) => html` <li ?data-done=${i <= at}>${names[step]}</li>`)}
            </ol>`
      }
    </div>`;
  }

  render() {
    const { side, type, quantity } = this.draft;
    const view = this.view();
    const stop = this.blocked(view);
    const note = stop ?? (view.cautions.length ? CAUTIONS[view.cautions[0]] : "");
    const loud = Boolean(
      stop && (quantity || this.state.world.state === "halted" || isStale(this.state)),
    );
    const lots = view.quantity ? whole(view.quantity) : "";
    return html`<form novalidate @submit=${this.submit}>
      ${this.segments()}${this.kinds()}${this.fields(view)}${this.rows(view)}
      <p id="ticket-note" class="note ${loud ? "crit" : ""}">${note || nothing}</p>
      <button
        type="submit"
        class="button submit ${side}"
        aria-disabled=${String(Boolean(stop))}
        aria-keyshortcuts="Control+Enter"
      >
        ${side === "buy" ? "Buy" : "Sell"} ${lots}
        ${this.state.code}${type === "market" ? " at market" : ""}
      </button>
      ${this.way()}
    </form>`;
  }
}

customElements.define("lea-ticket", LeaTicket);

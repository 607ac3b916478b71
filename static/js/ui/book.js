/**
 * The order book: 25 levels a side, best ones at the spread. A level is one button: click its price
 * to take it into the ticket, click its size or total to take the quantity up to it as well.
 */
import { html, nothing } from "../../vendor/lit.js";
import { credits, decimalsOf, direction, whole } from "../core/format.js";
import { parseCredits, toDecimal } from "../core/money.js";
import { StoreElement, arrow, signClass } from "./element.js";

const LEVELS = 25;

/** Levels with running totals: [{price, size, total}], best first. */
export function ladder(rows) {
  let total = 0;
  return (rows ?? []).slice(0, LEVELS).map(([price, size]) => {
    total += Number(size);
    return { price, size: Number(size), total };
  });
}

export class LeaBook extends StoreElement {
  slices() {
    const { book, orders, code, markets } = this.state;
    return [book, orders, markets[code]?.last];
  }

  ownPrices() {
    const own = new Map();
    for (const order of Object.values(this.state.orders)) {
      if (order.market === this.state.code && order.price)
        own.set(`${order.side}:${order.price}`, order.left);
    }
    return own;
  }

  pick(event, row, side) {
    const sized = event.shiftKey || event.target.closest(".size, .total");
    this.dispatchEvent(
      new CustomEvent("lea-pick", {
        bubbles: true,
        // Clicking an ask means to buy from it.
        detail: {
          price: row.price,
          quantity: sized ? row.total : null,
          side: side === "ask" ? "buy" : "sell",
        },
      }),
    );
  }

  move(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (!step) return;
    const side = event.currentTarget;
    const rows = [...side.querySelectorAll("button")];
    // Asks are stacked upwards: their first row is the lowest on the screen.
    const next =
      rows.indexOf(document.activeElement) + (side.dataset.side === "ask" ? -step : step);
    rows[Math.max(0, Math.min(rows.length - 1, next))]?.focus();
    event.preventDefault();
  }

  row(row, index, side, widest, decimals, own) {
    const mine = own.get(`${side === "ask" ? "sell" : "buy"}:${row.price}`);
    const spoken = (text) => html`<span class="visually-hidden">${text}</span>`;
    return html`<button
      type="button"
      class="level"
      tabindex=${index ? -1 : 0}
      ?data-own=${mine !== undefined}
      @click=${(event) => this.pick(event, row, side)}
    >
      ${spoken(side === "ask" ? "Ask " : "Bid ")}
      <span class="depth" .style=${`transform:scaleX(${(row.total / widest).toFixed(3)})`}></span>
      <span class="price">${credits(row.price, { decimals })}</span>
      ${spoken(", ")}<span class="size">${whole(row.size)}</span> ${spoken(" lots, total ")}<span
        class="total"
        >${whole(row.total)}</span
      >
      ${mine === undefined ? nothing : spoken(`, ${mine} of them yours`)}
    </button>`;
  }

  side(rows, side, widest, decimals, own) {
    const name = side === "ask" ? "Asks, best first" : "Bids, best first";
    return html`<div
      class="levels ${side}s"
      role="group"
      aria-label=${name}
      data-side=${side}
      @keydown=${this.move}
    >
      ${
        rows.length
          ? rows.map((row, i) => this.row(row, i, side, widest, decimals, own))
          : html`<p class="empty">
              ${side === "ask" ? "Nobody sells right now." : "Nobody buys right now."}
            </p>`
      }
    </div>`;
  }

  middle(book, decimals) {
    const market = this.state.markets[this.state.code] ?? {};
    const bid = parseCredits(book?.bids?.[0]?.[0]);
    const ask = parseCredits(book?.asks?.[0]?.[0]);
    const spread =
      bid !== null && ask !== null ? credits(toDecimal(ask - bid), { decimals }) : null;
    const sign = direction(market.change);
    return html`<div class="middle">
      <strong class="change ${signClass(sign)}"
        >${credits(market.last, { decimals })} ${arrow(sign)}</strong
      >
      <span class="muted">${spread === null ? nothing : html`spread ${spread}`}</span>
    </div>`;
  }

  render() {
    const { book, markets, code } = this.state;
    const bids = ladder(book?.bids);
    const asks = ladder(book?.asks);
    const widest = Math.max(1, bids.at(-1)?.total ?? 0, asks.at(-1)?.total ?? 0);
    const decimals = decimalsOf(book?.increment ?? markets[code]?.increment ?? "0.001");
    const own = this.ownPrices();
    return html` <div class="level-head" aria-hidden="true">
        <span>Price</span><span>Lots</span><span>Total</span>
      </div>
      ${this.side(asks, "ask", widest, decimals, own)} ${this.middle(book, decimals)}
      ${this.side(bids, "bid", widest, decimals, own)}`;
  }
}

customElements.define("lea-book", LeaBook);

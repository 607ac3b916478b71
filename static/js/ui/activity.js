/** Own orders, fills and what has ended, and the world's news: four tabs of one panel. */
import { html, nothing, repeat } from "../../vendor/lit.js";
import { credits, statusWord, whole, words } from "../core/format.js";
import { OPEN, newsKey } from "../core/store.js";
import { cancel, cancelAll } from "../core/trade.js";
import { StoreElement, arrow } from "./element.js";
import { newsRow } from "./news.js";

const TABS = [
  ["orders", "Open orders"],
  ["fills", "Fills"],
  ["history", "History"],
  ["news", "News"],
];
const UNDECIDED = new Set(["sending", "accepted"]);

function side(value) {
  const sign = value === "buy" ? 1 : -1;
  return html`<td class="nowrap ${sign > 0 ? "up" : "down"}">${arrow(sign)} ${value}</td>`;
}

function goods(code) {
  return html`<td><a class="plain" href="/m/${code}">${code}</a></td>`;
}

function head(columns) {
  return html`<thead>
    <tr>
      ${columns.map(
        ([label, numeric]) =>
          html`<th scope="col" class=${numeric ? "num" : ""}>
            ${label || html`<span class="visually-hidden">Action</span>`}
          </th>`,
      )}
    </tr>
  </thead>`;
}

export class LeaActivity extends StoreElement {
  static properties = { tab: { state: true } };

  constructor() {
    super();
    this.tab = "orders";
  }

  slices() {
    const { orders, fills, recent, tickets, news, code } = this.state;
    return [orders, fills, recent, tickets, news, code];
  }

  keys(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const index =
      (TABS.findIndex(([name]) => name === this.tab) + step + TABS.length) % TABS.length;
    this.tab = TABS[index][0];
    this.updateComplete.then(() => this.querySelector(`#tab-${this.tab}`).focus());
  }

  render() {
    const open = Object.values(this.state.orders);
    const tabs = this.state.player ? TABS : TABS.slice(3);
    const tab = this.state.player ? this.tab : "news";
    return html`<div class="panel-head">
        <div class="tabs" role="tablist" aria-label="Own orders and news" @keydown=${this.keys}>
          ${tabs.map(
            ([name, label]) =>
              html` <button
                type="button"
                role="tab"
                id="tab-${name}"
                aria-selected=${String(tab === name)}
                aria-controls="activity-body"
                tabindex=${tab === name ? 0 : -1}
                @click=${() => {
                  this.tab = name;
                }}
              >
                ${label}${name === "orders" && open.length ? ` ${open.length}` : ""}
              </button>`,
          )}
        </div>
        ${
          tab === "orders" && open.length
            ? html`<button
                type="button"
                class="link-button end"
                aria-keyshortcuts="Shift+C"
                @click=${() => cancelAll()}
              >
                Cancel all
              </button>`
            : nothing
        }
      </div>
      <div
        id="activity-body"
        class="scroll"
        role="tabpanel"
        aria-labelledby="tab-${tab}"
        tabindex="0"
      >
        ${this[tab](open)}
      </div>`;
  }

  orders(open) {
    const waiting = this.state.tickets.filter((ticket) => UNDECIDED.has(ticket.state));
    if (!open.length && !waiting.length) {
      return html`<div class="empty">
        <p>
          No open orders. A limit order away from the best price waits here until someone takes it.
        </p>
      </div>`;
    }
    const rows = [...open].sort((a, b) => b.tick - a.tick);
    return html`<table>
      ${head([["Market"], ["Side"], ["Price", 1], ["Left", 1], ["Filled", 1], ["State"], [""]])}
      <tbody>
        ${waiting.map(
          ({ fields, state }) =>
            html`<tr class="waiting">
              ${goods(fields.market)}${side(fields.side)}
              <td class="num">${fields.price ? credits(fields.price) : "market"}</td>
              <td class="num">${whole(fields.quantity)}</td>
              <td class="num">0</td>
              <td>${statusWord(state)}</td>
              <td></td>
            </tr>`,
        )}
        ${repeat(
          rows,
          (order) => order.id,
          (order) =>
            html`<tr>
              ${goods(order.market)}${side(order.side)}
              <td class="num">${order.price ? credits(order.price) : "market"}</td>
              <td class="num">${whole(order.left)}</td>
              <td class="num">${whole(order.filled)}</td>
              <td>${statusWord(order.status)}</td>
              <td class="num">
                <button
                  type="button"
                  class="link-button"
                  @click=${() => cancel(order.id)}
                  aria-label="Cancel ${order.side} ${order.left} ${order.market} at ${order.price ?? "market"}"
                >
                  Cancel
                </button>
              </td>
            </tr>`,
        )}
      </tbody>
    </table>`;
  }

  fills() {
    const { fills } = this.state;
    if (!fills.length)
      return html`<div class="empty">
        <p>No fills yet. Your first trade appears here the moment it happens.</p>
      </div>`;
    return html`<table>
      ${head([["Market"], ["Side"], ["Price", 1], ["Lots", 1], ["Value", 1], ["Fee", 1], ["Tick", 1]])}
      <tbody>
        ${repeat(
          fills,
          (f) => `${f.market}:${f.trade}:${f.order}`,
          (fill) =>
            html`<tr>
              ${goods(fill.market)}${side(fill.side)}
              <td class="num">${credits(fill.price)}</td>
              <td class="num">${whole(fill.quantity)}</td>
              <td class="num">${credits(fill.value)}</td>
              <td class="num">${credits(fill.fee)}</td>
              <td class="num muted">${whole(fill.tick)}</td>
            </tr>`,
        )}
      </tbody>
    </table>`;
  }

  history() {
    const ended = Object.values(this.state.recent)
      .filter((order) => !OPEN.has(order.status))
      .reverse();
    const refused = this.state.tickets.filter((t) => t.state === "rejected" && !t.result);
    if (!ended.length && !refused.length)
      return html`<div class="empty">
        <p>Orders that have ended are listed here, with the reason.</p>
      </div>`;
    return html`<table>
      ${head([["Market"], ["Side"], ["Price", 1], ["Lots", 1], ["Filled", 1], ["Average", 1], ["State"]])}
      <tbody>
        ${refused.map(
          ({ fields, reason }) =>
            html`<tr>
              ${goods(fields.market)}${side(fields.side)}
              <td class="num">${fields.price ? credits(fields.price) : "market"}</td>
              <td class="num">${whole(fields.quantity)}</td>
              <td class="num">0</td>
              <td class="num">${credits(null)}</td>
              <td>rejected, ${words(reason)}</td>
            </tr>`,
        )}
        ${repeat(
          ended,
          (order) => order.id,
          (order) =>
            html`<tr>
              ${goods(order.market)}${side(order.side)}
              <td class="num">${order.price ? credits(order.price) : "market"}</td>
              <td class="num">${whole(order.quantity)}</td>
              <td class="num">${whole(order.filled)}</td>
              <td class="num">${credits(order.average_price)}</td>
              <td>${statusWord(order.status)}${order.reason ? `, ${words(order.reason)}` : ""}</td>
            </tr>`,
        )}
      </tbody>
    </table>`;
  }

  news() {
    const { news } = this.state;
    if (!news.length)
      return html`<div class="empty">
        <p>
          Quiet so far. Discoveries, failed producers and decisions of the central bank appear here.
        </p>
      </div>`;
    return html`<ul class="news">
      ${repeat(news, newsKey, newsRow)}
    </ul>`;
  }
}

customElements.define("lea-activity", LeaActivity);

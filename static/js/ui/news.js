/** What happened to the world, newest first. */
import { html, repeat } from "../../vendor/lit.js";
import { whole, words } from "../core/format.js";
import { newsKey } from "../core/store.js";
import { StoreElement } from "./element.js";

/** What happened, without the market's code, which stands beside it. */
export function headline({ kind, market, text }) {
  if (!text) return words(kind);
  const start = `${market}: `;
  if (!market || !text.startsWith(start)) return text;
  return text.charAt(start.length).toUpperCase() + text.slice(start.length + 1);
}

/** One line of the list. */
export function newsRow(item) {
  return html`<li>
    <span class="mono muted">${whole(item.tick)}</span>
    ${
      item.market
        ? html`<a class="plain" href="/m/${item.market}">${item.market}</a>`
        : html`<span>World</span>`
    }
    <span>${headline(item)}</span>
  </li>`;
}

export class LeaNews extends StoreElement {
  slices() {
    return [this.state.news];
  }

  render() {
    const { news } = this.state;
    if (!news.length) {
      return html`<div class="empty">
        <p>Quiet so far. Discoveries, failed producers and decisions of the central bank appear here.</p>
      </div>`;
    }
    return html`<ul class="news">
      ${repeat(news, newsKey, newsRow)}
    </ul>`;
  }
}

customElements.define("lea-news", LeaNews);

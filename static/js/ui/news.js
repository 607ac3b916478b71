/** What happened to the world, newest first. */
import { html, nothing } from "../../vendor/lit.js";
import { whole, words } from "../core/format.js";
import { StoreElement } from "./element.js";

export class LeaNews extends StoreElement {
  slices() {
    return [this.state.news];
  }

  render() {
    const { news } = this.state;
    if (!news.length) {
      return html`<div class="empty">
        <p>Quiet so far. Discoveries, catastrophes and decisions of the central bank appear here.</p>
      </div>`;
    }
    return html`<ul class="news">
      ${news.map(
        (item) =>
          html`<li>
            <span class="mono muted">${whole(item.tick)}</span>
            ${
              item.market
                ? html`<a class="plain" href="/m/${item.market}">${item.market}</a>`
                : html`<span>World</span>`
            }
            <span>${item.text ?? words(item.kind) ?? nothing}</span>
          </li>`,
      )}
    </ul>`;
  }
}

customElements.define("lea-news", LeaNews);

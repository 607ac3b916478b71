/** The base of the live elements: light DOM (tokens and axe reach it), fed by the store. */
import { LitElement, html, svg } from "../../vendor/lit.js";
import { store } from "../core/app.js";
import { direction, percent } from "../core/format.js";

export class StoreElement extends LitElement {
  createRenderRoot() {
    // What the server rendered gives way in the same frame as the first live rendering.
    this.replaceChildren();
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.leave = store.subscribe(() => this.changed());
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.leave?.();
  }

  get state() {
    return store.state;
  }

  /** The slices that this element shows; it renders again only when one of them is another. */
  slices() {
    return [store.state];
  }

  changed() {
    const next = this.slices();
    const same =
      this.seen?.length === next.length && next.every((part, i) => part === this.seen[i]);
    if (same) return;
    this.seen = next;
    this.requestUpdate();
  }
}

/** Triangles as drawn shapes: the typefaces have none. */
export function arrow(sign) {
  if (!sign)
    return html`<svg class="ic" viewBox="0 0 8 8" aria-hidden="true">
      <path d="M0 3h8v2H0z"></path>
    </svg>`;
  const shape = sign > 0 ? "M4 .5 8 7.5H0z" : "M4 7.5 8 .5H0z";
  return html`<svg class="ic" viewBox="0 0 8 8" aria-hidden="true"><path d=${shape}></path></svg>`;
}

export function signClass(sign) {
  return sign > 0 ? "up" : sign < 0 ? "down" : "muted";
}

/** A change with its triangle and its sign: never by color alone. */
export function change(fraction) {
  if (fraction === null || fraction === undefined)
    return html`<span class="change muted">${percent(null)}</span>`;
  const sign = direction(fraction);
  return html`<span class="change ${signClass(sign)}"
    >${arrow(sign)}<span>${percent(fraction)}</span></span
  >`;
}

/** A line of at most 60 points in a 64 x 20 box. */
export function sparkline(points, sign) {
  if (!points || points.length < 2)
    return html`<svg class="spark" viewBox="0 0 64 20" aria-hidden="true"></svg>`;
  const low = Math.min(...points);
  const span = Math.max(...points) - low || 1;
  const step = 64 / (points.length - 1);
  const path = points
    .map(
      (value, i) =>
        `${i ? "L" : "M"}${(i * step).toFixed(1)} ${(18 - ((value - low) / span) * 16).toFixed(1)}`,
    )
    .join("");
  return html`<svg class="spark ${signClass(sign)}" viewBox="0 0 64 20" aria-hidden="true">
    ${svg`<path d=${path}></path>`}
  </svg>`;
}

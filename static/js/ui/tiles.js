/** The economy in small: each indicator with its newest days; one of them is shown large. */
import { html, svg } from "../../vendor/lit.js";
import { figure, linePath, unitWord } from "../core/figures.js";
import { regionName } from "../core/format.js";
import { StoreElement } from "./element.js";

const WIDTH = 120;
const HEIGHT = 28;

export function tinyLine(values) {
  return html`<svg
    class="tiny"
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    preserveAspectRatio="none"
    aria-hidden="true"
  >
    ${svg`<path d=${linePath(values, WIDTH, HEIGHT)}></path>`}
  </svg>`;
}

export class LeaTiles extends StoreElement {
  static properties = { names: { type: String } };

  slices() {
    const { indicators, days, catalogue, series } = this.state;
    return [indicators, days, catalogue, series?.key];
  }

  choose(name, market) {
    const detail = market ? { name, market } : { name };
    this.dispatchEvent(new CustomEvent("lea-series", { bubbles: true, detail }));
  }

  /** One tile: `name`, or `name@code` for the figure of the region that the market is in. */
  tile(key) {
    const { indicators, days, catalogue, series } = this.state;
    const [name, code] = key.split("@");
    const entry = catalogue.find((row) => row.name === name) ?? { name, title: name, unit: "" };
    const known = (code ? days[name]?.[code] : days[name]) ?? [];
    const now = (code ? indicators[name]?.[code] : indicators[name]) ?? known.at(-1)?.[1];
    const shown = series?.name === name && (!code || series.market === code);
    return html`<button
      type="button"
      class="tile"
      aria-pressed=${String(shown)}
      @click=${() => this.choose(name, code)}
    >
      <span class="tile-name">${code ? regionName(code) : entry.title}</span>
      <span class="tile-value"
        >${figure(entry, now)} <span class="muted">${unitWord(entry.unit)}</span></span
      >
      ${tinyLine(known.map((point) => Number(point[1])))}
    </button>`;
  }

  render() {
    return html`<div class="tiles">
      ${(this.names ?? "").split(" ").map((name) => this.tile(name))}
    </div>`;
  }
}

customElements.define("lea-tiles", LeaTiles);

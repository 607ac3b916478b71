/** Buying: a new site of the good that is chosen, and prospecting tickets. */
import { html } from "../../vendor/lit.js";
import { store } from "../core/app.js";
import { regionName } from "../core/format.js";
import { act, preview } from "../core/works.js";
import { WorksElement, estimate } from "./works-base.js";

const NOT_MADE = new Set(["CO2"]);
const FINITE = ["OIL", "LITH", "RARE"];
const FRESH_MS = 10_000;

/** The good of a market: its code without the letter of the region. */
const goodOf = (code) => code.split(".")[0];

function codesOf(wanted) {
  return Object.keys(store.state.markets).filter((code) => wanted(goodOf(code)));
}

function options(codes, chosen) {
  const { markets } = store.state;
  return codes.map(
    (code) => html`<option value=${code} ?selected=${code === chosen}>
      ${[markets[code]?.name ?? code, regionName(code)].filter(Boolean).join(", ")}
    </option>`,
  );
}

class Shop extends WorksElement {
  static properties = { market: { state: true }, tickets: { state: true }, found: { state: true } };

  connectedCallback() {
    super.connectedCallback();
    this.reckon();
    this.timer = setInterval(() => this.reckon(), FRESH_MS);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  async reckon() {
    const asked = JSON.stringify(this.body());
    const found = await preview("POST", this.path, this.body());
    if (asked === JSON.stringify(this.body())) this.found = found;
  }

  choose(change) {
    Object.assign(this, change);
    this.reckon();
  }
}

export class LeaWorksShop extends Shop {
  constructor() {
    super();
    this.market = codesOf((good) => good === "FOOD")[0] ?? "FOOD";
    this.path = "/api/sites";
  }

  body() {
    return { market: this.market };
  }

  async buy(event) {
    event.preventDefault();
    await act("POST", this.path, this.body(), "The site is yours. It is hiring.");
    this.reckon();
  }

  render() {
    const codes = codesOf((good) => !NOT_MADE.has(good));
    return html`<form class="body" @submit=${this.buy}>
      <label
        >It makes<select
          id="site-market"
          @change=${(event) => this.choose({ market: event.target.value })}
        >
          ${options(codes, this.market)}
        </select></label
      >
      ${estimate(this.found)}
      <button class="button primary" ?disabled=${this.found?.affordable === false}>
        Buy this site
      </button>
    </form>`;
  }
}

export class LeaWorksProspect extends Shop {
  constructor() {
    super();
    this.market = codesOf((good) => FINITE.includes(good))[0] ?? "OIL";
    this.tickets = 5;
    this.path = "/api/prospects";
  }

  body() {
    return { market: this.market, tickets: this.tickets };
  }

  async buy(event) {
    event.preventDefault();
    const answer = await act("POST", this.path, this.body(), "The search is done.");
    if (answer?.result) this.last = answer.result;
    this.reckon();
  }

  told() {
    if (!this.last) return html``;
    const { finds, found_lots: lots } = this.last;
    return html`<p class="hint">
      ${finds ? `Found ${lots} lots: they are in the ground for all, the share is yours.` : "Nothing found this time."}
    </p>`;
  }

  render() {
    return html`<form class="body" @submit=${this.buy}>
      <div class="row">
        <label
          >Look for<select @change=${(event) => this.choose({ market: event.target.value })}>
            ${options(codesOf((good) => FINITE.includes(good)), this.market)}
          </select></label
        >
        <label
          >Tickets<select @change=${(event) => this.choose({ tickets: Number(event.target.value) })}>
            ${[1, 5, 10, 20].map((n) => html`<option value=${n} ?selected=${n === this.tickets}>${n}</option>`)}
          </select></label
        >
      </div>
      ${estimate(this.found)} ${this.told()}
      <button class="button small" ?disabled=${this.found?.affordable === false}>
        Buy tickets
      </button>
    </form>`;
  }
}

customElements.define("lea-works-shop", LeaWorksShop);
customElements.define("lea-works-prospect", LeaWorksProspect);

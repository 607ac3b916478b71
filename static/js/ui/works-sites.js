/** The sites: figures, rules with their preview, growth, and the lesson when there is none. */
import { html, live } from "../../vendor/lit.js";
import { credits, percent, whole, words } from "../core/format.js";
import { parseCredits, toDecimal } from "../core/money.js";
import { act, preview } from "../core/works.js";
import { WorksElement, estimate } from "./works-base.js";

const STATES = { open: "running", unlicensed: "stands still: land fee unpaid" };
const PRICING = [
  ["follow", "Reference price, plus"],
  ["cost_plus", "Cost, plus"],
  ["manual", "A price of mine"],
];

function figures(site) {
  const rows = [
    ["Made on the last day", `${whole(site.made)} lots`],
    ["Workers", `${site.workers} of ${site.workers_wanted}`],
    ["Cost of a lot", credits(site.marginal_cost)],
    ["Scarcity rent", credits(site.scarcity_rent)],
    ["Reference price", credits(site.reference_price)],
    ["Margin", percent(site.margin, { decimals: 1 })],
    ["Unsold", percent(site.unsold, { decimals: 0, sign: false })],
    ["Condition", percent(site.condition, { decimals: 0, sign: false })],
    ["Research", `level ${site.level}`],
    ["Land fee a day", credits(site.land_fee)],
  ];
  return html`<dl class="figures">
    ${rows.map(
      ([label, value]) =>
        html`<div>
          <dt>${label}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

export class LeaWorksSite extends WorksElement {
  static properties = {
    site: { attribute: false },
    draft: { state: true },
    found: { state: true },
    grow: { state: true },
  };

  get path() {
    return `/api/sites/${this.site.id}`;
  }

  /** The rules as the form has them: what was typed over what stands. */
  rules() {
    const { site } = this;
    const draft = {
      output: String(site.output),
      wage: site.wage,
      workers: String(site.workers_wanted),
      pricing: site.pricing,
      price: site.price ?? site.reference_price,
      markup: String(site.markup_ppm / 10_000),
      keep: String(site.keep),
      buy_inputs: site.buy_inputs,
      ...this.draft,
    };
    return draft;
  }

  body() {
    const draft = this.rules();
    const wage = parseCredits(draft.wage);
    const body = {
      output: Number(draft.output),
      wage: wage === null ? draft.wage : toDecimal(wage),
      workers: Number(draft.workers),
      pricing: draft.pricing,
      keep: Number(draft.keep),
      buy_inputs: draft.buy_inputs,
    };
    if (draft.pricing === "manual") {
      const price = parseCredits(draft.price);
      body.price = price === null ? draft.price : toDecimal(price);
    } else body.markup_ppm = Math.round(Number(draft.markup) * 10_000);
    return body;
  }

  async type(change) {
    this.draft = { ...this.draft, ...change };
    this.found = await preview("POST", this.path, this.body());
  }

  async save(event) {
    event.preventDefault();
    const answer = await act("POST", this.path, this.body(), "The site runs by these rules now.");
    if (answer) this.draft = undefined;
  }

  field(name, label, extra = html``) {
    return html`<label
      >${label}<input
        name=${name}
        inputmode="decimal"
        autocomplete="off"
        .value=${live(this.rules()[name])}
        @change=${(event) => this.type({ [name]: event.target.value })}
      />${extra}</label
    >`;
  }

  form() {
    const draft = this.rules();
    return html`<form @submit=${this.save}>
      <div class="row">
        ${this.field("output", "Output wanted, lots a day")}
        ${this.field("workers", `Workers wanted, up to ${this.site.workers_max}`)}
        ${this.field("wage", "Wage a day")} ${this.field("keep", "Lots to keep back")}
      </div>
      <div class="row">
        <label
          >Asking price<select @change=${(event) => this.type({ pricing: event.target.value })}>
            ${PRICING.map(([value, label]) => html`<option value=${value} ?selected=${value === draft.pricing}>${label}</option>`)}
          </select></label
        >
        ${draft.pricing === "manual" ? this.field("price", "Price of a lot") : this.field("markup", "Markup, per cent")}
      </div>
      <label class="check"
        ><input
          type="checkbox"
          .checked=${live(draft.buy_inputs)}
          @change=${(event) => this.type({ buy_inputs: event.target.checked })}
        /><span>Bid for inputs and tools by itself</span></label
      >
      ${this.found ? estimate(this.found) : html``}
      <div class="buttons"><button class="button small">Run by these rules</button></div>
    </form>`;
  }

  async look(what) {
    const paths = {
      upgrade: ["POST", `${this.path}/upgrade`],
      research: ["POST", `${this.path}/research`],
      licence: ["POST", `${this.path}/licence`, { price: this.site.licence_price }],
      sell: ["DELETE", this.path],
    };
    const [method, path, fields] = paths[what];
    const body = fields ?? (method === "POST" ? {} : null);
    this.grow = { what, method, path, body };
    this.grow = { ...this.grow, found: await preview(method, path, body) };
  }

  growth() {
    const { site, grow } = this;
    const labels = { upgrade: "Enlarge", research: "Research", licence: "Take the licence", sell: "Give back" };
    const done = {
      upgrade: "The site is larger.",
      research: "The level is reached.",
      licence: "The level is reached.",
      sell: "The site is given back.",
    };
    const go = async () => {
      await act(grow.method, grow.path, grow.body, done[grow.what]);
      this.grow = undefined;
    };
    return html`<div class="buttons">
        <button type="button" class="button small" ?disabled=${!site.upgrade_price} @click=${() => this.look("upgrade")}>
          Enlarge
        </button>
        <button type="button" class="button small" ?disabled=${site.research_units === null} @click=${() => this.look("research")}>
          Research
        </button>
        ${
          site.licence_price
            ? html`<button type="button" class="button small" @click=${() => this.look("licence")}>Use a patent</button>`
            : html``
        }
        <button type="button" class="button small" @click=${() => this.look("sell")}>Give back</button>
      </div>
      ${
        grow
          ? html`${estimate(grow.found)}
              <div class="buttons">
                <button type="button" class="button small" ?disabled=${!grow.found || grow.found.problem || grow.found.affordable === false} @click=${go}>
                  ${labels[grow.what]} now
                </button>
                <button type="button" class="link-button" @click=${() => (this.grow = undefined)}>Not now</button>
              </div>`
          : html``
      }`;
  }

  render() {
    const { site } = this;
    const stands = site.state !== "open";
    return html`<section class="panel" aria-label=${`${site.name}, tier ${site.tier}`}>
      <div class="panel-head">
        <h2>${site.name} <span class="mono">${site.market}</span></h2>
        <span class="muted">tier ${site.tier}</span>
        <span class="state ${stands ? "stands" : ""}">${STATES[site.state] ?? words(site.state)}</span>
      </div>
      <div class="body">
        ${figures(site)} ${this.growth()}
        <details>
          <summary>Rules of this site</summary>
          ${this.form()}
        </details>
        <lea-works-sale .site=${site}></lea-works-sale>
      </div>
    </section>`;
  }
}

export class LeaWorksSites extends WorksElement {
  lesson() {
    return html`<section class="panel" aria-labelledby="h-first">
      <div class="panel-head"><h2 id="h-first">Your first site</h2></div>
      <div class="body">
        <ol class="lesson">
          <li><strong>Take a contract.</strong> A day's wage comes in each game day, whatever else you do.</li>
          <li><strong>Buy a site.</strong> Food is a good first one: every household eats, and the margin beside it is what the market pays now.</li>
          <li><strong>Watch it work.</strong> It hires from the same households as the firms, bids for its inputs and sells what it makes. Keep a few days of wages in cash: unpaid workers leave.</li>
        </ol>
        <p class="hint">Your first site is insured while you are new: half of what you lose by giving it back is refunded.</p>
      </div>
    </section>`;
  }

  render() {
    const { sites, error } = this.works;
    if (error && !sites) {
      return html`<section class="panel"><p class="empty">${error.title ?? "Not readable now."}</p></section>`;
    }
    if (!sites) return html`<section class="panel"><p class="empty">Reading your sites.</p></section>`;
    if (!sites.length) return this.lesson();
    return sites.map((site) => html`<lea-works-site .site=${site}></lea-works-site>`);
  }
}

customElements.define("lea-works-site", LeaWorksSite);
customElements.define("lea-works-sites", LeaWorksSites);

/** The base of the works' elements: light DOM, fed by `core/works.js`. */
import { LitElement, html } from "../../vendor/lit.js";
import { credits, percent, words } from "../core/format.js";
import { subscribe, works } from "../core/works.js";

export class WorksElement extends LitElement {
  createRenderRoot() {
    this.replaceChildren();
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.leave = subscribe(() => this.requestUpdate());
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.leave?.();
  }

  get works() {
    return works;
  }
}

const ROWS = [
  ["cost", "You pay now", credits],
  ["cash", "You have free", credits],
  ["wage", "Wage a day, after tax", credits],
  ["days", "Days", String],
  ["total", "In all", credits],
  ["price", "Price", credits],
  ["fee", "Fee", credits],
  ["received", "You get", credits],
  ["fair", "Worth, as new prices have it", credits],
  ["insurance", "Newcomer's insurance", credits],
  ["units", "Units of IP", String],
  ["units_held", "You have", String],
  ["units_value", "Worth of the research", credits],
  ["asking_price", "Asking price", credits],
  ["output", "Output, lots a day", String],
  ["workers", "Workers", String],
  ["wages", "Wages a day", credits],
  ["input_cost", "Inputs a day", credits],
  ["land_fee", "Land fee a day", credits],
  ["revenue", "Sales a day", credits],
  ["profit", "Profit a day", credits],
  ["profit_gain", "More profit a day", credits],
  ["marginal_cost", "Cost of a lot", credits],
  ["margin", "Margin", (value) => percent(value, { decimals: 1 })],
  ["payback_days", "Pays back in days", (value) => value ?? "never at these prices"],
  ["probability", "Chance of a ticket", (value) => percent(value, { sign: false })],
  ["finders_share", "Finder's share", credits],
  ["expected", "Worth on average", credits],
  ["basket_value", "Basket a day", credits],
];

/** A preview as a list of what applies; a refusal as its sentence. */
export function estimate(found) {
  if (!found) return html`<p class="hint">Reckoning.</p>`;
  if (found.problem) return html`<p class="warn">${found.problem.title}</p>`;
  const rows = ROWS.filter(([name]) => name in found && !(name === "cost" && found.cost === "0.000"));
  return html`<dl class="preview">
      ${rows.map(
        ([name, label, show]) => html`<dt>${label}</dt>
          <dd>${show(found[name])}</dd>`,
      )}
    </dl>
    ${
      found.affordable === false
        ? html`<p class="warn">That is more than you have free.</p>`
        : html``
    }`;
}

export function kindWords(kind) {
  return words(kind).replace(/^./, (letter) => letter.toUpperCase());
}

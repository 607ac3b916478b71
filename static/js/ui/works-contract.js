/** The work contract and the household. */
import { html } from "../../vendor/lit.js";
import { credits } from "../core/format.js";
import { act, preview } from "../core/works.js";
import { WorksElement, estimate } from "./works-base.js";

export class LeaWorksContract extends WorksElement {
  static properties = { found: { state: true } };

  connectedCallback() {
    super.connectedCallback();
    this.reckon();
  }

  async reckon() {
    this.found = await preview("POST", "/api/work", {});
  }

  household(needs) {
    const change = (event) =>
      act(
        "POST",
        "/api/needs",
        { on: event.target.checked },
        event.target.checked ? "Your household moves in." : "Your household moves out.",
      );
    const state = !needs.on ? "" : needs.fed ? "Fed: your sites make 5% more." : "Not fed yet.";
    return html`<form>
      <label class="check"
        ><input type="checkbox" .checked=${needs.on} @change=${change} /><span
          >Keep a household: it eats a basket a day from your stock. ${state}</span
        ></label
      >
    </form>`;
  }

  render() {
    const { work } = this.works;
    if (!work) return html`<p class="empty">Reading your contract.</p>`;
    const start = () => act("POST", "/api/work", {}, "You work for the public programme.");
    const stop = () => act("DELETE", "/api/work", null, "The contract has ended.");
    return html`<div class="body">
      ${
        work.working
          ? html`<p>
              ${work.days_left} ${work.days_left === 1 ? "day" : "days"} left,
              ${credits(work.earned)} earned.
            </p>`
          : html`<p class="hint">
              The treasury's programme pays you the mean wage each game day, also while you are
              away.
            </p>`
      }
      ${estimate(this.found)}
      <div class="buttons">
        <button type="button" class="button small" @click=${start}>
          ${work.working ? "Renew" : "Start to work"}
        </button>
        ${
          work.working
            ? html`<button type="button" class="button small" @click=${stop}>Stop</button>`
            : html``
        }
      </div>
      ${this.household(work.needs)}
      ${
        work.protected_until_tick
          ? html`<p class="hint">
              You are protected as a newcomer: no fees, and your first site is insured.
            </p>`
          : html``
      }
    </div>`;
  }
}

customElements.define("lea-works-contract", LeaWorksContract);

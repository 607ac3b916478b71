/** Patents: the fee that others pay for one's own, and what others ask for theirs. */
import { html, live } from "../../vendor/lit.js";
import { credits, whole } from "../core/format.js";
import { act, preview } from "../core/works.js";
import { WorksElement, estimate } from "./works-base.js";
import { amount } from "./works-sale.js";

export class LeaWorksPatents extends WorksElement {
  static properties = { open: { state: true }, fee: { state: true }, found: { state: true } };

  path(patent) {
    return `/api/patents/${patent.good}/${patent.level}`;
  }

  key(patent) {
    return `${patent.good} ${patent.level}`;
  }

  choose(patent) {
    this.open = this.key(patent);
    this.fee = patent.fee ?? "";
    this.found = undefined;
  }

  async type(patent, fee) {
    this.fee = fee;
    this.found = await preview("POST", this.path(patent), { fee: amount(fee) });
  }

  async save(event, patent) {
    event.preventDefault();
    const body = { fee: amount(this.fee) };
    const answer = await act("POST", this.path(patent), body, "Others may use it for that fee.");
    if (answer) this.open = undefined;
  }

  form(patent) {
    const end = () => act("DELETE", this.path(patent), null, "Nobody may use it any more.");
    return html`<form @submit=${(event) => this.save(event, patent)}>
      <label
        >Fee for each four jobs<input
          name="fee"
          inputmode="decimal"
          autocomplete="off"
          .value=${live(this.fee)}
          @change=${(event) => this.type(patent, event.target.value)}
      /></label>
      ${this.found ? estimate(this.found) : html``}
      <div class="buttons">
        <button class="button small">License it</button>
        ${patent.fee ? html`<button type="button" class="button small" @click=${end}>End it</button>` : html``}
        <button type="button" class="link-button" @click=${() => (this.open = undefined)}>Not now</button>
      </div>
    </form>`;
  }

  row(patent) {
    const fee = patent.fee ? `${credits(patent.fee)} for four jobs` : "not licensed";
    const told = patent.own ? `, ${whole(patent.licences)} given, ${credits(patent.earned)} earned` : "";
    return html`<li>
      <div class="deal">
        <span><strong>${patent.name}</strong> level ${patent.level}</span>
        ${
          patent.own
            ? html`<button type="button" class="button small" @click=${() => this.choose(patent)}>Set a fee</button>`
            : html`<span></span>`
        }
        <span class="muted">${patent.own ? "yours: " : ""}${fee}${told}</span>
      </div>
      ${patent.own && this.open === this.key(patent) ? this.form(patent) : html``}
    </li>`;
  }

  render() {
    const { patents } = this.works;
    if (!patents.length) {
      return html`<p class="empty">Nobody holds a patent. Who is first to research a level for a good gets one.</p>`;
    }
    return html`<ul class="deals">
      ${patents.map((patent) => this.row(patent))}
    </ul>`;
  }
}

customElements.define("lea-works-patents", LeaWorksPatents);

/** The strip under the header: what the whole economy does. */
import { html, nothing } from "../../vendor/lit.js";
import { percent, ratio, whole } from "../core/format.js";
import { StoreElement } from "./element.js";

export class LeaVitals extends StoreElement {
  slices() {
    const { indicators, tick, day } = this.state;
    return [indicators, tick, day];
  }

  render() {
    const { indicators: now, tick, day, gameTime } = this.state;
    const rows = [
      ["CPI", ratio(now.cpi, 2)],
      ["Core inflation", percent(now.core_inflation), "extra"],
      ["Rate", percent(now.policy_rate, { sign: false })],
      ["Fear", ratio(now.fear, 2)],
      ["Greed", ratio(now.greed, 2)],
      ["Herding", ratio(now.herding, 2), "extra"],
      ["Unemployment", percent(now.unemployment, { sign: false, decimals: 1 }), "extra"],
    ];
    return html`<div class="vitals" role="group" aria-label="World vitals">
      <dl>
        ${rows.map(
          ([label, value, extra]) =>
            html`<div class=${extra ?? ""}>
              <dt>${label}</dt>
              <dd>${value}</dd>
            </div>`,
        )}
        ${
          day === null || day === undefined
            ? nothing
            : html`<div class="end extra" title=${gameTime ?? ""}>
                <dt>Day</dt>
                <dd>${whole(day)}</dd>
              </div>`
        }
        <div class=${day === null || day === undefined ? "end" : ""}>
          <dt>Tick</dt>
          <dd>${whole(tick)}</dd>
        </div>
      </dl>
    </div>`;
  }
}

customElements.define("lea-vitals", LeaVitals);

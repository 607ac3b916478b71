/** What happened, newest first: money in and out, lots made, finds. */
import { html } from "../../vendor/lit.js";
import { credits, whole } from "../core/format.js";
import { WorksElement, kindWords } from "./works-base.js";

function amount(note) {
  if (note.amount !== "0.000") return credits(note.amount, { sign: true });
  return note.quantity ? `${whole(note.quantity)}` : "";
}

export class LeaWorksLog extends WorksElement {
  render() {
    const { notes } = this.works;
    if (!notes.length) {
      return html`<p class="empty">Wages, harvests, fees and finds are told here.</p>`;
    }
    return html`<table>
      <thead>
        <tr>
          <th scope="col">Tick</th>
          <th scope="col">What</th>
          <th scope="col">Where</th>
          <th scope="col" class="num">Amount</th>
        </tr>
      </thead>
      <tbody>
        ${notes.map(
          (note) => html`<tr>
            <td class="mono muted">${whole(note.tick)}</td>
            <td>${kindWords(note.kind)}</td>
            <td class="mono">${note.market ?? ""}</td>
            <td class="num">${amount(note)}</td>
          </tr>`,
        )}
      </tbody>
    </table>`;
  }
}

customElements.define("lea-works-log", LeaWorksLog);

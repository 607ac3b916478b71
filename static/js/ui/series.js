/** One figure over time, large: any indicator, any interval, with its moving averages. */
import { LineSeries, createChart } from "../../vendor/lightweight-charts.js";
import { html } from "../../vendor/lit.js";
import { figure, unitWord } from "../core/figures.js";
import { regionName, whole } from "../core/format.js";
import { color, onTheme } from "../core/theme.js";
import { StoreElement } from "./element.js";

const TICKS_PER_CHART_SECOND = 10;
const TABLE_ROWS = 20;
const AVERAGES = [0, 10, 30];
const WORDS = {
  10: "1 s", 100: "10 s", 600: "1 min", 3000: "5 min", 36000: "1 h", day: "Day",
};

function ticksOf(time) {
  return whole(Math.round(time * TICKS_PER_CHART_SECOND));
}

export class LeaSeries extends StoreElement {
  static properties = { asTable: { state: true } };

  constructor() {
    super();
    this.asTable = false;
  }

  slices() {
    const { series, catalogue, codes } = this.state;
    return [series, catalogue, codes];
  }

  get entry() {
    const { catalogue, series } = this.state;
    return catalogue.find((row) => row.name === series?.name) ?? { name: "", unit: "", intervals: [] };
  }

  ask(change) {
    this.dispatchEvent(new CustomEvent("lea-series", { bubbles: true, detail: change }));
  }

  summary() {
    const points = this.state.series?.points ?? [];
    const { market } = this.state.series ?? {};
    const place = this.entry.of_region ? regionName(market) : market;
    const title = [this.entry.title ?? "Figure", place].filter(Boolean).join(", ");
    if (!points.length) return `${title}: no points yet`;
    const values = points.map((point) => Number(point.v));
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const say = (value) => figure(this.entry, value);
    return (
      `${title}: ${points.length} points, last ${say(points.at(-1).v)}, ` +
      `lowest ${say(low)}, highest ${say(high)}`
    );
  }

  /** What the second list offers: markets, or the regions by their first markets. */
  places() {
    const { codes } = this.state;
    if (!this.entry.of_region) return codes.map((code) => [code, code]);
    const first = (code, i) => i === 0 || regionName(code) !== regionName(codes[i - 1]);
    return codes.filter(first).map((code) => [code, regionName(code)]);
  }

  choices() {
    const { catalogue, series } = this.state;
    const group = (label, rows) =>
      html`<optgroup label=${label} ?hidden=${!rows.length}>
        ${rows.map(
          (row) =>
            html`<option value=${row.name} .selected=${row.name === series?.name}>${row.title}</option>`,
        )}
      </optgroup>`;
    return html`<label class="pick"
        ><span class="visually-hidden">Figure</span>
        <select @change=${(event) => this.ask({ name: event.target.value })}>
          ${group("The world", catalogue.filter((row) => !row.of_market))}
          ${group("A region", catalogue.filter((row) => row.of_region))}
          ${group("A market", catalogue.filter((row) => row.of_market && !row.of_region))}
        </select></label
      >
      <label class="pick short" ?hidden=${!this.entry.of_market}
        ><span class="visually-hidden">${this.entry.of_region ? "Region" : "Market"}</span>
        <select @change=${(event) => this.ask({ market: event.target.value })}>
          ${this.places().map(
            ([code, name]) =>
              html`<option value=${code} .selected=${code === series?.market}>${name}</option>`,
          )}
        </select></label
      >`;
  }

  tabs(label, rows) {
    return html`<div class="tabs" role="group" aria-label=${label}>
      ${rows.map(
        ([text, pressed, act]) =>
          html`<button type="button" aria-pressed=${String(pressed)} @click=${act}>${text}</button>`,
      )}
    </div>`;
  }

  table() {
    const rows = (this.state.series?.points ?? []).slice(-TABLE_ROWS).reverse();
    return html`<table>
      <thead>
        <tr>
          <th scope="col">Tick</th>
          ${["Value", "Mean", "Low", "High"].map((h) => html`<th scope="col" class="num">${h}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (point) =>
            html`<tr>
              <td>${whole(point.t)}</td>
              ${[point.v, point.mean, point.low, point.high].map(
                (value) => html`<td class="num">${figure(this.entry, value)}</td>`,
              )}
            </tr>`,
        )}
      </tbody>
    </table>`;
  }

  note() {
    const { series } = this.state;
    if (series?.problem) return series.problem;
    if (!series || series.loading) return "Loading";
    return "Nothing was told of this yet. Some figures need some months of history.";
  }

  render() {
    const { series } = this.state;
    const interval = String(series?.interval ?? "");
    const average = series?.average ?? 0;
    return html`<div class="chart-tools" role="group" aria-label="Chart">
        ${this.choices()}
        ${this.tabs(
          "Interval",
          this.entry.intervals.map((each) => [
            WORDS[each] ?? String(each),
            String(each) === interval,
            () => this.ask({ interval: String(each) }),
          ]),
        )}
        ${this.tabs(
          "Moving averages",
          AVERAGES.map((each) => [
            each ? `MA ${each}` : "No MA",
            each === average,
            () => this.ask({ average: each }),
          ]),
        )}
        <p class="legend" aria-hidden="true"></p>
        ${this.tabs("As a table", [
          [
            "Table",
            this.asTable,
            () => {
              this.asTable = !this.asTable;
            },
          ],
        ])}
      </div>
      <div class="chart-box" ?hidden=${this.asTable} role="img" aria-label=${this.summary()}></div>
      <div
        class="chart-table"
        ?hidden=${!this.asTable}
        tabindex="0"
        role="group"
        aria-label="Points as a table"
      >
        ${this.asTable ? this.table() : ""}
      </div>
      <p class="chart-note" ?hidden=${(series?.points.length ?? 0) > 0}>${this.note()}</p>`;
  }

  firstUpdated() {
    this.box = this.querySelector(".chart-box");
    this.legend = this.querySelector(".legend");
    this.chart = createChart(this.box, { autoSize: true, layout: { attributionLogo: false } });
    const options = { priceLineVisible: false, lastValueVisible: false, lineWidth: 1 };
    this.simple = this.chart.addSeries(LineSeries, { ...options, crosshairMarkerVisible: false });
    this.weighted = this.chart.addSeries(LineSeries, {
      ...options,
      crosshairMarkerVisible: false,
      lineStyle: 2,
    });
    this.line = this.chart.addSeries(LineSeries, { ...options, lineWidth: 2 });
    this.chart.subscribeCrosshairMove((at) => this.showLegend(at));
    this.unTheme = onTheme(() => this.paint());
    this.paint();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.unTheme?.();
  }

  paint() {
    const [grid, edge, text, surface] = ["--surface-2", "--line", "--text-2", "--surface-1"].map(color);
    this.chart.applyOptions({
      layout: {
        background: { type: "solid", color: surface },
        textColor: text,
        fontSize: 11,
        fontFamily: "Archivo, system-ui, sans-serif",
      },
      grid: { vertLines: { color: grid }, horzLines: { color: grid } },
      rightPriceScale: { borderColor: edge, minimumWidth: 72 },
      timeScale: { borderColor: edge, rightOffset: 2, minBarSpacing: 0.5, tickMarkFormatter: ticksOf },
      crosshair: { mode: 0 },
      localization: { timeFormatter: (time) => `tick ${ticksOf(time)}` },
    });
    this.line.applyOptions({ color: color("--accent") });
    this.simple.applyOptions({ color: color("--info") });
    this.weighted.applyOptions({ color: color("--guild") });
    this.data();
  }

  updated() {
    if (this.chart) this.data();
  }

  data() {
    const { series } = this.state;
    const entry = this.entry;
    const priceFormat = {
      type: "custom",
      minMove: 1e-9,
      formatter: (value) => figure(entry, value),
    };
    for (const line of [this.line, this.simple, this.weighted]) line.applyOptions({ priceFormat });
    const points = series?.points ?? [];
    const at = (name) =>
      points
        .filter((point) => point[name] !== null && point[name] !== undefined)
        .map((point) => ({ time: point.t / TICKS_PER_CHART_SECOND, value: Number(point[name]) }));
    this.line.setData(at("v"));
    this.simple.setData(at("sma"));
    this.weighted.setData(at("ema"));
    if (this.fitted !== series?.key && points.length) {
      this.chart.timeScale().setVisibleLogicalRange({ from: -0.5, to: points.length + 0.5 });
      this.fitted = series.key;
    }
    this.showLegend(null);
  }

  showLegend(at) {
    const points = this.state.series?.points ?? [];
    const tick = at?.time === undefined ? null : Math.round(at.time * TICKS_PER_CHART_SECOND);
    const point = tick === null ? points.at(-1) : points.find((each) => each.t === tick);
    if (!point) {
      this.legend.textContent = "";
      return;
    }
    const say = (value) => figure(this.entry, value);
    const parts = [`${say(point.v)} ${unitWord(this.entry.unit)}`.trim()];
    if (point.sma) parts.push(`simple ${say(point.sma)}`);
    if (point.ema) parts.push(`exponential ${say(point.ema)}`);
    this.legend.textContent = `tick ${whole(point.t)}  ${parts.join("  ")}`;
  }
}

customElements.define("lea-series", LeaSeries);

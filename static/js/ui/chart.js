/**
 * Candles, volume in a pane of its own, own orders as lines. Time on the axis is world time in ticks;
 * ten ticks are one second to the chart, which keeps its round marks round.
 */
import {
  CandlestickSeries,
  HistogramSeries,
  createChart,
} from "../../vendor/lightweight-charts.js";
import { html } from "../../vendor/lit.js";
import { compact, credits, decimalsOf, whole } from "../core/format.js";
import { color, onTheme } from "../core/theme.js";
import { StoreElement } from "./element.js";

const TICKS_PER_CHART_SECOND = 10;
const TABLE_ROWS = 20;
export const INTERVALS = [
  [10, "1 s"],
  [100, "10 s"],
  [600, "1 min"],
  [3000, "5 min"],
  [36000, "1 h"],
  ["day", "Day"],
];

function bar(candle) {
  return {
    time: candle.t / TICKS_PER_CHART_SECOND,
    open: Number(candle.o),
    high: Number(candle.h),
    low: Number(candle.l),
    close: Number(candle.c),
  };
}

function ticksOf(time) {
  return whole(Math.round(time * TICKS_PER_CHART_SECOND));
}

export class LeaChart extends StoreElement {
  static properties = { asTable: { state: true } };

  constructor() {
    super();
    this.asTable = false;
    this.lines = new Map();
  }

  slices() {
    const { candles, interval, orders, candlesLoading } = this.state;
    return [candles, interval, orders, candlesLoading];
  }

  summary() {
    const { candles, code } = this.state;
    if (!candles.length) return `${code}: no candles yet`;
    const last = candles.at(-1);
    const high = candles.reduce((best, c) => (Number(c.h) > Number(best.h) ? c : best));
    const low = candles.reduce((best, c) => (Number(c.l) < Number(best.l) ? c : best));
    return (
      `${code}: ${candles.length} candles, last ${credits(last.c)}, ` +
      `high ${credits(high.h)}, low ${credits(low.l)}`
    );
  }

  choose(interval) {
    this.dispatchEvent(new CustomEvent("lea-interval", { bubbles: true, detail: interval }));
  }

  table() {
    const rows = this.state.candles.slice(-TABLE_ROWS).reverse();
    return html`<table>
      <thead>
        <tr>
          <th scope="col">Tick</th>
          ${["Open", "High", "Low", "Close", "Lots"].map((h) => html`<th scope="col" class="num">${h}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (c) =>
            html`<tr>
              <td>${whole(c.t)}</td>
              ${[c.o, c.h, c.l, c.c].map((v) => html`<td class="num">${credits(v)}</td>`)}
              <td class="num">${whole(c.v)}</td>
            </tr>`,
        )}
      </tbody>
    </table>`;
  }

  render() {
    const { interval, candles, candlesLoading } = this.state;
    return html` <div class="chart-tools" role="group" aria-label="Chart">
        <div class="tabs" role="group" aria-label="Interval">
          ${INTERVALS.map(
            ([ticks, label], i) =>
              html` <button
                type="button"
                aria-pressed=${String(ticks === interval)}
                title=${ticks === "day" ? `One game day (key ${i + 1})` : `${whole(ticks)} ticks (key ${i + 1})`}
                @click=${() => this.choose(ticks)}
              >
                ${label}
              </button>`,
          )}
        </div>
        <p class="legend" aria-hidden="true"></p>
        <div class="tabs">
          <button
            type="button"
            aria-pressed=${String(this.asTable)}
            @click=${() => {
              this.asTable = !this.asTable;
            }}
          >
            Table
          </button>
        </div>
      </div>
      <div class="chart-box" ?hidden=${this.asTable} role="img" aria-label=${this.summary()}></div>
      <div
        class="chart-table"
        ?hidden=${!this.asTable}
        tabindex="0"
        role="group"
        aria-label="Candles as a table"
      >
        ${this.asTable ? this.table() : ""}
      </div>
      <p class="chart-note" ?hidden=${candles.length > 0 || this.asTable}>
        ${candlesLoading ? "Loading candles" : "No trades in this interval yet."}
      </p>`;
  }

  firstUpdated() {
    this.box = this.querySelector(".chart-box");
    this.legend = this.querySelector(".legend");
    this.chart = createChart(this.box, { autoSize: true, layout: { attributionLogo: false } });
    this.series = this.chart.addSeries(CandlestickSeries, {
      // Hollow candles have no color of their own, so the last price gets a line of ours.
      priceLineVisible: false,
      lastValueVisible: false,
    });
    this.lastLine = null;
    this.volume = this.chart.addSeries(
      HistogramSeries,
      {
        // A scale of its own, drawn nowhere: the legend tells the volume, the axis stays clean.
        priceScaleId: "volume",
        lastValueVisible: false,
        priceLineVisible: false,
        priceFormat: { type: "custom", minMove: 1, formatter: compact },
      },
      1,
    );
    this.volume.priceScale().applyOptions({ scaleMargins: { top: 0.15, bottom: 0 } });
    const [candlePane, volumePane] = this.chart.panes();
    candlePane.setStretchFactor(5);
    volumePane.setStretchFactor(1);
    this.chart.subscribeCrosshairMove((at) => this.showLegend(at));
    this.unTheme = onTheme(() => this.paint());
    this.paint();
    this.data();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.unTheme?.();
  }

  paint() {
    const [up, down, grid, line, text, surface] = [
      "--up",
      "--down",
      "--surface-2",
      "--line",
      "--text-2",
      "--surface-1",
    ].map(color);
    this.colors = {
      up,
      down,
      ink: color("--on-signal"),
      volume: color("--surface-3"),
      accent: color("--accent"),
      accentInk: color("--accent-ink"),
    };
    const decimals = decimalsOf(this.state.markets[this.state.code]?.increment ?? "0.001");
    this.chart.applyOptions({
      layout: {
        background: { type: "solid", color: surface },
        textColor: text,
        fontSize: 11,
        fontFamily: "Archivo, system-ui, sans-serif",
        panes: { separatorColor: line, separatorHoverColor: line, enableResize: false },
      },
      grid: { vertLines: { color: grid }, horzLines: { color: grid } },
      rightPriceScale: { borderColor: line, minimumWidth: 64 },
      timeScale: {
        borderColor: line,
        rightOffset: 4,
        barSpacing: 7,
        minBarSpacing: 1,
        tickMarkFormatter: ticksOf,
      },
      crosshair: { mode: 0 },
      localization: { timeFormatter: (time) => `tick ${ticksOf(time)}` },
    });
    this.series.applyOptions({
      upColor: surface,
      borderUpColor: up,
      wickUpColor: up,
      downColor: down,
      borderDownColor: down,
      wickDownColor: down,
      priceFormat: { type: "price", precision: decimals, minMove: 1 / 10 ** decimals },
    });
    for (const line of this.lines.values()) {
      line.applyOptions({ color: this.colors.accent, axisLabelTextColor: this.colors.accentInk });
    }
    this.drawn = null;
    this.data();
  }

  updated() {
    if (this.chart) this.data();
  }

  data() {
    const { candles, orders } = this.state;
    if (candles !== this.drawn) this.candles(candles);
    if (orders !== this.drawnOrders) this.orderLines(orders);
  }

  candles(candles) {
    const known = this.drawn;
    const last = candles.at(-1);
    // Mostly only the newest candle moves: anything else is drawn anew.
    const grown =
      known?.length &&
      last &&
      candles[0]?.t === known[0]?.t &&
      candles.length - known.length >= 0 &&
      candles.length - known.length <= 1 &&
      candles.at(-2)?.t === (candles.length === known.length ? known.at(-2)?.t : known.at(-1)?.t);
    if (grown) {
      if (candles.length > known.length && candles.length > 1) this.one(candles.at(-2));
      this.one(last);
    } else {
      this.series.setData(candles.map(bar));
      this.volume.setData(candles.map((c) => this.volumeBar(c)));
      if (!known?.length && candles.length) this.chart.timeScale().scrollToRealTime();
    }
    this.drawn = candles;
    this.lastPrice(last);
    this.showLegend(null);
  }

  lastPrice(candle) {
    if (!candle) return;
    const rising = Number(candle.c) >= Number(candle.o);
    const options = {
      price: Number(candle.c),
      color: rising ? this.colors.up : this.colors.down,
      title: "",
      lineWidth: 1,
      lineStyle: 1,
      axisLabelVisible: true,
      axisLabelTextColor: this.colors.ink,
    };
    if (this.lastLine) this.lastLine.applyOptions(options);
    else this.lastLine = this.series.createPriceLine(options);
  }

  one(candle) {
    this.series.update(bar(candle));
    this.volume.update(this.volumeBar(candle));
  }

  volumeBar(candle) {
    return {
      time: candle.t / TICKS_PER_CHART_SECOND,
      value: Number(candle.v),
      color: this.colors.volume,
    };
  }

  orderLines(orders) {
    const own = Object.values(orders).filter((o) => o.market === this.state.code && o.price);
    const wanted = new Set(own.map((order) => order.id));
    for (const [id, line] of this.lines) {
      if (wanted.has(id)) continue;
      this.series.removePriceLine(line);
      this.lines.delete(id);
    }
    for (const order of own) {
      const options = {
        price: Number(order.price),
        title: `${order.side} ${order.left}`,
        color: this.colors.accent,
        lineWidth: 1,
        lineStyle: 2,
        axisLabelVisible: true,
        axisLabelTextColor: this.colors.accentInk,
      };
      const line = this.lines.get(order.id);
      if (line) line.applyOptions(options);
      else this.lines.set(order.id, this.series.createPriceLine(options));
    }
    this.drawnOrders = orders;
  }

  showLegend(at) {
    const candles = this.state.candles;
    const tick = at?.time === undefined ? null : Math.round(at.time * TICKS_PER_CHART_SECOND);
    const candle = tick === null ? candles.at(-1) : candles.find((c) => c.t === tick);
    const decimals = decimalsOf(this.state.markets[this.state.code]?.increment ?? "0.001");
    const [open, high, low, close] = ["o", "h", "l", "c"].map(
      (k) => candle && credits(candle[k], { decimals }),
    );
    this.legend.textContent = candle
      ? `O ${open}  H ${high}  L ${low}  C ${close}  V ${compact(candle.v)}`
      : "";
  }
}

customElements.define("lea-chart", LeaChart);

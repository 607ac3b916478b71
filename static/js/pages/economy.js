/** The economy page: one chosen figure large, the others small, resources and news, all live. */
import { get } from "../core/api.js";
import { link, store } from "../core/app.js";
import { regionName } from "../core/format.js";
import { startFrame } from "../core/frame.js";
import { feedSpeaks, untilDone } from "../core/patience.js";
import "../ui/link.js";
import "../ui/news.js";
import "../ui/resources.js";
import "../ui/series.js";
import "../ui/tiles.js";
import "../ui/vitals.js";

const POINTS = 300;
const AGAIN_MS = 5_000;
const FIRST = "cpi";

function entryOf(name) {
  return store.state.catalogue.find((row) => row.name === name);
}

function pathOf(series, more) {
  const query = new URLSearchParams({ interval: series.interval, limit: String(POINTS), ...more });
  if (series.market) query.set("market", series.market);
  if (series.average) query.set("ma", String(series.average));
  return `/api/history/${series.name}?${query}`;
}

/* The address names what is shown, so that it can be shared and reloaded. */
function remember(series) {
  const query = new URLSearchParams({ show: series.name, interval: series.interval });
  if (series.market) query.set("market", series.market);
  history.replaceState(null, "", `?${query}`);
}

async function load(series, whole) {
  const last = whole ? null : store.state.series?.points.at(-1)?.t;
  const more = last === null || last === undefined ? {} : { from: String(last) };
  try {
    const answer = await get(pathOf(series, more));
    const points = answer.data ?? [];
    store.dispatch({ kind: "series_points", key: series.key, points, whole });
  } catch (problem) {
    if (whole) store.dispatch({ kind: "series_problem", key: series.key, problem: problem.title });
  }
}

/** The market that a figure is asked for by: of a region its first, whatever market was chosen. */
function placeOf(entry, code, codes) {
  if (!entry.of_market) return null;
  if (!entry.of_region) return code;
  return codes.find((each) => regionName(each) === regionName(code)) ?? code;
}

/** Show another figure, market, interval or average; what is not named stays. */
function show(change) {
  const known = store.state.series ?? {};
  const entry = entryOf(change.name ?? known.name ?? FIRST) ?? entryOf(FIRST);
  if (!entry) return;
  const wanted = String(change.interval ?? known.interval ?? "day");
  const interval = entry.intervals.map(String).includes(wanted) ? wanted : "day";
  const codes = store.state.codes;
  const code = change.market ?? known.lastMarket ?? codes[0] ?? "FOOD";
  const series = {
    name: entry.name,
    market: placeOf(entry, code, codes),
    lastMarket: code,
    interval,
    average: change.average ?? known.average ?? 0,
  };
  series.key = [series.name, series.market, series.interval, series.average].join(" ");
  if (series.key === known.key) return;
  store.dispatch({ kind: "series", series });
  remember(series);
  load(series, true);
}

function start() {
  const asked = new URLSearchParams(location.search);
  show({
    name: asked.get("show") ?? FIRST,
    interval: asked.get("interval") ?? "day",
    market: store.state.codes.includes(asked.get("market")) ? asked.get("market") : undefined,
  });
  document.addEventListener("lea-series", (event) => show(event.detail));
  setInterval(() => {
    const { series } = store.state;
    if (series && !series.loading && document.visibilityState === "visible") load(series, false);
  }, AGAIN_MS);
}

/* The page may be older than the telling of the days before it: then its small lines come later. */
function fillDays() {
  const told = () => (store.state.days[FIRST]?.length ?? 0) > 1;
  const names = Object.keys(store.state.days).join(",");
  if (told() || !names) return;
  const load = async () => {
    const answer = await get(`/api/indicators?days=${names}`);
    store.dispatch({ kind: "days", days: answer.days ?? {} });
    return told();
  };
  feedSpeaks().then(() => untilDone(load));
}

/* The values of a day come right after it ended: a second later they are the next points. */
function followDays() {
  let day = store.state.day;
  store.subscribe((state) => {
    if (state.day === day) return;
    const first = day === null || day === undefined;
    day = state.day;
    const tick = state.tick;
    if (!first) setTimeout(() => store.dispatch({ kind: "day_ended", tick }), 1_000);
  });
}

startFrame();
for (const topic of ["world", "market_tick", "indicators", "news"]) link.subscribe(topic);
link.open();
start();
fillDays();
followDays();

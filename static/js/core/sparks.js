/** The last 60 points of every market: from the candles once they are told, then from the ticks. */
import { get } from "./api.js";
import { store } from "./app.js";
import { feedSpeaks, untilDone } from "./patience.js";

const INTERVAL_TICKS = 100;
const POINTS = 60;
const ASK_GAP_MS = 120;
const LATE_TICKS = 3 * INTERVAL_TICKS;
const missing = new Set();

/** Load a market's points; whether they reach the present. */
async function load(code) {
  const answer = await get(`/api/markets/${code}?interval=${INTERVAL_TICKS}&limit=${POINTS}`);
  const candles = answer.candles ?? [];
  const points = candles.map((candle) => Number(candle.c));
  if (points.length > 1) store.dispatch({ kind: "spark", code, points });
  return points.length > 1 && candles.at(-1).t >= (store.state.tick ?? 0) - LATE_TICKS;
}

function grow() {
  const { markets, sparks } = store.state;
  for (const [code, market] of Object.entries(markets)) {
    if (market.last === null || market.last === undefined || missing.has(code)) continue;
    const points = [...(sparks[code] ?? []), Number(market.last)].slice(-POINTS);
    store.dispatch({ kind: "spark", code, points });
  }
}

/** The list of the markets, for a page that was made without it. */
async function knowMarkets(pauses) {
  const known = () => {
    const { codes, markets } = store.state;
    return codes.length > 1 && codes.every((code) => markets[code].name);
  };
  if (known()) return;
  await untilDone(async () => {
    const { data } = await get("/api/markets");
    if (data?.length) store.dispatch({ kind: "markets", rows: data });
    return known();
  }, pauses);
}

/**
 * Load what is missing, one market after another, then add a point per interval. The page may be
 * older than the telling of the days before it: then it asks again.
 */
export async function startSparks(pauses) {
  await feedSpeaks();
  await knowMarkets(pauses);
  for (const code of store.state.codes) {
    if ((store.state.sparks[code]?.length ?? 0) < 2) missing.add(code);
  }
  setInterval(() => document.visibilityState === "visible" && grow(), INTERVAL_TICKS * 100);
  await untilDone(async () => {
    for (const code of missing) {
      if (await load(code)) missing.delete(code);
      await new Promise((resume) => setTimeout(resume, ASK_GAP_MS));
    }
    return missing.size === 0;
  }, pauses);
  missing.clear();
}

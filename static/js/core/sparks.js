/** The last 60 points of every market: once from the candles, then from the ticks. */
import { get } from "./api.js";
import { store } from "./app.js";

const INTERVAL_TICKS = 100;
const POINTS = 60;
const ASK_GAP_MS = 120;

async function load(code) {
  const answer = await get(`/api/markets/${code}?interval=${INTERVAL_TICKS}&limit=${POINTS}`);
  const points = (answer.candles ?? []).map((candle) => Number(candle.c));
  if (points.length > 1) store.dispatch({ kind: "spark", code, points });
}

function grow() {
  const { markets, sparks } = store.state;
  for (const [code, market] of Object.entries(markets)) {
    if (market.last === null || market.last === undefined) continue;
    const points = [...(sparks[code] ?? []), Number(market.last)].slice(-POINTS);
    store.dispatch({ kind: "spark", code, points });
  }
}

/** Load what is missing, one market after another, then add a point per interval. */
export async function startSparks() {
  for (const code of store.state.codes) {
    if ((store.state.sparks[code]?.length ?? 0) > 1) continue;
    try {
      await load(code);
    } catch {
      break;
    }
    await new Promise((resume) => setTimeout(resume, ASK_GAP_MS));
  }
  setInterval(() => document.visibilityState === "visible" && grow(), INTERVAL_TICKS * 100);
}

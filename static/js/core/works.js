/**
 * The caller's own economy: read from REST, read again after each act and every few seconds.
 * Commands carry a key of their own, so that a repeated request acts once.
 */
import { call, get } from "./api.js";
import { toast } from "./toast.js";
import { words } from "./format.js";

const PERIOD_MS = 3_000;
const SETTLE_MS = 700;

export const works = { work: null, sites: null, offers: [], patents: [], auctions: [], tick: 0, notes: [], cash: null, error: null };
const listeners = new Set();

export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell() {
  for (const listener of listeners) listener();
}

export async function reload() {
  try {
    const [work, sites, offers, patents, auctions, notes, portfolio] = await Promise.all([
      get("/api/work"),
      get("/api/sites"),
      get("/api/offers"),
      get("/api/patents"),
      get("/api/auctions"),
      get("/api/works?limit=40"),
      get("/api/portfolio"),
    ]);
    works.work = work;
    works.sites = sites.data;
    works.offers = offers.data;
    works.patents = patents.data;
    works.auctions = auctions.data;
    works.tick = auctions.tick;
    works.notes = notes.data;
    works.cash = portfolio.cash.available;
    works.error = null;
  } catch (problem) {
    works.error = problem;
  }
  tell();
}

/** What a request would come to; null when it is refused. */
export async function preview(method, path, body = null) {
  try {
    return (await call(method, `${path}?preview=true`, { body })).preview;
  } catch (problem) {
    return { problem };
  }
}

/** Act, say what came of it, and read anew. */
export async function act(method, path, body, done) {
  const key = crypto.randomUUID();
  try {
    const answer = await call(method, `${path}?wait=result`, { body, key });
    if (answer.status === "rejected") throw answer.error;
    toast(answer.status === "executed" ? done : "Journaled: the world decides in a moment.");
    setTimeout(reload, SETTLE_MS);
    await reload();
    return answer;
  } catch (problem) {
    toast(problem?.title ?? words(problem?.code), { kind: "error" });
    return null;
  }
}

export function start() {
  reload();
  setInterval(() => {
    if (!document.hidden) reload();
  }, PERIOD_MS);
}

/** Waiting for what the page was too early for, a bounded time. */
import { store } from "./app.js";

const PAUSES_MS = [2_000, 4_000, 8_000, 15_000, 30_000, 60_000, 60_000];
const WITHOUT_FEED_MS = 5_000;

function pause(milliseconds) {
  return new Promise((resume) => setTimeout(resume, milliseconds));
}

/** Resolves once the live feed speaks, so that the present is known; or soon without it. */
export function feedSpeaks() {
  return new Promise((resolve) => {
    const leave = store.subscribe((state) => state.tickAt !== null && done());
    const timer = setTimeout(() => done(), WITHOUT_FEED_MS);
    function done() {
      clearTimeout(timer);
      leave();
      resolve();
    }
    if (store.state.tickAt !== null) done();
  });
}

/**
 * Try until it is done, less and less often, for some three minutes.
 * @param {() => Promise<boolean>} attempt true when nothing is missing any more; may reject
 * @returns {Promise<boolean>} whether it was done
 */
export async function untilDone(attempt, pauses = PAUSES_MS) {
  for (const milliseconds of [...pauses, null]) {
    try {
      if (await attempt()) return true;
    } catch {
      // Away or too early: the next attempt may find it.
    }
    if (milliseconds !== null) await pause(milliseconds);
  }
  return false;
}

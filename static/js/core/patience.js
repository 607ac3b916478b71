/** Waiting for what the page was too early for, a bounded time. */
import { store } from "./app.js";

const PAUSES_MS = [2_000, 4_000, 8_000, 15_000, 30_000, 60_000, 60_000];

function pause(milliseconds) {
  return new Promise((resume) => setTimeout(resume, milliseconds));
}

/** Resolves once there is a tick: the page knows one, or the live feed brings it. */
export function worldRuns() {
  if (store.state.tick !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const leave = store.subscribe((state) => {
      if (state.tick === null) return;
      leave();
      resolve();
    });
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

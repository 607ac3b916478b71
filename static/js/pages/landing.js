/** The landing page: the living market, read-only. */
import { link, store } from "../core/app.js";
import { startFrame } from "../core/frame.js";
import { startSparks } from "../core/sparks.js";
import "../ui/link.js";
import "../ui/pulse.js";
import "../ui/tape.js";
import "../ui/vitals.js";
import "../ui/watchlist.js";

startFrame();
const shown = document.querySelector("[data-tape]")?.dataset.tape;
for (const topic of ["world", "market_tick", "indicators"]) link.subscribe(topic);
if (shown) {
  store.dispatch({ kind: "watch", code: shown });
  link.subscribe(`trades:${shown}`);
}
link.open();
startSparks();

/** The market page: the live link, the panels, and the keys. */
import { get } from "../core/api.js";
import { link, store } from "../core/app.js";
import { credits, whole } from "../core/format.js";
import { startFrame } from "../core/frame.js";
import { bind } from "../core/hotkeys.js";
import { feedSpeaks, untilDone } from "../core/patience.js";
import { startSparks } from "../core/sparks.js";
import { toast } from "../core/toast.js";
import { cancelAll } from "../core/trade.js";
import "../ui/activity.js";
import "../ui/book.js";
import { INTERVALS } from "../ui/chart.js";
import "../ui/holdings.js";
import "../ui/link.js";
import "../ui/quote.js";
import "../ui/reasons.js";
import "../ui/tape.js";
import "../ui/ticket.js";
import "../ui/vitals.js";
import "../ui/watchlist.js";
import "../ui/why.js";

const CANDLES = 300;
const LATE_TICKS = 100;
const FILL_MERGE_MS = 1_500;
const main = document.querySelector("main.market");
const sheet = document.getElementById("ticket");
const ticket = document.querySelector("lea-ticket");
const narrow = matchMedia("(max-width: 899px)");
const code = store.state.code;

/* Candles of another interval: REST for the past, the socket for the present. */
function candleTopic(interval) {
  return `candles:${code}:${interval}`;
}

/* What the page was made of may be behind the present: then its candles are asked for again. */
function fillCandles() {
  const { interval, candles: made } = store.state;
  const reach = (list) => list?.length > 1 && list.at(-1).t >= (store.state.tick ?? 0) - LATE_TICKS;
  const load = async () => {
    if (store.state.interval !== interval) return true;
    const { candles } = await get(`/api/markets/${code}?interval=${interval}&limit=${CANDLES}`);
    if (candles?.length > 1) store.dispatch({ kind: "candles", interval, candles });
    return reach(candles);
  };
  feedSpeaks().then(() => reach(made) || untilDone(load));
}

async function showInterval(interval) {
  if (String(interval) === String(store.state.interval)) return;
  link.unsubscribe(candleTopic(store.state.interval));
  store.dispatch({ kind: "interval", interval });
  link.subscribe(candleTopic(interval));
  try {
    const answer = await get(`/api/markets/${code}?interval=${interval}&limit=${CANDLES}`);
    store.dispatch({ kind: "candles", interval, candles: answer.candles ?? [] });
  } catch (problem) {
    store.dispatch({ kind: "candles", interval, candles: store.state.candles });
    toast(`Candles not loaded: ${problem.title}`, { kind: "error", key: "candles" });
  }
}

/* The ticket is a panel on wide screens and a sheet on narrow ones. */
function openSheet(side) {
  sheet?.setAttribute("data-open", "");
  sheetReach();
  ticket?.start(side);
}

function closeSheet() {
  const was = sheet?.hasAttribute("data-open");
  sheet?.removeAttribute("data-open");
  sheetReach();
  return Boolean(was && narrow.matches);
}

function sheetReach() {
  if (sheet) sheet.inert = narrow.matches && !sheet.hasAttribute("data-open");
}

function showView(view) {
  main.dataset.view = view;
  for (const tab of document.querySelectorAll(".views [role=tab]")) {
    tab.setAttribute("aria-selected", String(tab.dataset.view === view));
    tab.tabIndex = tab.dataset.view === view ? 0 : -1;
  }
}

function wirePanels() {
  document.addEventListener("lea-interval", (event) => showInterval(event.detail));
  document.addEventListener("lea-pick", (event) => {
    ticket?.take(event.detail);
    if (narrow.matches && sheet) {
      sheet.setAttribute("data-open", "");
      sheetReach();
    }
  });
  for (const opener of document.querySelectorAll("[data-open-ticket]")) {
    opener.addEventListener("click", () => openSheet(opener.dataset.openTicket));
  }
  document.getElementById("ticket-close")?.addEventListener("click", closeSheet);
  const tabs = [...document.querySelectorAll(".views [role=tab]")];
  for (const tab of tabs) tab.addEventListener("click", () => showView(tab.dataset.view));
  document.querySelector(".views")?.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = tabs.findIndex((tab) => tab.getAttribute("aria-selected") === "true");
    const next = tabs[(at + step + tabs.length) % tabs.length];
    showView(next.dataset.view);
    next.focus();
  });
  narrow.addEventListener("change", sheetReach);
  sheetReach();
}

function neighbor(step) {
  const { codes } = store.state;
  const at = codes.indexOf(code);
  if (codes.length) location.assign(`/m/${codes[(at + step + codes.length) % codes.length]}`);
}

function wireKeys() {
  bind("b", () => (ticket ? openSheet("buy") : false));
  bind("s", () => (ticket ? openSheet("sell") : false));
  bind("Escape", () => {
    if (document.querySelector("dialog[open]")) return false;
    if (!closeSheet()) ticket?.clear();
    document.activeElement?.blur();
    return true;
  });
  bind("Control+Enter", () => (ticket ? ticket.submit() : false));
  bind("C", () => (ticket ? cancelAll() : false));
  bind("[", () => neighbor(-1));
  bind("]", () => neighbor(1));
  INTERVALS.forEach(([interval], i) => bind(String(i + 1), () => showInterval(interval)));
}

/* Fills become one notice per order while they keep coming. */
function announceFills() {
  const told = new Map();
  let newest = store.state.fills[0];
  store.subscribe((state) => {
    if (state.fills[0] === newest) return;
    const fresh = [];
    for (const fill of state.fills) {
      if (fill === newest) break;
      fresh.push(fill);
    }
    newest = state.fills[0];
    for (const fill of fresh.reverse()) {
      if (fill.tick < (state.tick ?? 0) - 100) continue;
      const last = told.get(fill.order);
      const sum =
        last && Date.now() - last.at < FILL_MERGE_MS * 4
          ? { ...last, count: last.count + 1, lots: last.lots + fill.quantity }
          : { count: 1, lots: fill.quantity };
      told.set(fill.order, { ...sum, at: Date.now() });
      const verb = fill.side === "buy" ? "Bought" : "Sold";
      const times = sum.count > 1 ? ` in ${sum.count} fills, last` : "";
      toast(`${verb} ${whole(sum.lots)} ${fill.market}${times} at ${credits(fill.price)}`, {
        kind: "fill",
        key: fill.order,
      });
    }
  });
}

function titleFollowsPrice() {
  const name = document.title;
  setInterval(() => {
    const last = store.state.markets[code]?.last;
    if (last) document.title = `${credits(last)} ${name}`;
  }, 1000);
}

startFrame();
wirePanels();
wireKeys();
for (const topic of [
  "world",
  "market_tick",
  `book:${code}`,
  `trades:${code}`,
  candleTopic(store.state.interval),
  "indicators",
  "news",
]) {
  link.subscribe(topic);
}
if (store.state.player?.participant) link.subscribe("account");
link.open();
announceFills();
titleFollowsPrice();
fillCandles();
startSparks();

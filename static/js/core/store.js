/**
 * The page's view of the world: a pure reducer from messages to state, and a small store that
 * tells its listeners at most once per animation frame, however many messages came.
 */
export const OPEN = new Set(["pending", "new", "partially_filled"]);
const TRADES_MAX = 60;
const FILLS_MAX = 100;
const NEWS_MAX = 50;
const CANDLES_MAX = 1500;
const RECENT_MAX = 80;
const TICKETS_MAX = 20;
const SPARK_MAX = 60;
const POINTS_MAX = 1000;

export const EMPTY = Object.freeze({
  link: { state: "connecting", latency_ms: null },
  world: {},
  tick: null,
  tickAt: null,
  day: null,
  gameTime: null,
  code: null,
  codes: [],
  markets: {},
  sparks: {},
  book: null,
  bookAt: null,
  trades: [],
  interval: 10,
  candles: [],
  candlesLoading: false,
  indicators: {},
  news: [],
  orders: {},
  recent: {},
  fills: [],
  balances: {},
  tickets: [],
  player: null,
  catalogue: [],
  days: {},
  series: null,
});

function byAsset(list) {
  return Object.fromEntries((list ?? []).map((balance) => [balance.asset, balance]));
}

function newer(known, order) {
  if (!known) return true;
  if (!OPEN.has(known.status) && OPEN.has(order.status)) return false;
  if ((known.filled ?? 0) > (order.filled ?? 0)) return false;
  return (known.updated_tick ?? 0) <= (order.updated_tick ?? known.updated_tick ?? 0);
}

function lastKeys(object, limit) {
  const keys = Object.keys(object);
  if (keys.length <= limit) return object;
  return Object.fromEntries(keys.slice(-limit).map((key) => [key, object[key]]));
}

/** Orders after an update: open ones by id, the newest of any status in `recent`. */
function withOrders(state, list) {
  if (!list?.length) return state;
  const orders = { ...state.orders };
  const recent = { ...state.recent };
  for (const order of list) {
    if (!newer(recent[order.id], order)) continue;
    delete recent[order.id];
    recent[order.id] = order;
    if (OPEN.has(order.status)) orders[order.id] = order;
    else delete orders[order.id];
  }
  const tickets = state.tickets.map((ticket) => {
    const order = recent[ticket.order];
    return order && order !== ticket.result
      ? { ...ticket, state: order.status, reason: order.reason ?? null, result: order }
      : ticket;
  });
  return { ...state, orders, recent: lastKeys(recent, RECENT_MAX), tickets };
}

function fillKey(fill) {
  return `${fill.market}:${fill.trade}:${fill.order}`;
}

function withFills(state, list) {
  if (!list?.length) return state;
  const known = new Set(state.fills.map(fillKey));
  const fresh = list.filter((fill) => !known.has(fillKey(fill)));
  if (!fresh.length) return state;
  const fills = [...fresh, ...state.fills]
    .sort((a, b) => b.tick - a.tick || b.trade - a.trade)
    .slice(0, FILLS_MAX);
  return { ...state, fills };
}

function account(state, data, whole) {
  let next = state;
  if (whole) {
    next = { ...next, orders: {}, balances: byAsset(data.balances) };
  } else if (data.balances?.length) {
    next = { ...next, balances: { ...next.balances, ...byAsset(data.balances) } };
  }
  next = withOrders(next, data.orders);
  if (whole) {
    // An order that the snapshot leaves out has ended while the link was down.
    const open = new Set((data.orders ?? []).map((order) => order.id));
    const orders = Object.fromEntries(Object.entries(next.orders).filter(([id]) => open.has(id)));
    next = { ...next, orders };
  }
  return withFills(next, data.fills);
}

/* A page that is older than its markets knows none of them, or the one that it shows. */
function longer(known, told) {
  return told.length > known.length ? told : known;
}

/** Rows of the market list; what is known live stays. */
function withMarkets(state, rows) {
  const markets = { ...state.markets };
  for (const row of rows) markets[row.code] = { ...row, ...markets[row.code], name: row.name };
  return { ...state, markets, codes: longer(state.codes, rows.map((row) => row.code)) };
}

function marketTick(state, data) {
  const markets = { ...state.markets };
  for (const row of data.markets ?? []) {
    const code = row.m ?? row.code;
    markets[code] = { ...markets[code], ...row, code };
  }
  const told = (data.markets ?? []).map((row) => row.m ?? row.code);
  return {
    ...state,
    markets,
    codes: longer(state.codes, told),
    day: data.day ?? state.day,
    gameTime: data.game_time ?? state.gameTime,
  };
}

function trades(state, data, whole) {
  const known = new Set(whole ? [] : state.trades.map((trade) => trade.id));
  const fresh = (data.trades ?? []).filter((trade) => !known.has(trade.id));
  const kept = whole ? [] : state.trades;
  const list = [...fresh, ...kept].sort((a, b) => b.id - a.id).slice(0, TRADES_MAX);
  return { ...state, trades: list };
}

/** Candles in order of time, one per start tick. */
export function mergeCandles(list, more) {
  let out = list;
  for (const candle of more) {
    const last = out[out.length - 1];
    if (!last || candle.t > last.t) out = [...out, candle];
    else if (candle.t === last.t) out = [...out.slice(0, -1), candle];
    else {
      const others = out.filter((known) => known.t !== candle.t);
      out = [...others, candle].sort((a, b) => a.t - b.t);
    }
  }
  return out.length > CANDLES_MAX ? out.slice(-CANDLES_MAX) : out;
}

function candles(state, data) {
  if (String(data.interval) !== String(state.interval)) return state;
  const more = data.candles ?? (data.candle ? [data.candle] : []);
  return more.length ? { ...state, candles: mergeCandles(state.candles, more) } : state;
}

/* Several producers of a market may fail at one tick: their sizes tell them apart. */
export function newsKey(item) {
  return [item.tick, item.kind, item.market, item.size].join(":");
}

function news(state, data) {
  const known = new Set(state.news.map(newsKey));
  const fresh = (data.items ?? []).filter((item) => !known.has(newsKey(item)));
  const list = [...fresh, ...state.news].sort((a, b) => b.tick - a.tick).slice(0, NEWS_MAX);
  return { ...state, news: list };
}

function topicData(state, topic, data, whole) {
  if (!data) return state;
  const [name, code] = topic.split(":");
  if (code && code !== state.code) return state;
  if (name === "market_tick") return marketTick(state, data);
  if (name === "book") return { ...state, book: data };
  if (name === "trades") return trades(state, data, whole);
  if (name === "candles") return candles(state, data);
  if (name === "indicators") return { ...state, indicators: { ...state.indicators, ...data } };
  if (name === "world") return { ...state, world: { ...state.world, ...data } };
  if (name === "news") return news(state, data);
  if (name === "account") return account(state, data, whole);
  return state;
}

/** Points that came for the shown series: all of them, or those from the newest known one on. */
function seriesPoints(state, event) {
  const { series } = state;
  if (!series || series.key !== event.key) return state;
  const first = event.points[0]?.t;
  let before = event.whole ? [] : series.points;
  if (first !== undefined) before = before.filter((point) => point.t < first);
  const points = [...before, ...event.points].slice(-POINTS_MAX);
  return { ...state, series: { ...series, points, loading: false, problem: null } };
}

/** A day's newest values become the next points of the small lines. */
function dayEnded(state, tick) {
  const add = (known, text) => {
    if (text === undefined || known?.at(-1)?.[0] === tick) return known;
    return [...(known ?? []), [tick, text]].slice(-SPARK_MAX);
  };
  const days = {};
  for (const [name, known] of Object.entries(state.days)) {
    const now = state.indicators[name];
    if (Array.isArray(known)) days[name] = add(known, now);
    else {
      days[name] = { ...known };
      for (const [code, text] of Object.entries(now ?? {})) {
        days[name][code] = add(known[code], text);
      }
    }
  }
  return { ...state, days };
}

function patchTicket(state, id, patch) {
  const tickets = state.tickets.map((ticket) => {
    if (ticket.id !== id) return ticket;
    const next = { ...ticket, ...patch };
    const order = state.recent[next.order];
    // The account stream may have told the outcome before this reply came.
    return order
      ? { ...next, state: order.status, reason: order.reason ?? null, result: order }
      : next;
  });
  return { ...state, tickets };
}

/** The next state. Pure: the same state and event always give the same result. */
export function reduce(state, event) {
  switch (event.kind) {
    case "frame":
    case "snapshot": {
      let next = topicData(state, event.topic, event.data, event.kind === "snapshot");
      if (event.tick !== undefined && event.tick !== null && event.tick >= (state.tick ?? 0)) {
        next = { ...next, tick: event.tick };
      }
      if (event.at && (event.topic === "market_tick" || event.topic === "world")) {
        next = { ...next, tickAt: event.at };
      }
      if (event.at && event.topic.startsWith("book:")) next = { ...next, bookAt: event.at };
      return next;
    }
    case "link":
      return { ...state, link: { ...state.link, ...event.link } };
    case "interval":
      return { ...state, interval: event.interval, candles: [], candlesLoading: true };
    case "candles":
      if (String(event.interval) !== String(state.interval)) return state;
      return { ...state, candles: mergeCandles([], event.candles), candlesLoading: false };
    case "spark":
      return {
        ...state,
        sparks: { ...state.sparks, [event.code]: event.points.slice(-SPARK_MAX) },
      };
    case "ticket":
      return { ...state, tickets: [event.ticket, ...state.tickets].slice(0, TICKETS_MAX) };
    case "ticket_patch":
      return patchTicket(state, event.id, event.patch);
    case "series":
      return {
        ...state,
        series: { ...event.series, points: [], loading: true, problem: null },
      };
    case "series_points":
      return seriesPoints(state, event);
    case "series_problem":
      if (state.series?.key !== event.key) return state;
      return { ...state, series: { ...state.series, loading: false, problem: event.problem } };
    case "markets":
      return withMarkets(state, event.rows);
    case "days":
      return { ...state, days: { ...state.days, ...event.days } };
    case "day_ended":
      return dayEnded(state, event.tick);
    case "watch":
      return { ...state, code: event.code };
    case "orders":
      return withOrders(state, event.orders);
    default:
      return state;
  }
}

/** The state that the server rendered into the page. */
export function initialState(island) {
  const markets = {};
  for (const row of island.markets ?? [])
    markets[row.code ?? row.m] = { ...row, code: row.code ?? row.m };
  if (island.market?.code) {
    markets[island.market.code] = { ...markets[island.market.code], ...island.market };
  }
  const code = typeof island.market === "string" ? island.market : (island.market?.code ?? null);
  const world = typeof island.world === "string" ? { name: island.world } : (island.world ?? {});
  let state = {
    ...EMPTY,
    world,
    code,
    markets,
    codes: Object.keys(markets),
    tick: island.tick ?? world.tick ?? null,
    book: island.book ?? null,
    candles: mergeCandles([], island.candles ?? []),
    trades: [...(island.trades ?? [])].sort((a, b) => b.id - a.id).slice(0, TRADES_MAX),
    indicators: island.indicators ?? {},
    player: island.player ?? null,
    catalogue: island.catalogue ?? [],
    days: island.days ?? {},
  };
  state = news(state, { items: island.news ?? [] });
  for (const row of Object.values(markets)) {
    if (Array.isArray(row.spark))
      state.sparks = { ...state.sparks, [row.code]: row.spark.map(Number) };
  }
  state = account(state, island, true);
  return state;
}

/** Holds the state; listeners hear of changes once per frame, or each second in a hidden tab. */
export function createStore(initial) {
  let state = initial;
  let waiting = false;
  const listeners = new Set();
  const tell = () => {
    waiting = false;
    for (const listener of listeners) listener(state);
  };
  return {
    get state() {
      return state;
    },
    dispatch(event) {
      const next = reduce(state, event);
      if (next === state) return;
      state = next;
      if (waiting) return;
      waiting = true;
      if (document.visibilityState === "hidden") setTimeout(tell, 1000);
      else requestAnimationFrame(tell);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/**
 * What an order would do to the shown book, in exact integers.
 *
 * Rules of the market: a taker gets the maker's price; the seller pays the fee, 5 basis points of
 * each trade's value rounded up to a minor unit; a bid holds price x quantity; a market order is
 * protected at 5 % from the best price and what it can't fill is canceled. The shown book has
 * levels, not orders: where several orders make one level, the fee may be a minor unit higher
 * for each of them.
 */
import { ceilDiv, parseCredits, parseLots, roundDiv } from "./money.js";

export const FEE_BASIS_POINTS = 5n;
const BASIS = 10_000n;
const PROTECTION_PERCENT = 5n;
const FAR_PERCENT = 20n;

/** The fee on one trade's value, in minor units. */
export function feeOf(value) {
  return ceilDiv(value * FEE_BASIS_POINTS, BASIS);
}

/** The worst price a market order accepts, or null without an opposite side. */
export function protectionPrice(side, best) {
  if (best === null) return null;
  const margin = (best * PROTECTION_PERCENT) / 100n;
  return side === "buy" ? best + margin : best - margin;
}

function levelsOf(book, side) {
  const rows = (side === "buy" ? book?.asks : book?.bids) ?? [];
  return rows.map(([price, quantity]) => [parseCredits(price), BigInt(quantity)]);
}

function walk(levels, side, bound, quantity) {
  let filled = 0n;
  let value = 0n;
  let fee = 0n;
  let worst = null;
  for (const [price, size] of levels) {
    if (filled === quantity || (side === "buy" ? price > bound : price < bound)) break;
    const taken = size < quantity - filled ? size : quantity - filled;
    filled += taken;
    value += taken * price;
    fee += feeOf(taken * price);
    worst = price;
  }
  return { filled, value, fee, worst };
}

function problemsOf({ draft, price, quantity, bound, best, increment, auction }) {
  const problems = [];
  const rests = draft.type === "limit" && draft.tif !== "ioc" && draft.tif !== "fok";
  if (auction && !rests) problems.push("auction");
  if (quantity === null) problems.push("no_quantity");
  if (draft.type !== "market") {
    if (price === null || price <= 0n) problems.push("no_price");
    else if (increment && price % increment !== 0n) problems.push("off_grid");
  } else if (best === null) problems.push("no_liquidity");
  else if (bound !== null && bound <= 0n) problems.push("no_price");
  return problems;
}

function cautionsOf({ draft, price, quantity, hit, best, crosses }) {
  const cautions = [];
  const left = quantity - hit.filled;
  if (draft.type === "post_only" && crosses) cautions.push("would_cross");
  if (draft.tif === "fok" && left > 0n) cautions.push("fok_unfilled");
  else if ((draft.type === "market" || draft.tif === "ioc") && left > 0n) cautions.push("thin");
  if (price !== null && best !== null && draft.type !== "market") {
    const off = draft.side === "buy" ? price - best : best - price;
    if (off * 100n > best * FAR_PERCENT) cautions.push("far_price");
  }
  return cautions;
}

/**
 * @param {object} input draft {side, type, tif, price, quantity} as typed; book {bids, asks};
 *   cash and stock free to use (cash decimal string, stock lots); increment decimal string;
 *   auction whether the market is in a call auction
 * @returns {object} integers in minor units and lots, `problems` (block) and `cautions` (warn)
 */
export function preview({ draft, book, cash, stock, increment, auction = false }) {
  const buying = draft.side === "buy";
  const levels = levelsOf(book, draft.side);
  const best = levels.length ? levels[0][0] : null;
  const quantity = parseLots(draft.quantity);
  const market = draft.type === "market";
  const price = market ? null : parseCredits(draft.price);
  const bound = market ? protectionPrice(draft.side, best) : price;
  const step = parseCredits(increment);
  const problems = problemsOf({ draft, price, quantity, bound, best, increment: step, auction });
  const free = parseCredits(cash) ?? 0n;
  const goods = BigInt(stock ?? 0);
  if (problems.length) {
    return { problems, cautions: [], bound, best, cashFree: free, stockFree: goods };
  }

  // In a call auction orders only collect: nothing trades at once.
  const crosses = !auction && best !== null && (buying ? bound >= best : bound <= best);
  const refused = draft.type === "post_only" && crosses;
  let hit = walk(refused || auction ? [] : levels, draft.side, bound, quantity);
  const cautions = cautionsOf({ draft, price, quantity, hit, best, crosses });
  const none = draft.tif === "fok" && hit.filled < quantity;
  if (none) hit = { filled: 0n, value: 0n, fee: 0n, worst: null };
  const left = quantity - hit.filled;
  const rests = left > 0n && !market && !refused && draft.tif !== "ioc" && draft.tif !== "fok";
  const resting = rests ? left : 0n;
  const atMost = bound * quantity;

  if (buying && atMost > free) problems.push("insufficient_cash");
  if (!buying && quantity > goods) problems.push("insufficient_goods");
  const impact =
    hit.filled > 0n && best > 0n
      ? Math.abs(
          Number((hit.value * 1_000_000n) / hit.filled - best * 1_000_000n) /
            Number(best * 1_000_000n),
        )
      : 0;
  return {
    problems,
    cautions,
    bound,
    best,
    quantity,
    filled: hit.filled,
    resting,
    canceled: left - resting,
    value: hit.value,
    fee: buying ? 0n : hit.fee,
    worst: hit.worst,
    impact,
    average: hit.filled > 0n ? roundDiv(hit.value, hit.filled) : null,
    payAtMost: buying ? atMost : null,
    receiveAtLeast: buying ? null : atMost - feeOf(atMost),
    cashFree: free,
    stockFree: goods,
    cashAfter: buying ? free - hit.value - resting * bound : free + hit.value - hit.fee,
    stockAfter: buying ? goods + hit.filled : goods - hit.filled - resting,
  };
}

/** Lots that a share (25, 50, 75, 100 per cent) of what is free would buy or sell. */
export function shareOf({ draft, book, cash, stock, percent }) {
  if (draft.side === "sell") return (BigInt(stock ?? 0) * BigInt(percent)) / 100n;
  const best = levelsOf(book, "buy")[0]?.[0] ?? null;
  const price = draft.type === "market" ? protectionPrice("buy", best) : parseCredits(draft.price);
  if (!price || price <= 0n) return 0n;
  return ((parseCredits(cash) ?? 0n) * BigInt(percent)) / 100n / price;
}

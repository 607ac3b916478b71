/** How figures are written: true minus, thousands separators, fixed decimals, tabular. */
import { parseCredits, toDecimal } from "./money.js";

export const MINUS = "\u2212";
export const NONE = "\u2013";
const GROUPS = /\B(?=(\d{3})+$)/g;

function grouped(digits) {
  return digits.replace(GROUPS, ",");
}

const REGIONS = { N: "North", S: "South", E: "East", W: "West" };

/** The region that a market's code names, for people; empty in a world of one region. */
export function regionName(code) {
  const letter = String(code ?? "").split(".")[1];
  return letter ? (REGIONS[letter] ?? letter) : "";
}

/** How many decimals a market's prices need: those of its increment, at least two. */
export function decimalsOf(increment) {
  const fraction = String(increment ?? "").split(".")[1] ?? "";
  return Math.max(2, fraction.replace(/0+$/, "").length);
}

/** The decimals of a market whose increment isn't known here: at most 12,000 increments a price. */
export function usualDecimals(price) {
  const minor = Number(parseCredits(price) ?? 0n);
  return minor <= 12_000 ? 3 : 2;
}

/**
 * An amount of credits: at least `decimals` decimals, never fewer than it really has.
 * @param {string|bigint|null|undefined} value decimal string or minor units
 * @param {{decimals?: number, sign?: boolean}} [options]
 */
export function credits(value, { decimals = 2, sign = false } = {}) {
  const minor = typeof value === "bigint" ? value : parseCredits(value);
  if (minor === null) return NONE;
  const [whole, digits] = toDecimal(minor < 0n ? -minor : minor).split(".");
  let fraction = digits;
  while (fraction.length > decimals && fraction.endsWith("0")) fraction = fraction.slice(0, -1);
  const mark = minor < 0n ? MINUS : sign && minor > 0n ? "+" : "";
  return `${mark}${grouped(whole)}${fraction ? `.${fraction}` : ""}`;
}

/** A whole number: lots, ticks, counts. */
export function whole(value) {
  if (value === null || value === undefined || value === "") return NONE;
  const digits = String(value).split(".")[0];
  if (!/^-?\d+$/.test(digits)) return NONE;
  return digits.startsWith("-") ? MINUS + grouped(digits.slice(1)) : grouped(digits);
}

/** A large count in a tight place: 950, 12.3k, 4.5M. The full value belongs into a title. */
export function compact(value) {
  const number = Number(value);
  if (!Number.isFinite(number)) return NONE;
  const size = Math.abs(number);
  const mark = number < 0 ? MINUS : "";
  for (const [limit, unit] of [
    [1e9, "B"],
    [1e6, "M"],
    [1e4, "k"],
  ]) {
    if (size < limit) continue;
    const scaled = size / (unit === "k" ? 1e3 : limit);
    return `${mark}${scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)}${unit}`;
  }
  return mark + grouped(String(Math.round(size)));
}

/** A ratio as per cent: "0.0241" -> "+2.41%". Ratios aren't money: a float is fine. */
export function percent(fraction, { decimals = 2, sign = true } = {}) {
  const number = Number(fraction);
  if (fraction === null || fraction === undefined || fraction === "" || !Number.isFinite(number)) {
    return NONE;
  }
  const digits = (Math.abs(number) * 100).toFixed(decimals);
  const zero = Number(digits) === 0;
  const mark = zero ? "" : number < 0 ? MINUS : sign ? "+" : "";
  return `${mark}${digits}%`;
}

/** A plain ratio or index with fixed decimals and a true minus. */
export function ratio(value, decimals = 2) {
  const number = Number(value);
  if (value === null || value === undefined || value === "" || !Number.isFinite(number))
    return NONE;
  return number.toFixed(decimals).replace("-", MINUS);
}

/** -1, 0 or 1 for a change that is shown with `decimals` decimals of a per cent. */
export function direction(fraction, decimals = 2) {
  const number = Number(fraction ?? 0);
  const shown = Number((number * 100).toFixed(decimals));
  return Number.isFinite(shown) ? Math.sign(shown) : 0;
}

/** Local time of day of a moment in milliseconds. */
export function clock(at) {
  return new Date(at).toLocaleTimeString([], {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hour12: false,
  });
}

/** "partially_filled" -> "partly filled": the words players read. */
const STATUS_WORDS = {
  draft: "draft",
  sending: "sending",
  accepted: "journaled",
  new: "working",
  partially_filled: "partly filled",
  filled: "filled",
  canceled: "canceled",
  expired: "expired",
  rejected: "rejected",
  replaced: "replaced",
};

export function statusWord(status) {
  return STATUS_WORDS[status] ?? String(status ?? NONE).replaceAll("_", " ");
}

/** "insufficient_funds" -> "insufficient funds". */
export function words(code) {
  return String(code ?? "").replaceAll("_", " ");
}

/** How the figures of the economy are written, by unit and name. */
import { NONE, compact, credits, percent, ratio, whole } from "./format.js";

// Ratios that people read as a number between 0 and 1, not as per cent.
const PLAIN = new Set([
  "confidence", "fear", "gini", "greed", "herding", "herfindahl", "kyle_fit", "mood",
  "player_gini", "sentiment", "wealth_gini",
]);
const CREDITS_COMPACT_FROM = 100_000;

/** One value as text: `value` is a decimal string or a number; null gives a dash. */
export function figure({ name, unit }, value) {
  const number = Number(value);
  if (value === null || value === undefined || !Number.isFinite(number)) return NONE;
  if (unit === "credits") {
    if (Math.abs(number) >= CREDITS_COMPACT_FROM) return compact(number);
    return credits(number.toFixed(3));
  }
  if (unit === "per year") return percent(number, { sign: false });
  if (unit === "ratio" && !PLAIN.has(name)) return percent(number, { sign: false });
  if (unit === "lots") return compact(number);
  if (unit === "days") return ratio(number, 1);
  if (unit === "count") return whole(Math.round(number));
  return ratio(number, Math.abs(number) < 10 ? 3 : 2);
}

/** The unit in words, where the figure does not show it. */
export function unitWord(unit) {
  return { credits: "credits", lots: "lots", days: "days", "per year": "a year" }[unit] ?? "";
}

/** A path through points in a box of `width` by `height`; empty for fewer than two. */
export function linePath(values, width, height) {
  if (!values || values.length < 2) return "";
  const low = Math.min(...values);
  const span = Math.max(...values) - low;
  const step = width / (values.length - 1);
  return values
    .map((value, i) => {
      const y = span ? height - 2 - ((value - low) / span) * (height - 4) : height / 2;
      return `${i ? "L" : "M"}${(i * step).toFixed(1)} ${y.toFixed(1)}`;
    })
    .join("");
}

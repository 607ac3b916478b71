/**
 * Exact amounts. An amount is a BigInt of minor units; 1 credit = 1,000 minor units.
 * The wire carries credits as decimal strings with three decimals. No amount is ever a float.
 */
export const MINOR_PER_CREDIT = 1000n;
const DECIMALS = 3;
const PLAIN = /^([-\u2212]?)(\d{1,16})(?:\.(\d*))?$/;
const GROUPED = /^[-\u2212]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$/;

/**
 * Minor units of a decimal string, or null when it isn't an amount of at most three decimals.
 * @param {string|number|bigint|null|undefined} text
 * @returns {bigint|null}
 */
export function parseCredits(text) {
  if (text === null || text === undefined) return null;
  let plain = String(text)
    .trim()
    .replace(/[\s\u00a0\u202f]/g, "");
  if (GROUPED.test(plain)) plain = plain.replaceAll(",", "");
  if (plain.startsWith(".")) plain = `0${plain}`;
  const match = PLAIN.exec(plain);
  if (!match) return null;
  const fraction = (match[3] ?? "").replace(/0+$/, "");
  if (fraction.length > DECIMALS) return null;
  const minor = BigInt(match[2]) * MINOR_PER_CREDIT + BigInt(fraction.padEnd(DECIMALS, "0"));
  return match[1] ? -minor : minor;
}

/** The wire form: credits with exactly three decimals and an ASCII minus. */
export function toDecimal(minor) {
  const size = minor < 0n ? -minor : minor;
  const fraction = String(size % MINOR_PER_CREDIT).padStart(DECIMALS, "0");
  return `${minor < 0n ? "-" : ""}${size / MINOR_PER_CREDIT}.${fraction}`;
}

/** A whole positive quantity of lots out of what was typed, or null. */
export function parseLots(text) {
  const plain = String(text ?? "")
    .trim()
    .replace(/[\s\u00a0\u202f,]/g, "");
  if (!/^\d{1,12}$/.test(plain)) return null;
  const lots = BigInt(plain);
  return lots > 0n ? lots : null;
}

/** Division rounded up; both positive. */
export function ceilDiv(value, by) {
  return (value + by - 1n) / by;
}

/** Division rounded to the nearest, halves up; both positive. */
export function roundDiv(value, by) {
  return (2n * value + by) / (2n * by);
}

/**
 * Guilloche seals: a rosette computed from an id. The server draws the same one;
 * tests/e2e/vectors/seal.json pins both.
 */
const RADIUS = 200;
const CENTER = 220;
const POINTS = 240;
const KS = [7, 9, 11, 13];
const MS = [2, 3, 5];
const AMPLITUDES = [0.24, 0.38, 0.52];

/** 32-bit FNV-1a of the id's UTF-8 bytes. */
export function sealHash(id) {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(id)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** Three path strings in a 440 x 440 box. */
export function sealPaths(id) {
  const hash = sealHash(id);
  const k = KS[hash % 4];
  const m = MS[Math.floor(hash / 4) % 3];
  const turn = ((Math.floor(hash / 16) % 360) * Math.PI) / 180;
  return AMPLITUDES.map((amplitude) => {
    let path = "";
    for (let i = 0; i < POINTS; i += 1) {
      const t = (i / POINTS) * 2 * Math.PI;
      const wave = Math.cos(k * t) * Math.cos(m * t);
      const r = RADIUS * (1 - amplitude / 2 + (amplitude / 2) * wave);
      const x = Math.floor(CENTER + r * Math.cos(t + turn) + 0.5);
      const y = Math.floor(CENTER + r * Math.sin(t + turn) + 0.5);
      path += `${i ? "L" : "M"}${x} ${y}`;
    }
    return `${path}Z`;
  });
}

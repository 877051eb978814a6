// Exact decimals: {n: BigInt, s: digits after the point}. JavaScript's own numbers are not exact, so none is used.

const PLAIN = /^([+-]?)(\d+)(?:\.(\d+))?$/;

export function parse(text) {
  const m = PLAIN.exec(text);
  if (!m) return null;
  const n = BigInt(m[2] + (m[3] ?? ""));
  return { n: m[1] === "-" ? -n : n, s: m[3]?.length ?? 0 };
}

export const whole = (n) => ({ n: BigInt(n), s: 0 });
export const ZERO = whole(0);

function alike(a, b) {
  const s = Math.max(a.s, b.s);
  return [a.n * 10n ** BigInt(s - a.s), b.n * 10n ** BigInt(s - b.s), s];
}

export function add(a, b) {
  const [x, y, s] = alike(a, b);
  return { n: x + y, s };
}

export const times = (a, k) => ({ n: a.n * BigInt(k), s: a.s });
export const minus = (a, b) => add(a, times(b, -1));
export const isZero = (a) => a.n === 0n;

export function compare(a, b) {
  const [x, y] = alike(a, b);
  return x < y ? -1 : x > y ? 1 : 0;
}

/** The digits, without zeros at the end of a fraction. */
export function show(a) {
  let digits = (a.n < 0n ? -a.n : a.n).toString().padStart(a.s + 1, "0");
  let out = digits;
  if (a.s) out = digits.slice(0, -a.s) + "." + digits.slice(-a.s);
  if (out.includes(".")) out = out.replace(/\.?0+$/, "");
  return (a.n < 0n ? "−" : "") + out;
}

/** The same as one types it: full-width signs and digits made plain, grouping left out; null where it is not one plain number. */
export function typed(text) {
  const plain = text.normalize("NFKC").replace(/[\s,，]/g, "").replace(/[−–—]/g, "-");
  return PLAIN.test(plain) ? parse(plain) : null;
}

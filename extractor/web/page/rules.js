// The form's sums with the values that stand now: both sides, whether they hold, and the value that a cell would need.

import { add, compare, isZero, minus, times, whole, ZERO } from "./exact.js";

/** A side's value; blanks count as none. `unknown` lists the fields without a value. */
function side(linear, valueOf) {
  let total = whole(linear.constant);
  const unknown = [];
  let blanks = 0;
  for (const [factor, i] of linear.terms) {
    const v = valueOf(i);
    if (v === null) unknown.push(i);
    else if (v === "blank") blanks += 1;
    else total = add(total, times(v, factor));
  }
  return { total, unknown, blanks };
}

const HOLDS = { "==": (c) => c === 0, "<=": (c) => c <= 0, ">=": (c) => c >= 0 };

/** {left, right, unknown, blanks, holds: true | false | null, difference}. */
export function verdict(rule, valueOf) {
  const a = side(rule.left, valueOf), b = side(rule.right, valueOf);
  const unknown = [...a.unknown, ...b.unknown];
  const holds = unknown.length ? null : HOLDS[rule.operator](compare(a.total, b.total));
  return { left: a, right: b, unknown, blanks: a.blanks + b.blanks, holds, difference: minus(a.total, b.total) };
}

export function applies(rule, valueOf) {
  return !rule.when || verdict(rule.when, valueOf).holds === true;
}

export const fieldsOf = (rule) => [...rule.left.terms, ...rule.right.terms].map((t) => t[1]);

/** The value of field `i` that alone would make the equation hold; null where others are unknown too, or none is exact. */
export function implied(rule, i, valueOf) {
  if (rule.operator !== "==") return null;
  const v = verdict(rule, (j) => (j === i ? ZERO : valueOf(j)));
  if (v.unknown.length) return null;
  const left = rule.left.terms.find((t) => t[1] === i), right = rule.right.terms.find((t) => t[1] === i);
  const factor = left ? left[0] : -right[0];
  if (factor !== 1 && factor !== -1) return null;
  return times(v.difference, -factor);
}

/** What would satisfy every equation of the cell: {value} where all agree, {values} where they do not, null where none says. */
export function wanted(rules, i, valueOf) {
  const values = rules.map((r) => implied(r, i, valueOf)).filter((v) => v !== null);
  if (!values.length) return null;
  const same = values.every((v) => isZero(minus(v, values[0])));
  return same ? { value: values[0] } : { values };
}

// The cell at hand: what was read, why a person is asked, what can be said, its sums, and what is behind it.

import { show } from "./exact.js";
import { $, clock, fill, make } from "./dom.js";
import { face } from "./grid.js";
import { verdict, wanted } from "./rules.js";

export const ACTIONS = [
  { action: "accept", key: "Enter", label: "确认", machine: true },
  { action: "as_printed", key: "P", label: "照录", title: "读数无误，是报告自身的错误", machine: true },
  { action: "correct", key: "0–9", label: "更正" },
  { action: "blank", key: "B", label: "空白" },
  { action: "dash", key: "D", label: "横杠" },
  { action: "illegible", key: "I", label: "无法辨认" },
  { action: "lost", key: "X", label: "缺失", title: "原文中没有这一格" },
  { action: "row", key: "R", label: "整行", title: "这一行里读作缺失（或空白）的待核对各格都确实如此", machine: true },
  { action: "table", key: "G", label: "整表", title: "本表中读作缺失（或空白）的待核对各格都确实如此", machine: true },
  { action: "skip", key: "S", label: "跳过" },
  { action: "undo", key: "U", label: "撤销" },
  { action: "note", key: "M", label: "备注" },
  { action: "sheet", key: "W", label: "存键入表", title: "把自己录入的各格存成金标准的键入表", mode: "blind" },
  { action: "structure", key: "T", label: "结构有误", title: "本表的行列读错了，整张表逐格录入", machine: true },
];

export function drawActions(mode, doIt) {
  const usable = ACTIONS.filter((a) => (!a.machine || mode === "review") && (a.mode ?? mode) === mode);
  fill($("actions"), ...usable.map((a) =>
    make("button", { type: "button", "data-action": a.action, title: a.title, class: a.action === "accept" ? "first" : null, onclick: () => doIt(a.action) },
      `${a.label} `, make("kbd", { text: a.key }))));
}

/** Heading, reason and reading of a cell. */
export function drawCell(task, i, item, zh) {
  const field = task.fields[i], cell = task.cells[i], blind = task.mode !== "review";
  const parts = [field.group && field.group.split("/").join(" › "), field.row].filter(Boolean).join(" › ");
  fill($("cell-title"), make("span", { class: "row-path", text: parts }), " × ", make("span", { class: "column-path", text: field.column }),
    field.unit ? make("span", { class: "quiet", text: `（${field.unit}）` }) : null);
  const why = [];
  if (item) why.push(zh.reasons[item.why], item.proves ? zh.proves.replace("{n}", item.proves) : "");
  else if (!blind) why.push(`${zh.states[cell.state]}。`);
  $("cell-why").textContent = why.join("");
  if (blind) {
    fill($("reading"), make("span", { class: "quiet", text: cell.answer ? `已录：${said(cell, zh)}` : "请按原文录入" }));
    return;
  }
  const m = cell.machine;
  const machine = face(m), now = face(cell);
  const printed = m.printed !== null && m.printed !== machine ? make("span", { class: "quiet", text: `印作「${m.printed}」` }) : null;
  fill($("reading"),
    make("span", { class: "label", text: "机器读数" }), make("strong", { text: machine }), make("span", { class: "quiet", text: zh.statuses[m.status] }), printed,
    m.interval ? make("span", { class: "quiet", text: `按合计应在 ${m.interval[0]} 至 ${m.interval[1]} 之间` }) : null,
    cell.answer ? make("span", { class: "mine", text: `人工：${said(cell, zh)}` }) : now !== machine ? make("span", { class: "mine", text: `由他格证明：${now}` }) : null);
}

const said = (cell, zh) => (cell.answer === "correct" ? face(cell) : `${zh.actions[cell.answer]}${cell.answer === "accept" || cell.answer === "as_printed" ? ` ${face(cell)}` : ""}`);

/** Codes with their sentences, candidates by producer, findings and history. */
export function drawBehind(task, i, zh, follow) {
  const cell = task.cells[i];
  const open = cell.machine ? cell.machine.open : [];
  const calm = cell.machine ? cell.machine.codes.filter((c) => !open.includes(c)) : [];
  const code = (c) => make("li", {}, make("span", { text: zh.codes[c] ?? c }), " ", make("code", { text: c }));
  const parts = [];
  if (open.length) parts.push(make("ul", { class: "codes open", "aria-label": "交人核对的原因" }, ...open.map(code)));
  if (cell.candidates.length) {
    parts.push(make("h3", { text: "其他读法" }), make("ul", { class: "candidates" }, ...cell.candidates.map((c) =>
      make("li", {}, make("strong", { text: face(c) }), ` ${zh.producers[c.producer] ?? c.producer} `,
        c.span ? make("button", { type: "button", class: "link", text: "看位置", onclick: () => follow(c.span) }) : null,
        ...c.codes.map((x) => make("span", { class: "quiet", text: ` ${zh.codes[x] ?? x}`, title: x }))))));
  }
  const found = task.findings.filter((f) => f.fields.includes(i));
  if (found.length) {
    parts.push(make("h3", { text: "检查发现" }), make("ul", {}, ...found.map((f) => make("li", {},
      make("span", { text: f.message || f.rule }), f.left !== null && f.right !== null ? `（${f.left} 与 ${f.right}）` : "",
      f.cause ? make("span", { text: `；可能：${f.cause}` }) : "", make("span", { class: "quiet", text: `；责任：${zh.blames[f.blame]}` }),
      f.span ? make("button", { type: "button", class: "link", text: "看原文", onclick: () => follow(f.span) }) : null))));
  }
  const others = (task.beside ?? []).filter((f) => f.fields.includes(i) || !f.fields.length);
  if (others.length) {
    parts.push(make("h3", { text: "与其他报告对照" }), make("ul", {}, ...others.map((f) => make("li", {},
      make("code", { text: f.rule }), ` ${f.years.join("→")} `, make("span", { text: f.message }), f.left !== null && f.right !== null ? `（${f.left} 与 ${f.right}）` : "",
      f.cause ? make("span", { text: `；可能：${f.cause}` }) : "", make("span", { class: "quiet", text: `；责任：${zh.blames[f.blame]}` }),
      ...f.reports.filter((r) => r.id).map((r) => make("a", { href: `/?report=${r.id}`, text: ` 看 ${r.source.split("/").at(-1)}` }))))));
  }
  if (calm.length) parts.push(make("details", {}, make("summary", { text: `另有 ${calm.length} 条说明` }), make("ul", { class: "codes" }, ...calm.map(code))));
  if (cell.history.length) {
    parts.push(make("h3", { text: "本格的经过" }), make("ol", { class: "history" }, ...cell.history.map((e) =>
      make("li", { class: e.undone ? "undone" : null }, `${clock(e.at)} ${e.reviewer} ${zh.modes[e.mode]}：${zh.actions[e.action]}`,
        e.value !== null ? make("strong", { text: ` ${e.value}` }) : "", e.note ? `　${e.note.replace(/^#structure ?/, "本表结构有误 ")}` : "", e.undone ? make("span", { class: "quiet", text: "（已撤销）" }) : ""))));
  }
  fill($("behind"), ...parts);
}

/** Both sides of every sum of the cell with what is typed; returns what would satisfy all of them. */
export function drawSums(task, i, rules, valueOf, typing) {
  const mine = rules.filter((r) => [...r.left.terms, ...r.right.terms].some((t) => t[1] === i));
  const found = mine.map((r) => [r, verdict(r, valueOf)]);
  fill($("sums"), ...found.map(([r, v]) => sum(task, r, v, i, valueOf)));
  if (!mine.length) {
    $("sums-said").textContent = task.mode === "review" ? "没有涉及这一格的勾稽关系" : "";
    return;
  }
  const wrong = found.filter(([, v]) => v.holds === false).length, open = found.filter(([, v]) => v.holds === null).length;
  const need = wanted(mine, i, valueOf);
  const parts = [wrong ? `${wrong} 式不成立` : open ? "" : "全部成立", open ? `${open} 式缺数，无法核对` : ""].filter(Boolean);
  if (need?.value && (wrong || open || typing)) parts.push(`使各式都成立的数：${show(need.value)}`);
  if (need?.values && (wrong || open)) parts.push(`没有一个数能使各式都成立（分别为 ${[...new Set(need.values.map(show))].join("、")}）`);
  const text = parts.join("；");
  if ($("sums-said").textContent !== text) $("sums-said").textContent = text;
  $("sums-said").className = wrong ? "bad" : open ? "quiet" : "good";
}

function sum(task, rule, v, i, valueOf) {
  const state = v.holds === null ? "open" : v.holds ? "good" : "bad";
  const signs = { "==": "＝", "<=": "≤", ">=": "≥" };
  const sides = (linear) => terms(task, rule, linear, i, valueOf);
  const total = (s) => make("b", { text: s.unknown.length ? "？" : show(s.total) });
  const says = v.holds === null ? `缺 ${v.unknown.length} 格` : v.holds ? "✓ 成立" : `✗ 差 ${show(v.difference)}`;
  return make("li", { class: state, title: rule.says },
    make("span", { class: "rule" }, make("code", { text: rule.id }), rule.where ? ` ${rule.where}` : ""),
    make("span", { class: "equation" }, total(v.left), make("span", { class: "terms" }, ...sides(rule.left)),
      make("span", { class: "sign", text: v.holds === false && rule.operator === "==" ? "≠" : signs[rule.operator] }),
      total(v.right), make("span", { class: "terms" }, ...sides(rule.right))),
    make("span", { class: "said", text: says + (v.blanks ? "（空白按 0）" : "") }));
}

/** The terms that are not zero, and the cell itself; how many zeros are left out. */
function terms(task, rule, linear, i, valueOf) {
  const name = (j) => (rule.by === "column" ? task.fields[j].column : task.fields[j].row);
  const out = [];
  let zeros = 0;
  for (const [factor, j] of linear.terms) {
    const value = valueOf(j);
    if (j !== i && (value === "blank" || (value && value.n === 0n)) && linear.terms.length > 2) {
      zeros += 1;
      continue;
    }
    const sign = factor < 0 ? "− " : out.length ? "+ " : "";
    out.push(make("span", { class: j === i ? "me" : null, title: name(j) }, `${sign}${Math.abs(factor) === 1 ? "" : `${Math.abs(factor)}×`}`,
      make("span", { class: "term", text: name(j) }), ` ${value === null ? "?" : value === "blank" ? "␣" : show(value)} `));
  }
  if (zeros) out.push(make("span", { class: "quiet", text: `${out.length ? "+ " : ""}${zeros} 格为 0 ` }));
  if (linear.constant || !linear.terms.length) out.push(make("span", { text: `${linear.constant}` }));
  return out;
}

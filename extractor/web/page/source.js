// The text of the report on the left: our own drawing of its lines and cells, the evidence outlined, its headers tinted.

import { $, fill, intoView, make } from "./dom.js";

const KINDS = { h: "label", n: "figure", e: "empty", t: "text" };

/** Draws a task's lines; returns what `light` needs. `pick(field)` is called for a click on a figure that belongs to a cell. */
export function drawSource(task, zh, pick) {
  const columns = new Map(task.tables.map((t) => [t.id, Math.max(...t.blocks.map((b) => b.columns.length))]));
  const owner = new Map();
  task.cells.forEach((c, i) => c.machine?.span && owner.set(c.machine.span[0], i));
  const spans = [];
  const box = $("lines");
  const blocks = [...task.source.notes.map((x) => zh.notes[x] ?? x), ...task.source.codes.map((x) => zh.codes[x] ?? x)].map((text) => make("p", { class: "quiet", text: `※ ${text}` }));
  let folded = [];
  const flush = () => {
    if (folded.length) blocks.push(make("details", { class: "folded" }, make("summary", { text: `正文 ${folded.length} 行` }), ...folded));
    folded = [];
  };
  for (const line of task.source.lines) {
    const node = drawLine(line, owner, spans, pick, task.mode === "review", columns.get(line.table) ?? 0);
    if (line.table === null && !line.cells.every((c) => c[2] === "h")) folded.push(node);
    else {
      flush();
      blocks.push(node);
    }
  }
  flush();
  if (task.source.cut) blocks.push(make("p", { class: "quiet", text: `另有 ${task.source.cut} 行未画出，请打开原件。` }));
  fill(box, ...blocks);
  box.scrollTop = 0;
  $("source-note").textContent = "";
  return spans;
}

function drawLine(line, owner, spans, pick, owned, columns) {
  const words = make("span", { class: "words" }), figures = make("span", { class: "figures" });
  const last = line.cells.findLastIndex((c) => c[2] === "n");
  const first = line.cells.findIndex((c) => c[2] === "n"), label = line.cells.findIndex((c) => c[2] !== "e");
  // Empty cells beyond the form's columns are merged cells of the label or of the page's edge: kept, and narrow.
  let spare = line.cells.filter((c, n) => n > label && n <= last && "ne".includes(c[2])).length - columns;
  line.cells.forEach(([start, end, kind, text], n) => {
    if (kind === "e" && (n < label || last < 0)) return; // a merged cell of the headers
    const merged = kind === "e" && (n > last || (n < first && spare > 0));
    if (merged) spare -= 1;
    const field = kind === "n" ? owner.get(start) : undefined;
    const stray = owned && kind === "n" && line.table !== null && field === undefined;
    const kinds = `${KINDS[kind]}${merged ? " merged" : ""}${stray ? " stray" : ""}`;
    const cell = make("span", { class: `cell ${kinds}`, text: kind === "e" ? "" : text, title: stray ? "不属于任何格的数" : null });
    if (field !== undefined) cell.addEventListener("click", () => pick(field));
    spans.push({ start, end, node: cell });
    (kind === "n" || kind === "e" || figures.childNodes.length ? figures : words).append(cell);
  });
  const head = line.cells.length && line.cells.every((c) => c[2] !== "n");
  return make("p", { class: `line${line.table === null ? " outside" : ""}${head ? " head" : ""}${last >= 10 ? " long" : ""}` }, words, figures.childNodes.length ? figures : null);
}

const ROLES = ["evidence", "row-path", "column-path", "other-reading"];

/** Outlines one stretch and tints the headers; says where the text has nothing. */
export function light(spans, { span, row = [], column = [], others = [], near = null, note = "" }) {
  for (const s of spans) {
    s.node.classList.remove(...ROLES);
    s.node.removeAttribute("aria-label");
  }
  const touch = ([a, b], role) => {
    const hit = spans.filter((s) => s.start < b && a < s.end);
    hit.forEach((s) => s.node.classList.add(role));
    return hit;
  };
  row.forEach((x) => touch(x, "row-path"));
  column.forEach((x) => touch(x, "column-path"));
  others.forEach((x) => touch(x, "other-reading"));
  const hit = span ? touch(span, "evidence") : [];
  hit.forEach((s) => s.node.setAttribute("aria-label", `本格的依据：${s.node.textContent}`));
  const place = row[0] ?? near;
  const target = hit[0] ?? (place && spans.find((s) => s.start < place[1] && place[0] < s.end));
  if (target) {
    const folded = target.node.closest("details");
    if (folded) folded.open = true;
    intoView(target.node, $("lines"));
  }
  $("source-note").textContent = note;
}

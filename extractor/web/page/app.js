// The page: one report at a time, one cell at a time, every decision an event.

import { Asked, get } from "./api.js";
import { $, clock, fill, make } from "./dom.js";
import { parse, typed } from "./exact.js";
import { face, Grid } from "./grid.js";
import { listen } from "./keys.js";
import { Outbox, uuid } from "./outbox.js";
import { drawActions, drawBehind, drawCell, drawSums } from "./panel.js";
import { showName, showQueue } from "./dialogs.js";
import { applies, fieldsOf, verdict } from "./rules.js";
import { drawSource, light } from "./source.js";

const MARKS = { ".": "blank", _: "blank", "-": "dash", "/": "dash", "*": "lost", "?": "lost", "**": "illegible" };
const SHOWS = { blank: "blank", dash: "blank", illegible: "lost", lost: "lost" };
const DECIDES = new Set(["accept", "as_printed", "correct", "blank", "dash", "illegible", "lost"]);

const page = {
  config: null, me: "", task: null, spans: [], current: -1, seenAt: null, items: [], filter: {}, left: new Set(), skipped: new Set(), before: new Map(), numeral: null, warned: "", done: false,
};
const grid = new Grid((i) => go(i));
const questions = { task: new Asked(), cells: new Asked(), progress: new Asked() };
let outbox;

// ------------------------------------------------------------------ what holds

const cellOf = (i) => page.task.cells[i];
const blind = () => page.task.mode !== "review";
const itemOf = (i) => page.items.find((x) => x.field === i);
const todo = (i) => !page.skipped.has(`${page.task.report.id}/${i}`) && (cellOf(i).state === "open" || (itemOf(i)?.why === "structure" && cellOf(i).state !== "answered"));

function standing(i) {
  const c = cellOf(i);
  return c.value !== null && c.value !== undefined ? parse(c.value) : c.status === "blank" ? "blank" : null;
}

/** The values that stand now, with what is being typed for the current cell. */
function valueOf(i) {
  if (i !== page.current || !$("value").value.trim()) return standing(i);
  const said = reading($("value").value);
  return said.action === "correct" ? (said.value ?? standing(i)) : SHOWS[said.action] === "blank" ? "blank" : null;
}

/** What the text in the box means: {action} for a mark, {action: "correct", value} for a figure, value null where it is none yet. */
function reading(text) {
  const plain = text.normalize("NFKC").trim().replace(/[−–—]/g, "-");
  if (MARKS[plain]) return { action: MARKS[plain] };
  return { action: "correct", value: typed(text) ?? (page.numeral?.text === text ? page.numeral.value : null) };
}

const rules = () => page.task.rules.filter((r) => applies(r, valueOf));

// ------------------------------------------------------------------ drawing

function draw() {
  const { task, current } = page;
  const field = task.fields[current];
  grid.show(field.table);
  drawCell(task, current, itemOf(current), page.config.zh);
  drawBehind(task, current, page.config.zh, (span) => lightUp(span));
  for (const scope of ["row", "table"]) {
    const button = $("actions").querySelector(`[data-action="${scope}"]`), cell = cellOf(current);
    const n = button && cell.state === "open" && ["lost", "blank"].includes(cell.machine.status) ? alike(current, scope).length : 0;
    if (button) button.hidden = !n;
    if (n) button.firstChild.textContent = `${scope === "row" ? "整行" : "整表"}${page.config.zh.actions[cell.machine.status]}（${n + 1} 格） `;
  }
  lightUp();
  drawLive();
  drawTabs();
}

/** What changes with every keystroke: the sums and the marks of the grid. */
function drawLive() {
  const { task, current } = page;
  const text = $("value").value.trim();
  const live = rules();
  drawSums(task, current, live, valueOf, text !== "");
  const verdicts = live.filter((r) => task.fields[fieldsOf(r)[0]].table === grid.table).map((r) => [r, verdict(r, valueOf)]);
  const bad = new Set(verdicts.filter(([, v]) => v.holds === false).flatMap(([r]) => fieldsOf(r)));
  const fellows = new Set(live.filter((r) => fieldsOf(r).includes(current)).flatMap(fieldsOf));
  grid.paint(current, (i) => marks(i, bad, fellows, text));
  const count = (x) => verdicts.filter(([, v]) => v.holds === x).length;
  $("legend").textContent = verdicts.length ? `本表勾稽 ${verdicts.length} 式：${count(true)} 成立，${count(false)} 不成立，${count(null)} 缺数` : "";
  $("legend").className = `legend${count(false) ? " bad" : ""}`;
  $("panel").classList.toggle("typing", text !== "");
}

function marks(i, bad, fellows, text) {
  const zh = page.config.zh, c = cellOf(i), f = page.task.fields[i];
  let cell = c;
  if (i === page.current && text) {
    const said = reading(text);
    cell = { value: said.action === "correct" ? text.normalize("NFKC").trim() : null, status: SHOWS[said.action] ?? "printed" };
  }
  const classes = [c.state, c.status, i === page.current ? "here" : "", todo(i) ? "todo" : "", bad.has(i) ? "bad" : "", fellows.has(i) ? "fellow" : "", c.origin === "person" ? "person" : ""].filter(Boolean);
  const status = blind() ? "" : `，${zh.statuses[c.status] ?? ""}，${zh.states[c.state]}`;
  return { cell, classes, says: `${f.row}，${f.column}：${cell.value ?? zh.statuses[cell.status] ?? "未录"}${status}${bad.has(i) ? "，勾稽不成立" : ""}` };
}

function lightUp(follow) {
  const { task, current, spans } = page;
  if (blind()) return light(spans, { row: [], note: "" });
  const machine = cellOf(current).machine, path = task.paths[current];
  const span = follow ?? machine.span;
  const note = span ? "" : machine.status === "blank" ? "这一格在原文中是空白" : path.row.length ? "这一行在原文中没有对应的数" : "原文中没有找到这一行，已移到邻近处";
  return light(spans, { span, row: path.row, column: path.column, others: cellOf(current).candidates.map((c) => c.span).filter(Boolean), near: span || path.row.length ? null : neighbour(), note });
}

/** Where the nearest cell before the current one is printed, else the nearest after it, in the same table. */
function neighbour() {
  const { task, current } = page;
  const printed = task.cells.map((c, i) => ({ i, span: c.machine.span })).filter((x) => x.span && task.fields[x.i].table === task.fields[current].table);
  return (printed.findLast((x) => x.i < current) ?? printed[0])?.span ?? null;
}

function drawTabs() {
  const { task, current } = page;
  const waiting = (t) => page.items.filter((x) => task.fields[x.field].table === t.id && todo(x.field)).length;
  fill($("tabs"), ...task.tables.map((t) => make("button", {
    type: "button", "aria-pressed": String(t.id === task.fields[current].table), onclick: () => toTable(t.id),
  }, t.label, waiting(t) ? make("span", { class: "count", text: waiting(t) }) : null)));
}

function drawTitle() {
  const r = page.task.report;
  const name = [r.agency || r.source.split("/").at(-1), r.year && `${r.year} 年`].filter(Boolean).join(" ");
  $("title").textContent = `${name}${page.task.mode === "review" ? "" : ` · ${page.config.zh.modes[page.task.mode]}`}`;
  $("title").title = r.source;
  document.title = `${name} · 核对 · 勾稽`;
}

function drawRecent() {
  const zh = page.config.zh;
  const last = outbox.log().filter((x) => x.reviewer === page.me && x.action !== "undo").slice(-10).reverse();
  fill($("recent"), ...last.map((x) => make("li", { class: x.undone ? "undone" : null },
    make("button", { type: "button", class: "link", text: x.place, onclick: () => visit(x.report, x.field) }), ` ${{ row: "整行", table: "整表" }[x.scope] ?? ""}${zh.actions[x.action]}`,
    x.value ? make("strong", { text: ` ${x.value}` }) : null,
    x.undone ? make("span", { class: "quiet", text: " 已撤销" }) : make("button", { type: "button", class: "small", text: "撤销", "aria-label": `撤销 ${x.place}`, onclick: () => undo(x) }),
    x.id || x.undone ? null : make("span", { class: "quiet", text: " 待保存" }))));
}

async function drawProgress(known = null) {
  const late = questions.progress.next();
  const p = known ?? await get(`/review/queue?${query()}`).catch(() => null);
  if (!p || late()) return;
  const days = p.oldest ? Math.floor((Date.parse(p.now) - Date.parse(p.oldest)) / 86_400_000) : null;
  const pair = (name, value) => (value === null ? [] : [make("div", {}, make("dt", { text: name }), make("dd", { text: value }))]);
  fill($("progress"), ...pair("本人", p.mine), ...pair("全部", p.all), ...pair("余", `${p.left_cells} 格 / ${p.left_reports} 份`),
    ...pair("积压", days === null ? null : days ? `${days} 天` : "不到 1 天"), ...pair("每格", p.seconds && `${p.seconds} 秒`));
}

function tell(text, kind = "") {
  $("saved").textContent = text;
  $("saved").className = `saved ${kind}`;
}

// ------------------------------------------------------------------ where one is

function query(left = "") {
  return new URLSearchParams({ reviewer: page.me, ...page.filter, ...(left && { left }) }).toString();
}

function address(push) {
  const id = page.task?.report.id;
  const where = new URLSearchParams({ ...(id && { report: id }), ...(page.current >= 0 && { cell: page.task.fields[page.current].id }), ...page.filter });
  history[push ? "pushState" : "replaceState"](null, "", `?${where}`);
}

function go(i, { focus = true } = {}) {
  if (i === null || i === undefined) return;
  if (i !== page.current) {
    page.current = i;
    page.done = false;
    page.seenAt = new Date();
    $("value").value = "";
    $("value-note").textContent = "";
  }
  draw();
  address(false);
  if (focus) grid.nodes[i]?.focus({ preventScroll: true });
}

function toTable(id) {
  const first = page.items.find((x) => page.task.fields[x.field].table === id && todo(x.field));
  go(first ? first.field : page.task.fields.findIndex((f) => f.table === id));
}

/** The next or previous cell of the queue; null where none is left. */
function along(step) {
  const order = page.items.map((x) => x.field);
  const at = order.indexOf(page.current);
  for (let n = 1; n <= order.length; n += 1) {
    const i = order[(((at < 0 && step < 0 ? 0 : at) + n * step) % order.length + order.length) % order.length];
    if (todo(i) && i !== page.current) return i;
  }
  return null;
}

const taskOf = (report, reviewer) => get(`/review/task/${report}?${new URLSearchParams({ reviewer })}`);

/** What early.js asked for: the task that the address names, else the queue with its first. */
let early = window.goujiEarly;

const openOf = (left) => get(`/review/open?${query(left)}`);

async function open(report, field, push = true) {
  const late = questions.task.next();
  let task;
  try {
    const ask = () => taskOf(report, page.me);
    task = await (early?.task && early.report === report ? early.task.catch(ask) : ask());
    early = null;
  } catch (e) {
    return late() ? undefined : tell(e.status === 404 ? `没有编号为 ${report} 的报告` : `打不开这份报告：${e.message}`, "bad");
  }
  if (late()) return undefined;
  if (task.mode === "none") return tell(`这份报告没有读成：${page.config.zh.errors[task.error] ?? task.message}`, "bad");
  page.task = task;
  page.items = task.items;
  page.current = -1;
  page.before.clear();
  overlay();
  document.body.dataset.mode = task.mode;
  $("main").hidden = false;
  grid.load(task);
  page.spans = drawSource(task, page.config.zh, (i) => go(i));
  drawActions(task.mode, act);
  drawTitle();
  const wanted = field === undefined ? -1 : task.fields.findIndex((f) => f.id === field);
  const first = page.items.find((x) => todo(x.field)) ?? page.items[0];
  beside(task);
  if (push) history.pushState(null, "", location.href);
  go(wanted >= 0 ? wanted : first ? first.field : 0);
  return undefined;
}

/** What other reports say of this one comes after it is drawn: for that they have to be read. */
async function beside(task) {
  if (task.mode !== "review") return;
  const found = await get(`/review/beside/${task.report.id}`).catch(() => null);
  task.beside = found?.findings ?? [];
  if (page.task === task && task.beside.length) draw();
}

async function visit(report, field) {
  const i = report === page.task?.report.id ? page.task.fields.findIndex((f) => f.id === field) : -1;
  if (i >= 0) go(i);
  else await open(report, field);
}

/** On to the next report with work. */
async function onward() {
  if (page.task) page.left.add(page.task.report.id);
  sessionStorage.setItem(`gouji:${page.config.store}:left`, JSON.stringify([...page.left].slice(-400)));
  const ask = () => openOf([...page.left].slice(-400).join(","));
  const late = questions.task.next();
  const found = await (early?.next ? early.next.catch(ask) : ask()).catch(() => null);
  early = null;
  if (late()) return undefined;
  if (!found) return tell("服务没有回答，稍后再试", "bad");
  const p = found.queue;
  drawProgress(p);
  if (found.task) {
    early = { report: found.task.report.id, task: Promise.resolve(found.task) };
    return open(found.task.report.id);
  }
  if (!page.task) $("main").hidden = true;
  return tell(p.left_reports ? "其余的报告都跳过了；从队列里可以再打开" : "没有待核对的了", "good");
}

/** After a decision: the next cell; where the report has none, on once everything is stored (`proceed`). */
function next() {
  const i = along(1);
  if (i !== null) return go(i);
  page.done = true;
  draw();
  return grid.nodes[page.current]?.focus({ preventScroll: true });
}

/** What the report has next, now that it is known what the answers prove; else the next report. */
async function proceed() {
  page.done = false;
  if (page.task.mode === "audit") await open(page.task.report.id, undefined, false);
  else if (await refresh()) return undefined;
  const i = page.items.find((x) => todo(x.field))?.field;
  return i === undefined ? onward() : go(i);
}

// ------------------------------------------------------------------ decisions

/** Decisions that are not stored yet lie over what the service says. */
function overlay() {
  for (const e of outbox.entries()) {
    const i = page.task.fields.findIndex((f) => f.id === e.body.field);
    if (e.report === page.task.report.id && !e.stopped) [...alike(i, e.body.scope), i].forEach((j) => shows(j, e.body));
  }
}

/** The other cells of the row or table that wait and were read as lost or blank like this one: what one answer may be about. */
function alike(i, scope) {
  if (!scope || scope === "cell") return [];
  const stretch = (j) => page.task.fields[j].id.split("/").slice(0, scope === "row" ? 2 : 1).join("/");
  return page.task.cells.map((c, j) => j).filter((j) => j !== i && stretch(j) === stretch(i) && cellOf(j).state === "open" && cellOf(j).machine.status === cellOf(i).machine.status);
}

function shows(i, { action, value }) {
  const c = cellOf(i);
  if (!c || !DECIDES.has(action)) return;
  c.state = "answered";
  c.answer = action;
  if (action === "accept" || action === "as_printed") Object.assign(c, { value: c.machine.value, status: c.machine.status, origin: c.machine.status });
  else if (action === "correct") Object.assign(c, { value: plainDigits(value), status: "printed", origin: "person" });
  else Object.assign(c, { value: null, status: SHOWS[action], origin: "" });
}

function plainDigits(text) {
  const v = typed(text);
  if (!v) return page.numeral?.text === text ? page.numeral.digits : null;
  return text.normalize("NFKC").replace(/[\s,]/g, "").replace(/[−–—]/g, "-").replace(/^\+/, "");
}

/** One event on its way; `more` are the parts that only some have. */
function send(action, i, more = {}) {
  const c = cellOf(i), f = page.task.fields[i], { report, mode, run } = page.task;
  const key = uuid(), now = new Date();
  const touched = [i, ...alike(i, more.scope)];
  page.before.set(key, { report: report.id, cells: touched.map((j) => [j, { ...cellOf(j) }]) });
  const { cancelsKey, ...parts } = more;
  const body = {
    key, run, field: f.id, action, reviewer: page.me, mode, after: c.seen, value: null, note: "",
    seen_at: (page.seenAt ?? now).toISOString(), decided_at: now.toISOString(), ...parts,
  };
  const place = `${f.row} × ${f.column}`;
  outbox.note((log) => [...log, { key, report: report.id, field: f.id, action, value: body.value, scope: body.scope, reviewer: page.me, at: body.decided_at, place: place.length > 28 ? `${place.slice(0, 27)}…` : place }]);
  touched.forEach((j) => shows(j, body));
  outbox.add({ report: report.id, body, cancelsKey });
  drawRecent();
}

function decide(action, more) {
  if (page.current < 0) return;
  send(action, page.current, more);
  $("value").value = "";
  next();
}

function accept() {
  if (blind()) return say("盲录：请按原文录入");
  const c = cellOf(page.current), m = c.machine;
  if (c.value === m.value && c.status === m.status) return decide("accept");
  // What others' answers proved is not what the program read: agreeing to it is saying it.
  if (c.value !== null) return decide("correct", { value: c.value });
  return decide(c.status === "blank" ? "blank" : "lost");
}

function asPrinted() {
  if (blind()) return undefined;
  return cellOf(page.current).machine.status === "printed" ? decide("as_printed") : say("没有印出的数，不能照录");
}

/** The same of every cell of the row or table that was read like this one; only that they are lost or blank can be said of many. */
function whole(scope) {
  const c = cellOf(page.current), status = c.machine?.status;
  if (blind() || c.state !== "open" || !["lost", "blank"].includes(status)) return say("只有待核对的缺失格或空白格可以整行、整表一次回答");
  return decide(status, { scope });
}

function say(text) {
  $("value-note").textContent = text;
}

/** Enter in the box. */
async function commit() {
  const text = $("value").value.trim(), i = page.current;
  if (!text) {
    grid.nodes[i]?.focus();
    return say("没有录入");
  }
  const said = reading(text);
  if (said.action !== "correct") return decide(said.action);
  const value = said.value ?? (await ask(text, i));
  if (i !== page.current) return undefined;
  if (!value) return say(`「${text}」读不成一个数`);
  const unlikely = doubtful(i, value);
  if (unlikely && page.warned !== `${i}/${text}`) {
    page.warned = `${i}/${text}`;
    return say(`${unlikely}；原文确实如此，就再按一次 Enter`);
  }
  return decide("correct", { value: text });
}

/** Why a figure that was typed may be a slip of the finger; what the report prints is kept all the same, once it is said twice. */
function doubtful(i, value) {
  const kind = page.task.fields[i].kind;
  if (kind !== "amount" && value.s > 0) return "这一格应是整数";
  if (kind === "count" && value.n < 0n) return "件数不应是负数";
  const broken = rules().filter((r) => fieldsOf(r).includes(i) && verdict(r, valueOf).holds === false && verdict(r, standing).holds !== false);
  return broken.length ? `按此录入，${broken.length} 式勾稽不成立` : "";
}

/** What the service reads in a figure that is not plain digits: units, separators, signs. */
async function ask(text, i) {
  const f = page.task.fields[i];
  const found = await get(`/review/numeral?${new URLSearchParams({ text, kind: f.kind, unit: f.unit })}`).catch(() => null);
  if (found?.value) page.numeral = { text, digits: found.value, value: parse(found.value) };
  return found?.value ? parse(found.value) : null;
}

let asking;
function typing() {
  const text = $("value").value.trim();
  say("");
  drawLive();
  clearTimeout(asking);
  if (text && reading(text).action === "correct" && !reading(text).value) {
    asking = setTimeout(async () => {
      const found = await ask(text, page.current);
      if ($("value").value.trim() !== text) return;
      say(found ? `读作 ${page.numeral.digits}` : "");
      drawLive();
    }, 250);
  }
}

function begin(character) {
  const box = $("value");
  box.value = character;
  box.focus();
  box.setSelectionRange(character.length, character.length);
  typing();
}

function abandon() {
  $("value").value = "";
  say("");
  grid.nodes[page.current]?.focus({ preventScroll: true });
  drawLive();
}

async function undo(which) {
  const last = which ?? outbox.log().filter((x) => x.reviewer === page.me && x.action !== "undo" && !x.undone).at(-1);
  if (!last) return tell("没有可撤销的了");
  if (page.task?.report.id !== last.report) await open(last.report, last.field);
  if (page.task?.report.id !== last.report) return undefined; // it did not open, and `open` says why
  const i = page.task.fields.findIndex((f) => f.id === last.field);
  outbox.note((log) => log.map((x) => (x.key === last.key ? { ...x, undone: true } : x)));
  const was = page.before.get(last.key);
  if (was?.report === page.task.report.id) was.cells.forEach(([j, cell]) => Object.assign(cellOf(j), { ...cell, seen: cellOf(j).seen }));
  page.skipped.delete(`${last.report}/${i}`);
  send("undo", i, { cancelsKey: last.key });
  go(i);
  return tell(`已撤销：${last.place}`);
}

async function note() {
  const i = page.current;
  $("note-value").value = "";
  $("noting").showModal();
  $("noting").onclose = () => {
    const text = $("note-value").value.trim();
    if ($("noting").returnValue === "ok" && text) send("note", i, { note: text });
    grid.nodes[i]?.focus();
  };
}

function act(action) {
  if (page.current < 0) return undefined;
  const i = page.current;
  switch (action) {
    case "accept": return $("value").value.trim() ? commit() : accept();
    case "as_printed": return asPrinted();
    case "correct": return $("value").focus();
    case "undo": return undo();
    case "note": return note();
    case "structure": return blind() ? undefined : send("note", i, { note: "#structure" });
    case "sheet": return page.task.mode !== "blind" ? undefined : open_(`/review/keys/${page.task.report.id}?${new URLSearchParams({ reviewer: page.me })}`);
    case "row": return whole("row");
    case "table": return whole("table");
    case "skip": page.skipped.add(`${page.task.report.id}/${i}`); return decide("skip");
    default: return decide(action);
  }
}

// ------------------------------------------------------------------ what comes back

/** The cells as they stand now; true where the answer came too late: a decision was stored since, and what follows it asks again. */
async function refresh() {
  const { report, mode } = page.task;
  if (mode !== "review") return false;
  const late = questions.cells.next();
  const now = await get(`/review/cells/${report.id}`).catch(() => null);
  if (late()) return true;
  if (!now || page.task.report.id !== report.id) return false;
  if (now.run !== page.task.run) {
    tell("这份报告刚刚重新读过，已换成新的读数");
    await open(report.id, page.task.fields[page.current].id, false);
    return false;
  }
  page.task.cells = now.cells;
  const known = new Map(now.items.map((x) => [x.field, x]));
  page.items = [...page.items.map((x) => known.get(x.field) ?? x), ...now.items.filter((x) => !page.items.some((y) => y.field === x.field))];
  overlay();
  draw();
  return false;
}

function told(what, entry, more) {
  const here = page.task?.report.id === entry?.report;
  const i = here ? page.task.fields.findIndex((f) => f.id === entry.body.field) : -1;
  if (what === "waiting") {
    if (outbox.failures) tell(`服务没有回答：${outbox.waiting} 条决定存在浏览器里，恢复后自动重发`, "bad");
  } else if (what === "sent") {
    questions.cells.next(); // what was asked before does not know of it
    if (i >= 0) cellOf(i).seen = Math.max(cellOf(i).seen, more.id);
    tell(outbox.waiting ? `还有 ${outbox.waiting} 条等待保存` : "已保存", "good");
    if (!outbox.waiting) settled(here, entry);
  } else if (what === "clash") clash(entry, more);
  else {
    outbox.drop(entry.body.key);
    outbox.note((log) => log.filter((x) => x.key !== entry.body.key));
    tell(`没有保存「${entry.body.field}」：${more}`, "bad");
    if (here) refresh().then(() => i >= 0 && go(i));
  }
  drawRecent();
}

/** Everything is stored. */
function settled(here, entry) {
  if (page.done) proceed();
  else if (here && blind() && entry.cancelsKey) open(page.task.report.id, entry.body.field, false);
  else if (here) refresh();
  drawProgress();
}

/** Somebody else was first: show what they said, and ask again. Until then the decision stays in the browser. */
async function clash(entry, event) {
  const zh = page.config.zh;
  await visit(entry.report, entry.body.field);
  const say = (e) => `${zh.actions[e.action]}${e.value === null || e.value === undefined ? "" : ` ${e.value}`}`;
  const at = (name, value) => [make("dt", { text: name }), make("dd", { text: value })];
  fill($("clash-said"), ...at("格", `${page.task.fields[page.current].row} × ${page.task.fields[page.current].column}`),
    ...at(event.reviewer, `${say(event)}（${clock(event.recorded_at)}）`), ...at("您", say(entry.body)));
  $("clash").returnValue = "";
  $("clash").showModal();
  $("clash").onclose = async () => {
    const i = page.current;
    outbox.drop(entry.body.key);
    outbox.note((log) => log.filter((x) => x.key !== entry.body.key));
    await refresh();
    if ($("clash").returnValue === "mine") {
      cellOf(i).seen = Math.max(cellOf(i).seen, event.id);
      const { action, value, note: words } = entry.body;
      send(action, i, { value, note: words });
      next();
    } else go(i);
    drawRecent();
  };
}

// ------------------------------------------------------------------ beginning

async function start() {
  const where = new URLSearchParams(location.search);
  page.config = await early.config.catch(() => get("/review/config"));
  outbox = new Outbox(page.config.store, told);
  page.left = new Set(JSON.parse(sessionStorage.getItem(`gouji:${page.config.store}:left`) ?? "[]"));
  const asked = early.reviewer || page.config.reviewer;
  page.me = asked || await showName("");
  if (page.me !== asked) early = null; // asked for nobody
  setName(page.me);
  listen({ act, begin, commit, abandon, typing, move: (d, r) => go(grid.beside(page.current, d, r)), along: (s) => go(along(s)), table: nextTable, zoom, original, queue, undo });
  $("who").onclick = async () => setName(await showName(page.me));
  $("open-queue").onclick = queue;
  $("open-original").onclick = original;
  addEventListener("popstate", follow);
  addEventListener("resize", () => page.task && lightUp());
  await follow();
  drawRecent();
  if (where.get("report")) drawProgress();
  outbox.entries().filter((e) => e.stopped).forEach((e) => outbox.put({ ...e, stopped: false }));
  outbox.flush();
  setInterval(drawProgress, 30_000);
}

const filterOf = (where) => Object.fromEntries(["text", "year", "form"].filter((k) => where.get(k)).map((k) => [k, where.get(k)]));

/** What the address says. */
async function follow() {
  const where = new URLSearchParams(location.search);
  page.filter = filterOf(where);
  if (where.get("report")) await open(Number(where.get("report")), where.get("cell") ?? undefined, false);
  else await onward();
}

function setName(name) {
  page.me = name;
  localStorage.setItem("gouji:reviewer", name);
  $("who").textContent = `核对人：${name}`;
  if (page.task) drawRecent();
}

function nextTable() {
  const ids = page.task.tables.map((t) => t.id);
  toTable(ids[(ids.indexOf(page.task.fields[page.current].table) + 1) % ids.length]);
}

function zoom() {
  $("lines").classList.toggle("zoomed");
  lightUp();
}

function original() {
  if (page.task) open_(`/review/original/${page.task.report.id}`);
}

const open_ = (path) => make("a", { href: path, download: "" }).click();

function queue() {
  showQueue(page, query(), (report) => { page.left.delete(report); open(report); }, (filter) => {
    page.filter = filter;
    page.left.clear();
    address(true);
  });
}

start().catch((e) => tell(`页面没有启动：${e.message}`, "bad"));

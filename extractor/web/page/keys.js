// The keyboard. The physical key counts, so that an input method does not matter; while it composes nothing is a command.

import { $ } from "./dom.js";

const LETTERS = {
  KeyB: "blank", KeyD: "dash", KeyI: "illegible", KeyX: "lost", KeyP: "as_printed", KeyS: "skip", KeyU: "undo", KeyM: "note", KeyT: "structure", KeyR: "row", KeyG: "table", KeyW: "sheet",
};
const SIGNS = { Minus: "-", NumpadSubtract: "-", NumpadDecimal: ".", Period: ".", NumpadDivide: "/", Slash: "/", NumpadMultiply: "*" };
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export const HELP = [
  ["Enter", "确认机器读数，到下一格"], ["0–9", "开始更正；Enter 保存，Esc 放弃"], ["B", "空白"], ["D", "横杠或斜杠"], ["I", "无法辨认"], ["X", "缺失：原文中没有这一格"],
  ["P", "照录：读数无误，报告自身有错"], ["R", "整行：本行待核对的缺失（空白）格都确实如此"], ["G", "整表：本表的同上"], ["S", "跳过"], ["U · Ctrl+Z", "撤销，可一直撤销"], ["J · K", "下一个、上一个待核对的格"], ["↑ ↓ ← →", "在表中移动"], ["N", "下一张表"],
  ["E", "放大原文"], ["O", "打开原件"], ["M", "备注"], ["T", "本表结构有误，整张表逐格录入"], ["W", "盲录时：存键入表"], ["F", "队列和筛选"], ["?", "这张表"],
];

const editable = (node) => node.matches("input, textarea, select, [contenteditable]");

function digit(e) {
  const typed = e.key.length === 1 ? e.key.normalize("NFKC") : "";
  if (/^\d$/.test(typed)) return typed;
  const code = /^(?:Digit|Numpad)(\d)$/.exec(e.code);
  return code && !e.shiftKey && !(e.key in ARROWS) && !["Home", "End", "PageUp", "PageDown", "Insert", "Delete", "Clear"].includes(e.key) ? code[1] : null;
}

export function listen(does) {
  const box = $("value");
  box.addEventListener("input", () => does.typing());
  document.addEventListener("keydown", (e) => {
    if (e.isComposing || e.keyCode === 229 || document.querySelector("dialog[open]")) return;
    if (e.target === box) {
      if (e.key === "Enter" && !e.repeat) take(e, () => does.commit());
      else if (e.key === "Escape") take(e, () => does.abandon());
      return;
    }
    if (editable(e.target)) return;
    if (e.code === "KeyZ" && (e.ctrlKey || e.metaKey) && !e.shiftKey) return void take(e, () => does.undo());
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    command(e, does);
  });
  const help = $("help");
  const keys = document.createElement("dl");
  for (const [key, says] of HELP) {
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.append(Object.assign(document.createElement("kbd"), { textContent: key }));
    dd.textContent = says;
    keys.append(dt, dd);
  }
  $("help-keys").replaceChildren(keys);
  $("open-help").onclick = () => help.showModal();
}

function take(e, what) {
  e.preventDefault();
  what();
}

function command(e, does) {
  const begun = digit(e);
  if (begun !== null) return take(e, () => does.begin(begun));
  if (e.key === "?" || (e.shiftKey && e.code === "Slash")) return take(e, () => $("help").showModal());
  if (!e.shiftKey && SIGNS[e.code]) return take(e, () => does.begin(SIGNS[e.code]));
  if (e.code === "NumpadAdd") return once(e, () => does.act("skip"));
  if (e.key === "Enter") return e.target.closest("button, a, summary") ? undefined : once(e, () => does.act("accept"));
  if (ARROWS[e.key]) return e.target.closest("#lines") ? undefined : take(e, () => does.move(...ARROWS[e.key]));
  if (LETTERS[e.code]) return once(e, () => does.act(LETTERS[e.code]));
  switch (e.code) {
    case "KeyJ": return take(e, () => does.along(1));
    case "KeyK": return take(e, () => does.along(-1));
    case "KeyN": return once(e, does.table);
    case "KeyE": return once(e, does.zoom);
    case "KeyO": return once(e, does.original);
    case "KeyF": return once(e, does.queue);
    default: return undefined;
  }
}

/** A key that is held down decides once: nothing is ever decided in bulk. */
function once(e, what) {
  e.preventDefault();
  if (!e.repeat) what();
}

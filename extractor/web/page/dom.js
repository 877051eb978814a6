// Elements are made here and nowhere else; what a report says is only ever text.

export const $ = (id) => document.getElementById(id);

/** make("td", {class: "n", text: "3"}, child, …); a value of null, undefined or false leaves the attribute out. */
export function make(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "text") node.textContent = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

export function fill(node, ...children) {
  node.replaceChildren(...children.filter((c) => c !== null && c !== undefined && c !== false));
}

/** Scrolls only the box around the node, and only when it is not in sight. */
export function intoView(node, box) {
  const n = node.getBoundingClientRect(), b = box.getBoundingClientRect();
  if (n.top < b.top + 40 || n.bottom > b.bottom - 40) box.scrollTop += n.top - b.top - b.height / 3;
  if (n.left < b.left || n.right > b.right) box.scrollLeft += n.left - b.left - b.width / 3;
}

/** A time of the service (UTC) on the reader's own clock. */
export const clock = (iso) => new Date(iso).toLocaleString("zh-CN", { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false });

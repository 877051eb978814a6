// The two dialogs that ask: who reviews, and which report.

import { Asked, get } from "./api.js";
import { $, fill, make } from "./dom.js";

export function showName(name) {
  const box = $("name");
  $("name-value").value = name;
  box.showModal();
  return new Promise((done) => {
    box.addEventListener("close", () => {
      const said = $("name-value").value.trim();
      done(said || name || "核对人");
    }, { once: true });
  });
}

export async function showQueue(page, query, pick, filtered) {
  const form = $("filter"), forms = form.elements.form;
  if (forms.options.length === 1) forms.append(...page.config.forms.map((f) => make("option", { value: f.id, text: f.id })));
  for (const k of ["text", "year", "form"]) form.elements[k].value = page.filter[k] ?? "";
  form.onsubmit = async (e) => {
    e.preventDefault();
    const filter = Object.fromEntries(["text", "year", "form"].map((k) => [k, form.elements[k].value.trim()]).filter(([, v]) => v));
    filtered(filter);
    await list(new URLSearchParams({ reviewer: page.me, ...filter }), pick);
  };
  $("queue").showModal();
  await list(query, pick);
}

const lists = new Asked();

async function list(query, pick) {
  const late = lists.next();
  const p = await get(`/review/queue?${query}`).catch(() => null);
  if (late()) return;
  $("queue-note").textContent = p ? `${p.left_reports} 份，${p.left_cells} 格；按每秒可望查出的错误排列，同等的先到先核。` : "服务没有回答";
  fill($("queue-list"), ...(p?.reports ?? []).map((r) => make("li", {},
    make("button", { type: "button", class: "link", text: [r.agency || r.source, r.year].filter(Boolean).join(" "), onclick: () => { $("queue").close(); pick(r.id); } }),
    make("span", { class: "quiet", text: ` ${r.reason}` }))));
}

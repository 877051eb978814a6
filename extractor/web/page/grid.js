// The form's tables on the right: what holds of each cell now, and where one is.

import { $, fill, intoView, make } from "./dom.js";

/** What a cell shows: its figure, ␣ blank, ? unknown. */
export function face(cell) {
  if (cell.value !== null && cell.value !== undefined) return cell.value.replace(/^-/, "−");
  if (cell.status === "blank") return "␣";
  return cell.status === "lost" ? "?" : "·";
}

export class Grid {
  constructor(pick) {
    this.pick = pick;
    this.nodes = [];
    this.table = null;
  }

  load(task) {
    this.task = task;
    this.table = null;
  }

  /** Draws the table with this id, unless it is there. */
  show(id) {
    if (this.table === id) return;
    this.table = id;
    this.nodes = [];
    const table = this.task.tables.find((t) => t.id === id);
    fill($("grid"), ...table.blocks.map((b) => this.block(b, table)));
    $("grid").scrollTop = 0;
  }

  block(block, table) {
    const depth = Math.max(...block.columns.map((c) => c.groups.length));
    const head = make("thead");
    for (let level = 0; level <= depth; level += 1) {
      const tr = make("tr");
      if (level === 0) tr.append(make("td", { rowspan: depth + 1, class: "corner", text: block.label ?? "" }));
      for (let c = 0; c < block.columns.length; c += 1) {
        const { groups, label } = block.columns[c];
        if (level < groups.length) {
          if (c && block.columns[c - 1].groups[level] === groups[level]) continue;
          let width = 1;
          while (block.columns[c + width]?.groups[level] === groups[level]) width += 1;
          tr.append(make("th", { scope: "colgroup", colspan: width, text: groups[level] }));
        } else if (level === groups.length) tr.append(make("th", { scope: "col", rowspan: depth + 1 - level, text: label, "data-column": c }));
      }
      head.append(tr);
    }
    const body = make("tbody");
    let above = [];
    block.rows.forEach((row, r) => {
      row.groups.forEach((g, level) => {
        if (above.slice(0, level + 1).join("\n") === row.groups.slice(0, level + 1).join("\n")) return;
        body.append(make("tr", { class: "group" }, make("th", { scope: "rowgroup", colspan: block.columns.length + 1, class: `in${level}`, text: g })));
      });
      above = row.groups;
      const tr = make("tr", {}, make("th", { scope: "row", class: `in${row.groups.length}`, text: row.label, title: row.label }));
      block.grid[r].forEach((i, c) => tr.append(this.cell(i, r, c)));
      body.append(tr);
    });
    const name = [table.label, block.label].filter(Boolean).join(" · ");
    return make("table", {}, make("caption", { class: "sr", text: name }), head, body);
  }

  cell(i, r, c) {
    const td = make("td", { tabindex: "-1", "data-field": i, "data-row": r, "data-column": c, onclick: () => this.pick(i) });
    this.nodes[i] = td;
    return td;
  }

  /** Puts every cell of the shown table as it is now. `marks(i)` gives {classes, says, cell}. */
  paint(current, marks) {
    this.nodes.forEach((td, i) => {
      const { cell, classes, says } = marks(i);
      td.className = classes.join(" ");
      td.textContent = face(cell);
      td.setAttribute("aria-label", says);
      td.tabIndex = i === current ? 0 : -1;
      if (i === current) td.setAttribute("aria-current", "true");
      else td.removeAttribute("aria-current");
    });
    for (const x of $("grid").querySelectorAll("th.lit")) x.classList.remove("lit");
    const here = this.nodes[current];
    if (!here) return;
    here.parentElement.querySelector("th")?.classList.add("lit");
    here.closest("table").querySelector(`th[data-column="${here.dataset.column}"]`)?.classList.add("lit");
    intoView(here, $("grid"));
  }

  /** The cell beside the current one; the next block goes on where one ends. */
  beside(current, down, right) {
    const td = this.nodes[current];
    if (!td) return null;
    const cells = [...$("grid").querySelectorAll("td[data-field]")];
    if (right) {
      const near = cells[cells.indexOf(td) + right];
      return near ? Number(near.dataset.field) : null;
    }
    const rows = [...$("grid").querySelectorAll("tr")].filter((tr) => tr.querySelector("td[data-field]"));
    const row = rows[rows.indexOf(td.parentElement) + down];
    if (!row) return null;
    const line = row.querySelectorAll("td[data-field]");
    return Number(line[Math.min(Number(td.dataset.column), line.length - 1)].dataset.field);
  }
}

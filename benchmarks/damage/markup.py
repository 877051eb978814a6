"""HTML as editors, content systems and Word leave it."""

from __future__ import annotations

from html import escape

from benchmarks.damage.draft import Draft, Line, Section
from benchmarks.damage.sheet import Cell, Row, Sheet

# For each style: what a cell, a paragraph and a table look like. {a} are the span attributes.
_STYLES = {
    "escaped": ('<td{a} nowrap="nowrap" style="width:38px;"><p align="center">', "</p></td>", '<table align="center" border="1" cellspacing="1"><tbody>'),
    "page": ("<td{a}>", "</td>", '<table border="1" cellpadding="0" cellspacing="0" class="table-nb">'),
    "word": ('<td{a} valign="top" style="mso-cell-special:placeholder"><p class="MsoNormal" align="center"><span lang="EN-US" style="font-family:仿宋_GB2312">', "<o:p></o:p></span></p></td>", '<table class="MsoNormalTable" border="0"><tbody>'),
}  # fmt: skip

_HEAD = (
    '<!DOCTYPE html><html><head><meta charset="{charset}"><title>{name}</title>'
    '<style>td{border:1px}</style></head><body><div class="content">'
)


def html(draft: Draft) -> list[Line]:
    """The report as one HTML document, or the fragment that an interface returned with its quotes escaped."""
    style = ("escaped", "page", "word")[draft.rng.randrange(3)]
    out: list[Line] = []
    if style != "escaped":
        charset = {"gb18030": "gb2312", "utf-16": "utf-16"}.get(draft.encoding, "utf-8")
        name = escape(draft.title[0]) if draft.title else ""
        out.append([(_HEAD.replace("{charset}", charset).replace("{name}", name), -1)])
    out += [[(f"<p>{escape(t, quote=False)}</p>", -1)] for t in draft.title if t]
    for section in draft.sections:
        out += _section(section, style)
    if style != "escaped":
        out.append([("</div><script>var total = 12;</script></body></html>", -1)])
        return out if draft.spaced else [[p for line in out for p in line]]
    joined = [(t.replace('"', '\\"'), f) for line in out for t, f in line]
    return [joined]


def _section(section: Section, style: str) -> list[Line]:
    out: list[Line] = [[(f"<p>{escape(t, quote=False)}</p>", -1)] for t in (section.heading, *section.lines) if t]
    if section.sheet is not None:
        out.append([(_STYLES[style][2], -1)])
        rows = [r for r in section.sheet.rows if r.kind != "page"]
        out += [_row(row, rows[n + 1 :], section.sheet, style) for n, row in enumerate(rows)]
        out.append([("</tbody></table>" if "<tbody>" in _STYLES[style][2] else "</table>", -1)])
    return out


def _row(row: Row, below: list[Row], sheet: Sheet, style: str) -> Line:
    """One row. A cover is not printed where the cell above it still reaches down to it."""
    opening, closing, _ = _STYLES[style]
    out: Line = [("<tr>", -1)]
    spare = 0 if row.cut else sheet.width - sum(c.colspan for c in row.cells)
    last = row.cells[-1] if row.cells else None
    for cell in row.cells:
        if cell.role == "cover" and cell.owner is not None and cell.owner.text:
            continue
        span = cell.colspan + (spare if cell is last and spare > 0 else 0)
        a = f' colspan="{span}"' if span > 1 else ""
        depth = _depth(cell, below)
        a += f' rowspan="{depth}"' if depth > 1 else ""
        out.append((opening.replace("{a}", a), -1))
        out += _content(cell)
        out.append((closing, -1))
    out.append(("</tr>", -1))
    return out


def _depth(cell: Cell, below: list[Row]) -> int:
    if cell.field >= 0 or not cell.text:
        return 1
    depth = 1
    for row in below:
        if not any(c.owner is cell for c in row.cells):
            break
        depth += 1
    return depth


def _content(cell: Cell) -> Line:
    out: Line = [(cell.before.replace("\u00a0", "&nbsp;"), -1)] if cell.before else []
    if cell.field >= 0:
        out.append((cell.text, cell.field))
        if not cell.text:
            out.append(("&nbsp;", -1))
    else:
        out.append((escape(cell.text, quote=False).replace("\n", "<br />"), -1))
    if cell.after:
        out.append((cell.after.replace("\u00a0", "&nbsp;"), -1))
    return out

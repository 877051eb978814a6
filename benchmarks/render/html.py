"""A page as HTML: with the elements that a table's header has, or with plain cells as an editor leaves them."""

from __future__ import annotations

from html import escape

from benchmarks.render.page import Cell, Page, Table, Text

VARIANTS = ("semantic", "plain")

_TAGS = {0: "p", 1: "h1", 2: "h2"}


def html(page: Page, variant: str) -> bytes:
    """The page in UTF-8."""
    body = "\n".join(_text(p) if isinstance(p, Text) else _table(p, variant == "semantic") for p in page.parts)
    head = f'<head><meta charset="utf-8"><title>{escape(page.title)}</title></head>'
    return f'<!DOCTYPE html>\n<html lang="zh">{head}\n<body>\n{body}\n</body></html>\n'.encode()


def _text(text: Text) -> str:
    tag = _TAGS[text.level]
    return f"<{tag}>{_shown(text.text)}</{tag}>"


def _shown(text: str) -> str:
    return escape(text, quote=False).replace("\n", "<br>").replace("\u00a0", "&nbsp;")


def _table(table: Table, semantic: bool) -> str:
    rows = ["<tr>" + "".join(_cell(c, semantic) for c in row) + "</tr>" for row in table.rows]
    if semantic and table.heads:
        rows.insert(table.heads, "</thead><tbody>")
        return "<table><thead>" + "\n".join(rows) + "</tbody></table>"
    return '<table border="1">' + "\n".join(rows) + "</table>"


def _cell(cell: Cell, semantic: bool) -> str:
    spans = f' colspan="{cell.columns}"' if cell.columns > 1 else ""
    spans += f' rowspan="{cell.rows}"' if cell.rows > 1 else ""
    if semantic:
        tag = "th" if cell.header else "td"
        return f"<{tag}{spans}>{_shown(cell.text)}</{tag}>"
    return f'<td{spans}><p align="center"><span>{_shown(cell.text) or "&nbsp;"}</span></p></td>'

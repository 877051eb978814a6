"""Light damage: what publishing does to a report without losing anything of it."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

from benchmarks.damage import names
from benchmarks.damage.draft import CELL_LINES, FLAT, MARKED, PAGED, Draft
from benchmarks.damage.sheet import Cell, Row, Sheet, copy_heads
from extractor.types import Number

_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
_HALF = str.maketrans("（），：；", "(),:;")
_MARKS = ("- {n} -", "-{n}-", "— {n} —", "第 {n} 页 共 {m} 页", "—{n}—", "第{n}页")


def decorate(draft: Draft) -> None:
    """Apply a random choice of cosmetic changes, each at its own rate."""
    for name, rate, change in _CHANGES:
        if draft.rng.random() < rate and change(draft):
            draft.damages.append(name)


def cells(draft: Draft) -> list[Cell]:
    """Every cell of every table of the draft."""
    return [c for s in draft.sheets() for r in s.rows if r.kind != "page" for c in r.cells]


def figures(draft: Draft) -> list[Cell]:
    """Every cell that prints a field."""
    return [c for c in cells(draft) if c.field >= 0]


def page_text(draft: Draft, number: int, total: int = 6) -> str:
    """A page mark as this report prints it, with or without a form feed."""
    shape, v = draft.shape, draft.variant
    if shape == "plain-rows":
        return "\f" + _MARKS[0].format(n=number, m=total)
    if shape in PAGED:
        return (" " * (40 if shape == "aligned" and number % 2 else 0)) + _MARKS[1].format(n=number, m=total) + "\n\f"
    mark = _MARKS[v % len(_MARKS)].format(n=number, m=total)
    return mark + ("\n\f" if v % 3 == 0 and shape not in FLAT else "")


def add_page(draft: Draft, sheet: Sheet, at: int, text: str) -> None:
    """Put a page mark before row ``at`` of a table."""
    sheet.rows.insert(at, Row("page", -1, [Cell(text, "page")]))


def paginate(draft: Draft) -> None:
    """Page marks where a page of such a report would end, as every paged shape has them."""
    number = draft.rng.randint(2, 4)
    for sheet in draft.sheets():
        if sheet.band or draft.rng.random() < 0.15:
            continue
        at = draft.rng.randrange(1, len(sheet.rows))
        add_page(draft, sheet, at, page_text(draft, number))
        number += 1
        if at + 4 < len(sheet.rows) and draft.rng.random() < 0.3:
            add_page(draft, sheet, draft.rng.randrange(at + 3, len(sheet.rows)), page_text(draft, number))
            number += 1


# ---------------------------------------------------------------- figures


def _thousands(draft: Draft) -> bool:
    done = False
    for c in figures(draft):
        if re.fullmatch(r"[+-]?[0-9]{4,}([.][0-9]+)?", c.text) and draft.rng.random() < 0.85:
            whole, dot, rest = c.text.partition(".")
            sign = whole[0] if whole[0] in "+-" else ""
            c.text = sign + f"{int(whole.lstrip('+-')):,}" + dot + rest
            done = True
    return done


def _decimals(draft: Draft) -> bool:
    """Amounts filled up with zeros: 5.00, 12.5000."""
    places = draft.rng.choice((2, 2, 4))
    done = False
    for c in figures(draft):
        whole, _, rest = c.text.partition(".")
        if draft.form.fields[c.field].kind == "amount" and whole.strip("0,") and len(rest) < places:
            c.text, done = f"{whole}.{rest:0<{places}}", True
    return done


def _full_width(draft: Draft) -> bool:
    share = draft.rng.choice((0.1, 1.0))
    for c in figures(draft):
        if draft.rng.random() < share:
            c.text = c.text.translate(_FULL_WIDTH)
    return True


def _padding(draft: Draft) -> bool:
    """Report 000: no-break spaces before or after some figures."""
    if draft.shape in PAGED or draft.shape == "glued":
        return False
    rate = draft.rng.choice((0.1, 0.3, 0.8))
    space = draft.rng.choice(("\u00a0", "\u00a0", "\u3000", " ", "\u2002"))
    for c in figures(draft):
        if c.text and draft.rng.random() < rate:
            c.before, c.after = draft.rng.choice(((space, ""), ("", space), (space, space)))
    return True


def _plus(draft: Draft) -> bool:
    done = False
    for c in figures(draft):
        if draft.form.fields[c.field].kind == "signed" and re.fullmatch("[1-9][0-9,]*", c.text):
            c.text, done = "+" + c.text, True
    return done


def _unit(draft: Draft) -> bool:
    """The unit inside the cell, in 万元 or in 元, under a heading that names none."""
    done = False
    for sheet in draft.sheets():
        for row in sheet.body():
            for c in row.figures():
                if (
                    c.field >= 0
                    and draft.form.fields[c.field].kind == "amount"
                    and draft.form.fields[c.field].unit == "万元"
                ):
                    done |= _put_unit(draft, sheet, row, c)
    return done


def _put_unit(draft: Draft, sheet: Sheet, row: Row, cell: Cell) -> bool:
    value = draft.content.values[cell.field]
    if not value or not re.fullmatch(r"[0-9]+([.][0-9]+)?", cell.text):
        return False
    cell.text = f"{cell.text}万元" if draft.rng.random() < 0.5 else f"{plain(Decimal(value) * 10000)}元"
    label = draft.form.fields[cell.field].column_label
    for head in sheet.rows:
        for c in head.cells:
            if head.block == row.block and c.role == "column" and c.text == label:
                c.text = re.sub("（.*", "", label)
    return True


def plain(value: Number) -> str:
    """Digits without exponent and without useless zeros."""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value)


def _blank_zeros(draft: Draft) -> bool:
    """上海 2019 and many others: zeros left empty, or a dash, or a slash (shapes with cell marks only)."""
    if draft.shape not in MARKED or draft.content.misprints:
        return False
    share = draft.rng.choice((0.15, 0.6, 1.0))
    token = draft.rng.choice(("", "", "", "-", "/", "—", "－"))
    done = False
    for c in figures(draft):
        if c.text == "0" and draft.rng.random() < share:
            c.text, done = token, True
            draft.blanks.add(c.field)
            draft.dashes |= {c.field} if token else set()
    return done


# ---------------------------------------------------------------- labels


def _half_width(draft: Draft) -> bool:
    draft.glyphs |= {k: chr(v) for k, v in _HALF.items()}
    return True


def _variants(draft: Draft) -> bool:
    done = False
    for c in cells(draft):
        if c.also and draft.rng.random() < 0.35:
            unit_kept = "万元" not in c.text
            also = [a for a in c.also if unit_kept or "万元" in a]
            if also and "\n" not in c.text:
                c.text, done = draft.rng.choice(also), True
    for s in draft.sections:
        spec = draft.form.spec.sections[s.number] if s.number < len(draft.form.spec.sections) else None
        if spec is not None and spec.also and draft.rng.random() < 0.4:
            s.heading, done = s.heading.replace(s.label, draft.rng.choice(spec.also)), True
    return done


def _broken_heads(draft: Draft) -> bool:
    """本年新 / 制作数量, 自 / 然 / 人: column labels over several lines or with blanks between."""
    if draft.shape in PAGED or draft.shape in ("glued", "flat-spaces"):
        return False
    for c in cells(draft):
        if c.role == "column" and "（" not in c.text and "\n" not in c.text:
            n = len(c.text)
            if n == 4:
                c.text = c.text[:2] + "\n" + c.text[2:]
            elif n <= 3 and draft.rng.random() < 0.5:
                c.text = "\n".join(c.text)
            elif n > 4:
                c.text = c.text[:3] + "\n" + c.text[3:]
    return True


def _broken_labels(draft: Draft) -> bool:
    """A long row label over two lines of its cell."""
    if draft.shape not in CELL_LINES | {"html"} or draft.shape in PAGED:
        return False
    for c in cells(draft):
        if c.role == "label" and len(c.text) > 14 and draft.rng.random() < 0.7:
            at = draft.rng.randrange(8, len(c.text) - 2)
            c.text = c.text[:at] + "\n" + c.text[at:]
    return True


def _numbering(draft: Draft) -> bool:
    new = draft.rng.choice((". ", "、", "．"))
    for c in cells(draft):
        if c.role == "label":
            c.text = re.sub(r"^(\d)\.", rf"\g<1>{new}", c.text)
        elif c.role in ("group", "label") and draft.rng.random() < 0.5:
            c.text = re.sub(r"^（(.)）", r"（\1） ", c.text)
    return True


def _number_gone(draft: Draft) -> bool:
    """Report 001: 其他法律行政法规禁止公开 without its 2."""
    numbered = [c for c in cells(draft) if c.role == "label" and re.match(r"\d\..{6,}", c.text)]
    if not numbered:
        return False
    chosen = draft.rng.choice(numbered)
    chosen.text = chosen.text[2:]
    return True


@lru_cache(maxsize=4096)
def _traditional(character: str) -> str:
    out: str = _converter().convert(character)
    return out if len(out) == 1 else character


@lru_cache(maxsize=1)
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("s2t")


def _traditional_text(draft: Draft) -> bool:
    parts = [c.text for c in cells(draft)] + [t for s in draft.sections for t in (s.heading, *s.lines)] + draft.title
    draft.glyphs |= {ord(c): _traditional(c) for c in set("".join(parts)) if "\u4e00" <= c <= "\u9fff"}
    return True


# ---------------------------------------------------------------- page and file


def _page_marks(draft: Draft) -> bool:
    if draft.shape in PAGED or draft.shape in ("html", "glued"):
        return False
    paginate(draft)
    return True


def _blank_page(draft: Draft) -> bool:
    """Reports 002, 004: a table broken by an empty line where the page ended."""
    if draft.shape not in ("tab-rows", "pipe-rows", "plain-rows", "tab-cells", "bare-lines"):
        return False
    sheet = draft.rng.choice(draft.sheets())
    add_page(draft, sheet, draft.rng.randrange(1, len(sheet.rows)), "")
    return True


def _header_again(draft: Draft) -> bool:
    """real-007: the header of table 三 printed again on the next page."""
    done = False
    for sheet in draft.sheets():
        heads = [r for r in sheet.rows if r.kind == "head"]
        if sheet.label_columns < 2 or not heads:
            continue
        pages = [n for n, r in enumerate(sheet.rows) if r.kind == "page" and n > len(heads)]
        for n in reversed(pages[:1] if draft.shape != "html" else []):
            sheet.rows[n + 1 : n + 1] = copy_heads(heads)
            done = True
    return done


def _extra_row(draft: Draft) -> bool:
    """武汉 2020: a row that the form does not have."""
    plain_sheets = [s for s in draft.sheets() if not s.band and s.label_columns == 1]
    if not plain_sheets:
        return False
    sheet = draft.rng.choice(plain_sheets)
    block = draft.rng.choice([b for b in sheet.blocks.values() if len(b.columns) > 1] or list(sheet.blocks.values()))
    last = max((n for n, r in enumerate(sheet.rows) if r.kind == "body" and r.block == block.number), default=-1)
    if last < 0:
        return False
    values = [Cell(str(draft.rng.randint(0, 300)), "figure") for _ in block.columns]
    sheet.rows.insert(last + 1, Row("body", block.number, [Cell(draft.rng.choice(names.EXTRA_ROWS), "label"), *values]))
    return True


def _encoding(draft: Draft) -> bool:
    draft.encoding = draft.rng.choice(("gb18030", "gb18030", "utf-8-sig", "utf-8-sig", "utf-16"))
    return True


def _spaced(draft: Draft) -> bool:
    draft.spaced = True
    return draft.shape not in FLAT


def _preface(draft: Draft) -> bool:
    year = draft.content.year + 1
    draft.title.insert(0, draft.rng.choice(names.FURNITURE))
    draft.title.append(
        f"来源:本站     发布时间:{year}-01-{draft.rng.randint(10, 31)} {draft.rng.randint(10, 17)}:24    浏览次数:次"
    )
    return True


def _signature(draft: Draft) -> bool:
    date = f"{draft.content.year + 1}年1月{draft.rng.randint(5, 31)}日"
    draft.sections[-1].lines += [" " * 30 + draft.content.agency, " " * 28 + date]
    return True


def _says_table(draft: Draft) -> bool:
    for s in draft.sections:
        if s.sheet is not None:
            s.lines.append("该部分以表格形式报告。")
    return True


_CHANGES = (
    ("thousands separators", 0.4, _thousands),
    ("decimals filled up", 0.15, _decimals),
    ("plus signs", 0.4, _plus),
    ("unit in the cell", 0.2, _unit),
    ("blank zeros", 0.25, _blank_zeros),
    ("full-width digits", 0.06, _full_width),
    ("blanks around figures", 0.3, _padding),
    ("label variants", 0.35, _variants),
    ("numbering of labels", 0.2, _numbering),
    ("a label's number gone", 0.08, _number_gone),
    ("broken column labels", 0.35, _broken_heads),
    ("broken row labels", 0.15, _broken_labels),
    ("half-width brackets", 0.3, _half_width),
    ("Traditional characters", 0.06, _traditional_text),
    ("extra row", 0.12, _extra_row),
    ("page marks", 0.4, _page_marks),
    ("blank line at a page", 0.2, _blank_page),
    ("header again", 0.25, _header_again),
    ("blank lines", 0.35, _spaced),
    ("page furniture", 0.2, _preface),
    ("signature", 0.25, _signature),
    ("table sentence", 0.12, _says_table),
    ("encoding", 0.25, _encoding),
)

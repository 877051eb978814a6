"""One report drawn in the terminal: the form as a grid with every reading, or one cell with everything behind it.

Han characters are two columns wide, so widths are counted in terminal cells and never in characters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from extractor.codes import CODES, unanswered
from extractor.errors import GoujiError
from extractor.expr import Linear
from extractor.form import Block, Field, Form, Rule
from extractor.problems import finding_text
from extractor.record import failing, interval, place_at, plain, visible
from extractor.types import Decision, Extraction, Number, Resolved, Status, Verdict

_HEADER = 8  # a column heading is broken after so many terminal cells
_LEAST_LABEL = 20
_INDENT = "  "
_LEGEND = {"␣": "blank", "?": "lost", "[n]": "deduced", "*": "for review", "!": "suspect of a failed rule"}
_AROUND = 2


def suspects(extraction: Extraction) -> frozenset[int]:
    """Every field that a failed hard rule points at."""
    return frozenset(
        i for f in extraction.findings if f.verdict is Verdict.FAIL and f.severity == "hard" for i in f.suspects
    )


def figure(r: Resolved) -> str:
    """What the grid shows of one cell: the figure, ``␣`` blank, ``?`` lost, ``[n]`` deduced."""
    if r.status is Status.BLANK:
        return "␣"
    if r.value is None:
        return "?"
    return f"[{plain(r.value)}]" if r.status is Status.DEDUCED else plain(r.value)


def print_report(console: Console, extraction: Extraction, form: Form) -> None:
    """The whole report: head, one grid a table, extras, codes by count, findings."""
    for line in _lines(extraction, form, console.width):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _lines(extraction: Extraction, form: Form, width: int) -> Iterator[Text | str]:
    yield from _head(extraction, form)
    marked = suspects(extraction)
    for table in form.tables:
        yield ""
        yield Text(table.label, style="bold")
        for block in table.blocks:
            yield from _grid(block, extraction, marked, width)
    yield ""
    yield _legend(extraction, marked)
    yield from _extras(extraction, form)
    yield from _codes(extraction)
    yield from _findings(extraction, form)


def _head(e: Extraction, form: Form) -> Iterator[Text | str]:
    yield Text(visible(e.document.source), style="bold")
    yield f"form {form.id} · {form.spec.title}（{form.spec.authority}）"
    year, agency = e.year.value if e.year else "not found", e.agency.value if e.agency else "not found"
    yield f"year {year} · agency {agency} · {e.decision}" + "".join(
        f" · {CODES[c].says}" for c in dict.fromkeys(e.codes)
    )
    statuses = Counter(r.status.value for r in e.resolved)
    outcomes = Counter(d.outcome for d in e.decisions)
    parts = [f"{n} {name}" for name, n in statuses.items()]
    yield f"{len(e.resolved)} cells: {', '.join(parts)} · {outcomes['accept']} accepted, {outcomes['review']} for review"


# The grid


def _mark(e: Extraction, marked: frozenset[int], i: int) -> str:
    if i in marked:
        return "!"
    return "*" if e.decisions[i].outcome != "accept" else " "


def _grid(block: Block, e: Extraction, marked: frozenset[int], width: int) -> Iterator[Text | str]:
    """A block: its heading, its columns, then its rows under their group headings."""
    heads = [_broken(c.label) for c in block.columns]
    shown = [[figure(e.resolved[i]) + _mark(e, marked, i) for i in line] for line in block.grid]
    widths = [
        max(*(cell_len(x) + 1 for x in head), *(cell_len(line[c]) for line in shown)) for c, head in enumerate(heads)
    ]
    room = max(_LEAST_LABEL, width - sum(widths) - 2 * len(widths))
    labels = [cell_len(_INDENT * len(r.groups) + r.label) for r in block.rows] + [cell_len(block.label or "")]
    label_width = min(room, max(labels))
    for n in range(deepest := max(map(len, heads))):
        words = [head[n - deepest + len(head)] if n >= deepest - len(head) else "" for head in heads]
        left = _fit(block.label or "", label_width) if n == deepest - 1 else " " * label_width
        cells = "".join("  " + _right(w, x - 1) + " " for w, x in zip(words, widths, strict=True))
        yield Text((left + cells).rstrip(), style="dim")
    above: tuple[str, ...] = ()
    for r, row in enumerate(block.rows):
        for depth, group in enumerate(row.group_labels):
            if above[: depth + 1] != row.group_labels[: depth + 1]:
                yield Text(_INDENT * depth + group)
        above = row.group_labels
        label = _fit(_INDENT * len(row.groups) + row.label, label_width)
        yield _row(label, shown[r], widths, [e.resolved[i].status for i in block.grid[r]])


def _row(label: str, shown: Sequence[str], widths: Sequence[int], statuses: Sequence[Status]) -> Text:
    line = Text(label)
    for cell, width, status in zip(shown, widths, statuses, strict=True):
        quiet = "dim" if status is not Status.PRINTED else ""
        style = {"!": "bold red", "*": "yellow"}.get(cell[-1], quiet)
        line.append("  " + _right(cell, width), style)
    line.rstrip()
    return line


def _right(text: str, width: int) -> str:
    return " " * (width - cell_len(text)) + text


def _fit(text: str, width: int) -> str:
    """``text`` in exactly ``width`` terminal cells, cut with an ellipsis."""
    return set_cell_size(text, width) if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"


def _broken(label: str) -> list[str]:
    """A column heading on as many lines as it needs."""
    lines = [""]
    for character in label:
        if cell_len(lines[-1] + character) > _HEADER and character not in "）)：、，":
            lines.append("")
        lines[-1] += character
    return lines


def _legend(e: Extraction, marked: frozenset[int]) -> str:
    seen = {_mark(e, marked, i) for i in range(len(e.resolved))}
    seen |= {"[n]" if r.status is Status.DEDUCED else figure(r) for r in e.resolved}
    return "   ".join(f"{sign} {says}" for sign, says in _LEGEND.items() if sign in seen)


# Below the grid


def _extras(e: Extraction, form: Form) -> Iterator[Text | str]:
    if not e.extras:
        return
    yield ""
    yield Text("Rows that the form does not have", style="bold")
    for x in e.extras:
        table = next((t.label for t in form.tables if t.id == x.table), x.table)
        yield f"  {table} · {visible(x.label)}: {visible(' '.join(v or '␣' for v in x.values))}"


def _codes(e: Extraction) -> Iterator[Text | str]:
    counts = Counter(c for d in e.decisions for c in dict.fromkeys(d.codes))
    if not counts:
        return
    yield ""
    yield Text("Reasons, by number of cells (* sent a cell to a person)", style="bold")
    width = max(map(len, counts))
    sent = {c for r, d in zip(e.resolved, e.decisions, strict=True) for c in _sent(r, d)}
    for code, n in sorted(counts.items(), key=lambda x: (x[0] not in sent, -x[1], x[0])):
        yield f"  {n:4} {'*' if code in sent else ' '} {code:{width}}  {CODES[code].says}"


def _sent(r: Resolved, d: Decision) -> set[str]:
    """The codes that sent a cell to a person (docs/decision.md §4); that a deduced cell was lost is none of them."""
    return set(unanswered(d.codes)) - ({"FIELD_LOST"} if r.status is Status.DEDUCED else set())


def _findings(e: Extraction, form: Form) -> Iterator[Text | str]:
    found = failing(e.findings)
    counts = dict(e.rules_assessed)
    yield ""
    yield Text("Findings", style="bold").append(
        f"  (rules: {counts.get('pass', 0)} pass, {counts.get('fail', 0)} fail, "
        f"{counts.get('not_assessable', 0)} not assessable)", "not bold"
    )  # fmt: skip
    for f in found:
        yield f"  {finding_text(f, e, form)}"
    if not found:
        yield "  none"


# One cell


def field_of(form: Form, name: str) -> Field:
    """The field ``name``; GoujiError with the nearest ids for one that the form does not have."""
    from difflib import get_close_matches

    if name in form.index:
        return form.fields[form.index[name]]
    ends = [f.id for f in form.fields if name and f.id.endswith("/" + name.strip("/"))]
    near = ends[:5] or get_close_matches(name, list(form.index), n=5, cutoff=0.4)
    hint = f"; near: {', '.join(near)}" if near else "; a field is table/row/column, such as requests/new/total"
    raise GoujiError(f"--field {name}: {form.id} has no such field{hint}")


def print_field(console: Console, extraction: Extraction, form: Form, field: Field) -> None:
    """One cell: every reading, the text around it, its codes, the rules it takes part in with both sides."""
    for line in _cell_lines(extraction, form, field):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _cell_lines(e: Extraction, form: Form, field: Field) -> Iterator[Text | str]:
    r, d = e.resolved[field.index], e.decisions[field.index]
    table = form.table(field.table)
    row = f"{field.row_group}/{field.row_label}" if field.row_group else field.row_label
    yield Text(field.id, style="bold").append(f"  {table.label} · {row} · {field.column_label}", "not bold")
    value = "" if r.value is None else f" {plain(r.value)} {field.unit}"
    if (bounds := interval(r)) is not None:
        value = f", {plain(bounds[0])} to {plain(bounds[1])} by its sums"
    yield f"  {r.status.value}{value} · {d.outcome} · confidence {d.confidence}"
    yield Text("Readings", style="bold")
    producer = "rules" if r.status is not Status.DEDUCED else "rules, deduced"
    yield f"  {producer}: {figure(r)}" + (f" from {r.printed!r}" if r.start >= 0 else "")
    for c in r.alternatives:
        what = plain(c.value) if c.value is not None else c.status.value
        yield f"  not chosen, {c.producer}: {what} from {c.printed!r} at {c.start}–{c.end} {' '.join(c.codes)}".rstrip()
    yield Text("Evidence", style="bold")
    yield from _evidence(e.document.text, r.start, r.end)
    if r.start >= 0 and (place := place_at(e.document.places, r.start)) is not None:
        yield f"  in the file: {', '.join(f'{name} {visible(str(value))}' for name, value in place._asdict().items())}"
    yield Text("Reasons", style="bold")
    open_ = _sent(r, d)
    for code in dict.fromkeys(d.codes):
        yield f"  {'*' if code in open_ else ' '} {code}  {CODES[code].says}"
    yield Text("Rules", style="bold")
    yield from _rules_of(e, form, field)


def _evidence(text: str, start: int, end: int) -> Iterator[Text | str]:
    """The line of the evidence between its neighbours, the figure itself marked."""
    if start < 0:
        yield "  nothing is printed for this cell"
        return
    number = text.count("\n", 0, start) + 1
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    last = len(text) if last < 0 else last
    yield f"  characters {start}–{end}, line {number}"
    for line in text[:first].split("\n")[:-1][-_AROUND:]:
        yield Text(f"  | {visible(line)}", style="dim")
    mark = Text("  > ").append(visible(text[first:start]))
    mark.append(f"⟦{visible(text[start:end])}⟧", "bold").append(visible(text[end:last]))
    yield mark
    for line in text[last + 1 :].split("\n")[:_AROUND]:
        yield Text(f"  | {visible(line)}", style="dim")


def _rules_of(e: Extraction, form: Form, field: Field) -> Iterator[str]:
    values = [r.value if r.status is Status.PRINTED else None for r in e.resolved]
    found = {(f.rule, f.instance): f for f in failing(e.findings)}
    mine = [rule for rule in form.rules if field.index in rule.relation.fields]
    for rule in mine:
        verdict, left, right = rule.relation.verdict(values)
        finding = found.get((rule.id, rule.instance))
        if verdict is Verdict.FAIL and finding is None:
            said = "does not apply to this report"
        elif finding and finding.verdict is Verdict.NOT_ASSESSABLE:
            said = "not assessable; fails with blanks counted as zero"
        else:
            said = {"pass": "holds", "fail": "FAILS", "not_assessable": "not assessable"}[verdict.value]
        sums = "" if left is None or right is None else f" ({plain(left)} and {plain(right)})"
        yield f"  {rule.id} {rule.instance}: {said}{sums}{' (soft)' if rule.severity == 'soft' else ''}; {rule.says}"
        yield f"    {_side(rule.relation.left, rule, e, form)} {rule.relation.operator} {_side(rule.relation.right, rule, e, form)}"
    if not mine:
        yield "  no rule of the form covers this cell"


def _side(side: Linear, rule: Rule, e: Extraction, form: Form) -> str:
    """One side of a rule with labels and figures; the labels are those that differ within the rule."""
    one_row = len({form.fields[i].row for i in rule.relation.fields}) == 1
    out = ""
    for coefficient, i in side.terms:
        f = form.fields[i]
        factor = "" if abs(coefficient) == 1 else f"{abs(coefficient)}×"
        sign = " − " if coefficient < 0 else " + " if out else ""
        out += f"{sign}{factor}{f.column_label if one_row else f.row_label} {figure(e.resolved[i])}"
    if side.constant or not side.terms:
        out += _constant(side.constant, bool(out))
    return out


def _constant(n: Number, follows: bool) -> str:
    return f" {'+' if n >= 0 else '−'} {abs(n)}" if follows else str(n)

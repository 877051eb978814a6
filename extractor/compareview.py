"""A Comparison in sections of text, and those in the terminal and as Markdown for a pull request; broken cells first."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from extractor import paired
from extractor.compare import ABSENT, BROKEN, DIFFERENT, FIXED, KINDS, Change, Comparison, StoredCell, meaning
from extractor.gate import Check
from extractor.paired import Difference, McNemar
from extractor.record import visible
from extractor.scorecard import percent, shown, terminal_table
from extractor.scores import ReaderPair

if TYPE_CHECKING:
    from rich.console import Console

CELLS = ("text", "field", "truth", "base", "new", "codes", "text around it")
MOST = 200  # cells listed of one kind; the JSON file has all


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with sentences and at most one table; ``bad`` marks what must be looked at."""

    title: str
    lines: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    bad: bool = False


def sections(c: Comparison) -> Iterator[Section]:
    """The comparison, most urgent first."""
    yield _what(c)
    n = len(c.new_silent)
    by_cell = {(x.unit, x.field): x for x in c.changes}
    silent = [by_cell.pop((x.unit, x.field), _unpaired(x)) for x in c.new_silent]
    yield Section(f"New silent errors 新的静默错误 ({n})", ("none",) if not n else (), CELLS, _rows(c, silent), bad=n > 0)
    for kind, title in ((BROKEN, "Broken, not accepted"), (DIFFERENT, "Still wrong, differently"), (FIXED, "Fixed")):
        changes = [x for x in by_cell.values() if x.kind == kind]
        rest = (f"the first {MOST} of {len(changes)}; --json has all",) if len(changes) > MOST else ()
        if changes:
            yield Section(f"{title} ({len(changes)})", rest, CELLS, _rows(c, changes[:MOST]), kind == BROKEN)
    moves = tuple((name, str(count)) for name, count in c.moves().items())
    if moves:
        yield Section("Moved between outcomes 结果变化", (), ("from → to", "cells"), moves)
    yield Section("Statistics 统计", tuple(statistics(c)))


def _what(c: Comparison) -> Section:
    """What was compared, and what stayed outside."""
    n = {kind: len(c.of_kind(kind)) for kind in KINDS}
    reports = len({u.report for _, u in c.pairs})
    lines = [
        f"base: {_stamp(c.base.stamp)}" + (f"; reason: {c.base.reason}" if c.base.reason else ""),
        f"new: {_stamp(c.new.stamp)}",
        *(f"note: {note}" for note in c.notes),
        f"{len(c.pairs)} texts of {reports} reports in both",
        *(f"only in the base: {name}" for name in c.only_base),
        *(f"only in the new card: {name}" for name in c.only_new),
        "; ".join(f"{count} {kind}" for kind, count in n.items()),
    ]
    return Section("Compared 比较", tuple(lines))


def _stamp(stamp: dict[str, str]) -> str:
    return ", ".join(f"{k} {v}" for k, v in stamp.items() if k in ("version", "date", "commit", "golden"))


def _unpaired(cell: StoredCell) -> Change:
    """A silent error in a text or a field that the base does not have."""
    return Change(cell.unit, cell.field, BROKEN, ABSENT, "S", None, cell)


def _rows(c: Comparison, changes: Sequence[Change]) -> tuple[tuple[str, ...], ...]:
    same = c.base.stamp.get("golden") == c.new.stamp.get("golden")
    return tuple(_row(change, same) for change in changes)


def _row(change: Change, same: bool) -> tuple[str, ...]:
    """One change; a right reading is the truth, as long as both runs were held against the ``same`` labels."""
    known = change.new or change.base
    truth, codes = (shown(known.truth, known.truth_value), known.codes) if known else ("–", ())
    base, new = (_side(m, cell, truth if same else "") for m, cell in ((change.before, change.base), (change.after, change.new)))
    return change.unit, change.field, truth, base, new, " ".join(codes), _around(known)


def _side(mark: str, cell: StoredCell | None, truth: str) -> str:
    read = shown(cell.got, cell.value) if cell else truth if mark in "AR" else ""
    return f"{read} [{meaning(mark)}]".lstrip()


def _around(cell: StoredCell | None) -> str:
    if cell is None or not cell.context[1]:
        return ""
    before, at, after = (visible(re.sub(r"\s+", " ", x)) for x in cell.context)
    return f"{before}⟦{at}⟧{after}"


def statistics(c: Comparison | ReaderPair) -> Iterator[str]:
    """What differs between two runs or two readers, in sentences."""
    yield _mcnemar("Reports exact", c.exact)
    yield _mcnemar("Reports straight through", c.straight)
    yield _difference("Wrong cells", c.wrong)
    yield _difference("Silent errors among accepted cells", c.silent)


def _mcnemar(name: str, m: McNemar) -> str:
    n = m.both + m.lost + m.won + m.neither
    p = f"exact McNemar p = {m.p:.4g}" if m.p is not None else f"p-values {paired.MISSING}"
    return f"{name}: {m.both + m.lost} → {m.both + m.won} of {n}: {m.won} won, {m.lost} lost; {p}"


def _difference(name: str, d: Difference) -> str:
    said = f"{name}: {d.base[0]}/{d.base[1]} → {d.new[0]}/{d.new[1]}"
    if d.difference is not None:
        said += f", {100 * d.difference:+.3f} points"
    if d.low is not None and d.high is not None:
        said += f" [{100 * d.low:+.3f}, {100 * d.high:+.3f}]"
    if d.bound is not None:
        said += f", so at most {percent(d.bound)} of reports hold one (one-sided 95 %)"
    return f"{said} ({d.method})"


def gate_section(checks: Sequence[Check]) -> Section:
    """The gate: each condition, closed ones first."""
    closed = sum(c.closed for c in checks)
    rows = tuple(("CLOSED" if c.closed else "open", c.name, c.says) for c in sorted(checks, key=lambda c: not c.closed))
    title = f"Gate CLOSED 门禁关闭: {closed} of {len(checks)} conditions" if closed else "Gate open 门禁通过"
    return Section(title, (), ("", "condition", "measured"), rows, bad=closed > 0)


# Terminal and Markdown


def render(console: Console, parts: Sequence[Section]) -> None:
    """Print every section; cells as lines, since their evidence is too wide for a table."""
    for s in parts:
        console.print()
        console.print(s.title, style="bold red" if s.bad else "bold", markup=False)
        for line in s.lines:
            console.print(f"  {line}", markup=False, soft_wrap=True)
        if s.header == CELLS:
            for row in s.rows:
                for line in _cell_lines(row):
                    console.print(line, markup=False, soft_wrap=True)
        elif s.rows:
            terminal_table(console, "", s.header, s.rows)


def _cell_lines(row: Sequence[str]) -> Iterator[str]:
    unit, field, truth, base, new, codes, around = row
    yield f"  {unit} {field}: truth {truth}"
    yield f"    base {base}"
    yield f"    new  {new}{'  ' + codes if codes else ''}"
    if around:
        yield f"    text {around}"


def markdown(parts: Sequence[Section]) -> str:
    """The sections for a pull request; report text cannot break out of its cell."""
    return "\n".join(line for s in parts for line in _markdown(s)).strip() + "\n"


def _markdown(s: Section) -> Iterator[str]:
    yield f"### {'❌ ' if s.bad else ''}{s.title}"
    yield ""
    yield from (f"- {_escaped(line)}" for line in s.lines)
    if s.rows:
        yield ""
        yield f"| {' | '.join(s.header)} |"
        yield f"|{'---|' * len(s.header)}"
        yield from (f"| {' | '.join(map(_escaped, row))} |" for row in s.rows)
    yield ""


def _escaped(text: str) -> str:
    text = re.sub(r"([\\`*_{}\[\]<>#|~@!])", r"\\\1", text)
    return re.sub(r"\s*\n\s*", " ", text)


def to_json(c: Comparison, checks: Sequence[Check]) -> dict[str, Any]:
    """The comparison as data, every change in it."""
    return {
        "notes": list(c.notes),
        "paired": [u.name for _, u in c.pairs],
        "only_base": list(c.only_base),
        "only_new": list(c.only_new),
        "counts": {kind: len(c.of_kind(kind)) for kind in KINDS},
        "moves": c.moves(),
        "new_silent": [x.model_dump(mode="json") for x in c.new_silent],
        "changes": [_change(x) for x in c.changes],
        "reports_exact": _fields(c.exact),
        "reports_accepted": _fields(c.straight),
        "wrong_cells": _fields(c.wrong),
        "silent_errors": _fields(c.silent),
        "gate": [_fields(x) for x in checks],
        "closed": any(x.closed for x in checks),
    }


def _change(x: Change) -> dict[str, Any]:
    sides = {name: cell.model_dump(mode="json") if cell else None for name, cell in (("base", x.base), ("new", x.new))}
    return {"text": x.unit, "field": x.field, "kind": x.kind, "before": x.before, "after": x.after, **sides}


def _fields(x: McNemar | Difference | Check) -> dict[str, Any]:
    return dataclasses.asdict(x)

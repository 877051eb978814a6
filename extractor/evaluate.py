"""A run over the golden set into a Scorecard: every cell compared with its label, nothing dropped.

One *unit* is one golden text; renderings of a report are units of the same report, and bounds count reports.
A cell is *judged* unless its label is ``excluded``, or it is lost and the reader deduced it: neither has a
golden value. A silent error is an accepted, judged, wrong cell. A text about which a question has no recorded reply is
*unanswered*: counted, and in no rate. The counting is done in ``figures``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from extractor import figures
from extractor.errors import GoujiError
from extractor.form import Block, Field, Form
from extractor.golden import GoldenCell, GoldenReport, GoldenSource
from extractor.metrics import upper_bound
from extractor.pipeline import UNREADABLE
from extractor.scores import (
    CellScore,
    FindingScore,
    Grid,
    GridCell,
    GridColumn,
    GridRow,
    Scorecard,
    TableScore,
    UnitScore,
)
from extractor.show import figure
from extractor.types import NOT_RECORDED, Decision, Extraction, Resolved, Status, Verdict

__all__ = ["CellScore", "Extract", "FindingScore", "Scorecard", "UnitScore", "evaluate", "make_stamp", "reader_names"]

Extract = Callable[[Path], Extraction]
RULES, MODEL, BOTH = READERS = ("rules", "model", "both")
AROUND = 40
BASELINE = "baseline.json"


def reader_names(text: str) -> tuple[str, ...]:
    """The readers named by comma, in that order; GoujiError for one that does not exist, or is named twice."""
    names = tuple(name.strip() for name in text.split(","))
    for n, name in enumerate(names):
        if name not in READERS:
            raise GoujiError(f"--readers {name or text}: unknown reader; readers are {', '.join(READERS)}")
        if name in names[:n]:
            raise GoujiError(f"--readers {text}: {name} is named twice; name it once")
    return names


def make_stamp(folder: Path, forms: Sequence[Form], version: str, date: str) -> dict[str, str]:
    """What a scorecard was made from: hashes of the golden set and of each form file, version and date."""
    baseline = folder / BASELINE  # made from a scorecard, never part of what is scored
    inside = (p for p in folder.rglob("*") if p.is_file() and p != baseline)
    files = (p for p in inside if p.parent.name != "keys" and p.suffix != ".md")
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda p: p.relative_to(folder).as_posix()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    made = {f"form {f.id}": hashlib.sha256(Path(f.path).read_bytes()).hexdigest()[:16] for f in forms}
    return {"version": version, "date": date, "golden": digest.hexdigest()[:16], **made}


def evaluate(
    golden: Sequence[GoldenReport],
    extract: Extract,
    forms: Sequence[Form],
    reader: str = RULES,
    stamp: Mapping[str, str] | None = None,
) -> Scorecard:
    """Run ``extract`` over every golden text and score what ``reader`` made of it."""
    by_id = {f.id: f for f in forms}
    run = _Run([], [], [], [])
    for report in golden:
        for source in report.sources:
            _score_unit(report, source, extract, by_id, run)
    return _scorecard(run, (reader,), stamp or {}, by_id)


class _Run(NamedTuple):
    """What a run collects."""

    units: list[UnitScore]
    cells: list[CellScore]
    findings: list[FindingScore]
    grids: list[Grid]


# One unit


def _score_unit(
    report: GoldenReport, source: GoldenSource, extract: Extract, forms: Mapping[str, Form], run: _Run
) -> None:
    got: Extraction | None = None
    failed: str | None = None
    try:
        got = extract(source.file)
        fields = len(forms[got.form].fields) if got.form else 0
        if not len(got.resolved) == len(got.decisions) == fields:
            raise ValueError(f"{len(got.resolved)} readings and {len(got.decisions)} decisions for {fields} fields")
    except Exception as exc:  # the outermost loop over reports: one that crashes is counted as failed, never dropped
        got, failed = None, f"{type(exc).__name__}: {exc}"
    if unanswered := _unanswered(got):
        cells = [_without_answer(c) for c in _cells(report, source, None, forms)]
        unit = _unit(report, source, got, failed, cells)
        run.units.append(replace(unit, exact=False, tables=(), decision=figures.UNANSWERED, unanswered=unanswered))
        run.cells.extend(cells)
        return
    cells = list(_cells(report, source, got, forms))
    run.units.append(_unit(report, source, got, failed, cells))
    run.cells.extend(cells)
    run.findings.extend(_findings(report, source, got))
    if got is not None and got.form:
        run.grids.extend(_grid(c, cells, got, forms[got.form]) for c in cells if c.silent)


def _unanswered(got: Extraction | None) -> int:
    """How many questions about a text have no recorded reply."""
    return sum(u.kind == NOT_RECORDED for u in got.heard.unanswered) if got is not None and got.heard else 0


def _without_answer(cell: CellScore) -> CellScore:
    return replace(cell, got=figures.UNANSWERED, outcome=figures.UNANSWERED, right=None)


def _unit(
    report: GoldenReport, source: GoldenSource, got: Extraction | None, failed: str | None, cells: Sequence[CellScore]
) -> UnitScore:
    form_right = got is not None and got.form == report.form_id
    straight = got is not None and got.decision == "accept" and all(c.outcome == "accept" for c in cells)
    return UnitScore(
        report=report.id,
        source=source.file.name,
        shape=source.shape,
        form=report.form_id or "none",
        split=report.split,
        failed=failed,
        form_right=form_right,
        year_right=got is not None and (got.year.value if got.year else None) == _text(report.year, None),
        agency_right=got is not None and (got.agency.value if got.agency else None) == report.agency,
        exact=form_right and all(c.right is not False for c in cells),
        accepted=straight,
        silent=sum(c.silent for c in cells),
        accepted_judged=sum(c.outcome == "accept" and c.right is not None for c in cells),
        tables=tuple(_table(name, group) for name, group in figures.grouped(cells, lambda c: c.table).items()),
        decision=_decision(got, straight),
        judged=sum(c.right is not None for c in cells),
        wrong=sum(c.right is False for c in cells),
        held=sum(c.held for c in cells),
        filled=sum(c.filled for c in cells),
    )


def _decision(got: Extraction | None, straight: bool) -> str:
    """A text counts as accepted only where every golden cell is; a crash is ``failed``."""
    if got is None:
        return "failed"
    if straight:
        return "accept"
    return "unreadable" if got.decision == UNREADABLE else "review"


def _table(name: str, cells: Sequence[CellScore]) -> TableScore:
    return TableScore(
        name,
        all(c.right is not False for c in cells),
        all(c.outcome == "accept" for c in cells),
        sum(c.silent for c in cells),
        sum(c.held for c in cells),
        sum(c.filled for c in cells),
    )


def _text(value: object, empty: Any = "") -> Any:
    return empty if value is None else str(value)


def _cells(
    report: GoldenReport, source: GoldenSource, got: Extraction | None, forms: Mapping[str, Form]
) -> Iterator[CellScore]:
    """Every golden cell, then every cell printed by the reader that the golden form does not have."""
    read: dict[str, tuple[Field, Resolved, Decision]] = {}
    if got is not None and got.form:
        for field, r, d in zip(forms[got.form].fields, got.resolved, got.decisions, strict=True):
            read[field.id] = field, r, d
    form_right = got is not None and got.form == report.form_id
    text = got.document.text if got else ""
    for cell in report.cells:
        assert report.form_id is not None
        field = forms[report.form_id].fields[cell.field]
        _, reading, decision = read.pop(cell.id, (field, None, None))
        yield _cell(report, source, field, cell, reading, decision, form_right, text)
    for field, reading, decision in read.values():
        if reading.status == Status.PRINTED:
            yield _cell(report, source, field, None, reading, decision, False, text)


def _cell(
    report: GoldenReport,
    source: GoldenSource,
    field: Field,
    truth: GoldenCell | None,
    got: Resolved | None,
    decision: Decision | None,
    form_right: bool,
    text: str,
) -> CellScore:
    return CellScore(
        report=report.id,
        source=source.file.name,
        shape=source.shape,
        form=report.form_id or "none",
        table=field.table,
        field=field.id,
        label=" · ".join(x for x in (field.row_group, field.row_label, field.column_label) if x),
        truth=truth.status if truth else "absent",
        truth_value=_text(truth.value) if truth else "",
        truth_printed=truth.printed if truth else "",
        got=str(got.status) if got else "missing",
        value=_text(got.value) if got else "",
        printed=got.printed or "" if got else "",
        outcome=decision.outcome if decision else "missing",
        right=_right(truth, got, form_right),
        codes=decision.codes if decision else (),
        context=_context(text, got),
        decision_class=decision.decision_class if decision else "",
        confidence=decision.confidence if decision else None,
    )


def _right(truth: GoldenCell | None, got: Resolved | None, form_right: bool) -> bool | None:
    """Exact in status and value; None for what has no golden value. Under the wrong form nothing is right."""
    if truth is not None and truth.status == "excluded":
        return None
    if truth is None or got is None or not form_right:
        return False
    if truth.status == "lost" and got.status == Status.DEDUCED:
        return None
    return got.status == truth.status and got.value == truth.value


def _context(text: str, got: Resolved | None) -> tuple[str, str, str]:
    if got is None or got.start < 0:
        return "", "", ""
    before = text[max(0, got.start - AROUND) : got.start]
    return before, text[got.start : got.end], text[got.end : got.end + AROUND]


def _findings(report: GoldenReport, source: GoldenSource, got: Extraction | None) -> Iterator[FindingScore]:
    raised = {
        (f.rule, f.instance): f
        for f in (got.findings if got else ())
        if f.severity == "hard" and f.verdict == Verdict.FAIL
    }
    for due in report.findings:
        f = raised.pop((due.rule, due.instance), None)
        verdict, blame = ("found", str(f.blame)) if f else ("missing", "")
        sides = (f.left, f.right) == (due.left, due.right) if f else None
        yield FindingScore(report.id, source.file.name, due.rule, due.instance, verdict, blame, sides)
    for f in raised.values():
        yield FindingScore(report.id, source.file.name, f.rule, f.instance, "false", str(f.blame), None)


# A silent error with the block of the form around it


def _grid(error: CellScore, cells: Sequence[CellScore], got: Extraction, form: Form) -> Grid:
    """The block that holds ``error``, as it was read."""
    field = form.fields[form.index[error.field]]
    table = form.table(field.table)
    block, row, column = next(
        (b, r, line.index(field.index)) for b in table.blocks for r, line in enumerate(b.grid) if field.index in line
    )
    scored = {c.field: c for c in cells}
    return Grid(
        report=error.report,
        source=error.source,
        field=error.field,
        table=table.label,
        block=block.label or "",
        columns=tuple(GridColumn(c.group_labels, c.label) for c in block.columns),
        rows=tuple(_grid_rows(block, got, form, scored)),
        row=row,
        column=column,
    )


def _grid_rows(block: Block, got: Extraction, form: Form, scored: Mapping[str, CellScore]) -> Iterator[GridRow]:
    for header, line in zip(block.rows, block.grid, strict=True):
        yield GridRow(header.group_labels, header.label, tuple(_grid_cell(i, got, form, scored) for i in line))


def _grid_cell(i: int, got: Extraction, form: Form, scored: Mapping[str, CellScore]) -> GridCell:
    score = scored.get(form.fields[i].id)
    wrong = score is not None and score.right is False
    truth = (score.truth_value or score.truth) if score and wrong else ""
    return GridCell(figure(got.resolved[i]), got.resolved[i].status.value, got.decisions[i].outcome, truth)


# All units together


def _scorecard(run: _Run, readers: tuple[str, ...], stamp: Mapping[str, str], forms: Mapping[str, Form]) -> Scorecard:
    units, cells = run.units, run.cells
    answered = [u for u in units if not u.unanswered]
    total = figures.tally(cells)
    headline = {**figures.cell_rates(total), **figures.unit_rates(answered), **figures.finding_rates(run.findings)}
    silent_reports = headline["reports_with_silent_error"]
    split_of = {u.report: u.split for u in units}
    splits = {s: figures.tally(c for c in cells if split_of[c.report] == s) for s in sorted(set(split_of.values()))}
    undecidable = (c for c in cells if c.truth == "excluded" and c.outcome == "accept" and c.value)
    layout = {u.form: figures.layout(f.id for f in forms[u.form].fields) for u in units if u.form in forms}
    by_unit = figures.grouped(cells, lambda c: f"{c.report}/{c.source}")
    return Scorecard(
        stamp=dict(stamp),
        readers=readers,
        headline=headline,
        silent_per_million=1e6 * total.silent / total.accepted if total.accepted else None,
        silent_report_bound=upper_bound(silent_reports.count, silent_reports.total),
        total=total,
        by_table=figures.tallies(cells, lambda c: c.table),
        by_shape=figures.tallies(cells, lambda c: c.shape),
        by_form=figures.tallies(cells, lambda c: c.form),
        by_split=splits,
        codes=figures.codes(cells),
        blame=dict(sorted(Counter(f.blame for f in run.findings if f.blame).items())),
        findings=tuple(run.findings),
        units=tuple(units),
        wrong=tuple(sorted((c for c in cells if c.right is False), key=lambda c: not c.silent)),
        undecidable_accepted=tuple(undecidable),
        outcomes=figures.outcomes(cells, answered),
        stops=figures.stops(cells),
        classes=figures.classes(cells),
        risk=figures.risk_curve(cells),
        grids=tuple(run.grids),
        layout=dict(sorted(layout.items())),
        marks={u.name: figures.marks(by_unit.get(u.name, ()), layout.get(u.form, {})) for u in units},
    )

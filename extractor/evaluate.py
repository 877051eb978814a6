"""A run over the golden set into a Scorecard: every cell compared with its label, nothing dropped.

One *unit* is one golden text; renderings of a report are units of the same report, and bounds count reports.
A cell is *judged* unless its label is ``excluded``, or it is lost and the reader deduced it: neither has a
golden value. A silent error is an accepted, judged, wrong cell.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from extractor.errors import GoujiError
from extractor.form import Field, Form
from extractor.golden import GoldenCell, GoldenReport, GoldenSource
from extractor.metrics import Rate, rate, upper_bound
from extractor.types import Decision, Extraction, Resolved, Status, Verdict

Extract = Callable[[Path], Extraction]
AROUND = 40
_LOST = {
    "lost": "lost_left_lost",
    "deduced": "lost_deduced",
    "printed": "lost_but_printed",
    "blank": "lost_but_blank",
}


@dataclass(frozen=True, slots=True)
class CellScore:
    """One cell of one unit. ``right`` is None where the cell cannot be judged.

    ``truth`` is the golden status, ``absent`` for a cell of a form the text does not hold; ``got`` and
    ``outcome`` are ``missing`` where there is no reading. ``context`` is text before, at and after the evidence.
    """

    report: str
    source: str
    shape: str
    form: str
    table: str
    field: str
    label: str
    truth: str
    truth_value: str
    truth_printed: str
    got: str
    value: str
    printed: str
    outcome: str
    right: bool | None
    codes: tuple[str, ...]
    context: tuple[str, str, str]

    @property
    def silent(self) -> bool:
        """Accepted and wrong."""
        return self.outcome == "accept" and self.right is False


@dataclass(frozen=True, slots=True)
class FindingScore:
    """A hard finding of one unit: ``found``, ``missing`` or ``false``; ``sides_right`` only where found."""

    report: str
    source: str
    rule: str
    instance: str
    verdict: str
    blame: str
    sides_right: bool | None


@dataclass(frozen=True, slots=True)
class TableScore:
    """One table of one unit: every judged cell right; every cell accepted; any silent error."""

    table: str
    exact: bool
    accepted: bool
    silent: int


@dataclass(frozen=True, slots=True)
class UnitScore:
    """One golden text: what was right of it as a whole. ``failed`` says why, where the reader crashed."""

    report: str
    source: str
    shape: str
    form: str
    split: str
    failed: str | None
    form_right: bool
    year_right: bool
    agency_right: bool
    exact: bool
    accepted: bool
    silent: int
    accepted_judged: int
    tables: tuple[TableScore, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of cells. ``accepted`` and ``reviewed_*`` are of judged cells, ``accepted_all`` of all."""

    cells: int
    judged: int
    right: int
    nonzero: int
    nonzero_right: int
    zero: int
    zero_right: int
    blank: int
    blank_right: int
    lost: int
    lost_left_lost: int
    lost_deduced: int
    lost_but_printed: int
    lost_but_blank: int
    excluded: int
    accepted_all: int
    accepted: int
    silent: int
    reviewed_right: int
    reviewed_wrong: int
    missing: int


@dataclass(frozen=True, slots=True)
class Scorecard:
    """The whole result. ``codes`` gives for each reason code the reviewed cells it stood on and how many were wrong."""

    stamp: Mapping[str, str]
    readers: tuple[str, ...]
    headline: Mapping[str, Rate]
    silent_per_million: float | None
    silent_report_bound: float
    total: Tally
    by_table: Mapping[str, Tally]
    by_shape: Mapping[str, Tally]
    by_form: Mapping[str, Tally]
    by_split: Mapping[str, Tally]
    codes: Mapping[str, tuple[int, int]]
    blame: Mapping[str, int]
    findings: tuple[FindingScore, ...]
    units: tuple[UnitScore, ...]
    wrong: tuple[CellScore, ...]
    undecidable_accepted: tuple[CellScore, ...]

    def to_dict(self) -> dict[str, Any]:
        """The scorecard as JSON-able data, in a fixed order."""
        out: dict[str, Any] = _plain(self)
        return out


def _plain(x: Any) -> Any:
    if dataclasses.is_dataclass(x):
        return {f.name: _plain(getattr(x, f.name)) for f in dataclasses.fields(x)}
    if isinstance(x, Mapping):
        return {str(k): _plain(v) for k, v in x.items()}
    return [_plain(v) for v in x] if isinstance(x, (tuple, list)) else x


def make_stamp(folder: Path, forms: Sequence[Form], version: str, date: str) -> dict[str, str]:
    """What a scorecard was made from: hashes of the golden set and of each form file, version and date."""
    files = (p for p in folder.rglob("*") if p.is_file() and p.parent.name != "keys" and p.suffix != ".md")
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda p: p.relative_to(folder).as_posix()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    made = {f"form {f.id}": hashlib.sha256(Path(f.path).read_bytes()).hexdigest()[:16] for f in forms}
    return {"version": version, "date": date, "golden": digest.hexdigest()[:16], **made}


def evaluate(
    golden: Sequence[GoldenReport],
    extract: Extract,
    forms: Sequence[Form],
    readers: Sequence[str] = ("rules",),
    stamp: Mapping[str, str] | None = None,
) -> Scorecard:
    """Run ``extract`` over every golden text and score it; GoujiError for a reader that does not exist."""
    for name in readers:
        if name in ("model", "both"):
            raise GoujiError(f"--readers {name}: no model reader is configured in this version; use --readers rules")
        if name != "rules":
            raise GoujiError(f"--readers {name}: unknown reader; readers are rules, model, both")
    by_id = {f.id: f for f in forms}
    units: list[UnitScore] = []
    cells: list[CellScore] = []
    findings: list[FindingScore] = []
    for report in golden:
        for source in report.sources:
            unit, its_cells, its_findings = _score_unit(report, source, extract, by_id)
            units.append(unit)
            cells += its_cells
            findings += its_findings
    return _scorecard(units, cells, findings, tuple(readers), stamp or {})


# One unit


def _score_unit(
    report: GoldenReport, source: GoldenSource, extract: Extract, forms: Mapping[str, Form]
) -> tuple[UnitScore, list[CellScore], list[FindingScore]]:
    got: Extraction | None = None
    failed: str | None = None
    try:
        got = extract(source.file)
        fields = len(forms[got.form].fields) if got.form else 0
        if not len(got.resolved) == len(got.decisions) == fields:
            raise ValueError(f"{len(got.resolved)} readings and {len(got.decisions)} decisions for {fields} fields")
    except Exception as exc:  # the outermost loop over reports: one that crashes is counted as failed, never dropped
        got, failed = None, f"{type(exc).__name__}: {exc}"
    cells = list(_cells(report, source, got, forms))
    findings = list(_findings(report, source, got))
    form_right = got is not None and got.form == report.form_id
    straight = got is not None and got.decision == "accept" and all(c.outcome == "accept" for c in cells)
    unit = UnitScore(
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
        tables=tuple(_table(name, group) for name, group in _grouped(cells, "table").items()),
    )
    return unit, cells, findings


def _table(name: str, cells: Sequence[CellScore]) -> TableScore:
    return TableScore(
        name,
        all(c.right is not False for c in cells),
        all(c.outcome == "accept" for c in cells),
        sum(c.silent for c in cells),
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


# All units together


def tally(cells: Iterable[CellScore]) -> Tally:
    """Count a group of cells."""
    n: Counter[str] = Counter()
    for c in cells:
        n["cells"] += 1
        n["accepted_all"] += c.outcome == "accept"
        kind = _kind(c)
        n[kind] += kind in Tally.__slots__
        if c.truth == "lost" and (c.right is not False or c.got in ("printed", "blank")):
            n[_LOST[c.got]] += 1
        if c.right is None:
            continue
        n["judged"] += 1
        n["right"] += c.right
        n[f"{kind}_right"] += c.right
        n["accepted"] += c.outcome == "accept"
        n["silent"] += c.silent
        n["reviewed_right"] += c.outcome == "review" and c.right
        n["reviewed_wrong"] += c.outcome == "review" and not c.right
        n["missing"] += c.outcome == "missing"
    return Tally(**{name: n[name] for name in Tally.__slots__})


def _kind(cell: CellScore) -> str:
    if cell.truth != "printed":
        return cell.truth
    return "zero" if Decimal(cell.truth_value) == 0 else "nonzero"


def _grouped(cells: Iterable[CellScore], attribute: str) -> dict[str, list[CellScore]]:
    out: dict[str, list[CellScore]] = {}
    for c in cells:
        out.setdefault(getattr(c, attribute), []).append(c)
    return out


def _by(cells: Iterable[CellScore], attribute: str) -> dict[str, Tally]:
    return {name: tally(group) for name, group in sorted(_grouped(cells, attribute).items())}


def _scorecard(
    units: Sequence[UnitScore],
    cells: Sequence[CellScore],
    findings: Sequence[FindingScore],
    readers: tuple[str, ...],
    stamp: Mapping[str, str],
) -> Scorecard:
    total = tally(cells)
    headline = {**_cell_rates(total), **_unit_rates(units), **_finding_rates(findings)}
    silent_reports = headline["reports_with_silent_error"]
    split_of = {u.report: u.split for u in units}
    splits = {s: tally(c for c in cells if split_of[c.report] == s) for s in sorted(set(split_of.values()))}
    undecidable = (c for c in cells if c.truth == "excluded" and c.outcome == "accept" and c.value)
    return Scorecard(
        stamp=dict(stamp),
        readers=readers,
        headline=headline,
        silent_per_million=1e6 * total.silent / total.accepted if total.accepted else None,
        silent_report_bound=upper_bound(silent_reports.count, silent_reports.total),
        total=total,
        by_table=_by(cells, "table"),
        by_shape=_by(cells, "shape"),
        by_form=_by(cells, "form"),
        by_split=splits,
        codes=_codes(cells),
        blame=dict(sorted(Counter(f.blame for f in findings if f.blame).items())),
        findings=tuple(findings),
        units=tuple(units),
        wrong=tuple(sorted((c for c in cells if c.right is False), key=lambda c: not c.silent)),
        undecidable_accepted=tuple(undecidable),
    )


def _cell_rates(t: Tally) -> dict[str, Rate]:
    reviewed = t.reviewed_right + t.reviewed_wrong
    return {
        "cells_right": rate(t.right, t.judged),
        "nonzero_right": rate(t.nonzero_right, t.nonzero),
        "zeros_right": rate(t.zero_right, t.zero),
        "blanks_right": rate(t.blank_right, t.blank),
        "lost_left_lost": rate(t.lost_left_lost, t.lost),
        "lost_deduced": rate(t.lost_deduced, t.lost),
        "cells_accepted": rate(t.accepted_all, t.cells),
        "silent_errors": rate(t.silent, t.accepted),
        "wrong_not_accepted": rate(t.judged - t.right - t.silent, t.judged - t.right),
        "reviewed_needlessly": rate(t.reviewed_right, reviewed),
    }


def _unit_rates(units: Sequence[UnitScore]) -> dict[str, Rate]:
    reports: dict[str, list[UnitScore]] = {}
    for u in units:
        reports.setdefault(u.report, []).append(u)
    tables = [t for u in units for t in u.tables]
    n, r = len(units), len(reports)
    accepting = [us for us in reports.values() if any(u.accepted_judged for u in us)]
    return {
        "tables_exact": rate(sum(t.exact for t in tables), len(tables)),
        "tables_accepted": rate(sum(t.accepted for t in tables), len(tables)),
        "texts_exact": rate(sum(u.exact for u in units), n),
        "texts_accepted": rate(sum(u.accepted for u in units), n),
        "reports_exact": rate(sum(all(u.exact for u in us) for us in reports.values()), r),
        "reports_accepted": rate(sum(all(u.accepted for u in us) for us in reports.values()), r),
        "reports_with_silent_error": rate(sum(any(u.silent for u in us) for us in accepting), len(accepting)),
        "form_right": rate(sum(u.form_right for u in units), n),
        "year_right": rate(sum(u.year_right for u in units), n),
        "agency_right": rate(sum(u.agency_right for u in units), n),
        "texts_failed": rate(sum(u.failed is not None for u in units), n),
    }


def _finding_rates(findings: Sequence[FindingScore]) -> dict[str, Rate]:
    n = Counter(f.verdict for f in findings)
    blamed = sum(f.verdict == "found" and f.blame == "report" for f in findings)
    return {
        "findings_found": rate(n["found"], n["found"] + n["missing"]),
        "findings_false": rate(n["false"], n["found"] + n["false"]),
        "findings_blamed_on_report": rate(blamed, n["found"]),
    }


def _codes(cells: Iterable[CellScore]) -> dict[str, tuple[int, int]]:
    reviewed: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for c in cells:
        if c.outcome == "review":
            for code in dict.fromkeys(c.codes):
                reviewed[code] += 1
                wrong[code] += c.right is False
    return {code: (reviewed[code], wrong[code]) for code in sorted(reviewed, key=lambda k: (-reviewed[k], k))}

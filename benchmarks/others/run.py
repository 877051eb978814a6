"""Every tool over the reports of a format, as processes of their own, and Gouji by its command line; what they took and what they gave."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.others.figures import Counts, counted, numbers
from benchmarks.others.mapper import cells
from benchmarks.others.sample import Report
from benchmarks.programs import THIS, Program, build_of, name_of
from benchmarks.watched import Watched, watch
from extractor.form import Form
from extractor.types import Number

OTHERS: dict[str, tuple[str, ...]] = {
    "text": ("split lines", "count figures", "regular expressions"),
    "html": ("pandas.read_html", "markitdown", "docling readers"),
    "docx": ("python-docx", "markitdown", "docling readers"),
    "xlsx": ("pandas.read_excel", "openpyxl", "markitdown", "docling readers"),
    "pdf": ("pdfplumber", "camelot lattice", "camelot stream", "markitdown"),
    "pdf-unruled": ("pdfplumber", "camelot lattice", "camelot stream", "markitdown"),
}
"""The other tools for each format; those for text are scripts and need nothing installed."""

_OFTEN = 0.1  # seconds between two looks at a process


@dataclass
class Row:
    """One tool on the reports of one format. ``start`` is what it takes before the first report, ``reading`` what it took for those of each level, in
    seconds; ``memory`` the MiB that it held at most; ``error`` why it gave nothing at all."""

    format: str
    tool: str
    version: str = ""
    start: float = 0.0
    memory: float = 0.0
    error: str = ""
    levels: dict[str, Counts] = field(default_factory=dict)
    reading: dict[str, float] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def add(self, report: Report, counts: Counts, error: str = "") -> None:
        """Count one report; ``error`` says why it failed."""
        self.levels[report.level] = self.levels.get(report.level, Counts()) + counts
        if error:
            self.errors.append(f"{report.level}/{report.path.name}: {error}")

    def a_second(self, level: str) -> float:
        """Reports a second, without the start."""
        return self.levels[level].reports / self.reading[level] if self.reading.get(level) else 0.0


# ---------------------------------------------------------------- the other tools


def other(tool: str, python: str, reports: Sequence[Report], desk: Path, minutes: float) -> Row:
    """One tool over all reports of a format in one process; what it had not done when the time was over counts as failed."""
    row = Row(reports[0].format, tool)
    forms = {r.form.id: r.form for r in reports}
    job = {"files": [(str(r.path), r.form.id) for r in reports], "outlines": {i: outline(f) for i, f in forms.items()}}
    (desk / "job.json").write_text(json.dumps(job, ensure_ascii=False), encoding="utf-8")
    out = desk / "out.jsonl"
    out.unlink(missing_ok=True)
    end = time.monotonic() + 60 * minutes
    command = [python, "-m", "benchmarks.others.worker", tool, str(desk / "job.json"), str(out)]
    done = watch(command, desk / "said.txt", lambda: time.monotonic() > end, _OFTEN)
    said = list(_said(out))
    if not said:
        row.error = _last_line(done)
        return row
    row.start, row.version, row.memory = said[0]["import_s"], said[0]["version"], said[-1].get("peak_mib", done.largest)
    found = {line["file"]: line for line in said if "file" in line}
    for report in reports:
        line = found.get(str(report.path), {"error": f"not done: {_last_line(done)}"})
        row.reading[report.level] = row.reading.get(report.level, 0.0) + line.get("seconds", 0.0)
        row.add(report, counted(report, _figures(report, line), "error" in line), line.get("error", ""))
    return row


def _said(out: Path) -> Iterator[dict[str, Any]]:
    """The whole lines that a worker wrote; the last one may be cut where it was killed."""
    for line in out.read_text(encoding="utf-8").splitlines() if out.exists() else ():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            return


def _figures(report: Report, line: Mapping[str, Any]) -> dict[int, Number]:
    if "values" in line:
        return numbers(report, {int(i): text for i, text in line["values"].items()})
    return numbers(report, cells(report.form, line.get("grids", ())))


def _last_line(done: Watched) -> str:
    lines = [x for x in done.said.splitlines() if x.strip()]
    return lines[-1].strip() if lines else f"ended with {done.code}"


def outline(form: Form) -> dict[str, Any]:
    """What the scripts over plain text are told of a form (``benchmarks.others.scripts``)."""
    tables: list[dict[str, Any]] = []
    for table in form.tables:
        section = next(n for n, s in enumerate(form.spec.sections) if s.table == table.id)
        mine: dict[str, Any] = {"section": section, "fields": [f.index for f in form.fields if f.table == table.id], "rows": [], "bands": []}
        for block in table.blocks:
            if block.layout == "band":
                mine["bands"].append([i for fields in block.grid for i in fields])
                continue
            for n, fields in enumerate(block.grid):
                names = [x.key for x in form.labels if (x.role, x.table, x.block, x.position) == ("row", table.id, block.number, n)]
                mine["rows"].append({"labels": sorted(set(names), key=len, reverse=True), "fields": list(fields)})
        tables.append(mine)
    return {"sections": [[s.label, *s.also] for s in form.spec.sections], "tables": tables}


# ---------------------------------------------------------------- Gouji


def gouji(reports: Sequence[Report], desk: Path, workers: int, minutes: float, program: Program = THIS) -> Row:
    """Gouji's command line over the folder of each level; its start, the fastest of three runs over one report, is taken off.

    Of several workers nothing is taken off: their starts go on beside the reading, and no run over one report has them.
    """
    row = Row(reports[0].format, f"gouji{build_of(name_of(program))}, {workers} worker{'s'[: workers > 1]}")
    starts = [_extract(program, reports[0].path, desk, workers, minutes)[0].seconds for _ in range(3 if workers == 1 else 0)]
    row.start = min(starts, default=0.0)
    taken_off = 1 if starts else 0  # reports
    for level in dict.fromkeys(r.level for r in reports):
        mine = [r for r in reports if r.level == level]
        done, records = _extract(program, mine[0].path.parent, desk, workers, minutes)
        if done.code not in (0, 1):
            row.error = f"{level}: {_last_line(done)}"
            continue
        row.memory = max(row.memory, done.together)
        if len(mine) > taken_off:
            row.reading[level] = max(done.seconds - row.start, 0.0) * len(mine) / (len(mine) - taken_off)
        for report in mine:
            record = records[report.path.name]
            row.add(report, _recorded(report, record), record["error"]["code"] if record["error"] else "")
    return row


def _extract(program: Program, path: Path, desk: Path, workers: int, minutes: float) -> tuple[Watched, dict[str, dict[str, Any]]]:
    out = desk / "records.jsonl"
    end = time.monotonic() + 60 * minutes
    command = program.command("extract", path, "--jsonl", out, "--model", "none", "--workers", workers, "--fresh")
    done = watch(command, desk / "said.txt", lambda: time.monotonic() > end, _OFTEN)
    lines = out.read_text(encoding="utf-8").splitlines() if out.exists() else []
    records = (json.loads(line, parse_float=Decimal) for line in lines)
    return done, {Path(r["source"]).name: r for r in records}


def _recorded(report: Report, record: Mapping[str, Any]) -> Counts:
    """Gouji is not told the form: under another one nothing is right, and every accepted cell is wrong. A deduced figure counts where one is printed."""
    accepted = frozenset(i for i, cell in enumerate(record["cells"]) if cell["decision"] == "accept")
    if record["form"] != report.form.id:
        n = len(record["cells"]) or len(report.form.fields)
        mine = Counts(cells=n, accepted=len(accepted), accepted_wrong=len(accepted), to_person=n - len(accepted))
        return counted(report, {}, failed=True) + mine
    given: dict[int, Number] = {}
    for i, (cell, truth) in enumerate(zip(record["cells"], report.truth, strict=True)):
        if cell["status"] == "printed" or (cell["status"] == "deduced" and "printed" in truth.statuses):
            given[i] = cell["value"]
    return counted(report, given, accepted=accepted)


def by_level(rows: Iterable[Row]) -> Iterator[tuple[Row, str, Counts]]:
    """Every row with each of its levels."""
    return ((row, level, counts) for row in rows for level, counts in row.levels.items())

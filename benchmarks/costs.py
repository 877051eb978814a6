"""What the accounts of the reconciler cost, by counting: ``schemas/costs.json``.

``python -m benchmarks.costs``. A cost is −10·ln(probability), as a whole number (reconciliation.md §B1). Two things are
counted, both on what is open for development:

* how often a report misprints a figure: on the golden ``dev`` half alone, by the smallest explanation of its failing
  sums, since the rate in generated reports is an assumption of ours;
* of a row that can be read in several ways, how often the reader's first reading is the true one, by the doubt that
  the row carries: on generated reports. How often their figures are lost in the middle of a row, and how often at its
  end, is an assumption of ours as well: so this only ever makes a reading dearer, by no more than the margin, and a
  reading is never ruled out by it alone.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from multiprocessing import Pool
from pathlib import Path
from typing import Any

from benchmarks.arguments import seed_range
from benchmarks.damage import LEVELS, SHAPES, Case, make_case
from benchmarks.score import LOCKED_FROM, ROOT, stamp, write_json
from extractor.check.localise import localise
from extractor.costs import DOUBTS, MARGIN, Costs, cost_of, doubt_of
from extractor.form import Form, load_forms
from extractor.golden import GoldenReport, load_golden
from extractor.layout.events import events_of
from extractor.layout.lex import lex
from extractor.parse import parse_table
from extractor.pipeline import label_index
from extractor.read import read_bytes
from extractor.reconcile.choose import distinct
from extractor.reconcile.rows import Reading, frame, options
from extractor.segment import choose_form, lines_were_removed, segment
from extractor.types import Candidate, Number, Verdict

TARGET = ROOT / "schemas" / "costs.json"
FIRST, OTHER, NONE = "first", "another", "none of them"
# In fewer rows of one kind than this nothing is learned of it.
FEWEST_ROWS = 100


# Misprints, on golden reports


def misprints(reports: Iterable[GoldenReport], forms: Sequence[Form]) -> dict[str, Any]:
    """Covered printed figures, and the misprints of the smallest explanation of all failing sums, by report.

    A figure is covered where a hard rule has it. A total line that was not filled is one misprint, as the search prices it.
    """
    by_id = {f.id: f for f in forms}
    figures, found = 0, {}
    for report in reports:
        if report.form_id is None:
            continue
        form = by_id[report.form_id]
        values = [c.value if c.status == "printed" else None for c in report.cells]
        figures += sum(v is not None and bool(form.rules_of[i]) for i, v in enumerate(values))
        if count := _smallest(form, values):
            found[report.id] = count
    return {"figures": figures, "misprints": sum(found.values()), "reports": found}


def _smallest(form: Form, values: Sequence[Number | None]) -> int:
    """The fewest misprints that explain every hard rule that fails, table by table."""
    failing: dict[str, list[int]] = {}
    for n, rule in enumerate(form.rules):
        if rule.severity == "hard" and rule.relation.verdict(values)[0] is Verdict.FAIL:
            failing.setdefault(form.fields[rule.relation.fields[0]].table, []).append(n)
    return sum(_events(form, numbers, values) for numbers in failing.values())


def _events(form: Form, failing: Sequence[int], values: Sequence[Number | None]) -> int:
    """The misprints of one table; where nothing explains its sums, as many as sums fail."""
    explained = localise(form, failing, values).explanations
    return min((_steps(form, [i for i, _ in e], values) for e in explained), default=len(failing))


def _steps(form: Form, cells: Sequence[int], values: Sequence[Number | None]) -> int:
    """One for each cell; cells of one line that is printed as zeros throughout are one omission."""
    for side in ("row", "column"):
        lines = {getattr(form.fields[i], side) for i in cells}
        if len(cells) > 1 and len(lines) == 1 and all(values[i] == 0 for i in cells):
            return 1
    return len(cells)


# Readings of a row, on generated reports


def count_rows(seeds: range, processes: int) -> dict[str, Counter[str]]:
    """For each doubt, how often which reading of a row was true: the first, another, or none."""
    tasks = [(f.id, shape, level, seed) for seed in seeds for level in LEVELS for shape in SHAPES for f in load_forms()]
    found: dict[str, Counter[str]] = {d: Counter() for d in DOUBTS}
    with Pool(processes) as pool:
        for rows in pool.imap_unordered(_count_task, tasks, chunksize=60):
            for doubt, which in rows:
                found[doubt][which] += 1
    return found


def _count_task(task: tuple[str, str, str, int]) -> list[tuple[str, str]]:
    form_id, shape, level, seed = task
    forms = load_forms()
    form = next(f for f in forms if f.id == form_id)
    return list(rows_of(make_case(form, seed, shape, level), form, forms))


def rows_of(case: Case, form: Form, forms: Sequence[Form]) -> Iterator[tuple[str, str]]:
    """Each row of a case with several readings: its doubt, and which reading is what the text shows.

    Rows with an altered figure are left out, and texts of which nobody can say where a figure belongs.
    """
    document = read_bytes(case.data, case.name)
    if case.unplaceable or case.form_id != form.id or choose_form(document, forms).form is not form:
        return
    events = events_of(document.norm, lex(document.norm, document.media_type == "text/html"), label_index(form))
    segments = segment(form, events)
    if lines_were_removed(form, document, events, segments):
        return
    for table, part in zip(form.tables, segments, strict=True):
        by_field: list[list[Candidate]] = [[] for _ in form.fields]
        for c in parse_table(document, form, table, part.events, label_index(form)).candidates:
            by_field[c.field].append(c)
        for row in frame(form, table).rows:
            readings = options(row, by_field)
            doubt = doubt_of(c for reading in readings for c in reading.values()) if len(readings) > 1 else None
            if doubt and not set(row) & set(case.altered):
                yield doubt, _which(case, row, readings)


def _which(case: Case, row: Sequence[int], readings: Sequence[Reading]) -> str:
    shown = [readings[same[0]] for same in distinct(readings)]
    for n, reading in enumerate(shown):
        if all(_is_true(case, i, reading.get(i)) for i in row):
            return OTHER if n else FIRST
    return NONE


def _is_true(case: Case, field: int, candidate: Candidate | None) -> bool:
    truth = case.truth[field]
    if candidate is None:
        return "lost" in truth.statuses
    if candidate.status.value not in truth.statuses:
        return False
    return candidate.value == truth.value or candidate.status.value != "printed"


# Counts to costs


def learned(misprinted: Mapping[str, Any], rows: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """The costs that follow from the counts; Jeffreys smoothing throughout.

    A reading that is not the first costs more only where the first is the true one clearly more often than not (two to one),
    in rows enough: a row of which none is true speaks against the first as well.
    """
    other = {}
    for doubt, counted in rows.items():
        first, others = counted.get(FIRST, 0), counted.get(OTHER, 0)
        clear = first + others >= FEWEST_ROWS and first > 2 * (others + counted.get(NONE, 0))
        dearer = cost_of(others, first + others) - cost_of(first, first + others)
        other[doubt] = min(dearer, MARGIN) if clear else 0
    return {"misprint": cost_of(misprinted["misprints"], misprinted["figures"]), "other_reading": other}


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m benchmarks.costs", description=__doc__)
    parser.add_argument("--seeds", type=seed_range, default=range(100), metavar="A:B", help="default 0:100")
    parser.add_argument("--golden", type=Path, default=ROOT / "golden", metavar="DIR", help="only its dev half is read")
    parser.add_argument("--output", type=Path, default=TARGET, metavar="FILE")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args(argv)
    if given.seeds.stop > LOCKED_FROM:
        parser.error(f"seeds from {LOCKED_FROM} on are locked: nothing is learned on them")
    forms = load_forms()
    misprinted = misprints(load_golden(given.golden, forms, "dev"), forms)
    rows = count_rows(given.seeds, given.processes)
    made = stamp("benchmarks.costs", argv)
    counts = {"golden": misprinted, "rows": {d: dict(sorted(c.items())) for d, c in rows.items()}}
    measured = {"command": made["command"], "seeds": f"{given.seeds.start}:{given.seeds.stop}", "levels": list(LEVELS),
                "commit": made["commit"], "dirty": made["dirty"]}  # fmt: skip
    data: dict[str, Any] = {"version": 1, "costs": learned(misprinted, rows), "counts": counts, "measured": measured}
    Costs.from_dict(data)
    write_json(data, given.output)
    for doubt, c in rows.items():
        print(f"{doubt:16} first {c[FIRST]}, another {c[OTHER]}, none {c[NONE]}: another costs {data['costs']['other_reading'][doubt]}")
    print(f"misprint: {misprinted['misprints']} of {misprinted['figures']} figures costs {data['costs']['misprint']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
